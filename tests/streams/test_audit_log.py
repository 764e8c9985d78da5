"""The topic `audit.log` on a real broker: every head and every entry, in order, whatever fails."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from base64 import b64decode
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
from kafka_broker import Broker, BrokerUnavailable, Kafka
from read_models.books import Books, connect
from services import missing
from store.evidence.notarized import Place
from streams.relaying import make_topics, read_topic, relaying, until

from mintflow.hosts.notarizing import Evidence, Notarizing
from mintflow.store.evidence.forwarding import Forwarder
from mintflow.store.evidence.register import Publication, Register
from mintflow.store.keys import MemoryKeyStore
from mintflow.store.trail import TrailEntry, append_entries
from mintflow.streams.core.audit_log import (
    HEADS_PARTITION,
    TRAIL_PARTITION,
    KafkaHeads,
    TrailSource,
)
from mintflow.streams.core.relay.delivery import KafkaTarget
from mintflow.streams.core.relay.lag import relay_lag
from mintflow.streams.core.relay.sources import LogSource
from mintflow.streams.core.topics import AUDIT

ADDRESS = "203.0.113.77"
SOURCES = (LogSource(), TrailSource())


@pytest.fixture
def place(books: Books, tmp_path: Path) -> Place:
    return Place(books.url, tmp_path)


@pytest.fixture
def own_broker() -> Iterator[Broker]:
    """One that may be stopped."""
    try:
        with Broker() as broker:
            yield broker
    except BrokerUnavailable as fault:
        missing("Kafka", str(fault))


async def note(books: Books, count: int) -> None:
    entries = [
        TrailEntry(
            "command.refused",
            dt.datetime(2026, 3, 1, 12, 0, number, tzinfo=dt.UTC),
            actor=f"user:{number}",
            address=ADDRESS,
            reason="account_not_found",
        )
        for number in range(count)
    ]
    async with await connect(books.url) as conn:
        await append_entries(conn, MemoryKeyStore(), entries)


def relayed_trail(books: Books) -> bool:
    row = books.conn.execute(
        "select c.position = h.position from audit.trail_head h join relay.checkpoint c"
        " on c.source = 'trail' and c.shard = 0"
    ).fetchone()
    return bool(row and row[0])


def signing(books: Books, place: Place, target: KafkaTarget) -> Notarizing:
    """A notary that signs what is new at once and publishes to Kafka."""
    evidence = Evidence(place.keys, place.register, [KafkaHeads(target)])
    return Notarizing(lambda: connect(books.url), evidence, every_events=1, every_s=0.01)


def published(notarizing: Notarizing) -> bool:
    """Whether Kafka has all that was signed."""
    ways = list(notarizing.forwarders)
    return bool(ways) and all(way.fault is None and way.behind == 0 for way in ways)


def signed(place: Place) -> int:
    last = place.register.last()
    return last.number if last is not None else 0


def check_heads(place: Place, kafka: Kafka) -> None:
    """Every object of the register is in its partition, byte for byte, by first arrival."""
    seen: list[bytes] = []
    for message in read_topic(kafka, AUDIT)[HEADS_PARTITION]:
        headers = dict(message.headers() or [])
        position = int(headers["ce_position"])
        assert position <= len(seen) + 1
        value = message.value()
        assert value is not None
        assert headers["ce_id"] == sha256(value).hexdigest().encode()
        if position == len(seen) + 1:
            seen.append(value)
    kept = [publication.content for publication in place.register.read()]
    assert seen == kept
    for value in seen:
        Publication.parse(value).check(place.keys.public_keys())


def check_trail(books: Books, kafka: Kafka) -> None:
    """Every entry is in its partition with its stored bytes, in order; its address is sealed."""
    seen = []
    for message in read_topic(kafka, AUDIT)[TRAIL_PARTITION]:
        headers = dict(message.headers() or [])
        value = message.value()
        assert value is not None
        assert ADDRESS.encode() not in value + b"".join(v or b"" for v in headers.values())
        position = int(headers["ce_position"])
        assert position <= len(seen) + 1
        if position == len(seen) + 1:
            chain = bytes.fromhex((headers["ce_chainhash"] or b"").decode())
            seen.append((position, value, b64decode(headers.get("ce_sealed") or b""), chain))
            assert json.loads(value)["what"].encode() == headers["ce_subject"]
    rows = books.conn.execute("select position, record, sealed, hash from audit.trail order by 1")
    assert seen == rows.fetchall()


def test_every_entry_of_the_trail_is_in_its_partition_in_order(books: Books, kafka: Kafka) -> None:
    target = make_topics(kafka)

    async def run() -> None:
        await note(books, 7)
        async with relaying(books, target, sources=SOURCES):
            await until(lambda: relayed_trail(books), "the trail is relayed")
            await note(books, 5)
            await until(lambda: relayed_trail(books), "the trail is relayed")
        # Another one begins where this one ended.
        async with relaying(books, target, sources=SOURCES) as relay:
            await note(books, 3)
            await until(lambda: relayed_trail(books), "the trail is relayed")
            assert relay.blocked() == {}
        async with await connect(books.url) as conn:
            lag = [row for row in await relay_lag(conn) if row["source"] == "trail"]
        assert [(row["head"], row["behind"]) for row in lag] == [(15, 0)]

    asyncio.run(run())
    assert len(read_topic(kafka, AUDIT)[TRAIL_PARTITION]) == 15
    check_trail(books, kafka)


def test_every_head_is_in_its_partition_in_order_and_once(
    books: Books, place: Place, kafka: Kafka
) -> None:
    target = make_topics(kafka)
    books.record("-1.00", "2025-03-01", "shopping")
    place.sign()  # Published to nobody: whoever signs next brings it along.

    async def run() -> None:
        for _ in range(2):
            notary = signing(books, place, target)
            await notary.start()
            for number in range(3):
                before = signed(place)
                await asyncio.to_thread(books.record, f"-{number + 2}.00", "2025-03-02", "shopping")
                await until(lambda at=before: signed(place) > at, "it is signed")
            await until(partial(published, notary), "it is published")
            await notary.stop()

    asyncio.run(run())
    assert len(read_topic(kafka, AUDIT)[HEADS_PARTITION]) == signed(place)
    check_heads(place, kafka)


def test_heads_of_another_log_are_not_put_behind_those_of_the_first(
    books: Books, place: Place, kafka: Kafka, tmp_path: Path
) -> None:
    target = make_topics(kafka)
    books.record("-1.00", "2025-03-01", "shopping")
    place.sign()
    other = Register(tmp_path / "other")
    alien = place.register.get(1)

    async def run() -> None:
        first = KafkaHeads(target)
        assert await first.reached(place.register) == 0
        await first.publish(alien)
        await first.close()
        way = Forwarder(other, KafkaHeads(target))
        way.start()
        await until(lambda: way.fault is not None, "it is refused")
        assert way.fault == "topic_is_ahead"
        await way.stop()

    asyncio.run(run())


@pytest.mark.slow
def test_with_the_broker_away_nothing_is_lost_and_commands_go_on(
    books: Books, place: Place, own_broker: Broker
) -> None:
    kafka = Kafka(own_broker.bootstrap, "away.")
    target = make_topics(kafka)

    async def run() -> None:
        notary = signing(books, place, target)
        await notary.start()
        async with relaying(books, target, sources=SOURCES):
            await note(books, 4)
            await until(lambda: relayed_trail(books), "the trail is relayed")
            await until(lambda: published(notary), "heads are published")
            await asyncio.to_thread(own_broker.stop)
            for number in range(3):
                before = signed(place)
                await asyncio.to_thread(books.record, f"-{number + 1}.00", "2025-03-03", "shopping")
                await note(books, 2)
                await until(lambda at=before: signed(place) > at, "it is signed all the same")
            [way] = notary.forwarders
            await until(lambda: way.behind >= 3, "the lag is visible")
            assert not relayed_trail(books)
            own_broker.start()  # Not in a thread: a broker ends with the thread that started it.
            await until(lambda: relayed_trail(books), "the trail is relayed")
            await until(lambda: published(notary), "heads are published")
        await notary.stop()

    asyncio.run(run())
    check_heads(place, kafka)
    check_trail(books, kafka)
    with psycopg.connect(books.url) as conn:
        row = conn.execute("select count(*), count(distinct note) from audit.head").fetchone()
    assert row is not None
    assert row[0] == row[1]
