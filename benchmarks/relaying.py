"""`relay`: the log to Kafka, against confluent-kafka producing the same bytes from memory.

Both write to fresh topics of one broker with the same producer settings; the baseline holds every
message ready and reads, encodes and records nothing. A broker is started from deploy/kafka as the
tests do, unless MINTFLOW_KAFKA names one.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka.admin import AdminClient

from benchmarks.history import write_history
from benchmarks.setting import drop_database, fresh_database
from mintflow.commands.core.ids import new_id
from mintflow.domain.core.ids import SHARDS
from mintflow.hosts.connections import connector
from mintflow.store.keys import MemoryKeyStore
from mintflow.streams.core.doorbell import Doorbell
from mintflow.streams.core.relay.delivery import Delivery, KafkaTarget, Line
from mintflow.streams.core.relay.lanes import Lane
from mintflow.streams.core.relay.loop import Relay
from mintflow.streams.core.relay.plan import apply, plan
from mintflow.streams.core.relay.sources import LogSource, Outgoing
from mintflow.streams.core.topics import TOPICS

_NAME = "mintflow_bench_relay"
_CHUNK = 500


async def run(server_url: str, events: int = 200_000) -> dict[str, Any]:
    """Events and messages per second of both, and the relay's share of the baseline."""
    url = await asyncio.to_thread(fresh_database, server_url, _NAME)
    try:
        await asyncio.to_thread(write_history, url, MemoryKeyStore(), events)
        with broker() as bootstrap:
            before = await _baseline(url, bootstrap, "before.")
            relayed, count, messages = await _relayed(url, bootstrap)
            after = await _baseline(url, bootstrap, "after.")
    finally:
        await asyncio.to_thread(drop_database, server_url, _NAME)
    memory = (before + after) / 2
    return {
        "events": count,
        "messages": messages,
        "events_per_s": round(count / relayed, 1),
        "messages_per_s": round(messages / relayed, 1),
        "from_memory_messages_per_s": round(messages / memory, 1),
        "share_of_memory": round(memory / relayed, 3),
    }


async def relay_all(url: str, target: KafkaTarget) -> int:
    """Bring the whole log to Kafka; how many events."""
    relay = Relay(connector(url), target, Doorbell(), new_id())
    await relay.start()
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute("select sum(position) from log.shard_head").fetchone()
        assert row is not None
        while _recorded(conn) < row[0]:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.02)
    await relay.stop()
    return int(row[0])


async def _relayed(url: str, bootstrap: str) -> tuple[float, int, int]:
    """Seconds from the start of a relay until Kafka has acknowledged the whole log."""
    target = fresh_topics(bootstrap, "relay.")
    relay = Relay(connector(url), target, Doorbell(), new_id())
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute("select sum(position) from log.shard_head").fetchone()
        assert row is not None
        count = int(row[0])
        await relay.start()
        while not relay.shards:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.001)
        # From here, as the baseline's producer is connected too when its time begins.
        began = time.perf_counter()
        while _recorded(conn) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        seconds = time.perf_counter() - began
        messages = relay.acknowledged_total
        await relay.stop()
    return seconds, count, messages


def _recorded(conn: psycopg.Connection[Any]) -> int:
    row = conn.execute(
        "select coalesce(sum(position), 0) from relay.checkpoint where source = 'log'"
    ).fetchone()
    assert row is not None
    return int(row[0])


async def _baseline(url: str, bootstrap: str, prefix: str) -> float:
    """Seconds to produce all messages, which are in memory, and have them acknowledged."""
    target = fresh_topics(bootstrap, prefix)
    batches = await _messages(url)

    def produce() -> float:
        delivery = Delivery(target)
        delivery.connect()
        source = LogSource()
        lanes = {
            shard: Lane(source, shard, 0, {}, 0, 0, {name: Line(0) for name in source.topics})
            for shard in range(SHARDS)
        }
        began = time.perf_counter()
        for shard, whole in batches:
            batch = whole
            while not lanes[shard].send(delivery, batch):
                batch = [one for one in batch if one.position > lanes[shard].sent]
                delivery.poll()
                time.sleep(0.001)
            delivery.poll()
        delivery.flush(120)
        delivery.poll()
        seconds = time.perf_counter() - began
        assert delivery.waiting == 0
        delivery.close()
        return seconds

    return await asyncio.to_thread(produce)


async def _messages(url: str) -> list[tuple[int, list[Outgoing]]]:
    """Everything that a relay would send, encoded, in pieces of all shards in turn."""
    source, pieces = LogSource(), []
    async with await connector(url)() as conn:
        after = dict.fromkeys(range(SHARDS), 0)
        while found := await source.read(conn, after, dict.fromkeys(after, _CHUNK)):
            for shard, batch in found.items():
                pieces.append((shard, list(batch)))
                after[shard] = batch[-1].position
    return pieces


def fresh_topics(bootstrap: str, prefix: str) -> KafkaTarget:
    """All topics under a prefix, made anew."""
    target = KafkaTarget(bootstrap, f"bench.{prefix}")
    admin = AdminClient(target.client())
    names = [target.topic(topic.name) for topic in TOPICS]
    there = admin.list_topics(timeout=10).topics
    left = [name for name in names if name in there]
    for gone in (admin.delete_topics(left) if left else {}).values():
        gone.result(30)
    apply(target, plan(target, SHARDS), -1)
    return target


@contextmanager
def broker() -> Iterator[str]:
    """Bootstrap servers: those of MINTFLOW_KAFKA, or of a broker for this run."""
    given = os.environ.get("MINTFLOW_KAFKA")
    if given:
        yield given
        return
    tests = str(Path(__file__).parents[1] / "tests")
    if tests not in sys.path:
        sys.path.append(tests)
    from kafka_broker import Broker

    with Broker() as broker:
        yield broker.bootstrap
