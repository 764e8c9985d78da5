"""The scheduler: work that is due every so often, done by one host of all that share a database.

A session lock in the database says which one that is; when it dies another one has the lock at its
next round. A job that fails is logged and tried again when it is due the next time. Nothing that a
query answers waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection

from mintflow.streams.core.background import ended, rest

log = structlog.get_logger(__name__)

_LOCK = 0x4D736368  # Any fixed number, another one than those of other locks.
_ROUND_S = 1.0
_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class Job:
    """run: does what is due. every_s: at most so often, beginning at once."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[Any]]


class Scheduler:
    """Runs jobs one after the other, in the event loop that started it."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[AsyncConnection[Any]]],
        jobs: Sequence[Job],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """connect: opens an autocommit connection, which holds the lock and does nothing else."""
        self._connect = connect
        self._jobs = jobs
        self._clock = clock
        self._due = {job.name: clock() for job in jobs}
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.faults: dict[str, str] = {}
        """Job -> what it failed with the last time; absent where it did not."""

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="scheduler")

    async def stop(self) -> None:
        """End after the job under way; one that takes long is cut off."""
        self._stopping.set()
        await ended(self._task)
        self._task = None

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                async with await self._connect() as conn:
                    await self._work(conn)
            except (psycopg.Error, OSError) as trouble:
                log.warning("scheduler_retries", error=type(trouble).__name__, retry_in_s=_RETRY_S)
                await rest(self._stopping, _RETRY_S)

    async def _work(self, conn: AsyncConnection[Any]) -> None:
        """Rounds until stopped. Raises psycopg.Error when the connection is lost: the lock is
        then another's, perhaps."""
        mine = False
        while not self._stopping.is_set():
            cursor = await conn.execute(
                "select true" if mine else "select pg_try_advisory_lock(%s)",
                None if mine else [_LOCK],
            )
            row = await cursor.fetchone()
            mine = bool(row and row[0])
            if mine:
                await self._round()
            await rest(self._stopping, _ROUND_S)

    async def _round(self) -> None:
        for job in self._jobs:
            if self._stopping.is_set() or self._clock() < self._due[job.name]:
                continue
            self._due[job.name] = self._clock() + job.every_s
            try:
                await job.run()
                self.faults.pop(job.name, None)
            except Exception as fault:
                # This is the outermost loop of every job: one that fails must not end the others.
                expected = isinstance(fault, psycopg.Error)
                log.warning(
                    "job_failed", job=job.name, error=type(fault).__name__, exc_info=not expected
                )
                self.faults[job.name] = type(fault).__name__
