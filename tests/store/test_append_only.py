"""What the database itself refuses: to the product's role by grant, to everybody by trigger."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from store.appending import Conn, append, as_app, assert_whole, commit, connect, event, keyed

CHANGES = [
    "update log.event set type = 'other'",
    "update log.event set record = record where false",
    "delete from log.event",
    "truncate log.event",
    "insert into log.event select * from log.event",
    "update log.answer set response = ''",
    "delete from log.answer",
    "truncate log.answer",
    "insert into log.answer select * from log.answer",
    "update log.shard_head set position = 0",
    "delete from log.shard_head",
    "update log.ledger_head set ledger_seq = 0",
    "insert into log.ledger_head values (gen_random_uuid(), 0, 1)",
    "truncate log.shard_head, log.ledger_head",
    "alter table log.event disable trigger all",
    "drop trigger event_is_append_only on log.event",
    "drop table log.event cascade",
    "create or replace function log.refuse_change() returns trigger language sql as ''",
    "create table log.mine ()",
    "set session_replication_role = replica",
]
# What the owner of the tables would have to switch the triggers off for, which shows.
OWNER_CHANGES = [
    "update log.event set type = 'other'",
    "delete from log.event where position = 1",
    "truncate log.event",
    "update log.answer set response = ''",
    "delete from log.answer",
    "truncate log.answer",
]


@pytest.fixture
def url(database_url: str) -> str:
    with connect(database_url) as conn:
        ledger = uuid4()
        append(conn, commit(ledger, idempotency=keyed("k", scope=ledger)), commit(uuid4()))
    return database_url


@pytest.fixture
def app(url: str) -> Iterator[Conn]:
    with connect(url) as conn:
        yield conn


@pytest.mark.parametrize("change", CHANGES)
def test_the_products_role_may_not(app: Conn, change: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        app.execute(change.encode())
    assert_whole(app)


@pytest.mark.parametrize("change", OWNER_CHANGES)
def test_the_owner_is_refused_by_trigger(url: str, change: str) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        with pytest.raises(InsufficientPrivilege, match="append-only"):
            owner.execute(change.encode())
        assert_whole(owner)


def test_other_roles_may_neither_read_nor_append(url: str) -> None:
    with psycopg.connect(url) as owner:
        owner.execute("create role mintflow_stranger")
        owner.execute("set local role mintflow_stranger")
        for attempt in (
            "select * from log.event",
            "select log.keep_answer(gen_random_uuid(), 'k', '', '')",
        ):
            with pytest.raises(InsufficientPrivilege), owner.transaction():
                owner.execute(attempt.encode())
        owner.rollback()


def test_objects_of_the_caller_do_not_stand_in_for_those_of_the_log(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("create schema trap")
        owner.execute("grant all on schema trap to mintflow_app")
    with connect(url) as app:
        head = app.execute("select * from log.shard_head order by shard").fetchall()
        for place in ("pg_temp", "trap"):
            app.execute(f"create table {place}.event (like log.event)".encode())
            app.execute(f"create table {place}.shard_head (like log.shard_head)".encode())
            app.execute(f"insert into {place}.shard_head select * from log.shard_head".encode())
            app.execute(f"create table {place}.ledger_head (like log.ledger_head)".encode())
            app.execute(f"create table {place}.answer (like log.answer)".encode())
        app.execute(
            "create function trap.sha256(bytea) returns bytea language sql as $$ select $1 $$"
        )
        app.execute(
            "create function trap.greatest_lie(bigint, bigint) returns boolean"
            " language sql as $$ select true $$"
        )
        app.execute(
            "create operator trap.<> (leftarg = bigint, rightarg = bigint,"
            " function = trap.greatest_lie)"
        )
        app.execute("set search_path = pg_temp, trap, log, pg_catalog")
        ledger = uuid4()
        done = append(app, commit(ledger, event(), idempotency=keyed("k", scope=ledger)))[0]
        assert done.kind == "appended"
        app.execute("reset search_path")
        for place in ("pg_temp", "trap"):
            for table in ("event", "answer", "ledger_head"):
                found = app.execute(f"select count(*) from {place}.{table}".encode()).fetchone()
                assert found == (0,)
        assert app.execute("select * from log.shard_head order by shard").fetchall() != head
        assert_whole(app)


def test_the_role_cannot_become_another(url: str) -> None:
    with psycopg.connect(as_app(url), autocommit=True) as app:
        row = app.execute(
            "select rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls"
            " from pg_roles where rolname = 'mintflow_app'"
        ).fetchone()
        assert row == (False,) * 6
        memberships = app.execute(
            "select count(*) from pg_auth_members m join pg_roles r on r.oid = m.member"
            " where r.rolname = 'mintflow_app'"
        ).fetchone()
        assert memberships == (0,)
