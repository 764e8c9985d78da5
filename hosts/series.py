"""What a host does every so often: the series are kept in order, erasures carried out."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection

from mintflow.commands.core.command import utc_now
from mintflow.hosts.bootstrap import Running
from mintflow.hosts.connections import connector
from mintflow.hosts.erasure import Erasing
from mintflow.hosts.reminding import reminding
from mintflow.hosts.settings import Settings
from mintflow.projections.core.series import Kept, Refreshed, keep_up, refresh
from mintflow.store.keys import KeyStore
from mintflow.store.mapper import Mapper
from mintflow.streams.core.scheduler import Job, Scheduler

_KEEP_UP_S = 3_600.0
_ERASURE_S = 2.0


@asynccontextmanager
async def scheduling(
    url: str, product: Running, keys: KeyStore, settings: Settings
) -> AsyncIterator[Scheduler]:
    """Run the jobs of a database for as long as this lasts, unless another host does."""
    erasing = Erasing(url, product, keys)

    async def refreshing() -> Refreshed:
        return await refresh_series(url, product.mapper)

    async def keeping() -> Kept:
        return await asyncio.to_thread(keep_up_series, url, settings, utc_now().date())

    scheduler = Scheduler(
        lambda: AsyncConnection.connect(url, autocommit=True),
        [
            Job("series_keep_up", _KEEP_UP_S, keeping),
            Job("erasure", _ERASURE_S, erasing.run),
            Job("series_refresh", settings.series_refresh_s, refreshing),
            reminding(product),
        ],
    )
    await scheduler.start()
    try:
        yield scheduler
    finally:
        await scheduler.stop()


async def refresh_series(url: str, mapper: Mapper, *, everything: bool = False) -> Refreshed:
    """Bring the series up to the read models, on a connection of the product's role."""
    conn: AsyncConnection[Any] = await connector(url)()
    async with conn:
        return await refresh(conn, mapper, everything=everything)


def keep_up_series(url: str, settings: Settings, today: dt.date) -> Kept:
    """Partitions, aggregates and retention, as the role that owns the tables."""
    with psycopg.connect(url, autocommit=True) as conn:
        return keep_up(conn, today, kept_days=settings.prices_kept_days)
