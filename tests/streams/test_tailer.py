"""The tailer: sees every event once, outlives the database, and tells how far it is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection
from read_models.books import Books, connect

from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.mapper import RecordedEvent
from mintflow.streams.core.doorbell import Doorbell
from mintflow.streams.core.positions import NotYetVisible, Positions
from mintflow.streams.core.tailer import Tailer

WAIT_S = 20


@asynccontextmanager
async def tailing(
    books: Books, projections: Sequence[Projection] = PROJECTIONS, **facts: Any
) -> AsyncIterator[Tailer]:
    tailer = Tailer(lambda: connect(books.url), books.mapper, Doorbell(), projections, **facts)
    await tailer.start()
    try:
        yield tailer
    finally:
        await tailer.stop()


def recording(seen: list[tuple[int, int]]) -> Projection:
    """A projection that notes which events it was given, in order."""

    def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
        seen.extend((event.shard, event.position) for event in batch)

    return replace(PROJECTIONS[-1], fold=fold, topics=())


def some_days(books: Books, count: int) -> None:
    for number in range(count):
        books.record(f"-{number + 1}.00", f"2025-03-{number % 28 + 1:02d}", "shopping")


async def caught_up(books: Books, tailer: Tailer) -> None:
    heads = await asyncio.to_thread(
        lambda: books.conn.execute("select shard, position from log.shard_head").fetchall()
    )
    for shard, position in heads:
        await tailer.positions.wait_for(shard, position, WAIT_S)


def test_the_tailer_brings_the_read_models_to_the_head_of_the_log(books: Books) -> None:
    others = [books.beside(number) for number in (2, 3)]
    for one in (books, *others):
        some_days(one, 20)

    async def run() -> None:
        async with tailing(books, cycle_events=40) as tailer:
            await caught_up(books, tailer)
            assert tailer.alive
            for one in (books, *others):
                await asyncio.to_thread(some_days, one, 5)
            await caught_up(books, tailer)

    asyncio.run(run())
    assert books.dump() == books.rebuilt()
    for one in others:
        one.close()


def test_two_tailers_on_one_database_give_what_one_gives(books: Books) -> None:
    some_days(books, 10)

    async def run() -> None:
        async with tailing(books, cycle_events=40) as one, tailing(books, cycle_events=64) as two:
            for _ in range(10):
                await asyncio.to_thread(some_days, books, 3)
            await caught_up(books, one)
            await caught_up(books, two)

    asyncio.run(run())
    assert books.dump() == books.rebuilt()


def test_an_event_that_becomes_visible_late_is_never_passed_over(books: Books) -> None:
    """One append is held back in the middle, behind an advisory lock, while others go on."""
    slow, fast = books.beside(2), books.beside(3)
    assert slow.shard != fast.shard
    books.conn.execute(
        "create function hold() returns trigger language plpgsql as $$ begin"
        f" if new.ledger_id = '{slow.ledger_id}' then perform pg_advisory_xact_lock(77); end if;"
        " return new; end $$;"
        "create trigger hold before insert on log.event for each row execute function hold()"
    )
    seen: list[tuple[int, int]] = []

    async def run() -> None:
        async with tailing(books, [recording(seen)]) as tailer:
            await caught_up(books, tailer)
            with psycopg.connect(books.url) as gate:
                gate.execute("select pg_advisory_lock(77)")
                held = threading.Thread(target=some_days, args=(slow, 1))
                held.start()
                await asyncio.to_thread(some_days, fast, 5)
                await caught_up(books, tailer)
                assert held.is_alive()
            await asyncio.to_thread(held.join)
            await asyncio.to_thread(some_days, slow, 2)
            await caught_up(books, tailer)

    asyncio.run(run())
    assert sorted(seen) == [(event.shard, event.position) for event in books.events()]
    for shard in {shard for shard, _ in seen}:
        positions = [position for at, position in seen if at == shard]
        assert positions == list(range(1, len(positions) + 1))
    slow.close()
    fast.close()


def test_the_tailer_outlives_the_loss_of_its_connection(books: Books) -> None:
    async def run() -> None:
        async with tailing(books) as tailer:
            for _ in range(3):
                await caught_up(books, tailer)
                books.conn.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
                await asyncio.to_thread(some_days, books, 2)
            await caught_up(books, tailer)
            assert tailer.alive

    asyncio.run(run())
    assert books.dump() == books.rebuilt()


def test_the_tailer_waits_for_a_database_that_is_not_there(books: Books) -> None:
    there = asyncio.Event()

    async def reach() -> AsyncConnection[Any]:
        if not there.is_set():
            raise psycopg.OperationalError("no server")
        return await connect(books.url)

    async def run() -> None:
        tailer = Tailer(reach, books.mapper, Doorbell())
        await tailer.start()
        with pytest.raises(NotYetVisible):
            await tailer.positions.wait_for(books.shard, 1, 0.3)
        assert not tailer.alive
        assert tailer.fault == "OperationalError"
        there.set()
        await caught_up(books, tailer)
        assert tailer.alive
        await tailer.stop()
        assert not tailer.alive

    asyncio.run(run())


def test_a_fault_of_the_tables_is_shown_and_gone_when_they_are_back(books: Books) -> None:
    some_days(books, 1)
    books.conn.execute("alter table model.account_days rename to gone")

    async def run() -> None:
        async with tailing(books) as tailer:
            with pytest.raises(NotYetVisible):
                await tailer.positions.wait_for(books.shard, 1, 0.5)
            assert tailer.fault == "UndefinedTable"
            books.conn.execute("alter table model.gone rename to account_days")
            await caught_up(books, tailer)
            assert tailer.alive

    asyncio.run(run())
    assert books.dump() == books.rebuilt()


def test_a_tailer_that_never_ran_stops(books: Books) -> None:
    async def run() -> None:
        tailer = Tailer(lambda: connect(books.url), books.mapper, Doorbell())
        await tailer.stop()
        assert not tailer.alive

    asyncio.run(run())


def test_a_ring_wakes_the_sleeper_and_a_ring_before_is_not_lost() -> None:
    async def run() -> None:
        bell = Doorbell()
        assert not await bell.wait(0.01)
        bell.ring()
        bell.ring()
        assert await bell.wait(0.01)
        assert not await bell.wait(0.01)
        waiting = asyncio.create_task(bell.wait(WAIT_S))
        await asyncio.sleep(0)
        bell.ring()
        assert await waiting

    asyncio.run(run())


def test_waiting_for_a_position_ends_when_it_is_there_and_tells_the_lag_when_not() -> None:
    async def run() -> None:
        positions = Positions()
        positions.publish({3: 5})
        await positions.wait_for(3, 5, 0.01)
        waiters = [asyncio.create_task(positions.wait_for(3, at, WAIT_S)) for at in (9, 6, 7)]
        await asyncio.sleep(0)
        positions.publish({3: 7, 4: 100})
        positions.publish({3: 6})
        await asyncio.gather(*waiters[1:])
        assert not waiters[0].done()
        with pytest.raises(NotYetVisible) as late:
            await positions.wait_for(3, 9, 0.01)
        assert late.value.details == {"shard": 3, "position": 9, "reached": 7, "behind": 2}
        waiters[0].cancel()
        with suppress(asyncio.CancelledError):
            await waiters[0]
        positions.publish({3: 9})
        assert positions.reached(3) == 9

    asyncio.run(run())


def test_a_process_without_a_tailer_waits_by_asking_the_database(books: Books) -> None:
    async def run() -> None:
        conn = await connect(books.url)
        async with conn:
            positions = Positions.of_database(conn_of(conn))
            with pytest.raises(NotYetVisible):
                await positions.wait_for(books.shard, 1, 0.05)
            waiting = asyncio.create_task(positions.wait_for(books.shard, 2, WAIT_S))
            await asyncio.to_thread(books.fold)
            await waiting
            assert positions.reached(books.shard) == len(books.events())

    asyncio.run(run())


def conn_of(conn: AsyncConnection[Any]) -> Any:
    """One connection in the form of a pool's `connection()`."""

    @asynccontextmanager
    async def connection() -> AsyncIterator[AsyncConnection[Any]]:
        yield conn

    return connection
