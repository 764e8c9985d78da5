-- Evidence about the log, and the trail of what was asked of it. Nothing here is needed to append
-- or to answer; see docs/concepts/proof.md.

create schema audit;

-- Whole tiles of the Merkle tree of each shard: 256 hashes and the root over them. Level 0 holds
-- leaf hashes, level 1 roots of tiles of level 0, and so on. Shard -1 is the trail.
create table audit.tile (
    shard int not null,
    level int not null,
    number bigint not null,
    root bytea not null,
    hashes bytea not null,
    primary key (shard, level, number)
);
-- Hashes do not compress: trying would only cost time.
alter table audit.tile alter column hashes set storage external;

-- Signed heads, as they were published outside of the database; a copy to answer from.
create table audit.head (
    shard int not null,
    size bigint not null,
    root bytea not null,
    signed_at timestamptz not null,
    note text not null,
    publication bigint not null,
    primary key (shard, size)
);

-- What was refused, who came in, what was taken out, which keys were used and what auditors read.
-- `record` is JSON without anything personal; `sealed` (the address) is encrypted.
create table audit.trail (
    shard int not null default -1 check (shard = -1),
    position bigint not null,
    recorded_at timestamptz not null,
    record bytea not null,
    sealed bytea not null,
    hash bytea not null,
    primary key (shard, position)
);
create table audit.trail_head (
    shard int primary key default -1 check (shard = -1),
    position bigint not null,
    hash bytea not null,
    recorded_us bigint not null
) with (fillfactor = 10);
insert into audit.trail_head
values (-1, 0, sha256(convert_to('mintflow shard -1', 'UTF8')), 0);

create trigger tile_is_append_only before update or delete on audit.tile
    for each row execute function log.refuse_change();
create trigger tile_is_not_truncated before truncate on audit.tile
    for each statement execute function log.refuse_change();
create trigger head_is_append_only before update or delete on audit.head
    for each row execute function log.refuse_change();
create trigger head_is_not_truncated before truncate on audit.head
    for each statement execute function log.refuse_change();
create trigger trail_is_append_only before update or delete on audit.trail
    for each row execute function log.refuse_change();
create trigger trail_is_not_truncated before truncate on audit.trail
    for each statement execute function log.refuse_change();

-- Append entries to the trail, chained like the events of a shard; returns the last position.
create function audit.append_trail(p_recorded_us bigint[], p_record bytea[], p_sealed bytea[])
returns bigint
language plpgsql security definer set search_path = audit, pg_temp as $$
declare
    at_position bigint; at_hash bytea; at_us bigint;
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
begin
    select h.position, h.hash, h.recorded_us into strict at_position, at_hash, at_us
    from trail_head h for update;
    for i in 1 .. cardinality(p_record) loop
        at_position := at_position + 1;
        at_us := greatest(at_us, p_recorded_us[i]);
        at_hash := sha256(at_hash || log.leaf_hash(
            -1, at_position, nobody, at_position, at_us, p_record[i], p_sealed[i]));
        insert into trail (position, recorded_at, record, sealed, hash)
        values (at_position, '1970-01-01 00:00:00+00'::timestamptz + at_us * interval '1 microsecond',
            p_record[i], p_sealed[i], at_hash);
    end loop;
    update trail_head set position = at_position, hash = at_hash, recorded_us = at_us;
    return at_position;
end $$;

revoke all on all functions in schema audit from public;
grant usage on schema audit to mintflow_app;
grant select on all tables in schema audit to mintflow_app;
grant insert on audit.tile, audit.head to mintflow_app;
grant execute on function audit.append_trail to mintflow_app;
