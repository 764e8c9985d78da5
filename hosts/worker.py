"""`mintflow worker`: projections on Kafka, and reactions, in a process that somebody restarts.

It folds what the relay brought to `ledger.events`, shares the partitions with every other worker of
the installation, and tells on loopback how it is. It ends when it is told to, when Faust breaks
down for good, and when its watchdog sees that nothing moves any more.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection

from mintflow.hosts.bootstrap import Running, running
from mintflow.hosts.collector import WORKER_OBJECTS, tune_collector
from mintflow.hosts.connections import connector
from mintflow.hosts.embedded import prepare_database
from mintflow.hosts.kafka import kafka_target
from mintflow.hosts.lag_metrics import exposition, lag_metrics, worker_metrics
from mintflow.hosts.notarizing import Evidence
from mintflow.hosts.probes import probes
from mintflow.hosts.series import scheduling
from mintflow.hosts.settings import Settings
from mintflow.hosts.watchdog import Watchdog
from mintflow.projections.core.aside import Aside
from mintflow.projections.core.projection import Projection
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.keys import KeyStore
from mintflow.streams.core.faust.follower import Connect, ProjectionFollower
from mintflow.streams.core.faust.lanes import Lanes
from mintflow.streams.core.faust.worker import Worker
from mintflow.streams.core.relay.sources import LogSource
from mintflow.streams.core.topics import EVENTS

log = structlog.get_logger(__name__)

GROUP = "mintflow-projections"

# What Kafka has of each shard against what all projections of this release have folded of it. What
# another release brought along stands still without its workers, and a new start changes nothing.
_PROGRESS = """
select r.shard, r.position, min(c.position) from relay.checkpoint r
join projection.checkpoint c on c.shard = r.shard
where r.target = %s and r.source = %s and c.projection = any(%s)
group by r.shard, r.position
"""


async def work(
    database_url: str,
    opens: Callable[[], KeyStore],
    settings: Settings,
    port: int,
    announce: Callable[[str], None],
    evidence: Evidence | None = None,
) -> None:
    """Work until SIGINT or SIGTERM. opens: the key store, in the process that folds what is much
    too, so it has to be picklable. announce: is given the address of the probes. evidence: sign the
    heads of the log here, where no other host does.

    Raises KafkaNotSet, DatabaseNotUsable, DatabaseUnreachable, and what Faust broke down with.
    """
    tune_collector(WORKER_OBJECTS)
    target = kafka_target(settings)
    await asyncio.to_thread(prepare_database, database_url)
    connect, keys = connector(database_url), opens()
    async with AsyncExitStack() as stack:
        aside = Aside(PROJECTIONS, opens)
        stack.push_async_callback(asyncio.to_thread, aside.end)
        # Nobody asks it anything, but its reactions send commands over a bus like any other.
        product = await stack.enter_async_context(
            running(
                database_url,
                keys,
                settings,
                lambda _: None,
                tail=False,
                react=True,
                evidence=evidence,
            )
        )
        await stack.enter_async_context(scheduling(database_url, product, keys, settings))
        worker = Worker(
            target.bootstrap,
            target.topic(EVENTS),
            target.topic(GROUP),
            connect,
            partial(_followers, connect, product, aside),
            target.options,
        )
        told = Told(worker, connect, product)
        open_port = await stack.enter_async_context(probes(port, told.ready, told.metrics))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, worker.stop)
        announce(f"http://127.0.0.1:{open_port}")
        log.info("working", topic=target.topic(EVENTS), port=open_port)
        watchdog = Watchdog(
            database_url,
            _PROGRESS,
            (target.prefix, LogSource.name, [projection.name for projection in PROJECTIONS]),
            lambda: worker.assigned,
            settings.worker_stall_s,
        )
        watchdog.start()
        stack.callback(watchdog.stop)
        await worker.run()
    log.info("stopped")


def groups_of(projections: Sequence[Projection]) -> dict[str, list[Projection]]:
    """The projections that are folded together, by the name of their agent."""
    found: dict[str, list[Projection]] = {}
    for projection in projections:
        found.setdefault(projection.group, []).append(projection)
    return found


def _followers(connect: Connect, product: Running, aside: Aside, topic_id: UUID) -> list[Lanes]:
    return [
        Lanes(
            partial(
                ProjectionFollower,
                name,
                connect,
                product.mapper,
                topic_id,
                group,
                product.bells.reached,
                aside,
            )
        )
        for name, group in groups_of(PROJECTIONS).items()
    ]


class Told:
    """What the probes answer."""

    def __init__(self, worker: Worker, connect: Callable[[], Any], product: Running) -> None:
        self._worker, self._connect = worker, connect
        self._bells, self._notarizing = product.bells, product.notarizing

    async def ready(self) -> dict[str, Any]:
        """Each part with its state."""
        fault = self._worker.fault
        parts: dict[str, Any] = {
            "worker": {"state": "ok", "partitions": sorted(self._worker.assigned)}
            if fault is None
            else {"state": "unavailable", "reason": fault}
        }
        try:
            async with asyncio.timeout(2), await self._open() as conn:
                await conn.execute("select 1 from log.shard_head limit 1")
            parts["store"] = {"state": "ok"}
        except (psycopg.Error, TimeoutError) as trouble:
            parts["store"] = {"state": "unavailable", "reason": type(trouble).__name__}
        if self._bells.far is not None:
            parts["doorbell"] = {"state": "ok", "redis": self._bells.far}
        if self._notarizing is not None:
            # Read models are folded whatever becomes of their proofs.
            parts["evidence"] = {"state": "ok", **self._notarizing.state}
        return parts

    async def metrics(self) -> bytes:
        """What the database tells, as long as it does, and what this worker did."""
        found = worker_metrics(self._worker)
        try:
            async with asyncio.timeout(5), await self._open() as conn:
                found += await lag_metrics(conn)
        except (psycopg.Error, TimeoutError) as trouble:
            log.warning("lag_not_known", error=type(trouble).__name__)
        return exposition(found)

    async def _open(self) -> AsyncConnection[Any]:
        conn: AsyncConnection[Any] = await self._connect()
        return conn
