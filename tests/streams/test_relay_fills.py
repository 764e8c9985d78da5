"""A public topic that is new to a log with a history gets all of it, once and in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from kafka_broker import Kafka
from read_models.books import Books
from streams.relaying import (
    check_everything_is_there,
    make_topics,
    positions_in,
    read_topic,
    recorded,
    relayed,
    relaying,
    until,
)

from mintflow.domain.core.ids import SHARDS
from mintflow.hosts.relaying import own_figures
from mintflow.streams.core.relay import last, watching
from mintflow.streams.core.relay.delivery import KafkaTarget
from mintflow.streams.core.relay.lanes import Lane, enter, place_of
from mintflow.streams.core.relay.loop import Relay
from mintflow.streams.core.relay.sources import LogSource
from mintflow.streams.core.topics import CATEGORIZED, CREATED, EVENTS, PORTFOLIO

IDS = {topic: f"id of {topic}" for topic in LogSource.topics}


def buy(books: Books, count: int) -> None:
    for number in range(count):
        books.record(f"-{number + 1}.00", f"2025-03-{number % 28 + 1:02d}", "shopping")


def wanted(books: Books) -> list[int]:
    """The positions of everything that was bought."""
    rows = books.conn.execute(
        "select position from log.event where shard = %s and type = 'transaction.recorded'"
        " order by position",
        [books.shard],
    )
    return [position for (position,) in rows.fetchall()]


def in_topic(books: Books, kafka: Kafka, topic: str) -> list[int]:
    return positions_in(read_topic(kafka, topic).get(books.shard, []))


def make_anew(target: KafkaTarget, kafka: Kafka, topic: str) -> None:
    admin = AdminClient(target.client())
    admin.delete_topics([target.topic(topic)])[target.topic(topic)].result(30)
    while target.topic(topic) in admin.list_topics(timeout=10).topics:
        pass
    make_topics(kafka)


def _partitions_filling(relay: Relay) -> float:
    """As Prometheus is told."""
    [figure] = [
        one for one in own_figures(relay) if one.name == "mintflow_relay_filling_partitions"
    ]
    [sample] = figure.samples
    return float(sample.value)


async def filled(relay: Relay) -> None:
    await until(
        lambda: len(relay.shards) == SHARDS and not relay.filling(),
        "every topic has everything",
        here=True,
    )


def test_a_topic_that_comes_later_gets_the_history_and_what_is_new_behind_it(
    books: Books, kafka: Kafka
) -> None:
    """While it is filled, what is new goes to the others, and to it only behind the history."""
    target = make_topics(kafka)

    async def run() -> None:
        await asyncio.to_thread(buy, books, 30)
        async with relaying(books, target):
            await relayed(books)
        await asyncio.to_thread(make_anew, target, kafka, CREATED)
        await asyncio.to_thread(buy, books, 10)
        async with relaying(books, target, cycle_events=5) as relay:
            await asyncio.to_thread(buy, books, 10)
            await filled(relay)
            await asyncio.to_thread(buy, books, 3)
            await relayed(books)

    asyncio.run(run())
    assert in_topic(books, kafka, CREATED) == wanted(books)
    assert in_topic(books, kafka, CATEGORIZED) == wanted(books)
    assert check_everything_is_there(books, kafka) == 0


def test_a_relay_that_ends_while_it_fills_goes_on_where_it_was(
    books: Books, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = make_topics(kafka)
    send = Lane.send

    def with_little_room(lane: Lane, *given: Any) -> bool:
        return send(lane, *given) if not lane.filling or lane.sent < 20 else False

    async def run() -> None:
        await asyncio.to_thread(buy, books, 60)
        async with relaying(books, target):
            await relayed(books)
        for topic in (CREATED, CATEGORIZED):
            await asyncio.to_thread(make_anew, target, kafka, topic)
        with monkeypatch.context() as patched:
            patched.setattr(Lane, "send", with_little_room)
            async with relaying(books, target, cycle_events=1) as relay:
                await until(lambda: relay.acknowledged_total > 10, "it has begun to fill")
                assert _partitions_filling(relay) == sum(map(len, relay.filling().values())) > 0
        assert 0 < len(in_topic(books, kafka, CREATED)) < 60
        async with relaying(books, target, cycle_events=7) as relay:
            await filled(relay)
            assert _partitions_filling(relay) == 0
            await asyncio.to_thread(buy, books, 2)
            await relayed(books)

    asyncio.run(run())
    assert in_topic(books, kafka, CREATED) == in_topic(books, kafka, CATEGORIZED) == wanted(books)
    assert check_everything_is_there(books, kafka) == 0


def test_what_time_took_from_a_topic_is_not_given_to_it_again(books: Books, kafka: Kafka) -> None:
    """An empty topic that was filled once is not a new one."""
    target = make_topics(kafka)

    async def run() -> None:
        await asyncio.to_thread(buy, books, 5)
        async with relaying(books, target):
            await relayed(books)
            await until(lambda: len(_places(books)) == 5 * 32, "all have joined")
        await asyncio.to_thread(_forget, target, books)
        async with relaying(books, target) as relay:
            await filled(relay)
            await asyncio.to_thread(buy, books, 1)
            await relayed(books)

    asyncio.run(run())
    assert in_topic(books, kafka, CREATED) == wanted(books)[-1:]
    assert in_topic(books, kafka, CATEGORIZED) == wanted(books)


def test_a_topic_that_is_made_anew_under_a_relay_gets_the_whole_history(
    books: Books, kafka: Kafka
) -> None:
    """Its producer sees nothing of that: only what Kafka calls the topic tells."""
    target = make_topics(kafka)

    async def run() -> None:
        await asyncio.to_thread(buy, books, 10)
        async with relaying(books, target) as relay:
            await relayed(books)
            await asyncio.to_thread(make_anew, target, kafka, EVENTS)
            await until(lambda: relay.restarts_total > 0, "the relay has seen it")
            await asyncio.to_thread(buy, books, 2)
            await relayed(books)

    asyncio.run(run())
    assert check_everything_is_there(books, kafka) == 0


def test_a_topic_that_begins_late_is_refused_until_it_is_made_anew(
    books: Books, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is left where the relay sends something in the moment before it sees the new topic."""
    monkeypatch.setattr(watching, "WATCH_S", 3600.0)
    target = make_topics(kafka)

    async def run() -> None:
        await asyncio.to_thread(buy, books, 10)
        async with relaying(books, target):
            await relayed(books)
            await asyncio.to_thread(make_anew, target, kafka, EVENTS)
            await asyncio.to_thread(buy, books, 2)
            await relayed(books)
        async with relaying(books, target) as relay:
            await until(lambda: bool(relay.blocked()), "it is noticed")
            assert relay.blocked() == {books.shard: "topic_begins_late"}
        await asyncio.to_thread(make_anew, target, kafka, EVENTS)
        await asyncio.to_thread(buy, books, 1)
        async with relaying(books, target):
            await relayed(books)

    asyncio.run(run())
    assert check_everything_is_there(books, kafka) == 0


def test_what_lands_while_a_relay_looks_at_a_topic_does_not_make_it_one_that_begins_late(
    books: Books, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relay that lost its shards may have sent something that Kafka takes only then."""
    target = make_topics(kafka)

    offsets = last.offsets

    def asked_before(*asked: Any) -> dict[tuple[str, int], int]:
        return {place: max(0, end - 2) for place, end in offsets(*asked).items()}

    async def run() -> None:
        await asyncio.to_thread(buy, books, 10)
        async with relaying(books, target):
            await relayed(books)
        with monkeypatch.context() as patched:
            patched.setattr(last, "offsets", asked_before)
            async with relaying(books, target) as relay:
                await asyncio.to_thread(buy, books, 1)
                await until(lambda: len(relay.shards) == SHARDS, "it has looked", here=True)
                assert relay.blocked() == {}
                await relayed(books)

    asyncio.run(run())
    assert check_everything_is_there(books, kafka) == 0


def test_an_installation_from_before_looks_once_and_repeats_nothing(
    books: Books, kafka: Kafka
) -> None:
    """It has no places of topics yet: what a topic ends with says from where to look."""
    target = make_topics(kafka)

    async def run() -> None:
        await asyncio.to_thread(buy, books, 20)
        async with relaying(books, target):
            await relayed(books)
        await asyncio.to_thread(
            books.conn.execute, "delete from relay.checkpoint where source like 'log/%%'", ()
        )
        async with relaying(books, target) as relay:
            await filled(relay)
            assert _partitions_filling(relay) == 0
            await asyncio.to_thread(buy, books, 2)
            await relayed(books)

    asyncio.run(run())
    assert in_topic(books, kafka, CREATED) == in_topic(books, kafka, CATEGORIZED) == wanted(books)


def begun(kept: dict[str, tuple[str, int]], ends: dict[str, int]) -> list[Lane]:
    """The lanes of shard 3. kept: name of a checkpoint -> its topic's id and position."""
    return enter(
        LogSource(), 3, 1, IDS,
        {(3, name): found for name, found in kept.items()},
        {(topic, 3): position for topic, position in ends.items()},
    )  # fmt: skip


def test_a_topic_has_joined_only_when_kafka_has_all_of_it() -> None:
    """Else a relay that died would leave out what was under way when it joined."""
    carrying, filling = begun({"log": (IDS[EVENTS], 9)}, {EVENTS: 9})
    assert sorted(filling.lines) == sorted(set(LogSource.topics) - {EVENTS})
    line = filling.lines[CREATED]
    line.given, filling.sent = 8, 9
    line.waiting.append(8)
    carrying.join(filling)
    named = {mark.source for mark in carrying.marks()}
    assert place_of(carrying.source, PORTFOLIO) in named
    assert place_of(carrying.source, CREATED) not in named
    assert not carrying.drained
    line.waiting.clear()
    marks = carrying.marks()
    assert place_of(carrying.source, CREATED) in {mark.source for mark in marks}
    carrying.settle(marks)
    assert carrying.drained


def test_where_a_fill_was_is_no_place_of_a_topic_that_joined() -> None:
    _, filling = begun({"log": (IDS[EVENTS], 9)}, {EVENTS: 9})
    filling.sent = 4
    kept = {mark.source: (mark.topic_id, mark.position) for mark in filling.marks()}
    _, again = begun({"log": (IDS[EVENTS], 9), **kept}, {EVENTS: 9})
    assert (again.filling, again.sent) == (True, 4)


def _places(books: Books) -> list[Any]:
    rows = books.conn.execute(
        "select source from relay.checkpoint"
        " where source like 'log/%%' and topic_id not like '%% filling'",
        (),
    )
    return rows.fetchall()


def _forget(target: KafkaTarget, books: Books) -> None:
    """Take everything from a topic, as its retention does."""
    admin = AdminClient(target.client())
    behind = TopicPartition(target.topic(CREATED), books.shard, -1)
    for done in admin.delete_records([behind]).values():
        done.result(30)
    assert recorded(books)
