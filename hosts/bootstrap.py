"""Put the parts together over one database: used by every host, and by tests and benchmarks.

Order matters: migrations first (as the role that owns the schemas), then everything else as the
product's own role, which can append to the log and nothing more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import structlog
from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from mintflow.api.core.app import create_app
from mintflow.api.core.metrics import RequestCounts
from mintflow.api.core.services import Authenticate, EvidenceService, Limits, Services
from mintflow.commands.core.bus import CommandBus
from mintflow.commands.core.command import utc_now
from mintflow.commands.core.group_commit import GroupCommit
from mintflow.commands.core.ids import new_id
from mintflow.commands.core.repository import Repository
from mintflow.domain.ledgers import Ledger
from mintflow.hosts.access import OwnerOnly
from mintflow.hosts.bells import Bells, installation_of
from mintflow.hosts.books import ReadModelBooks
from mintflow.hosts.capabilities import handlers, reactions, routers
from mintflow.hosts.connections import connector, query_pool
from mintflow.hosts.lag_metrics import (
    evidence_metrics,
    exposition,
    lag_metrics,
    relay_figures,
    request_metrics,
)
from mintflow.hosts.notarizing import Evidence, Notarizing
from mintflow.hosts.settings import Settings
from mintflow.hosts.trailing import Trail, WatchedKeys
from mintflow.hosts.what_if import WhatIf
from mintflow.ml.builtin import built_in
from mintflow.projections.core.replay import ReplayLimits, Replays
from mintflow.store.keys import KeyStore
from mintflow.store.mapper import Mapper
from mintflow.store.sealing import Sealer
from mintflow.streams.core.asyncapi import asyncapi
from mintflow.streams.core.doorbell import Doorbell
from mintflow.streams.core.feed import Feed
from mintflow.streams.core.positions import Positions
from mintflow.streams.core.reactions import Reactor
from mintflow.streams.core.relay.lag import relay_lag
from mintflow.streams.core.tailer import Tailer

log = structlog.get_logger(__name__)

VERSION = "0.1.0"


@dataclass(frozen=True, slots=True)
class Running:
    """A running product in this process: everything but an HTTP server."""

    app: FastAPI
    services: Services
    bus: CommandBus
    tailer: Tailer
    appender: GroupCommit
    pool: AsyncConnectionPool[Any]
    mapper: Mapper
    sealer: Sealer
    feed: Feed
    bells: Bells
    notarizing: Notarizing | None


@asynccontextmanager
async def running(
    database_url: str,
    keys: KeyStore,
    settings: Settings,
    authenticate: Authenticate,
    *,
    tail: bool = True,
    react: bool | None = None,
    evidence: Evidence | None = None,
) -> AsyncIterator[Running]:
    """Start on a migrated database; stop in order at the end.

    tail: fold the log into the read models in this process; without it another process does.
    react: run the reactions in this process; where it folds, unless it is said.
    evidence: sign the heads of the log in this process; without it there are no new ones.
    """
    connect = connector(database_url)
    watched = WatchedKeys(keys)
    sealer = Sealer(watched)
    mapper = Mapper(sealer)
    pool = query_pool(database_url, settings.pool_connections_max)
    await pool.open(wait=True, timeout=30)
    trail = Trail(pool, keys)
    watched.trail = trail
    repository = Repository(pool, mapper, sealer)
    doorbell = Doorbell()
    feed = Feed(
        connect,
        pool,
        mapper,
        per_caller_max=settings.streams_per_caller_max,
        inbox_events_max=settings.stream_events_max,
        tick_s=settings.stream_tick_s,
    )

    bells = Bells()
    bells.call("appended", doorbell.ring)
    bells.call("appended", feed.bell.ring)
    appender = GroupCommit(connect, bells.appended)
    tailer = Tailer(connect, mapper, doorbell, tell=bells.reached)
    positions = tailer.positions if tail else Positions.of_database(pool.connection)
    if not tail:
        bells.call("reached", positions.look)
    books = ReadModelBooks(pool, positions, settings.wait_s_max)
    replays = Replays(
        connect,
        mapper,
        limits=_replay_limits(settings),
        erased=lambda ledger_id: not sealer.holds(ledger_id),
    )
    notarizing: Notarizing | None = None
    if evidence is not None:
        notarizing = Notarizing(
            connect,
            evidence,
            every_events=settings.evidence_events,
            every_s=settings.evidence_s,
            signs_with=lambda key: trail.note("key.signs", actor="process", reason=key),
        )
    categorizer = await asyncio.to_thread(built_in)
    handlers_over = partial(
        handlers,
        categorizer=categorizer,
        learn=settings.learn_from_corrections,
        link=settings.link_transfers,
        erasure_wait=timedelta(seconds=settings.erasure_wait_s),
    )
    bus = CommandBus(
        handlers_over(books),
        repository,
        mapper,
        appender,
        OwnerOnly(repository),
        utc_now,
        new_id,
    )
    services = Services(
        bus=bus,
        repository=repository,
        mapper=mapper,
        pool=pool,
        replays=replays,
        what_if=WhatIf(repository, OwnerOnly(repository), handlers_over),
        positions=positions,
        feed=feed,
        authenticate=authenticate,
        ready=_readiness(pool, tailer, bells, notarizing, tail=tail),
        limits=Limits(
            settings.body_bytes_max,
            settings.upload_bytes_max,
            settings.requests_per_s,
            settings.requests_burst,
            settings.wait_s_max,
            settings.stream_patience_s,
        ),
        categorizer=categorizer,
        clock=utc_now,
        new_id=new_id,
        version=VERSION,
        asyncapi=partial(asyncapi, VERSION),
        uploads=asyncio.Semaphore(2),
        evidence=EvidenceService(evidence.keys, notarizing.ask)
        if evidence and notarizing
        else None,
        trail=trail,
        trail_keys=keys,
        metrics=_metrics(pool, notarizing),
    )
    async with pool.connection() as conn:
        await bells.start(settings.redis_url, await installation_of(conn))
    react = tail if react is None else react
    reactor = Reactor(connect, mapper, reactions(), bus.execute, _owner_of(repository))
    await trail.start()
    await appender.start()
    await feed.start()
    if notarizing is not None:
        await notarizing.start()
    if tail:
        await tailer.start()
    if react:
        await reactor.start()
    try:
        yield Running(
            app=create_app(services, routers()),
            services=services,
            bus=bus,
            tailer=tailer,
            appender=appender,
            pool=pool,
            mapper=mapper,
            sealer=sealer,
            feed=feed,
            bells=bells,
            notarizing=notarizing,
        )
    finally:
        await feed.stop()
        if react:
            await reactor.stop()
        await appender.stop()
        if notarizing is not None:
            await notarizing.stop()
        if tail:
            await tailer.stop()
        await bells.stop()
        await trail.stop()
        await replays.close()
        await pool.close()


def _metrics(
    pool: AsyncConnectionPool[Any], notarizing: Notarizing | None
) -> Callable[[RequestCounts], Awaitable[bytes]]:
    """What the database tells as long as it does, and what this process did."""

    async def metrics(counts: RequestCounts) -> bytes:
        found = [*request_metrics(counts), *evidence_metrics(notarizing)]
        try:
            async with asyncio.timeout(5), pool.connection(timeout=2) as conn:
                found += [*await lag_metrics(conn), *relay_figures(await relay_lag(conn))]
        except (psycopg.Error, TimeoutError, PoolTimeout) as trouble:
            log.warning("lag_not_known", error=type(trouble).__name__)
        return exposition(found)

    return metrics


def _owner_of(repository: Repository) -> Callable[[UUID], Awaitable[UUID | None]]:
    """In whose name a reaction acts in a ledger: its owner's."""

    async def owner_of(ledger_id: UUID) -> UUID | None:
        ledger = await repository.find(ledger_id, Ledger, ledger_id)
        return None if ledger is None else UUID(ledger.owner)

    return owner_of


def _replay_limits(settings: Settings) -> ReplayLimits:
    return ReplayLimits(
        settings.replays_max,
        settings.replay_events_max,
        settings.replay_rows_max,
        settings.replay_idle_s,
        settings.wait_s_max,
    )


def _readiness(
    pool: AsyncConnectionPool[Any],
    tailer: Tailer,
    bells: Bells,
    notarizing: Notarizing | None,
    *,
    tail: bool,
) -> Callable[[], Any]:
    async def ready() -> dict[str, Any]:
        parts: dict[str, Any] = {}
        try:
            async with pool.connection(timeout=2) as conn:
                await conn.execute("select 1 from log.shard_head limit 1")
            parts["store"] = {"state": "ok"}
        except (psycopg.Error, TimeoutError) as trouble:
            parts["store"] = {"state": "unavailable", "reason": type(trouble).__name__}
        if tail:
            parts["projections"] = {"state": "ok" if tailer.alive else "stopped"}
        if bells.far is not None:
            # Its loss slows and never breaks, so it is told and nobody is sent away for it.
            parts["doorbell"] = {"state": "ok", "redis": bells.far}
        if notarizing is not None:
            # The books are served whatever becomes of their proofs, so this part never stops them.
            parts["evidence"] = {"state": "ok", **notarizing.state}
        return parts

    return ready
