-- What workers on Kafka and reactions keep beside the checkpoints of the projections.

-- From where a follower reads a partition again. position: everything up to it lies before
-- next_offset. topic_id: Kafka's id of the topic, so that an offset never counts for another one.
create table projection.read_offset (
    shard int not null,
    follower text not null,
    topic_id uuid not null,
    next_offset bigint not null,
    position bigint not null,
    primary key (shard, follower, topic_id)
) with (fillfactor = 50);

-- The position up to which a reaction has seen one shard. It is no projection: a rebuild leaves it
-- alone, so nothing is sent again. Its row lock keeps two hosts from reacting at the same time.
create table projection.reaction (
    shard int not null,
    reaction text not null,
    position bigint not null,
    primary key (shard, reaction)
) with (fillfactor = 10);

grant select, insert, update, delete on projection.read_offset, projection.reaction to mintflow_app;
