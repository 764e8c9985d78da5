-- What a rebuild writes down of itself, so that one that was killed goes on where it stood; and the
-- tables that the last switch of each projection took out of service, kept for a way back.
-- Read and written by those who own the schemas; the product's role needs none of it.

-- shape: SHA-256 over the projections, their versions and their tables; a rebuild of other code
-- begins anew. targets: shard -> last position that the bulk folds. positions: shard -> where the
-- rebuilt tables stand once the bulk is through. skipped: events that stay parked.
create table projection.rebuild (
    schema text primary key,
    shape text not null,
    compared boolean not null,
    targets jsonb not null,
    positions jsonb,
    skipped jsonb not null,
    started_at timestamptz not null default now()
);

-- Ledgers that are folded together. folded: how many events, set in the transaction of their rows.
create table projection.rebuild_unit (
    schema text not null references projection.rebuild on delete cascade,
    number int not null,
    shard int not null,
    ledgers uuid[] not null,
    events bigint not null,
    folded bigint,
    primary key (schema, number)
);

-- The tables of a projection that were served before, in schema model_before_<projection>.
-- positions: shard -> the last event in them. parked: what they lack, as rows of projection.parked.
create table projection.previous (
    projection text primary key,
    version int not null,
    tables text[] not null,
    positions jsonb not null,
    parked jsonb not null,
    replaced_at timestamptz not null default now()
);

revoke all on projection.rebuild, projection.rebuild_unit, projection.previous from mintflow_app;
