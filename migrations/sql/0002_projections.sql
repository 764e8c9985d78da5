-- The read side: how far each projection is, and what it could not fold. The read models themselves
-- are made from their definitions in code (mintflow/projections), so that a rebuild can make them
-- anew in another schema and put them here.

create schema projection;
create schema model;

-- The position up to which one version of a projection has applied one shard. Moved in the
-- transaction of the rows; its row lock keeps two appliers of a shard apart. Low fill factor: it is
-- updated in place by every batch.
create table projection.checkpoint (
    shard int not null,
    projection text not null,
    version int not null,
    position bigint not null,
    primary key (shard, projection, version)
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- Events that a projection could not fold. message: what broke and where in the code, no facts of
-- the event.
create table projection.parked (
    shard int not null,
    position bigint not null,
    projection text not null,
    version int not null,
    ledger_id uuid not null,
    event_type text not null,
    error text not null,
    message text not null,
    parked_at timestamptz not null default now(),
    primary key (shard, position, projection, version)
);

grant usage on schema projection, model to mintflow_app;
grant select, insert, update, delete on all tables in schema projection to mintflow_app;
