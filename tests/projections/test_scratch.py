"""Scratch tables hold what was served at a moment, whatever is asked for first."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Awaitable, Callable

import pytest
from read_models.books import NOW, Books, connect

from mintflow.domain.budgets import MONTHLY, Budget, Wish
from mintflow.projections.core.bulk.folder import LedgerIncomplete
from mintflow.projections.core.replay import Scratch, scratch, writing
from mintflow.projections.registry import PROJECTIONS

TABLES = [table.name for projection in PROJECTIONS for table in projection.tables]


@pytest.fixture
def lived(books: Books) -> Books:
    for day in range(1, 20):
        books.record(f"-{day}.50", f"2025-02-{day:02d}", "shopping")
    books.savings.rename("Rainy days", NOW)
    books.checking.report_balance(dt.date(2025, 2, 20), "10.00", "USD", "user", NOW)
    books.tree.add("hobbies", NOW)
    wish = Wish("50.00", currency="USD", cycle=MONTHLY)
    budget = Budget.set(books.ledger_id, ["shopping"], wish, NOW)
    books.put(books.savings, books.checking, books.tree, budget)
    books.fold()
    return books


def asking(books: Books, play: Callable[[Scratch], Awaitable[None]]) -> None:
    async def run() -> None:
        conn = await connect(books.url)
        async with conn:
            made = await Scratch.open(conn, books.mapper, PROJECTIONS)
            await made.turn_to(books.ledger_id, head(books), 1)
            await play(made)

    asyncio.run(run())


def head(books: Books) -> int:
    row = books.conn.execute("select max(ledger_seq) from log.event").fetchone()
    assert row is not None
    return int(row[0])


async def rows(made: Scratch, table: str) -> list[tuple[object, ...]]:
    cursor = made.conn.cursor()
    await cursor.execute(f"select t::text from {table} t order by t::text".encode())
    return await cursor.fetchall()


def noting_pages(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events each page has that is folded."""
    read: list[int] = []
    fold_page = Scratch._fold_page

    def noted(self: Scratch, page: list[object], *rest: object) -> None:
        read.append(len(page))
        fold_page(self, page, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Scratch, "_fold_page", noted)
    return read


@pytest.mark.parametrize("small", [False, True], ids=["in memory", "written on the way"])
@pytest.mark.parametrize("seed", range(6))
def test_tables_asked_for_in_any_order_are_the_served_ones(
    lived: Books, seed: int, small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if small:
        monkeypatch.setattr(scratch, "PAGE_EVENTS", 3)
        monkeypatch.setattr(scratch, "ROWS_HARD", 4)
        monkeypatch.setattr(scratch, "KEPT_ROWS_MAX", 2)
    served = lived.dump()
    order = random.Random(seed).sample(TABLES, len(TABLES))

    async def play(made: Scratch) -> None:
        for table in (*order, *order[:5]):
            assert await rows(made, table) == served[table], (table, order)
        # Another moment, and back, on the same session.
        await made.turn_to(lived.ledger_id, 4, 1)
        assert len(await rows(made, "accounts")) == 2
        assert await rows(made, "transactions") == []
        await made.turn_to(lived.ledger_id, head(lived), 1)
        for table in reversed(order):
            assert await rows(made, table) == served[table], (table, order)

    asking(lived, play)


def test_what_few_events_move_is_told_without_the_others(
    lived: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = noting_pages(monkeypatch)

    async def play(made: Scratch) -> None:
        assert len(await rows(made, "accounts")) == 2
        assert sum(read) < 10, "four events are of accounts"
        assert await rows(made, "account_days")
        assert sum(read) > 20, "and every transaction moves their days"

    asking(lived, play)


@pytest.mark.parametrize("small", [False, True], ids=["in memory", "written on the way"])
def test_only_a_table_that_is_large_has_indexes(
    lived: Books, small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it is large is seen by its rows, or by their coming in several goes."""
    if small:
        monkeypatch.setattr(scratch, "PAGE_EVENTS", 8)
        monkeypatch.setattr(scratch, "ROWS_HARD", 4)
        monkeypatch.setattr(scratch, "INDEX_ROWS_OF_PART", 3)

    async def play(made: Scratch) -> None:
        assert len(await rows(made, "transactions")) == 19
        assert await indexes_of(made, "transactions") == (5 if small else 0)

    asking(lived, play)


def test_who_comes_back_to_a_moment_finds_indexes(
    lived: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ANALYZE_ROWS", 5)
    served = lived.dump()["transactions"]

    async def play(made: Scratch) -> None:
        for moment, count in ((head(lived), 19), (head(lived) - 6, 17)):
            await made.turn_to(lived.ledger_id, moment, 1)
            assert len(await rows(made, "accounts")) == 2
            for indexes in (0, 5, 5):
                await made.turn_to(lived.ledger_id, moment, 1)
                assert len(await rows(made, "transactions")) == count
                assert await indexes_of(made, "transactions") == indexes
        await made.turn_to(lived.ledger_id, head(lived), 1)
        assert await rows(made, "transactions") == served

    asking(lived, play)


async def indexes_of(made: Scratch, table: str) -> int:
    """How many beside that of the primary key."""
    cursor = await made.conn.execute(
        "select count(*) - 1 from pg_indexes where tablename = %s and schemaname like 'pg_temp%%'",
        [table],
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("table", ["accounts", "account_days"])
def test_a_log_that_has_lost_an_event_is_not_told_from(lived: Books, table: str) -> None:
    lived.conn.execute("set session_replication_role = replica")
    lived.conn.execute("delete from log.event where ledger_seq = 9")

    async def play(made: Scratch) -> None:
        with pytest.raises(LedgerIncomplete, match="the log has"):
            await rows(made, table)

    asking(lived, play)
