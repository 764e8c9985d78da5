-- Answers of an owner are found by their key: compared as text, each look read all that are kept,
-- again and again in the hour after an erasure.

create or replace function log.forget_answers(p_ledger uuid) returns bigint
language plpgsql security definer set search_path = log, pg_temp as $$
declare
    whose uuid;
    gone bigint;
    more bigint;
begin
    perform 1 from event e
    where e.ledger_id = p_ledger and e.stream_id = p_ledger and e.type = 'ledger.erased';
    if not found then
        raise exception 'the ledger is not erased' using errcode = 'insufficient_privilege';
    end if;
    select (convert_from(e.record, 'UTF8')::json -> 'data' ->> 'owner')::uuid into strict whose
    from event e where e.ledger_id = p_ledger and e.stream_id = p_ledger and e.stream_version = 1;
    insert into swept (ledger_id, owner) values (p_ledger, whose)
    on conflict do nothing;
    delete from answer a where a.scope_id = p_ledger;
    get diagnostics gone = row_count;
    delete from answer a where a.scope_id = whose and (a.position is null or exists (
        select from event e
        where e.shard = a.shard and e.position = a.position and e.ledger_id = p_ledger));
    get diagnostics more = row_count;
    return gone + more;
end $$;
