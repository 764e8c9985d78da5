"""A follower by itself: what it takes for applied, from its connection's first moment on."""

from __future__ import annotations

import asyncio
from uuid import UUID

from read_models.books import Books, by_shard, connect

from mintflow.projections.registry import PROJECTIONS
from mintflow.store.mapper import RecordedEvent
from mintflow.store.rows import StoredRow
from mintflow.streams.core.faust.follower import ProjectionFollower
from mintflow.streams.core.faust.received import Received

TOPIC = UUID(int=9, version=4)


def follower(books: Books) -> ProjectionFollower:
    async def opened():  # type: ignore[no-untyped-def]
        return await connect(books.url)

    return ProjectionFollower("books", opened, books.mapper, TOPIC, PROJECTIONS, lambda _: None)


def from_kafka(books: Books) -> dict[int, list[Received]]:
    """The whole log, as a worker has it in its hands."""

    def one(offset: int, event: RecordedEvent) -> Received:
        row = event.row()
        assert row is not None
        return Received(offset, 0, 1, StoredRow(*row, b""))

    return {
        shard: [one(offset, event) for offset, event in enumerate(events)]
        for shard, events in by_shard(books.events(decoded=False)).items()
    }


def taken(books: Books) -> int:
    """How many events a follower that has looked at nothing yet applies."""

    async def run() -> int:
        made = follower(books)
        assert await made.take(from_kafka(books))
        await made.stop()
        return made.applied

    return asyncio.run(run())


def test_records_that_come_before_it_has_looked_are_known_to_be_applied(books: Books) -> None:
    for day in range(1, 6):
        books.record("-1.00", f"2026-03-0{day}")
    head = len(books.events())
    assert taken(books) == head
    assert taken(books) == 0
    books.record("-2.00", "2026-03-09")
    assert taken(books) == 1
    books.check_everywhere()


def test_what_the_server_took_back_is_applied_again_over_the_next_connection(books: Books) -> None:
    books.record("-1.00", "2026-03-01")
    head = len(books.events())

    async def run() -> tuple[int, int]:
        made = follower(books)
        assert await made.take(from_kafka(books))
        before = made.applied
        books.wipe()
        books.record("-2.00", "2026-03-02")
        books.conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and datname = current_database()"
        )
        assert await made.take(from_kafka(books))
        await made.stop()
        return before, made.applied

    before, after = asyncio.run(run())
    assert (before, after) == (head, 2 * head + 1)
    books.check_everywhere()
