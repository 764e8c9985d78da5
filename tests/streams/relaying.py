"""A relay on the real broker, and what a topic holds afterwards."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition
from kafka_broker import Kafka
from read_models.books import Books, connect

from mintflow.domain.core.ids import SHARDS
from mintflow.store.rows import StoredRow
from mintflow.streams.core.doorbell import Doorbell
from mintflow.streams.core.envelope import decode_row, position_of
from mintflow.streams.core.relay.delivery import KafkaTarget
from mintflow.streams.core.relay.loop import Relay
from mintflow.streams.core.relay.plan import apply, plan
from mintflow.streams.core.topics import EVENTS

WAIT_S = 60
LEASE_S = 60.0


def target_of(kafka: Kafka) -> KafkaTarget:
    return KafkaTarget(kafka.bootstrap, kafka.prefix)


def make_topics(kafka: Kafka) -> KafkaTarget:
    """All topics under the prefix of the test."""
    target = target_of(kafka)
    apply(target, plan(target, SHARDS), -1)
    return target


def new_relay(books: Books, target: KafkaTarget, **facts: Any) -> Relay:
    return Relay(lambda: connect(books.url), target, Doorbell(), uuid4(), **facts)


@asynccontextmanager
async def relaying(books: Books, target: KafkaTarget, **facts: Any) -> AsyncIterator[Relay]:
    """Its lease is long unless said otherwise: where the machine stands still for some seconds, a
    relay loses its shards and may send again what was under way."""
    relay = new_relay(books, target, **{"lease_s": LEASE_S, **facts})
    await relay.start()
    try:
        yield relay
    finally:
        await relay.stop()


async def until(condition: Callable[[], bool], what: str, *, here: bool = False) -> None:
    """Wait for something that other tasks or processes bring about. here: it asks a relay, which
    changes in this thread: another one could look while it takes its shards one by one."""
    deadline = time.monotonic() + WAIT_S
    while not (condition() if here else await asyncio.to_thread(condition)):
        assert time.monotonic() < deadline, f"it never came: {what}"
        await asyncio.sleep(0.02)


def recorded(books: Books) -> dict[int, int]:
    """Shard -> the position that the checkpoints say Kafka acknowledged."""
    rows = books.conn.execute("select shard, position from relay.checkpoint where source = 'log'")
    return dict(rows.fetchall())


def heads(books: Books) -> dict[int, int]:
    """Shard -> head, of shards with events."""
    rows = books.conn.execute("select shard, position from log.shard_head where position > 0")
    return dict(rows.fetchall())


async def relayed(books: Books) -> None:
    """Until everything in the log is recorded as relayed."""
    await until(lambda: recorded(books).items() >= heads(books).items(), "all is relayed")


def read_topic(kafka: Kafka, name: str) -> dict[int, list[Message]]:
    """Partition -> its messages, from the first to the last there is now."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": kafka.topic("readers"),
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
    )
    topic = kafka.topic(name)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(SHARDS)])
    found: dict[int, list[Message]] = defaultdict(list)
    ended: set[int] = set()
    deadline = time.monotonic() + WAIT_S
    try:
        while len(ended) < SHARDS:
            assert time.monotonic() < deadline, "the topic does not end"
            for message in consumer.consume(1_000, timeout=0.1):
                if (fault := message.error()) is not None:
                    assert fault.code() == KafkaError._PARTITION_EOF, fault
                    ended.add(message.partition())
                else:
                    found[message.partition()].append(message)
    finally:
        consumer.close()
    return dict(found)


def stored_rows(books: Books) -> dict[int, list[StoredRow]]:
    """Shard -> its rows of the log."""
    rows = books.conn.execute(
        "select shard, position, ledger_id, ledger_seq, recorded_at, record, sealed, hash"
        " from log.event order by shard, position"
    )
    found: dict[int, list[StoredRow]] = defaultdict(list)
    for row in rows.fetchall():
        found[row[0]].append(StoredRow._make(row))
    return dict(found)


def first_seen(messages: Iterable[Message]) -> list[StoredRow]:
    """The rows in the order in which they first came: what a consumer that drops by position has.

    Fails if one came before its predecessor had ever come.
    """
    rows: list[StoredRow] = []
    for message in messages:
        row = decode_row(message.value(), message.headers())  # type: ignore[arg-type]
        assert row.position <= len(rows) + 1, f"{row.position} came before {len(rows) + 1}"
        if row.position == len(rows) + 1:
            rows.append(row)
    return rows


def check_everything_is_there(books: Books, kafka: Kafka) -> int:
    """Every event of the log is in its partition, in order; returns how many came twice."""
    messages, rows = read_topic(kafka, EVENTS), stored_rows(books)
    assert {shard: first_seen(found) for shard, found in messages.items()} == rows
    return sum(map(len, messages.values())) - sum(map(len, rows.values()))


def positions_in(messages: Iterable[Message]) -> list[int]:
    return [position_of(message.headers()) for message in messages]  # type: ignore[arg-type]
