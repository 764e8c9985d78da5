"""Keeps the embedded Postgres up while the host serves: one that died is started again.

Requests meanwhile are answered 503; whatever was acknowledged is in the write-ahead log. The pools
and the tailer connect anew by themselves, to the same socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import structlog

from mintflow.domain.core.errors import MintFlowError
from mintflow.hosts.postgres.server import EmbeddedPostgres
from mintflow.streams.core.background import rest

log = structlog.get_logger(__name__)

# Asking whether a child lives is one system call.
LOOK_EVERY_S = 0.25
RETRY_S = 5.0


async def started(postgres: EmbeddedPostgres) -> str:
    """Start the server without holding up the loop; its URL.

    Who is cancelled meanwhile waits for the start, which a thread does to its end: a `stop` before
    then would find no server yet, and leave the one that comes running for ever.
    """
    starting = asyncio.create_task(asyncio.to_thread(postgres.start), name="postgres-start")
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait({starting})
        if not starting.cancelled():
            # Asked for, so that asyncio does not log it as one that nobody did.
            starting.exception()
        raise


@asynccontextmanager
async def kept_up(postgres: EmbeddedPostgres) -> AsyncIterator[None]:
    """While inside, start the server again whenever it has died."""
    stopping = asyncio.Event()
    keeper = asyncio.create_task(_keep_up(postgres, stopping), name="postgres-keeper")
    try:
        yield
    finally:
        # Not cancelled: a start that runs in its thread must not meet the stop that comes next.
        stopping.set()
        await keeper


async def _keep_up(postgres: EmbeddedPostgres, stopping: asyncio.Event) -> None:
    pause_s = LOOK_EVERY_S
    while not await _is_set_within(stopping, pause_s):
        pause_s = LOOK_EVERY_S
        if postgres.is_running():
            continue
        log.error("postgres_died")
        try:
            await asyncio.to_thread(postgres.start)
        except (MintFlowError, OSError, psycopg.Error) as trouble:
            log.error("postgres_does_not_start", error=type(trouble).__name__)
            pause_s = RETRY_S
        else:
            log.warning("postgres_started_again")


async def _is_set_within(event: asyncio.Event, patience_s: float) -> bool:
    await rest(event, patience_s)
    return event.is_set()
