"""`worker`: a Faust worker that catches up, against a plain loop of confluent-kafka.

Both read the same topic of one broker and do the same work in Postgres by the same pipeline, about
2,000 events of any partitions in a transaction. `visible_kafka`: from commit to visible through
relay, Kafka and a worker in processes of their own, with Redis between them, at 100 commands per
second, stage by stage.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import Consumer, TopicPartition

from benchmarks.history import write_history
from benchmarks.relaying import broker, fresh_topics, relay_all
from benchmarks.setting import drop_database, fresh_database
from benchmarks.stages import spans
from benchmarks.visible import latencies
from mintflow.commands.core.ids import new_id
from mintflow.domain.core.ids import SHARDS
from mintflow.hosts.bootstrap import running
from mintflow.hosts.collector import WORKER_OBJECTS, tune_collector
from mintflow.hosts.connections import connector
from mintflow.hosts.settings import Settings
from mintflow.projections.core.aside import Aside
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.keys import FolderKeyStore, KeyStore
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.sealing import Sealer
from mintflow.streams.core.envelope import decode
from mintflow.streams.core.faust.follower import ProjectionFollower
from mintflow.streams.core.faust.lanes import Lanes
from mintflow.streams.core.faust.worker import Worker
from mintflow.streams.core.pipeline import Pipeline
from mintflow.streams.core.topics import EVENTS

PER_S = 100
_NAME = "mintflow_bench_worker"
_CONSUME = 2_000
# What is there comes at once; to wait for a full batch would cost the plain loop its last one.
_WAIT_S = 0.05
# A broker that has just started runs its code uncompiled: acknowledging takes 100 ms then.
_WARM_S = 5.0


async def run(server_url: str, events: int = 120_000) -> dict[str, Any]:
    """Events per second of both, and the worker's share of the plain loop."""
    # As `mintflow worker` does.
    tune_collector(WORKER_OBJECTS)
    url = await asyncio.to_thread(fresh_database, server_url, _NAME)
    try:
        with broker() as bootstrap, tempfile.TemporaryDirectory(prefix="mintflow-b-") as folder:
            opens = partial(FolderKeyStore, Path(folder))
            await asyncio.to_thread(write_history, url, opens(), events)
            target = fresh_topics(bootstrap, "worker.")
            count = await relay_all(url, target)
            topic = target.topic(EVENTS)
            before = await _plain(url, opens(), bootstrap, topic)
            worked = await _worked(url, opens, bootstrap, topic)
            after = await _plain(url, opens(), bootstrap, topic)
    finally:
        await asyncio.to_thread(drop_database, server_url, _NAME)
    plain = (before + after) / 2
    return {
        "events": count,
        "projections": len(PROJECTIONS),
        "events_per_s": round(count / worked, 1),
        "plain_events_per_s": round(count / plain, 1),
        "share_of_plain": round(plain / worked, 3),
    }


async def _plain(url: str, keys: KeyStore, bootstrap: str, topic: str) -> float:
    """Seconds of a loop of consume(2000), from its first records to the last row."""
    _empty(url)
    mapper = Mapper(Sealer(keys))
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "bench.plain", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(topic, shard, 0) for shard in range(SHARDS)])
    try:
        async with await connector(url)() as conn:
            pipeline = await Pipeline.open(conn, mapper, PROJECTIONS)
            left, began = _head(url), 0.0
            while left > 0:
                messages = await asyncio.to_thread(consumer.consume, _CONSUME, _WAIT_S)
                began = began or time.perf_counter()
                batches: dict[int, list[RecordedEvent]] = {}
                for message in messages:
                    event = decode(message.value(), message.headers(), mapper)  # type: ignore[arg-type]
                    batches.setdefault(event.shard, []).append(event)
                # As a worker does: what came together is one transaction.
                await pipeline.apply(batches)
                left -= sum(map(len, batches.values()))
            return time.perf_counter() - began
    finally:
        consumer.close()


async def _worked(url: str, opens: Callable[[], KeyStore], bootstrap: str, topic: str) -> float:
    """Seconds of a worker, from its assignment to the last row; the process that folds is started
    in them, as it is by `mintflow worker`."""
    _empty(url)
    connect, mapper, aside = connector(url), Mapper(Sealer(opens())), Aside(PROJECTIONS, opens)
    worker = Worker(
        bootstrap, topic, f"bench.{new_id()}", connect,
        lambda topic_id: [
            Lanes(
                lambda: ProjectionFollower(
                    "books", connect, mapper, topic_id, PROJECTIONS, lambda _: None, aside
                )
            )
        ],
    )  # fmt: skip
    task = asyncio.create_task(worker.run())
    try:
        while not worker.assigned:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.001)
        began, head = time.perf_counter(), _head(url)
        while worker.followers[0].applied < head:
            assert not task.done(), "the worker ended"
            await asyncio.sleep(0.005)
        return time.perf_counter() - began
    finally:
        worker.stop()
        await task
        await asyncio.to_thread(aside.end)


def _head(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("select sum(position)::int from log.shard_head").fetchone()
    assert row is not None
    return int(row[0])


def _empty(url: str) -> None:
    """Empty read models at position 0."""
    with psycopg.connect(url, autocommit=True) as conn:
        for projection in PROJECTIONS:
            for table in projection.tables:
                conn.execute(f"truncate model.{table.name}".encode())
        conn.execute("update projection.checkpoint set position = 0")
        conn.execute("delete from projection.read_offset")
        conn.execute("checkpoint")


async def visible(server_url: str, seconds: float = 10.0) -> dict[str, Any]:
    """Latencies in milliseconds from the command's answer to the position being visible."""
    url = await asyncio.to_thread(fresh_database, server_url, _NAME)
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mintflow-b-")))
            bootstrap = stack.enter_context(broker())
            redis_url = stack.enter_context(_redis())
            target = fresh_topics(bootstrap, "visible.")
            keys = FolderKeyStore(folder / "keys")
            environment = {
                **os.environ,
                "MINTFLOW_DATABASE_URL": url,
                "MINTFLOW_KAFKA": bootstrap,
                "MINTFLOW_KAFKA_PREFIX": target.prefix,
                "MINTFLOW_REDIS_URL": redis_url,
                "MINTFLOW_LOG_LEVEL": "ERROR",
            }
            kept = [folder / "relay", folder / "worker"]
            times: dict[str, tuple[float, float]] = {}
            with ExitStack() as processes:
                for path, more in zip(kept, ([], ["--data", str(folder)]), strict=True):
                    words = [str(path), path.name, "--port", "0", *more]
                    processes.enter_context(_process(words, environment))
                settings = Settings(redis_url=redis_url)
                async with running(url, keys, settings, lambda _: None, tail=False) as made:
                    took = await latencies(made, PER_S, seconds, times, warm_s=_WARM_S)
            began = {key: committed for key, (committed, _) in times.items()}
            return took | spans(kept, began, {key: known for key, (_, known) in times.items()})
    finally:
        await asyncio.to_thread(drop_database, server_url, _NAME)


@contextmanager
def _process(words: list[str], environment: dict[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.stages", *words]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def _redis() -> Iterator[str]:
    given = os.environ.get("MINTFLOW_REDIS_URL")
    if given:
        yield given
        return
    # `broker` has made the tests' modules known.
    from redis_server import RedisServer

    with RedisServer() as server:
        yield server.url
