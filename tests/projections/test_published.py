"""What an analyst's SQL sees: open facts of all ledgers, and no way to anything else."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from acceptance.product import Client, Product, product
from services import PostgresService

from mintflow.domain.core.aggregates import EVENT_TYPES
from mintflow.projections.core.published import PUBLISHED
from mintflow.projections.core.rebuild import rebuild
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.keys import FolderKeyStore, MemoryKeyStore

SECRET = "zanzibar-secret"


@pytest.fixture(scope="module")
def books(postgres: PostgresService) -> Iterator[Product]:
    with postgres.migrated() as url, product(url, keys=MemoryKeyStore()) as started:
        for _ in range(2):
            _fill(started.client())
        yield started


def _fill(client: Client) -> None:
    opened = client.post("/v1/ledgers", {"name": SECRET, "currency": "USD"})
    path = f"/v1/ledgers/{opened['ledger_id']}"
    body = {"name": SECRET, "kind": "cash", "currency": "USD"}
    account = client.post(f"{path}/accounts", body)["account_id"]
    for number in range(3):
        row = {
            "account_id": account, "date": "2025-03-14", "amount": f"-{number + 1}",
            "description": SECRET, "notes": SECRET, "category": "travel.flights",
        }  # fmt: skip
        answer = client.send("POST", f"{path}/transactions", json=row)
    client.get(f"{path}/accounts", min_position=answer.json()["meta"]["position"])


def as_reader(url: str) -> psycopg.Connection[Any]:
    joined = "&" if "?" in url else "?"
    return psycopg.connect(
        f"{url}{joined}options={quote('-c role=mintflow_reader')}", autocommit=True
    )


def views(conn: psycopg.Connection[Any]) -> list[str]:
    found = conn.execute("select viewname from pg_views where schemaname = 'reading'")
    return sorted(name for (name,) in found)


def test_every_view_can_be_read_and_none_says_whose_it_is(books: Product) -> None:
    with as_reader(books.database_url) as conn:
        names = views(conn)
        assert set(names) == {*(one.name for one in PUBLISHED), "event", "shard", "checkpoint"}
        for name in names:
            cursor = conn.execute(f"select * from reading.{name}".encode())
            columns = {one.name for one in cursor.description or ()}
            assert columns >= ({"shard"} if name in ("shard", "checkpoint") else {"ledger_id"})
            found = cursor.fetchall()
            assert found, name
            assert SECRET not in str(found), name


def test_sums_are_those_of_the_books(books: Product) -> None:
    with as_reader(books.database_url) as conn:
        found = conn.execute(
            "select category_id, sum(amount), sum(transactions) from reading.category_month"
            " where month = '2025-03-01' group by 1"
        ).fetchall()
        logged = conn.execute(
            "select sum((data -> 'after' ->> 'amount')::numeric), bool_and(has_sealed)"
            " from reading.event where type = 'transaction.recorded'"
        ).fetchone()
    assert found == [("travel.flights", -12, 6)]
    assert logged == (-12, True)


@pytest.mark.parametrize(
    "statement",
    [
        "select * from log.event",
        "select * from log.answer",
        "select * from log.ledger_head",
        "select * from model.transactions",
        "select * from model.accounts",
        "select * from projection.parked",
        "select * from audit.trail",
        "select * from public.mintflow_migration",
        "insert into reading.ledger values (gen_random_uuid(), 'USD')",
        "update reading.account set currency = 'EUR'",
        "delete from reading.shard",
        "insert into log.event select * from log.event",
        "select log.keep_answer(gen_random_uuid(), 'k', '', '')",
        "create table reading.mine (x int)",
        "create table public.mine (x int)",
        "create table model.mine (x int)",
        "drop view reading.event",
        "truncate log.event",
        "copy log.event to stdout",
        "select pg_read_file('/etc/passwd')",
    ],
)
def test_refuses_whatever_else_the_reader_tries(books: Product, statement: str) -> None:
    with as_reader(books.database_url) as conn:
        # As a login of that role would stand there: without the superuser behind it.
        conn.execute("select 1")
        if statement.startswith("set role"):
            member = conn.execute(
                "select pg_has_role('mintflow_reader', 'mintflow_app', 'member')"
            ).fetchone()
            assert member == (False,)
            return
        with pytest.raises(
            (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedFunction)
        ):
            conn.execute(statement.encode())


def test_the_reader_is_a_member_of_nothing(books: Product) -> None:
    with psycopg.connect(books.database_url) as conn:
        found = conn.execute(
            "select count(*) from pg_auth_members m join pg_roles r on r.oid = m.member"
            " where r.rolname = 'mintflow_reader'"
        ).fetchone()
    assert found == (0,)


def test_the_views_are_there_after_a_rebuild(database_url: str, tmp_path: Any) -> None:
    keys = FolderKeyStore(tmp_path)
    with product(database_url, keys=keys) as started:
        _fill(started.client())
        with as_reader(database_url) as conn:
            before = {name: _rows(conn, name) for name in views(conn)}
    rebuild(database_url, partial(FolderKeyStore, tmp_path), jobs=1)
    with as_reader(database_url) as conn:
        assert {name: _rows(conn, name) for name in views(conn)} == before


def _rows(conn: psycopg.Connection[Any], name: str) -> list[str]:
    return sorted(map(str, conn.execute(f"select * from reading.{name}".encode()).fetchall()))


def test_no_published_column_is_sealed_anywhere() -> None:
    sealed = {name for one in EVENT_TYPES.values() for name in one.SEALED}
    assert sealed
    tables = {table.name: table.names for one in PROJECTIONS for table in one.tables}
    for view in PUBLISHED:
        assert set(view.columns) <= set(tables[view.table]), view.name
        assert not sealed & set(view.columns), view.name
