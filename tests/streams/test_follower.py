"""A follower by itself: what it takes for applied, from its connection's first moment on."""

from __future__ import annotations

import asyncio
from uuid import UUID

from read_models.books import Books, connect
from streams.kafka_log import stored_rows

from mintflow.projections.registry import PROJECTIONS
from mintflow.streams.core.faust.follower import ProjectionFollower
from mintflow.streams.core.faust.received import Received

TOPIC = UUID(int=9, version=4)


def follower(books: Books) -> ProjectionFollower:
    async def opened():  # type: ignore[no-untyped-def]
        return await connect(books.url)

    return ProjectionFollower("books", opened, books.mapper, TOPIC, PROJECTIONS, lambda _: None)


def from_kafka(books: Books) -> dict[int, list[Received]]:
    """The whole log, as a worker has it in its hands."""

    found: dict[int, list[Received]] = {}
    for row in stored_rows(books.url):
        records = found.setdefault(row.shard, [])
        records.append(Received(len(records), 0, 1, row))
    return found


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


def test_events_that_a_restored_log_lost_are_passed_over(books: Books) -> None:
    """Applied, they would be in every figure, and what takes their positions would never be."""
    books.record("-1.00", "2026-03-01")
    head = len(books.events())
    for day in range(1, 4):
        books.record("-100.00", f"2026-03-0{day}")
    # The older ones last, as a relay leaves them that began again and so sent them once more.
    of_before = {
        shard: [*records[head:], *records[:head]] for shard, records in from_kafka(books).items()
    }
    set_back(books, head)

    async def run() -> tuple[int, int]:
        made = follower(books)
        assert await made.take(of_before)
        books.record("-2.00", "2026-03-02")
        assert await made.take(of_before)
        assert await made.take(from_kafka(books))
        await made.stop()
        return made.applied, made.unreadable

    assert asyncio.run(run()) == (head + 1, 3 + 3)
    books.check_everywhere()


def set_back(books: Books, head: int) -> None:
    """The log as a backup had it, whose last event is at this position."""
    books.conn.execute("alter table log.event disable trigger user")
    books.conn.execute("delete from log.event where position > %s", [head])
    books.conn.execute("alter table log.event enable trigger user")
    books.conn.execute(
        "update log.shard_head h set position = e.position, hash = e.hash"
        " from log.event e where e.shard = h.shard and e.position = %s",
        [head],
    )
    books.conn.execute(
        "update log.ledger_head h set ledger_seq = e.ledger_seq"
        " from log.event e where e.ledger_id = h.ledger_id and e.position = %s",
        [head],
    )
