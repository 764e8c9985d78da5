-- Who relays which shard to Kafka, and how far. `target` is the prefix of the topics: one database
-- may feed several sets of topics, each with relays of their own.

create schema relay;

-- The relays that live: each counts the others to know its fair share of the shards.
create table relay.member (
    target text not null,
    member uuid not null,
    seen_until timestamptz not null,
    primary key (target, member)
);

-- One relay at a time per shard. epoch grows with every new holder: what an earlier one still
-- writes is refused by it.
create table relay.lease (
    shard int not null,
    target text not null,
    epoch bigint not null default 0,
    holder uuid,
    held_until timestamptz not null default '-infinity',
    primary key (shard, target)
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- The position up to which Kafka has acknowledged one source. topic_id: Kafka's own id of the topic
-- it is true of; a topic that was made anew has another, and is filled from its own beginning.
create table relay.checkpoint (
    shard int not null,
    target text not null,
    source text not null,
    topic_id text not null,
    position bigint not null,
    primary key (shard, target, source)
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

grant usage on schema relay to mintflow_app;
grant select, insert, update, delete on all tables in schema relay to mintflow_app;
