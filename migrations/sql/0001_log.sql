-- The event store: one append function, and tables that nobody may change afterwards.
-- See docs/concepts/event-store.md for the bargain behind each rule.

create schema log;

-- One row per event. `record` is the exact JSON that was hashed; the columns beside it are copies
-- for the indexes and are compared with it by the audit. `sealed` is AES-256-GCM under the key of
-- the ledger, or empty.
create table log.event (
    shard int not null,
    position bigint not null,
    ledger_id uuid not null,
    ledger_seq bigint not null,
    stream_id uuid not null,
    stream_version int not null,
    type text not null,
    recorded_at timestamptz not null,
    record bytea not null,
    sealed bytea not null,
    hash bytea not null,
    primary key (shard, position),
    unique (ledger_id, stream_id, stream_version),
    unique (ledger_id, ledger_seq)
);
alter table log.event alter column record set storage main;

-- The lock of a shard and the head of its chain. Low fill factor: every append updates it in place.
create table log.shard_head (
    shard int primary key,
    position bigint not null,
    hash bytea not null,
    recorded_us bigint not null
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

insert into log.shard_head
select shard, 0, sha256(convert_to('mintflow shard ' || shard, 'UTF8')), 0
from generate_series(0, 31) as shard;

create table log.ledger_head (
    ledger_id uuid primary key,
    shard int not null,
    ledger_seq bigint not null
) with (fillfactor = 50);

-- The first answer under an idempotency key, kept for ever. scope_id: the ledger, or the caller
-- where the command opens a ledger. position is null for a refusal.
create table log.answer (
    scope_id uuid not null,
    key text not null,
    request bytea not null,
    response bytea not null,
    shard int,
    position bigint,
    primary key (scope_id, key)
);

create function log.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'events are append-only: % on %.% is refused', tg_op, tg_table_schema, tg_table_name
        using errcode = 'insufficient_privilege';
end $$;

create trigger event_is_append_only before update or delete on log.event
    for each row execute function log.refuse_change();
create trigger event_is_not_truncated before truncate on log.event
    for each statement execute function log.refuse_change();
create trigger answer_is_append_only before update or delete on log.answer
    for each row execute function log.refuse_change();
create trigger answer_is_not_truncated before truncate on log.answer
    for each statement execute function log.refuse_change();

-- What stands in the Merkle tree for one event: SHA-256 over 0x00 and the event as it is stored.
create function log.leaf_hash(
    p_shard int, p_position bigint, p_ledger_id uuid, p_ledger_seq bigint, p_recorded_us bigint,
    p_record bytea, p_sealed bytea
) returns bytea language sql immutable parallel safe return
    sha256('\x00'::bytea || int4send(p_shard) || int8send(p_position) || uuid_send(p_ledger_id)
        || int8send(p_ledger_seq) || int8send(p_recorded_us)
        || int4send(length(p_record)) || p_record || p_sealed);

-- Append the events of any number of commands in one transaction.
--
-- Commands come sorted by shard and ledger, so that locks are taken in one order everywhere and a
-- head is read and written once per run. Within a batch no two commands touch one stream; the
-- caller sees to that. A command that conflicts is left out whole and its neighbours are kept.
--
-- Per command (c_*): shard, ledger; scope, key, request and response of idempotency (key null:
-- none); seq: the ledger_seq it was decided on, or null; events: how many events it has; guards:
-- how many streams it read that must not have moved.
-- Per guard (g_*): stream and the version that was read. Per event (e_*): in order of commands.
--
-- Returns a row per command: outcome appended | replayed | stale | conflict, the position and
-- ledger_seq of its last event, and for replayed the stored request and response.
create function log.append(
    c_shard int[], c_ledger uuid[], c_scope uuid[], c_key text[], c_request bytea[],
    c_response bytea[], c_seq bigint[], c_events int[], c_guards int[],
    g_stream uuid[], g_version int[],
    e_stream uuid[], e_version int[], e_type text[], e_recorded_us bigint[], e_record bytea[],
    e_sealed bytea[]
) returns table (
    outcome text, last_position bigint, last_seq bigint, stored_request bytea, stored_response bytea
)
language plpgsql security definer set search_path = log, pg_temp as $$
#variable_conflict use_column
declare
    at_shard int; at_position bigint; at_hash bytea; at_recorded_us bigint;
    at_ledger uuid; at_seq bigint;
    event_no int := 0;
    guard_no int := 0;
    first_event int;
    epoch constant timestamptz := '1970-01-01 00:00:00+00';
    -- As long as the events from the start: an empty array that is first assigned in its middle
    -- begins there, and what is unnested beside it would no longer be of one event.
    size constant int[] := array[cardinality(e_stream)];
    n_shard int[] := array_fill(null::int, size);
    n_position bigint[] := array_fill(null::bigint, size);
    n_ledger uuid[] := array_fill(null::uuid, size);
    n_seq bigint[] := array_fill(null::bigint, size);
    n_recorded timestamptz[] := array_fill(null::timestamptz, size);
    n_hash bytea[] := array_fill(null::bytea, size);
    found_one bool;
begin
    -- One turn more than there are commands: the last one only writes the heads back.
    for c in 1 .. cardinality(c_shard) + 1 loop
        if at_ledger is distinct from c_ledger[c] then
            if at_seq > 0 then
                insert into ledger_head as h (ledger_id, shard, ledger_seq)
                values (at_ledger, at_shard, at_seq)
                on conflict (ledger_id) do update set ledger_seq = excluded.ledger_seq
                where h.ledger_seq <> excluded.ledger_seq;
            end if;
            if at_shard is distinct from c_shard[c] then
                if at_shard is not null then
                    update shard_head h
                    set position = at_position, hash = at_hash, recorded_us = at_recorded_us
                    where h.shard = at_shard and h.position <> at_position;
                end if;
                at_shard := c_shard[c];
                exit when at_shard is null;
                select h.position, h.hash, h.recorded_us
                into strict at_position, at_hash, at_recorded_us
                from shard_head h where h.shard = at_shard for update;
            end if;
            at_ledger := c_ledger[c];
            select h.ledger_seq into at_seq from ledger_head h where h.ledger_id = at_ledger;
            at_seq := coalesce(at_seq, 0);
        end if;
        first_event := event_no + 1;
        event_no := event_no + c_events[c];
        outcome := 'appended'; stored_request := null; stored_response := null;

        if c_key[c] is not null then
            select a.request, a.response, a.position
            into stored_request, stored_response, last_position
            from answer a where a.scope_id = c_scope[c] and a.key = c_key[c];
            if found then
                outcome := 'replayed';
            end if;
        end if;
        if outcome = 'appended' and c_seq[c] <> at_seq then
            outcome := 'stale';
        end if;
        for g in guard_no + 1 .. guard_no + c_guards[c] loop
            exit when outcome <> 'appended';
            perform 1 from event o
            where o.ledger_id = at_ledger and o.stream_id = g_stream[g]
              and o.stream_version = g_version[g] + 1;
            if found then
                outcome := 'conflict';
            end if;
        end loop;
        guard_no := guard_no + c_guards[c];
        if outcome = 'appended' then
            if c_events[c] = 1 then
                perform 1 from event o
                where o.ledger_id = at_ledger and o.stream_id = e_stream[event_no]
                  and o.stream_version = e_version[event_no];
                found_one := found;
            else
                perform 1 from unnest(
                    e_stream[first_event:event_no], e_version[first_event:event_no]
                ) as wanted (stream_id, stream_version)
                join event o on o.ledger_id = at_ledger and o.stream_id = wanted.stream_id
                  and o.stream_version = wanted.stream_version;
                found_one := found;
            end if;
            if found_one then
                outcome := 'conflict';
            end if;
        end if;
        if outcome <> 'appended' then
            if outcome <> 'replayed' then
                last_position := null;
            end if;
            last_seq := at_seq;
            return next;
            continue;
        end if;

        for i in first_event .. event_no loop
            at_position := at_position + 1;
            at_seq := at_seq + 1;
            at_recorded_us := greatest(at_recorded_us, e_recorded_us[i]);
            at_hash := sha256(at_hash || log.leaf_hash(
                at_shard, at_position, at_ledger, at_seq, at_recorded_us, e_record[i], e_sealed[i]
            ));
            n_shard[i] := at_shard;
            n_position[i] := at_position;
            n_ledger[i] := at_ledger;
            n_seq[i] := at_seq;
            n_recorded[i] := epoch + at_recorded_us * interval '1 microsecond';
            n_hash[i] := at_hash;
        end loop;
        if c_key[c] is not null then
            insert into answer values
                (c_scope[c], c_key[c], c_request[c], c_response[c], at_shard, at_position);
        end if;
        last_position := at_position;
        last_seq := at_seq;
        return next;
    end loop;

    insert into event
    select u.shard, u.position, u.ledger_id, u.ledger_seq, u.stream_id, u.stream_version, u.type,
        u.recorded_at, u.record, u.sealed, u.hash
    from unnest(n_shard, n_position, n_ledger, n_seq, e_stream, e_version, e_type, n_recorded,
        e_record, e_sealed, n_hash)
        as u (shard, position, ledger_id, ledger_seq, stream_id, stream_version, type, recorded_at,
            record, sealed, hash)
    where u.shard is not null;
end $$;

-- Keep the answer of a command that appended nothing, above all of one that was refused, so that
-- it stays refused under its key. Returns what is kept, which is an earlier one if there is one.
create function log.keep_answer(p_scope uuid, p_key text, p_request bytea, p_response bytea)
returns table (request bytea, response bytea, kept_now bool)
language plpgsql security definer set search_path = log, pg_temp as $$
#variable_conflict use_column
begin
    insert into answer (scope_id, key, request, response)
    values (p_scope, p_key, p_request, p_response) on conflict do nothing;
    kept_now := found;
    return query select a.request, a.response, kept_now from answer a
        where a.scope_id = p_scope and a.key = p_key;
end $$;

-- The role that the product runs as: it reads the log and appends by the functions, nothing else.
do $$ begin
    create role mintflow_app nologin;
exception when duplicate_object or unique_violation then null;
end $$;
do $$ begin
    if not pg_has_role(current_user, 'mintflow_app', 'member') then
        execute format('grant mintflow_app to %I', current_user);
    end if;
end $$;
revoke all on all functions in schema log from public;
grant usage on schema log to mintflow_app;
grant select on all tables in schema log to mintflow_app;
grant execute on function log.append, log.keep_answer, log.leaf_hash to mintflow_app;
