"""The relay on a real broker: in order, nothing lost, few twice, no gap crossed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from kafka_broker import Kafka
from psycopg import AsyncConnection
from read_models.books import NOW, Books, connect
from streams.relaying import (
    check_everything_is_there,
    make_topics,
    new_relay,
    positions_in,
    read_topic,
    recorded,
    relayed,
    relaying,
    stored_rows,
    target_of,
    until,
)

from mintflow.streams.core.background import cut_off
from mintflow.streams.core.envelope import decode
from mintflow.streams.core.relay import leases as leases_module
from mintflow.streams.core.relay.leases import Leases, Mark
from mintflow.streams.core.topics import CATEGORIZED, CREATED, EVENTS, TOPICS, UPDATED


@pytest.fixture
def household(books: Books) -> Iterator[list[Books]]:
    """Three ledgers, in shards of their own, with some days in each."""
    made = [books, books.beside(2), books.beside(3)]
    assert len({one.shard for one in made}) == 3
    for one in made:
        some_days(one, 20)
    yield made
    for one in made[1:]:
        one.close()


def some_days(books: Books, count: int) -> None:
    for number in range(count):
        books.record(f"-{number + 1}.00", f"2025-03-{number % 28 + 1:02d}", "shopping")


def test_every_event_is_in_its_partition_in_order_and_once(
    household: list[Books], kafka: Kafka
) -> None:
    books, target = household[0], make_topics(kafka)

    async def run() -> None:
        async with relaying(books, target, cycle_events=50) as relay:
            await relayed(books)
            assert relay.alive
            assert relay.shards == tuple(range(32))
            for one in household:
                await asyncio.to_thread(some_days, one, 5)
            await relayed(books)

    asyncio.run(run())
    assert check_everything_is_there(books, kafka) == 0


def test_what_a_consumer_decodes_is_what_the_reader_of_the_log_gives(
    household: list[Books], kafka: Kafka
) -> None:
    books, target = household[0], make_topics(kafka)

    async def run() -> None:
        async with relaying(books, target):
            await relayed(books)

    asyncio.run(run())
    found = read_topic(kafka, EVENTS)
    decoded = {
        (event.shard, event.position): (event.data, event.private(), event.recorded_at)
        for messages in found.values()
        for event in (decode(m.value(), m.headers(), books.mapper) for m in messages)  # type: ignore[arg-type]
    }
    assert decoded == {
        (event.shard, event.position): (event.data, event.private(), event.recorded_at)
        for event in books.events()
    }


def test_the_public_topics_have_their_events_in_order(books: Books, kafka: Kafka) -> None:
    spent = books.record("-5.00", "2025-03-01")
    earned = books.record("9.00", "2025-03-01", "income.salary")
    bought = books.record("-7.00", "2025-03-02", "shopping")
    bought.void(NOW)
    books.put(bought)
    target = make_topics(kafka)

    async def run() -> None:
        async with relaying(books, target):
            await relayed(books)

    asyncio.run(run())
    rows = stored_rows(books)[books.shard]
    of = {
        name: positions_in(read_topic(kafka, name).get(books.shard, []))
        for name in (CREATED, UPDATED, CATEGORIZED)
    }
    streams = {str(one.id): one for one in (spent, earned, bought)}
    assert len(streams) == 3
    last = rows[-1].position
    assert of == {CREATED: [last - 3, last - 2, last - 1], UPDATED: [last], CATEGORIZED: [last - 1]}


def test_a_restarted_relay_sends_nothing_twice(household: list[Books], kafka: Kafka) -> None:
    books, target = household[0], make_topics(kafka)

    async def run() -> None:
        for _ in range(3):
            async with relaying(books, target):
                await relayed(books)
            await asyncio.to_thread(some_days, books, 3)
        async with relaying(books, target):
            await relayed(books)

    asyncio.run(run())
    assert check_everything_is_there(books, kafka) == 0


def test_an_acknowledgement_that_was_never_recorded_is_found_at_the_end_of_the_topic(
    household: list[Books], kafka: Kafka
) -> None:
    books, target = household[0], make_topics(kafka)

    async def run() -> None:
        async with relaying(books, target):
            await relayed(books)
        await asyncio.to_thread(
            books.conn.execute, "update relay.checkpoint set position = greatest(0, position - 7)"
        )
        async with relaying(books, target):
            await relayed(books)

    asyncio.run(run())
    assert check_everything_is_there(books, kafka) == 0
    for topic in (CREATED, CATEGORIZED):
        for messages in read_topic(kafka, topic).values():
            at = positions_in(messages)
            assert at == sorted(set(at))


def test_a_topic_that_was_made_anew_gets_the_whole_history(
    household: list[Books], kafka: Kafka
) -> None:
    books, target = household[0], make_topics(kafka)

    async def run() -> None:
        async with relaying(books, target):
            await relayed(books)
        admin = AdminClient(target.client())
        names = [target.topic(topic.name) for topic in TOPICS]
        for done in admin.delete_topics(names).values():
            done.result(30)
        await until(
            lambda: not admin.list_topics(timeout=10).topics.keys() & set(names), "it is gone"
        )
        make_topics(kafka)
        await asyncio.to_thread(some_days, books, 1)
        async with relaying(books, target):
            await relayed(books)

    asyncio.run(run())
    assert check_everything_is_there(books, kafka) == 0


def test_waits_for_topics_that_are_missing_and_says_so(books: Books, kafka: Kafka) -> None:
    async def run() -> None:
        async with relaying(books, target_of(kafka)) as relay:
            await until(lambda: relay.fault == "topics_not_ready", "it says what is missing")
            assert not relay.alive
            await asyncio.to_thread(make_topics, kafka)
            await relayed(books)
            assert relay.alive

    asyncio.run(run())


def test_refuses_to_cross_a_gap_in_the_log_while_other_shards_go_on(
    household: list[Books], kafka: Kafka
) -> None:
    books, other, target = household[0], household[1], make_topics(kafka)
    gap = len(stored_rows(books)[books.shard]) - 5
    with psycopg.connect(books.url, autocommit=True) as conn:
        conn.execute("alter table log.event disable trigger user")
        conn.execute("delete from log.event where shard = %s and position = %s", [books.shard, gap])

    async def run() -> None:
        async with relaying(books, target) as relay:
            await until(lambda: bool(relay.blocked()), "the gap is noticed")
            await until(
                lambda: recorded(books).get(other.shard, 0) == len(stored_rows(other)[other.shard]),
                "the other shard is relayed",
            )
            assert relay.blocked() == {books.shard: "log_has_a_gap"}

    asyncio.run(run())
    found = read_topic(kafka, EVENTS)
    assert positions_in(found[books.shard]) == list(range(1, gap))
    assert recorded(books)[books.shard] == gap - 1


def test_refuses_to_cross_a_gap_at_the_end_of_the_log(books: Books, kafka: Kafka) -> None:
    target = make_topics(kafka)
    last = len(stored_rows(books)[books.shard])
    with psycopg.connect(books.url, autocommit=True) as conn:
        conn.execute("alter table log.event disable trigger user")
        conn.execute("delete from log.event where position = %s", [last])

    async def run() -> None:
        async with relaying(books, target) as relay:
            await until(lambda: bool(relay.blocked()), "the gap is noticed")

    asyncio.run(run())
    assert positions_in(read_topic(kafka, EVENTS)[books.shard]) == list(range(1, last))


def test_a_log_that_came_back_without_its_relays_places_is_known_to_be_relayed(
    books: Books, kafka: Kafka
) -> None:
    """As after `import-history`: the topics have it all, and no lag is told for ever."""
    target = make_topics(kafka)

    async def run() -> None:
        async with relaying(books, target):
            await relayed(books)
        books.conn.execute("truncate relay.checkpoint")
        async with relaying(books, target):
            await relayed(books)

    asyncio.run(run())
    assert check_everything_is_there(books, kafka) == 0


def test_refuses_a_topic_that_is_ahead_of_the_log_or_of_another(
    household: list[Books], kafka: Kafka, blank_database_url: str
) -> None:
    books, target = household[0], make_topics(kafka)
    shards = {one.shard for one in household}

    async def run(code: str) -> None:
        async with relaying(books, target) as relay:
            await until(lambda: set(relay.blocked()) == shards, "it is noticed")
            assert set(relay.blocked().values()) == {code}

    async def first() -> None:
        async with relaying(books, target):
            await relayed(books)

    asyncio.run(first())
    with psycopg.connect(books.url, autocommit=True) as conn:
        conn.execute("alter table log.event disable trigger user")
        conn.execute("update log.event set hash = sha256(hash)")
    asyncio.run(run("topic_of_another_log"))
    with psycopg.connect(books.url, autocommit=True) as conn:
        conn.execute("truncate log.event, relay.checkpoint")
        conn.execute("update log.shard_head set position = 0")
    asyncio.run(run("topic_is_ahead"))
    assert not recorded(books).keys() & shards


def test_two_relays_share_the_shards_and_one_that_leaves_gives_them_back(
    household: list[Books], kafka: Kafka
) -> None:
    books, target = household[0], make_topics(kafka)

    async def run() -> None:
        async with relaying(books, target, lease_s=2) as one:
            await until(lambda: len(one.shards) == 32, "the first has all")
            async with relaying(books, target, lease_s=2) as other:
                await until(lambda: (len(one.shards), len(other.shards)) == (16, 16), "a half each")
                assert not set(one.shards) & set(other.shards)
                for each in household:
                    await asyncio.to_thread(some_days, each, 5)
                await relayed(books)
            await until(lambda: len(one.shards) == 32, "the first has all again")
            await asyncio.to_thread(some_days, books, 5)
            await relayed(books)

    asyncio.run(run())
    assert check_everything_is_there(books, kafka) == 0


def test_a_relay_that_stands_still_is_fenced_by_the_one_that_took_its_shards(
    books: Books, kafka: Kafka
) -> None:
    """The zombie, down to the statement that it would still send."""

    async def run() -> None:
        zombie = Leases(lambda: connect(books.url), "zombie.", uuid4(), 0.5)
        heir = Leases(lambda: connect(books.url), "zombie.", uuid4(), 60)
        async with await connect(books.url) as conn:
            await zombie.start()
            held = dict(zombie.held())
            assert len(held) == 32
            await zombie.stop(None)  # it renews no more, as if it were frozen
            await until(lambda: _run_out(books), "its leases end")
            await heir.start()
            await until(lambda: len(heir.held()) == 32, "the other has them")
            assert not zombie.held()
            assert await zombie.record(conn, [_mark(3, held[3], 7)]) == {3}
            assert await heir.record(conn, [_mark(3, held[3], 7)]) == {3}  # an older epoch
            assert not await heir.record(conn, [_mark(3, heir.held()[3], 5)])
            assert recorded(books) == {3: 5}
            assert not await heir.record(conn, [_mark(3, heir.held()[3], 4)])
            assert recorded(books) == {3: 5}, "a checkpoint never goes back"
            await heir.stop(conn)

    asyncio.run(run())


def test_a_connection_is_not_closed_under_a_renewal_that_does_not_end(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """psycopg may be writing into what closing frees."""
    opened: list[AsyncConnection[Any]] = []
    renewals: list[asyncio.Task[None] | None] = []

    async def connecting() -> AsyncConnection[Any]:
        opened.append(await connect(books.url))
        return opened[-1]

    async def in_vain(task: asyncio.Task[None] | None) -> None:
        renewals.append(task)

    async def run() -> None:
        leases = Leases(connecting, "undying.", uuid4(), 60)
        await leases.start()
        with monkeypatch.context() as patched:
            patched.setattr(leases_module, "cut_off", in_vain)
            await leases.stop(None)
        assert not opened[0].closed
        await cut_off(*renewals)
        await opened[0].close()

        await leases.start()
        await leases.stop(None)
        assert opened[1].closed

    asyncio.run(run())


def test_a_relay_whose_leases_were_taken_stops_and_begins_anew(books: Books, kafka: Kafka) -> None:
    target = make_topics(kafka)

    async def run() -> None:
        relay = new_relay(books, target, lease_s=2)
        await relay.start()
        await relayed(books)
        await asyncio.to_thread(
            books.conn.execute,
            "update relay.lease set holder = gen_random_uuid(), epoch = epoch + 1,"
            " held_until = clock_timestamp() + interval '1 second'",
        )
        await asyncio.to_thread(some_days, books, 5)
        await until(lambda: relay.restarts_total > 0, "it noticed")
        await relayed(books)  # the other never renews, so it comes back
        await relay.stop()

    asyncio.run(run())
    check_everything_is_there(books, kafka)


def _mark(shard: int, epoch: int, position: int) -> Mark:
    return Mark(shard, epoch, "log", "topic", position)


def _run_out(books: Books) -> bool:
    row = books.conn.execute(
        "select bool_and(held_until < clock_timestamp()) from relay.lease where target = 'zombie.'"
    ).fetchone()
    return bool(row and row[0])
