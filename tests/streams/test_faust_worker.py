"""Projections on a real Kafka: every event once, whatever comes twice, broken or not at all."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from kafka_broker import Kafka
from read_models.books import Books, broken
from streams.kafka_log import KafkaLog, stored_rows, until
from streams.workers import a_worker, caught_up, working

from mintflow.domain.core.ids import SHARDS
from mintflow.projections.registry import PROJECTIONS
from mintflow.streams.core.envelope import Message, encode
from mintflow.streams.core.faust.worker import first_offsets
from mintflow.streams.core.relay.errors import KafkaUnreachable


@pytest.fixture
def log(kafka: Kafka) -> KafkaLog:
    return KafkaLog(kafka)


def some_days(books: Books, count: int) -> None:
    for number in range(count):
        books.record(f"-{number + 1}.00", f"2025-03-{number % 28 + 1:02d}", "shopping")


def test_a_worker_brings_the_read_models_to_the_head_of_the_log(
    books: Books, log: KafkaLog
) -> None:
    other = books.beside(2)
    some_days(books, 20)
    some_days(other, 10)
    log.relay(books.url)

    async def run() -> None:
        async with working(a_worker(books, log)):
            await until(partial(caught_up, books))
            await asyncio.to_thread(some_days, other, 5)
            await asyncio.to_thread(log.relay, books.url, again=3)
            await until(partial(caught_up, books))

    asyncio.run(run())
    assert books.dump() == books.rebuilt()
    other.close()


def test_groups_of_projections_are_agents_of_their_own(books: Books, log: KafkaLog) -> None:
    some_days(books, 10)
    log.relay(books.url)

    async def run() -> None:
        worker = a_worker(books, log, [PROJECTIONS[::2], PROJECTIONS[1::2]])
        async with working(worker):
            await until(partial(caught_up, books))
        assert [follower.applied > 0 for follower in worker.followers] == [True, True]

    asyncio.run(run())
    assert books.dump() == books.rebuilt()


def test_what_kafka_never_had_is_filled_from_the_log(books: Books, log: KafkaLog) -> None:
    some_days(books, 9)
    rows = [row for row in stored_rows(books.url) if row.position > 6 and row.position % 3]
    for row in rows:
        log.send(row.shard, encode(row))
    log.flush()
    head = rows[-1].position

    async def run() -> None:
        async with working(a_worker(books, log)):
            await until(lambda: all(at == head for at in positions(books)))

    asyncio.run(run())


def test_an_aborted_transaction_is_never_applied(books: Books, log: KafkaLog) -> None:
    """Its messages would be events of the log, if they were read: the head is never reached."""
    some_days(books, 3)
    log.relay(books.url)
    some_days(books, 5)
    late = [row for row in stored_rows(books.url) if row.position > log.sent[row.shard]]
    log.send_aborted([(row.shard, encode(row)) for row in late], log.group)
    before = log.sent[books.shard]

    async def run() -> None:
        worker = a_worker(books, log)
        async with working(worker):
            await until(lambda: all(at == before for at in positions(books)))
            await asyncio.sleep(2)
            assert all(at == before for at in positions(books))
            await asyncio.to_thread(log.relay, books.url)
            await until(partial(caught_up, books))

    asyncio.run(run())
    assert books.dump() == books.rebuilt()


def test_records_that_are_no_events_are_counted_and_passed_over(
    books: Books, log: KafkaLog
) -> None:
    some_days(books, 2)
    rows = stored_rows(books.url)
    good = encode(rows[0])
    other_shard = (books.shard + 1) % 32
    log.send(books.shard, good._replace(headers=[]))
    log.send(books.shard, good._replace(value=b"\xff\xfe not JSON"))
    log.send(books.shard, good._replace(value=b"[]"))
    log.send(books.shard, Message(b"", b"", [("ce_position", b"\xb2")]))
    log.send(other_shard, good)
    log.relay(books.url)

    async def run() -> None:
        worker = a_worker(books, log)
        async with working(worker):
            await until(partial(caught_up, books))
            await until(lambda: worker.followers[0].unreadable == 5)
            assert worker.fault is None

    asyncio.run(run())
    assert books.dump() == books.rebuilt()


def test_poison_is_parked_and_the_rest_goes_on(books: Books, log: KafkaLog) -> None:
    some_days(books, 6)
    log.relay(books.url)

    async def run() -> None:
        async with working(a_worker(books, log, [broken()])):
            await until(partial(caught_up, books))

    asyncio.run(run())
    parked = books.conn.execute("select projection, error from projection.parked").fetchall()
    assert parked == [("accounts", "ValueError")]


def test_the_loss_of_the_database_is_waited_out(books: Books, log: KafkaLog) -> None:
    async def run() -> None:
        worker = a_worker(books, log)
        async with working(worker):
            for _ in range(3):
                await asyncio.to_thread(some_days, books, 2)
                await asyncio.to_thread(log.relay, books.url)
                books.conn.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
                await until(partial(caught_up, books))
            assert worker.followers[0].retries > 0
            await until(lambda: worker.fault is None)

    asyncio.run(run())
    assert books.dump() == books.rebuilt()


def test_what_a_crash_took_back_is_applied_again_though_nothing_new_comes(
    books: Books, log: KafkaLog
) -> None:
    some_days(books, 4)
    log.relay(books.url)

    async def run() -> None:
        async with working(a_worker(books, log)):
            await until(partial(caught_up, books))
            books.wipe()
            await until(partial(caught_up, books))

    asyncio.run(run())
    assert books.dump() == books.rebuilt()


def test_the_next_worker_reads_on_from_where_the_last_one_was(books: Books, log: KafkaLog) -> None:
    async def run(expected: int) -> None:
        worker = a_worker(books, log)
        async with working(worker):
            await until(partial(caught_up, books))
        assert worker.followers[0].applied == expected

    some_days(books, 4)
    first = log.relay(books.url)
    asyncio.run(run(first))
    offset = books.conn.execute("select sum(next_offset) from projection.read_offset").fetchone()
    assert offset == (first,)
    some_days(books, 3)
    log.relay(books.url, again=5)
    asyncio.run(run(3))
    assert books.dump() == books.rebuilt()


@pytest.mark.parametrize("seen", [0, 4], ids=["never_read", "read_on"])
def test_what_retention_took_before_it_was_read_is_filled_from_the_log(
    books: Books, log: KafkaLog, seen: int
) -> None:
    async def run() -> None:
        async with working(a_worker(books, log)):
            await until(partial(caught_up, books))

    if seen:
        some_days(books, seen)
        log.relay(books.url)
        asyncio.run(run())
    some_days(books, 3)
    log.relay(books.url)
    log.expire()
    asyncio.run(run())
    assert books.dump() == books.rebuilt()


def test_it_is_filled_too_where_kafka_does_not_tell_at_first_what_is_gone(
    books: Books, log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bool] = []

    def silent_at_first(*asked: Any) -> dict[int, int]:
        told.append(len(told) >= 3)
        if not told[-1]:
            raise KafkaUnreachable("Kafka does not answer", reason="_TIMED_OUT")
        return first_offsets(*asked)

    monkeypatch.setattr("mintflow.streams.core.faust.worker.first_offsets", silent_at_first)
    some_days(books, 3)
    log.relay(books.url)
    log.expire()

    async def run() -> None:
        async with working(a_worker(books, log)):
            await until(partial(caught_up, books))

    asyncio.run(run())
    assert told == [False, False, False, True]
    assert books.dump() == books.rebuilt()


def test_offsets_of_a_topic_that_was_made_anew_do_not_count(books: Books, kafka: Kafka) -> None:
    for _ in range(2):
        some_days(books, 4)
        log = KafkaLog(kafka)
        log.relay(books.url)

        async def run(log: KafkaLog = log) -> None:
            async with working(a_worker(books, log)):
                await until(partial(caught_up, books))

        asyncio.run(run())
        log.delete()
    assert books.dump() == books.rebuilt()


@pytest.mark.parametrize("partitions", [0, 1], ids=["not_there", "made_by_a_broker"])
def test_a_worker_waits_for_a_topic_with_all_partitions(
    books: Books, kafka: Kafka, partitions: int
) -> None:
    some_days(books, 2)
    log = KafkaLog(kafka, create=False)
    if partitions:
        log.create(partitions)

    async def run() -> None:
        worker = a_worker(books, log)
        async with working(worker):
            await until(lambda: worker.fault == "topics_not_ready")
            await asyncio.to_thread(log.grow if partitions else log.create)
            await asyncio.to_thread(log.relay, books.url)
            await until(partial(caught_up, books))
            assert worker.assigned == frozenset(range(SHARDS))

    asyncio.run(run())


def test_a_worker_stops_while_it_waits(books: Books, kafka: Kafka) -> None:
    async def run() -> None:
        async with working(a_worker(books, KafkaLog(kafka, create=False))):
            await asyncio.sleep(0.2)

    asyncio.run(run())


def positions(books: Books) -> list[int]:
    """Of every projection in the shard of the books."""
    return [
        position
        for (position,) in books.conn.execute(
            "select position from projection.checkpoint where shard = %s", [books.shard]
        )
    ]
