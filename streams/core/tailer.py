"""The tailer: follows the log in this process and keeps the read models up to date.

Each cycle reads what all shards have beyond their checkpoints and applies it in one transaction. A
ring of the doorbell starts a cycle at once; polling, slower the longer nothing came, is the truth.
It outlives every fault of the database, and of an event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection

from mintflow.projections.core.projection import Projection
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.mapper import Mapper
from mintflow.store.reader import read_shards
from mintflow.streams.core.background import ended, rest
from mintflow.streams.core.doorbell import Doorbell
from mintflow.streams.core.pipeline import Pipeline
from mintflow.streams.core.positions import Positions

log = structlog.get_logger(__name__)

Connect = Callable[[], Awaitable[AsyncConnection[Any]]]

# More events per transaction gain little and make those that come next wait longer.
CYCLE_EVENTS = 2_000
POLL_S_MIN, POLL_S_MAX = 0.005, 0.25
RETRY_S_MIN, RETRY_S_MAX = 0.05, 5.0


class Tailer:
    """One per process; several processes may each run one, and any of them does the work."""

    def __init__(
        self,
        connect: Connect,
        mapper: Mapper,
        doorbell: Doorbell,
        projections: Sequence[Projection] = PROJECTIONS,
        *,
        cycle_events: int = CYCLE_EVENTS,
        tell: Callable[[Mapping[int, int]], None] = lambda _: None,
    ) -> None:
        """connect: opens an autocommit connection whose search path names the read models. tell:
        hears the positions that shards have reached, after their commit."""
        self._connect = connect
        self._mapper = mapper
        self._doorbell = doorbell
        self._projections = projections
        self._cycle_events = cycle_events
        self._tell = tell
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.positions = Positions()
        self.fault: str | None = None
        """What the last cycle failed with; None while all is well."""

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._stopping.clear()
        self._task = asyncio.create_task(self._run(), name="tailer")

    async def stop(self) -> None:
        """End after the transaction under way, which is soon; one that hangs is cut off."""
        self._stopping.set()
        self._doorbell.ring()
        await ended(self._task)
        self._task = None

    @property
    def alive(self) -> bool:
        """Whether it follows the log now: it runs and its last cycle did not fail."""
        return self._task is not None and not self._task.done() and self.fault is None

    async def _run(self) -> None:
        """Follow until stopped, with a new connection after every fault."""
        retry_s = RETRY_S_MIN
        while not self._stopping.is_set():
            conn: AsyncConnection[Any] | None = None
            try:
                conn = await self._connect()
                await self._follow(conn)
            except Exception as fault:
                expected = isinstance(fault, psycopg.OperationalError | psycopg.InterfaceError)
                log.warning(
                    "tailer_retries", error=type(fault).__name__, exc_info=not expected,
                    retry_in_s=retry_s,
                )  # fmt: skip
                retry_s = min(retry_s * 2, RETRY_S_MAX) if self.fault is not None else RETRY_S_MIN
                self.fault = type(fault).__name__
                await rest(self._stopping, retry_s)
            finally:
                if conn is not None:
                    await conn.close()

    async def _follow(self, conn: AsyncConnection[Any]) -> None:
        """Cycle until stopped. Raises what the database or a projection raises."""
        pipeline = await Pipeline.open(conn, self._mapper, self._projections)
        after = await pipeline.positions()
        self.positions.publish(after)
        limit, idle_s = max(1, self._cycle_events // max(1, len(after))), POLL_S_MIN
        while not self._stopping.is_set():
            batches = await read_shards(conn, self._mapper, after, limit)
            if not batches:
                self.fault = None
                rung = await self._doorbell.wait(idle_s)
                idle_s = POLL_S_MIN if rung else min(idle_s * 2, POLL_S_MAX)
                continue
            idle_s = POLL_S_MIN
            reached = await pipeline.apply(batches)
            self.fault = None
            after = after | reached
            self.positions.publish(reached)
            self._tell(reached)
            # The room of a cycle goes to the shards that had more than their share.
            full = sum(len(batch) >= limit for batch in batches.values())
            limit = max(1, self._cycle_events // max(1, full or len(after)))
