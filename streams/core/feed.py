"""The live feed: one reader of the log for this process, shared out to all who follow it.

Whoever follows reads from the log until it is at the end of it, then takes what the one reader
hands out, and goes back to the log when it could not keep up. So what waits for a slow follower is
bounded, nobody waits for it, and nothing is missed or given twice. This file knows no HTTP.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from mintflow.domain.core.errors import Unavailable
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.places import Place, shards_of
from mintflow.store.reader import follow_shards, heads
from mintflow.streams.core.background import cut_off
from mintflow.streams.core.doorbell import Doorbell

log = structlog.get_logger(__name__)

Connect = Callable[[], Awaitable[AsyncConnection[Any]]]

# Of one shard in one cycle, and of one page from the log.
CYCLE_EVENTS, PAGE_EVENTS = 500, 200
# Without a ring: another process appended. An empty look costs the database about 0.3 ms.
POLL_S_MIN, POLL_S_MAX = 0.005, 0.1
RETRY_S_MIN, RETRY_S_MAX = 0.05, 5.0


class TooManyStreams(Unavailable):
    """The caller has as many live streams open as one caller may have."""

    code = "too_many_streams"


class FeedInterrupted(Unavailable):
    """The log can not be read at the moment; go on from the last event that came."""

    code = "feed_interrupted"


class Delivery:
    """An event on its way to many: what is made of it for one is kept for the others."""

    __slots__ = ("_made", "event")

    def __init__(self, event: RecordedEvent) -> None:
        self.event = event
        self._made: dict[Callable[[RecordedEvent], bytes], bytes] = {}

    def bytes_of(self, encode: Callable[[RecordedEvent], bytes]) -> bytes:
        """encode(event), computed once for all who use the same function."""
        made = self._made.get(encode)
        if made is None:
            made = self._made[encode] = encode(self.event)
        return made


class Inbox:
    """What the reader has for one follower; emptied and marked when it runs over."""

    __slots__ = ("_events", "_room", "ledger_id", "overran", "shards", "wake")

    def __init__(self, ledger_id: UUID | None, shards: Sequence[int], room: int) -> None:
        self.ledger_id = ledger_id
        self.shards = shards
        self.overran = False
        self.wake = asyncio.Event()
        self._events: deque[Delivery] = deque()
        self._room = room

    def put(self, delivery: Delivery) -> None:
        """Never blocks; an inbox that is full forgets all, for the log still has it."""
        if self.overran:
            return
        if len(self._events) >= self._room:
            self.overran = True
            self._events.clear()
        else:
            self._events.append(delivery)
        self.wake.set()

    async def take(self) -> list[Delivery]:
        """All that is there; waits for something, a tick or the end of the feed."""
        if not self._events and not self.overran:
            self.wake.clear()
            await self.wake.wait()
        taken = list(self._events)
        self._events.clear()
        return taken


class Feed:
    """One per process, for the tasks of one event loop."""

    def __init__(
        self,
        connect: Connect,
        pool: AsyncConnectionPool[Any],
        mapper: Mapper,
        *,
        per_caller_max: int,
        inbox_events_max: int,
        tick_s: float,
    ) -> None:
        """connect: opens an autocommit connection for the reader. pool: for reading from the log.

        tick_s: how often a follower to whom nothing came is woken all the same.
        """
        self.pool, self.mapper = pool, mapper
        self.closed = False
        self.bell = Doorbell()
        self._connect = connect
        self._per_caller_max = per_caller_max
        self._inbox_events_max = inbox_events_max
        self._tick_s = tick_s
        self._callers: Counter[UUID] = Counter()
        self._followed: dict[int, int] = {}
        self._shards: Counter[int] = Counter()
        self._of_ledger: dict[UUID, set[Inbox]] = {}
        self._of_all: set[Inbox] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin; the database is not asked before somebody follows."""
        self._tasks = [
            asyncio.create_task(self._run(), name="feed"),
            asyncio.create_task(self._tick(), name="feed ticks"),
        ]

    def close(self) -> None:
        """Tell all followers that it ends; they stop at once. Nobody can follow any more."""
        self.closed = True
        self._wake_all()

    async def stop(self) -> None:
        """End the reader."""
        self.close()
        await cut_off(*self._tasks)
        self._tasks = []

    @contextmanager
    def admitted(self, caller: UUID) -> Iterator[None]:
        """One of the caller's streams, as long as the block runs. Raises TooManyStreams."""
        if self._callers[caller] >= self._per_caller_max:
            raise TooManyStreams(
                "as many streams are open as one caller may have", streams_max=self._per_caller_max
            )
        self._callers[caller] += 1
        try:
            yield
        finally:
            self._callers[caller] -= 1
            if not self._callers[caller]:
                del self._callers[caller]

    def follow(self, place: Place, types: Sequence[str] = ()) -> Follower:
        """Everything behind a place, from the log and then as it happens. Close it at the end."""
        return Follower(self, place, types)

    async def attach(self, place: Place) -> Inbox:
        """An inbox for every event that is committed from some moment during this call on."""
        shards = shards_of(place)
        if any(shard not in self._followed for shard in shards):
            async with self.pool.connection() as conn:
                known = await heads(conn)
            for shard in shards:
                self._followed.setdefault(shard, known.get(shard, 0))
        inbox = Inbox(place.ledger_id, shards, self._inbox_events_max)
        self._shards.update(shards)
        if inbox.ledger_id is None:
            self._of_all.add(inbox)
        else:
            self._of_ledger.setdefault(inbox.ledger_id, set()).add(inbox)
        self.bell.ring()
        return inbox

    def detach(self, inbox: Inbox) -> None:
        """Nothing comes into this inbox any more; a shard that nobody follows is not read."""
        if inbox.ledger_id is None:
            self._of_all.discard(inbox)
        else:
            followers = self._of_ledger[inbox.ledger_id]
            followers.discard(inbox)
            if not followers:
                del self._of_ledger[inbox.ledger_id]
        for shard in inbox.shards:
            self._shards[shard] -= 1
            if not self._shards[shard]:
                del self._shards[shard]
                del self._followed[shard]

    async def _run(self) -> None:
        """Read until stopped, with a new connection after every fault of the database."""
        retry_s = RETRY_S_MIN
        while not self.closed:
            while not self._followed:
                await self.bell.wait(3_600)
            conn: AsyncConnection[Any] | None = None
            try:
                conn = await self._connect()
                await self._read(conn)
                retry_s = RETRY_S_MIN
            except Exception as fault:
                expected = isinstance(fault, psycopg.Error)
                log.warning(
                    "feed_retries", error=type(fault).__name__, exc_info=not expected,
                    retry_in_s=retry_s,
                )  # fmt: skip
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, RETRY_S_MAX)
            finally:
                if conn is not None:
                    await conn.close()

    async def _read(self, conn: AsyncConnection[Any]) -> None:
        idle_s = POLL_S_MIN
        while self._followed:
            events, reached = await follow_shards(
                conn, self.mapper, dict(self._followed), CYCLE_EVENTS, self._is_wanted
            )
            # Nothing is awaited from here to the inboxes: who attaches meanwhile misses nothing.
            for shard, position in reached.items():
                if shard in self._followed:
                    self._followed[shard] = max(position, self._followed[shard])
            for event in events:
                self._hand_out(event)
            if reached or await self.bell.wait(idle_s):
                idle_s = POLL_S_MIN
            else:
                idle_s = min(idle_s * 2, POLL_S_MAX)

    def _is_wanted(self, ledger_id: UUID) -> bool:
        return bool(self._of_all) or ledger_id in self._of_ledger

    def _hand_out(self, event: RecordedEvent) -> None:
        delivery = Delivery(event)
        for inbox in self._of_ledger.get(event.ledger_id, ()):
            inbox.put(delivery)
        for inbox in self._of_all:
            inbox.put(delivery)

    async def _tick(self) -> None:
        while not self.closed:
            await asyncio.sleep(self._tick_s)
            self._wake_all()

    def _wake_all(self) -> None:
        for inboxes in (self._of_all, *self._of_ledger.values()):
            for inbox in inboxes:
                inbox.wake.set()


class Follower:
    """One who follows. `next` is called again when what it gave has been dealt with."""

    def __init__(self, feed: Feed, place: Place, types: Sequence[str]) -> None:
        self._feed = feed
        self._place = place
        self._types = frozenset(types)
        self._inbox: Inbox | None = None
        self._at_end = False
        self._fell_behind = False
        self._stopped = False

    @property
    def behind(self) -> bool:
        """Whether more came than there was room for, and that is not made up for yet. Who reads
        a long history for the first time is not behind."""
        return self._fell_behind or (self._inbox is not None and self._inbox.overran)

    @property
    def at_end(self) -> bool:
        """Whether all that was in the log when it was last read has been given."""
        return self._at_end

    async def next(self) -> list[tuple[Delivery, str]] | None:
        """What comes next, each with the place behind it as text; empty after a while without
        anything; None when the feed has ended. Raises FeedInterrupted."""
        if self._ended:
            return None
        if self._inbox is not None and self._inbox.overran:
            self._fell_behind = True
            self.close()
        if self._inbox is None or not self._at_end:
            return await self._from_log()
        taken = await self._inbox.take()
        if self._ended:
            return None
        return self._live(taken)

    def stop(self) -> None:
        """Let `next` give None from now on, also the one that waits."""
        self._stopped = True
        if self._inbox is not None:
            self._inbox.wake.set()

    @property
    def _ended(self) -> bool:
        return self._stopped or self._feed.closed

    def close(self) -> None:
        """Follow no longer."""
        inbox, self._inbox, self._at_end = self._inbox, None, False
        if inbox is not None:
            self._feed.detach(inbox)

    async def _from_log(self) -> list[tuple[Delivery, str]]:
        """A page. At its end the inbox is opened and the log is read on: what was committed
        before the inbox was there is in the log, what comes after it is in the inbox."""
        feed, attached = self._feed, self._inbox is not None
        try:
            async with feed.pool.connection() as conn:
                page = await self._place.read(conn, feed.mapper, PAGE_EVENTS, [*self._types])
            if page.at_end and not attached:
                self._inbox = await feed.attach(self._place)
        except psycopg.Error as trouble:
            raise FeedInterrupted(
                "the log can not be read now", reason=type(trouble).__name__
            ) from None
        self._at_end = page.at_end and attached
        self._fell_behind = self._fell_behind and not self._at_end
        passed = [(Delivery(event), self._passed(event)) for event in page.events]
        self._place.reach(page.reached)
        return passed

    def _live(self, taken: list[Delivery]) -> list[tuple[Delivery, str]]:
        passed = []
        for delivery in taken:
            event = delivery.event
            is_next = self._place.is_next(event)
            if is_next is None:
                continue
            if not is_next:
                # Never expected; should the reader ever miss one, the log has it.
                log.warning("feed_reads_again", shard=event.shard, position=event.position)
                self.close()
                break
            text = self._passed(event)
            if not self._types or event.type in self._types:
                passed.append((delivery, text))
        return passed

    def _passed(self, event: RecordedEvent) -> str:
        self._place.move_past(event)
        return self._place.text
