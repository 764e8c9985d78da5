"""The log of a test in Kafka: what a relay would have produced, and what nobody should."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import psycopg
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic  # type: ignore[attr-defined]
from kafka_broker import Kafka

from mintflow.store.rows import StoredRow
from mintflow.streams.core.envelope import Message, encode

SHARDS = 32


class KafkaLog:
    """One topic of this test, with a partition for each shard."""

    @classmethod
    def of_processes(cls, bootstrap: str) -> KafkaLog:
        """The topic as processes call it, on a broker that no other test has now."""
        return cls(Kafka(bootstrap, ""))

    def __init__(self, kafka: Kafka, *, create: bool = True) -> None:
        self.bootstrap = kafka.bootstrap
        self.topic = kafka.topic("ledger.events")
        self.group = kafka.topic("projections")
        self.sent: dict[int, int] = {}
        self._admin = AdminClient({"bootstrap.servers": self.bootstrap})
        if create:
            self.create()
        self._producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "enable.idempotence": True,
                "log_level": 0,
                "compression.type": "lz4",
            }
        )

    def create(self, partitions: int = SHARDS) -> None:
        self._admin.create_topics([NewTopic(self.topic, partitions, 1)])[self.topic].result(15)

    def grow(self, partitions: int = SHARDS) -> None:
        grown = self._admin.create_partitions([NewPartitions(self.topic, partitions)])
        grown[self.topic].result(15)

    def delete(self) -> None:
        self._admin.delete_topics([self.topic])[self.topic].result(15)

    def expire(self) -> None:
        """Take away what was sent, as retention does."""
        ends = [TopicPartition(self.topic, shard, -1) for shard in self.sent]
        for done in self._admin.delete_records(ends).values():
            done.result(15)

    def relay(self, url: str, *, again: int = 0) -> int:
        """Produce what the log has beyond what was sent; how many. again: events before that,
        of each shard, that are sent once more, as a relay does that was killed."""
        rows = [
            row for row in stored_rows(url) if row.position > self.sent.get(row.shard, 0) - again
        ]
        for row in rows:
            self.send(row.shard, encode(row))
            self.sent[row.shard] = max(row.position, self.sent.get(row.shard, 0))
        self.flush()
        return len(rows)

    def send(self, shard: int, message: Message) -> None:
        self._producer.produce(
            self.topic,
            key=message.key,
            value=message.value,
            headers=list(message.headers),
            partition=shard,
        )
        self._producer.poll(0)

    def flush(self) -> None:
        assert self._producer.flush(30) == 0

    def send_aborted(self, messages: Sequence[tuple[int, Message]], name: str) -> None:
        """Produce in a transaction that is then aborted."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "transactional.id": name})
        producer.init_transactions(15)
        producer.begin_transaction()
        for shard, message in messages:
            producer.produce(
                self.topic,
                key=message.key,
                value=message.value,
                headers=list(message.headers),
                partition=shard,
            )
        assert producer.flush(15) == 0
        producer.abort_transaction(15)


def stored_rows(url: str) -> list[StoredRow]:
    """The whole log, in order of shard and position."""
    with psycopg.connect(url) as conn:
        return [
            StoredRow(*row)
            for row in conn.execute(
                "select shard, position, ledger_id, ledger_seq, recorded_at, record, sealed, hash"
                " from log.event order by shard, position"
            )
        ]


async def until(done: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until a condition holds; it is asked in a thread."""
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(done):  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.02)
