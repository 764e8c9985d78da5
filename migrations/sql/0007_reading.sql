-- What analysts read with SQL: views of open facts alone, and a role that may read those and
-- nothing else. The views over read models are made from their definitions in code
-- (mintflow/projections/core/published.py), because a rebuild replaces the tables below them.

create schema reading;

do $$ begin
    create role mintflow_reader nologin;
exception when duplicate_object or unique_violation then null;
end $$;

-- The open part of the log. data: ids, dates, amounts, categories; has_sealed: whether the event
-- has personal facts beside them, which are not here.
create view reading.event as
select e.ledger_id, e.ledger_seq, e.shard, e.position, e.stream_id, e.stream_version, e.type,
    e.recorded_at, (r.record ->> 'event_id')::uuid as event_id,
    (r.record ->> 'schema_version')::int as schema_version,
    (r.record ->> 'effective_at')::timestamptz as effective_at,
    r.record ->> 'actor' as actor,
    (r.record ->> 'correlation_id')::uuid as correlation_id,
    (r.record ->> 'causation_id')::uuid as causation_id,
    r.record -> 'data' as data,
    length(e.sealed) > 0 as has_sealed
from log.event e
-- Not inlined, so that a record is read as JSON once and not for every column.
cross join lateral (select convert_from(e.record, 'UTF8')::jsonb as record offset 0) as r;

-- How far the log and the read models are.
create view reading.shard as
select h.shard, h.position, encode(h.hash, 'hex') as hash from log.shard_head h;
create view reading.checkpoint as
select c.shard, c.projection, c.version, c.position from projection.checkpoint c;

grant usage on schema reading to mintflow_reader;
grant select on all tables in schema reading to mintflow_reader;
