"""The doorbell between processes, over Redis: an append, and what became visible, told at once.

It carries no facts, only the number of a shard in the name of a channel, and whoever hears it looks
into the database. So a ring that is lost, late, doubled or made up costs a look, never an event;
without Redis everyone goes on polling as if this file were not there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Literal

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from mintflow.streams.core.background import cut_off

log = structlog.get_logger(__name__)

Occasion = Literal["appended", "reached"]
Hear = Callable[[Occasion, int], None]
Work = Callable[[Redis, Callable[[], None]], Awaitable[None]]

# Heard instead of the number of a shard where any of them may have moved.
ANY = -1

RETRY_S_MIN, RETRY_S_MAX = 0.05, 2.0
ASK_S = 1.0
# A connection over which nothing came for so long is asked whether it still is one.
SILENCE_S = 5.0


class RedisBell:
    """One per process and event loop; every process of an installation has the same channels."""

    def __init__(self, url: str, installation: str, hear: Hear) -> None:
        """installation: keeps those apart that share a server. hear: is called for every ring of
        any process, also this one's; must not block."""
        self._url = url
        self._prefix = f"mintflow:{installation}"
        self._hear = hear
        self._pending: dict[tuple[Occasion, int], None] = {}
        self._something = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.connected = False
        """Whether rings of others are heard now."""

    async def start(self) -> None:
        """Begin to ring and to listen; returns at once, also when there is no server."""
        self._tasks = [
            asyncio.create_task(self._for_ever(self._ring_out), name="bell_rings"),
            asyncio.create_task(self._for_ever(self._listen), name="bell_listens"),
        ]

    async def stop(self) -> None:
        """Rings that nobody has sent yet are dropped."""
        await cut_off(*self._tasks)
        self._tasks = []
        self.connected = False

    def ring(self, occasion: Occasion, shards: Iterable[int]) -> None:
        """Tell every process; never blocks. Rings not yet sent count as one."""
        for shard in shards:
            self._pending[occasion, shard] = None
        if self._pending:
            self._something.set()

    async def _ring_out(self, redis: Redis, settled: Callable[[], None]) -> None:
        await redis.ping()
        settled()
        while True:
            await self._something.wait()
            self._something.clear()
            rings, self._pending = self._pending, {}
            pipe = redis.pipeline(transaction=False)
            for occasion, shard in rings:
                pipe.publish(f"{self._prefix}:{occasion}:{shard}", b"")
            await pipe.execute()

    async def _listen(self, redis: Redis, settled: Callable[[], None]) -> None:
        heard: PubSub = redis.pubsub(ignore_subscribe_messages=True)
        try:
            await heard.psubscribe(f"{self._prefix}:*")
            settled()
            self.connected = True
            # What rang while nobody listened: everyone looks once, wherever it was.
            self._hear("appended", ANY)
            self._hear("reached", ANY)
            asked = False
            while True:
                message = await heard.get_message(timeout=SILENCE_S)
                if message is None:
                    if asked:
                        raise TimeoutError("Redis says nothing any more")
                    await heard.ping()
                    asked = True
                    continue
                asked = False
                if message["type"] == "pmessage":
                    self._tell(message["channel"])
        finally:
            self.connected = False
            with suppress(RedisError, OSError):
                await heard.aclose()  # type: ignore[no-untyped-call]

    def _tell(self, channel: bytes) -> None:
        """Call who listens; a name that is not one of ours is passed over."""
        name = channel.decode("ascii", "replace")[len(self._prefix) + 1 :]
        occasion, _, shard = name.partition(":")
        if not shard.isdecimal() or len(shard) > 6:
            return
        if occasion == "appended":
            self._hear("appended", int(shard))
        elif occasion == "reached":
            self._hear("reached", int(shard))

    async def _for_ever(self, work: Work) -> None:
        """Do the work on a connection, and after every fault again on a new one."""
        wait_s = RETRY_S_MIN

        def settled() -> None:
            nonlocal wait_s
            wait_s = RETRY_S_MIN

        while True:
            redis = Redis.from_url(
                self._url,
                socket_connect_timeout=ASK_S,
                socket_timeout=SILENCE_S,
                retry=Retry(NoBackoff(), 0),
            )
            try:
                await work(redis, settled)
            except (RedisError, OSError, TimeoutError) as fault:
                log.info("bell_retries", error=type(fault).__name__, retry_in_s=wait_s)
            finally:
                with suppress(RedisError, OSError):
                    await redis.aclose()
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_S_MAX)
