"""One agent's followers: several, each with shards and a connection of its own.

While one waits for the database the others fold, so a worker that catches up keeps both busy. A
shard stays with its follower for as long as it is assigned: its events are applied in order, and
two followers of one process never wait for each other's checkpoints.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mintflow.streams.core.background import cut_off
from mintflow.streams.core.faust.follower import Follower
from mintflow.streams.core.faust.offsets import ReadFrom

# While the rows of one are written, the events of another are folded and those of a third are
# unpacked: with two, a fifth of two processors' time was waiting (docs/decisions/0006).
LANES = 4


class Lanes:
    """name: of the agent; the followers keep their read offsets under it, each those of its shards.
    make: a follower of that name."""

    def __init__(self, make: Callable[[], Follower], count: int = LANES) -> None:
        self.followers = tuple(make() for _ in range(count))
        self.name = self.followers[0].name
        self._lane_of: dict[int, Follower] = {}

    @property
    def applied(self) -> int:
        """Events, since the start."""
        return sum(one.applied for one in self.followers)

    @property
    def retries(self) -> int:
        return sum(one.retries for one in self.followers)

    @property
    def unreadable(self) -> int:
        """Records that are no event of the log."""
        return sum(one.unreadable for one in self.followers)

    @property
    def fault(self) -> str | None:
        """What the last attempt of one failed with; None while all is well."""
        return next((one.fault for one in self.followers if one.fault is not None), None)

    async def put(self, event: Any) -> None:
        """Hand over Faust's event with the records of one partition; waits while there are too many
        already."""
        await self._follower(event.message.tp.partition).inbox.put(event)

    def assigned(self, known: Mapping[int, ReadFrom], shards: Iterable[int]) -> None:
        """Share the shards out; what the offsets that are read from take for granted is noted."""
        wanted = frozenset(shards)
        self._lane_of = {at: lane for at, lane in self._lane_of.items() if at in wanted}
        for shard in sorted(wanted):
            self._follower(shard)
        for one in self.followers:
            one.assigned(known, [at for at, lane in self._lane_of.items() if lane is one])

    async def run(self) -> None:
        """Take what comes until this is stopped."""
        tasks = [asyncio.create_task(one.run(), name=one.name) for one in self.followers]
        try:
            await asyncio.gather(*tasks)
        finally:
            await cut_off(*tasks)

    async def look(self) -> None:
        """Compare with the database, as `Follower.look`."""
        await asyncio.gather(*(one.look() for one in self.followers))

    async def stop(self) -> None:
        """Give up what is being retried, and the connections."""
        for one in self.followers:
            await one.stop()

    def _follower(self, shard: int) -> Follower:
        """The one that has the shard; the one with the fewest takes a new one."""
        found = self._lane_of.get(shard)
        if found is None:
            held = list(self._lane_of.values())
            found = self._lane_of[shard] = min(self.followers, key=held.count)
        return found
