"""Both hosts, one truth: every projection by the tailer, by Faust on Kafka, and by a rebuild.

The log has an event of every type there is, and random lives of several ledgers; so a projection
that is added to the registry is held to this without a word of its own. On the way events come
twice, batches are cut at random, hosts are cut off and started again, and partitions change hands.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest
from kafka_broker import Kafka
from projections.test_any_life import a_deed, live
from read_models.books import Books, Dump, connect, in_pieces, key_source
from store.sample_events import LEDGER, sample_aggregates
from streams.kafka_log import KafkaLog, stored_rows, until
from streams.workers import a_worker, caught_up, working

from mintflow.domain.core.ids import shard_of
from mintflow.projections.core import applier
from mintflow.projections.core.aside import Aside
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.rows import StoredRow
from mintflow.streams.core.doorbell import Doorbell
from mintflow.streams.core.envelope import encode
from mintflow.streams.core.faust import transport
from mintflow.streams.core.faust.follower import Follower
from mintflow.streams.core.tailer import Tailer

SEEDS = (1, 2)


@pytest.fixture
def every_event(books: Books) -> Iterator[Books]:
    """A ledger with an event of every type."""
    made = Books(books.url, 1, books.keys)
    made.ledger_id, made.shard = LEDGER, shard_of(LEDGER)
    made.sealer.prepare(LEDGER)
    for aggregate in sample_aggregates():
        made.put(aggregate)
    yield made
    made.close()


@pytest.fixture
def household(books: Books, every_event: Books) -> Iterator[list[Books]]:
    """That ledger, and others to live in."""
    made = [books, *(books.beside(number) for number in range(2, 7))]
    yield made
    for one in made[1:]:
        one.close()


def go_on(household: list[Books], chance: random.Random, deeds: int) -> None:
    """Random things happen in all ledgers, one after another."""
    for one in chance.sample(household, len(household)):
        live(one, [a_deed(chance) for _ in range(deeds)])


def differing(one: Dump, other: Dump) -> list[str]:
    """Tables that are not the same, row by row."""
    assert one.keys() == other.keys()
    return [name for name in one if one[name] != other[name]]


def begin_again(books: Books) -> None:
    books.wipe()
    books.conn.execute("delete from projection.read_offset")


@pytest.mark.parametrize("seed", SEEDS)
def test_every_projection_is_the_same_by_tailer_faust_and_rebuild(
    seed: int, household: list[Books], kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    books, chance = household[0], random.Random(seed)
    go_on(household, chance, 60)
    rebuilt = books.rebuilt()
    by_hand = [name for name, rows in rebuilt.items() if not rows]
    print(f"seed {seed}: {len(books.events())} events; tables without a row: {by_hand}")

    asyncio.run(by_tailers(books, chance))
    assert differing(books.dump(), rebuilt) == [], f"embedded host, seed {seed}"

    begin_again(books)
    monkeypatch.setattr(transport, "BATCH_RECORDS_MAX", chance.randint(2, 9))
    # So that both ways of folding occur with batches as small as these.
    monkeypatch.setattr(applier, "INLINE_EVENTS", 8)
    asyncio.run(by_workers(books, KafkaLog(kafka), chance))
    assert differing(books.dump(), rebuilt) == [], f"Kafka host, seed {seed}"
    assert not books.conn.execute("select from projection.parked").fetchall()


async def by_tailers(books: Books, chance: random.Random) -> None:
    """Two at a time, cut off in the middle, until the log is folded."""
    while not await asyncio.to_thread(caught_up, books):
        tailers = [
            Tailer(
                partial(connect, books.url), books.mapper, Doorbell(),
                cycle_events=chance.randint(1, 300),
            )
            for _ in range(2)
        ]  # fmt: skip
        for tailer in tailers:
            await tailer.start()
        await asyncio.sleep(chance.uniform(0.02, 0.3))
        for tailer in tailers:
            await cut_off(tailer)


async def cut_off(tailer: Tailer) -> None:
    """End it wherever it stands, as a crash does."""
    assert tailer._task is not None
    tailer._task.cancel()
    with suppress(asyncio.CancelledError):
        await tailer._task


async def by_workers(books: Books, log: KafkaLog, chance: random.Random) -> None:
    """Records come in pieces, some twice, while workers join, leave and are cut off."""
    pieces = cut_at_random(stored_rows(books.url), chance)
    quarter = len(pieces) // 4
    groups = [PROJECTIONS[::2], PROJECTIONS[1::2]]
    aside = Aside(PROJECTIONS, key_source(books), events_min=1)
    try:
        await ready(aside, books)
        before = aside.folded
        async with working(a_worker(books, log, groups)) as first:
            await asyncio.to_thread(produce, log, pieces[:quarter])
            await until(lambda: first.followers != () and first.followers[0].applied > 0)
            async with working(a_worker(books, log, groups, aside)) as second:
                await asyncio.to_thread(produce, log, pieces[quarter : 2 * quarter])
                await until(lambda: 0 < len(second.assigned) < 32)
                assert first.assigned | second.assigned == set(range(32))
                await cut_connection(books, second.followers[0].followers[0])
            await asyncio.to_thread(produce, log, pieces[2 * quarter : 3 * quarter])
        # Some is left for the last one, whatever the others came to.
        await asyncio.to_thread(produce, log, pieces[3 * quarter :])
        async with working(a_worker(books, log, groups, aside)):
            await until(partial(caught_up, books), 60)
        assert aside.folded > before, "nothing was folded in the process of its own"
    finally:
        aside.end()


async def cut_connection(books: Books, follower: Follower) -> None:
    """By the server, whatever the follower is about. Closed here, it would be freed under libpq."""
    await until(lambda: follower._conn is not None)
    assert follower._conn is not None
    books.conn.execute("select pg_terminate_backend(%s)", [follower._conn.info.backend_pid])


async def ready(aside: Aside, books: Books) -> None:
    """Wait for the process to have started."""
    some = [books.mapper.recorded(*row[:7], decoded=False) for row in stored_rows(books.url)[:1]]
    while await aside.written([(some, [*PROJECTIONS])], None) is None:  # noqa: ASYNC110 - no event
        await asyncio.sleep(0.02)


def cut_at_random(rows: list[StoredRow], chance: random.Random) -> list[list[StoredRow]]:
    """Pieces of each shard in order, those of different shards mixed, some sent again."""
    by_shard = [[row for row in rows if row.shard == shard] for shard in {r.shard for r in rows}]
    queues = [in_pieces(of_one, chance) for of_one in by_shard]  # type: ignore[arg-type]
    mixed: list[list[StoredRow]] = []
    while queues:
        queue = chance.choice(queues)
        mixed.append(queue.pop(0))  # type: ignore[arg-type]
        queues = [one for one in queues if one]
    return mixed


def produce(log: KafkaLog, pieces: list[list[StoredRow]]) -> None:
    for piece in pieces:
        for row in piece:
            log.send(row.shard, encode(row))
    log.flush()


def test_switching_from_embedded_to_kafka_and_back_loses_and_repeats_nothing(
    household: list[Books], kafka: Kafka
) -> None:
    """The books go on all the while, also while neither host runs."""
    books, chance, log = household[0], random.Random(7), KafkaLog(kafka)

    async def run() -> None:
        for turn in range(2):
            tailer = Tailer(partial(connect, books.url), books.mapper, Doorbell())
            await tailer.start()
            await asyncio.to_thread(go_on, household, chance, 4)
            if turn:
                await until(partial(caught_up, books))
            await tailer.stop()
            await asyncio.to_thread(go_on, household, chance, 4)
            async with working(a_worker(books, log)):
                await asyncio.to_thread(log.relay, books.url, again=turn * 5)
                await asyncio.to_thread(go_on, household, chance, 4)
                await asyncio.to_thread(log.relay, books.url)
                await until(partial(caught_up, books))
                assert differing(await asyncio.to_thread(books.dump), books.rebuilt()) == []
            await asyncio.to_thread(go_on, household, chance, 4)
        tailer = Tailer(partial(connect, books.url), books.mapper, Doorbell())
        await tailer.start()
        await until(partial(caught_up, books))
        await tailer.stop()

    asyncio.run(run())
    assert differing(books.dump(), books.rebuilt()) == []


def test_both_hosts_at_the_same_time_give_what_one_gives(
    household: list[Books], kafka: Kafka
) -> None:
    """What nobody should do, and what a switch may do for a moment."""
    books, chance, log = household[0], random.Random(11), KafkaLog(kafka)

    async def run() -> None:
        tailer = Tailer(partial(connect, books.url), books.mapper, Doorbell(), cycle_events=64)
        async with working(a_worker(books, log)):
            await tailer.start()
            for _ in range(6):
                await asyncio.to_thread(go_on, household, chance, 3)
                await asyncio.to_thread(log.relay, books.url, again=2)
            await until(partial(caught_up, books))
            await tailer.stop()

    asyncio.run(run())
    assert differing(books.dump(), books.rebuilt()) == []
