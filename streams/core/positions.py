"""How far the read models are, for those who have written and now want to read it.

The tailer tells the positions it has reached to the waiters of its own process. Where the read
models are folded in another process, the checkpoints in the database are asked instead: once for
all who wait, at a ring of the doorbell or after a few milliseconds.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from itertools import count
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout

from mintflow.domain.core.errors import Unavailable
from mintflow.projections.core.checkpoints import read_positions
from mintflow.projections.core.projection import Projection
from mintflow.projections.registry import PROJECTIONS
from mintflow.streams.core.doorbell import Doorbell

POLL_S = 0.01

Poll = Callable[[], Awaitable[Mapping[int, int]]]


class NotYetVisible(Unavailable):
    """The read models have not come to this position in the time given; details say how far."""

    code = "not_yet_visible"


class Positions:
    """For the tasks of one event loop."""

    def __init__(self, poll: Poll | None = None) -> None:
        """poll: reads shard -> position from the database; None where the tailer is here."""
        self._reached: dict[int, int] = {}
        self._waiting: dict[int, list[tuple[int, int, asyncio.Future[None]]]] = {}
        self._number = count()
        self._poll = poll
        self._polling: asyncio.Task[None] | None = None
        self._bell = Doorbell()

    @classmethod
    def of_database(
        cls,
        connection: Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]],
        projections: Sequence[Projection] = PROJECTIONS,
    ) -> Positions:
        """Of a tailer in another process. connection: gives one for a moment, as a pool does."""

        async def poll() -> Mapping[int, int]:
            async with connection() as conn:
                return await read_positions(conn, projections)

        return cls(poll)

    def look(self) -> None:
        """Something became visible, it is said: ask the database now, if anyone waits."""
        self._bell.ring()

    def reached(self, shard: int) -> int:
        """The position up to which everything is visible, as far as is known here."""
        return self._reached.get(shard, 0)

    def publish(self, reached: Mapping[int, int]) -> None:
        """Note how far the read models are, and wake whom that concerns. Never goes back."""
        for shard, position in reached.items():
            if position <= self._reached.get(shard, 0):
                continue
            self._reached[shard] = position
            waiting = self._waiting.get(shard)
            while waiting and waiting[0][0] <= position:
                future = heapq.heappop(waiting)[2]
                if not future.done():
                    future.set_result(None)

    async def wait_for(self, shard: int, position: int, timeout_s: float) -> None:
        """Return once a position is visible. Raises NotYetVisible with the lag."""
        if position <= self.reached(shard):
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._until(shard, position)
                return
        reached = self.reached(shard)
        raise NotYetVisible(
            "what was written is not visible yet; ask again",
            shard=shard,
            position=position,
            reached=reached,
            behind=position - reached,
        )

    async def _until(self, shard: int, position: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting.setdefault(shard, []), (position, next(self._number), future))
        if self._poll is not None and (self._polling is None or self._polling.done()):
            self._polling = asyncio.create_task(self._poll_for_all(self._poll), name="positions")
        await future

    async def _poll_for_all(self, poll: Poll) -> None:
        """Ask the database until nobody waits any more; who waits hears of its faults."""
        while waiting := self._drop_those_gone():
            try:
                self.publish(await poll())
            except (psycopg.Error, PoolTimeout) as fault:
                for future in waiting:
                    if not future.done():
                        future.set_exception(fault)
                return
            if any(not future.done() for future in waiting):
                await self._bell.wait(POLL_S)

    def _drop_those_gone(self) -> list[asyncio.Future[None]]:
        """Forget waiters that have given up; those that are left."""
        for shard, waiting in list(self._waiting.items()):
            left = [one for one in waiting if not one[2].done()]
            heapq.heapify(left)
            self._waiting[shard] = left
        return [one[2] for waiting in self._waiting.values() for one in waiting]
