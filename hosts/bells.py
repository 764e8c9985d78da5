"""Every bell of a process: of its own tasks, and with Redis those of other processes too.

A ring says that there is something to look at, and where to look is the database alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from psycopg import AsyncConnection

from mintflow.streams.core.redis_bell import Occasion, RedisBell

Ring = Callable[[], None]


class Bells:
    """One per process and event loop."""

    def __init__(self) -> None:
        self._local: dict[Occasion, list[Ring]] = {"appended": [], "reached": []}
        self._redis: RedisBell | None = None

    async def start(self, redis_url: str | None, installation: str) -> None:
        """Hear other processes too, if there is a Redis; returns at once."""
        if redis_url is not None:
            self._redis = RedisBell(redis_url, installation, self._heard)
            await self._redis.start()

    async def stop(self) -> None:
        redis, self._redis = self._redis, None
        if redis is not None:
            await redis.stop()

    def call(self, occasion: Occasion, ring: Ring) -> None:
        """Have something rung; it must not block."""
        self._local[occasion].append(ring)

    def appended(self, shards: Collection[int]) -> None:
        """The log of these shards has grown."""
        self._ring("appended", shards)

    def reached(self, positions: Mapping[int, int]) -> None:
        """The read models of these shards have moved."""
        self._ring("reached", positions.keys())

    @property
    def far(self) -> str | None:
        """Whether other processes are heard: "ok", "unavailable", or None without a Redis."""
        if self._redis is None:
            return None
        return "ok" if self._redis.connected else "unavailable"

    def _ring(self, occasion: Occasion, shards: Collection[int]) -> None:
        if self._redis is not None:
            self._redis.ring(occasion, shards)
        self._heard(occasion, 0)

    def _heard(self, occasion: Occasion, _shard: int) -> None:
        for ring in self._local[occasion]:
            ring()


async def installation_of(conn: AsyncConnection[Any]) -> str:
    """A name that all processes on one database have, and those on others have not."""
    cursor = await conn.execute(
        "select left(encode(sha256(convert_to(concat_ws('/', c.system_identifier, d.oid), 'UTF8')),"
        " 'hex'), 16) from pg_control_system() c, pg_database d where datname = current_database()"
    )
    row = await cursor.fetchone()
    assert row is not None
    return str(row[0])
