-- Erasing a person: the answers kept under idempotency keys go, and nothing else of the log does.
-- See docs/concepts/erasure.md.

-- Ledgers of which nothing personal is left in any table. owner: whose they were.
create table log.swept (
    ledger_id uuid primary key,
    owner text not null,
    swept_at timestamptz not null default now()
);
grant select on log.swept to mintflow_app;

-- An answer stays for ever, unless it was given in a ledger that is erased: what stands there was
-- written by the person, and no command is taken under its key any more.
create function log.refuse_change_of_answer() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and (
        exists (select from log.swept s where s.ledger_id = old.scope_id)
        or exists (
            select from log.swept s join log.event e using (ledger_id)
            where e.shard = old.shard and e.position = old.position)
        or (old.position is null
            and exists (select from log.swept s where s.owner = old.scope_id::text))
    ) then
        return old;
    end if;
    raise exception 'answers are append-only: % on %.% is refused',
        tg_op, tg_table_schema, tg_table_name using errcode = 'insufficient_privilege';
end $$;
drop trigger answer_is_append_only on log.answer;
create trigger answer_is_append_only before update or delete on log.answer
    for each row execute function log.refuse_change_of_answer();

-- Take down that a ledger is swept, and remove the answers that were given in it and about it.
-- Refused for a ledger whose log does not say that it is erased.
create function log.forget_answers(p_ledger uuid) returns bigint
language plpgsql security definer set search_path = log, pg_temp as $$
declare
    whose text;
    gone bigint;
    more bigint;
begin
    perform 1 from event e
    where e.ledger_id = p_ledger and e.stream_id = p_ledger and e.type = 'ledger.erased';
    if not found then
        raise exception 'the ledger is not erased' using errcode = 'insufficient_privilege';
    end if;
    select convert_from(e.record, 'UTF8')::json -> 'data' ->> 'owner' into strict whose
    from event e where e.ledger_id = p_ledger and e.stream_id = p_ledger and e.stream_version = 1;
    insert into swept (ledger_id, owner) values (p_ledger, whose)
    on conflict do nothing;
    delete from answer a where a.scope_id = p_ledger;
    get diagnostics gone = row_count;
    delete from answer a where a.scope_id::text = whose and (a.position is null or exists (
        select from event e
        where e.shard = a.shard and e.position = a.position and e.ledger_id = p_ledger));
    get diagnostics more = row_count;
    return gone + more;
end $$;
revoke all on function log.refuse_change_of_answer, log.forget_answers from public;

-- The planner keeps the commonest values of a column; of these it is not to keep any. Naming the
-- type again makes it forget those that it has.
alter table log.answer
    alter column key set statistics 0, alter column key type text,
    alter column request set statistics 0, alter column request type bytea,
    alter column response set statistics 0, alter column response type bytea;
