"""How far the read models are, for those who have written and now want to read it.

The tailer tells the positions it has reached to the waiters of its own process. Where the tailer
runs in another process, the checkpoints in the database are asked instead.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from itertools import count
from typing import Any

from psycopg import AsyncConnection

from mintflow.domain.core.errors import Unavailable
from mintflow.projections.core.checkpoints import read_positions
from mintflow.projections.core.projection import Projection
from mintflow.projections.registry import PROJECTIONS

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
        if self._poll is not None:
            while position > self.reached(shard):
                self.publish(await self._poll())
                if position > self.reached(shard):
                    await asyncio.sleep(POLL_S)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting.setdefault(shard, []), (position, next(self._number), future))
        await future
