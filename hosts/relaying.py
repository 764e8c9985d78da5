"""The process of a relay: `mintflow relay`, until SIGINT or SIGTERM.

It migrates nothing and serves no books: it needs a database that a host has brought to this release
and topics that `mintflow topics apply` has made, and waits for either.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import psycopg
import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from psycopg import AsyncConnection

from mintflow.commands.core.ids import new_id
from mintflow.hosts.bells import Bells, installation_of
from mintflow.hosts.collector import tune_collector
from mintflow.hosts.connections import connector
from mintflow.hosts.kafka import kafka_target
from mintflow.hosts.lag_metrics import exposition, relay_figures
from mintflow.hosts.probes import LOOPBACK, probes
from mintflow.hosts.settings import Settings
from mintflow.streams.core.audit_log import TrailSource
from mintflow.streams.core.doorbell import Doorbell
from mintflow.streams.core.relay.lag import relay_lag
from mintflow.streams.core.relay.loop import Relay
from mintflow.streams.core.relay.sources import LogSource

log = structlog.get_logger(__name__)


async def run_relay(
    database_url: str, settings: Settings, port: int, announce: Callable[[str], None]
) -> None:
    """Relay until SIGINT or SIGTERM. port: of /health, /ready and /metrics; 0 takes a free one."""
    tune_collector()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    connect = connector(database_url)
    doorbell, bells = Doorbell(), Bells()
    bells.call("appended", doorbell.ring)
    relay = Relay(
        connect,
        kafka_target(settings),
        doorbell,
        new_id(),
        sources=(LogSource(), TrailSource()),
        lease_s=settings.relay_lease_s,
    )
    async with probes(port, _readiness(connect, relay), _figures(connect, relay)) as bound:
        url = f"http://{LOOPBACK}:{bound}"
        await relay.start()
        starting = asyncio.create_task(_hear(connect, bells, settings.redis_url))
        try:
            log.info("relaying", probes=url)
            announce(url)
            await stop.wait()
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await bells.stop()
            await relay.stop()
    log.info("stopped")


async def _hear(
    connect: Callable[[], Awaitable[AsyncConnection[Any]]], bells: Bells, redis_url: str | None
) -> None:
    """Have the appends of other processes ring here, as soon as the database tells its name."""
    while redis_url is not None:
        try:
            async with await connect() as conn:
                await bells.start(redis_url, await installation_of(conn))
            return
        except (psycopg.Error, OSError) as fault:
            log.warning("relay_hears_nobody", error=type(fault).__name__)
            await asyncio.sleep(1)


def _readiness(
    connect: Callable[[], Awaitable[AsyncConnection[Any]]], relay: Relay
) -> Callable[[], Awaitable[dict[str, dict[str, Any]]]]:
    async def ready() -> dict[str, dict[str, Any]]:
        parts: dict[str, dict[str, Any]] = {}
        try:
            async with asyncio.timeout(2), await connect() as conn:
                await conn.execute("select 1 from relay.lease limit 1")
            parts["store"] = {"state": "ok"}
        except (psycopg.Error, OSError, TimeoutError) as trouble:
            parts["store"] = {"state": "unavailable", "reason": type(trouble).__name__}
        blocked = relay.blocked()
        state = "ok" if relay.alive else (relay.fault or "stopped")
        parts["relay"] = {"state": "blocked" if blocked else state, "shards": relay.shards}
        if blocked:
            # The keys of a JSON object are texts.
            parts["relay"]["blocked"] = {str(shard): code for shard, code in blocked.items()}
        if filling := relay.filling():
            parts["relay"]["filling"] = filling
        return parts

    return ready


def _figures(
    connect: Callable[[], Awaitable[AsyncConnection[Any]]], relay: Relay
) -> Callable[[], Awaitable[bytes]]:
    async def figures() -> bytes:
        found = list(own_figures(relay))
        try:
            async with asyncio.timeout(5), await connect() as conn:
                found += relay_figures(await relay_lag(conn))
        except (psycopg.Error, OSError, TimeoutError) as trouble:
            log.warning("lag_not_known", error=type(trouble).__name__)
        return exposition(found)

    return figures


def own_figures(relay: Relay) -> Iterable[Metric]:
    """What one relay's process says of itself."""
    return (
        CounterMetricFamily(
            "mintflow_relay_messages_acknowledged",
            "Messages that Kafka acknowledged to this process",
            value=relay.acknowledged_total,
        ),
        CounterMetricFamily(
            "mintflow_relay_restarts",
            "Times that this process began anew after a fault or a lost lease",
            value=relay.restarts_total,
        ),
        GaugeMetricFamily(
            "mintflow_relay_shards", "Shards of this process", value=len(relay.shards)
        ),
        GaugeMetricFamily(
            "mintflow_relay_blocked_shards",
            "Shards that this process can not go on with",
            value=len(relay.blocked()),
        ),
        GaugeMetricFamily(
            "mintflow_relay_filling_partitions",
            "Partitions, of topics that came later, that do not have the history yet",
            value=sum(map(len, relay.filling().values())),
        ),
        GaugeMetricFamily(
            "mintflow_relay_up", "1 while this process relays", value=int(relay.alive)
        ),
    )
