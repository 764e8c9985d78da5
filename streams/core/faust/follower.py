"""What a Faust agent does with a batch of one partition: bring it into the database, and never
raise, for Faust would commit past it.

Every fault is waited out on a new connection. What a record is worth is decided by its position:
below the checkpoint it is dropped, and a hole before it is filled from the log. A record that is no
event of ours is counted and passed over; if one of ours was meant, it is such a hole. So is one
that the log does not have: it was restored to an earlier state, or the topic is another's.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection

from mintflow.domain.core.errors import Unavailable
from mintflow.projections.core.aside import Aside
from mintflow.projections.core.projection import Projection
from mintflow.store.mapper import Mapper, RecordedEvent, RecordUnreadable
from mintflow.store.reader import read_shards
from mintflow.store.rows import StoredRow, standing
from mintflow.streams.core.background import rest
from mintflow.streams.core.faust.inbox import Inbox
from mintflow.streams.core.faust.offsets import ReadFrom, save_offsets
from mintflow.streams.core.faust.received import Received
from mintflow.streams.core.pipeline import Pipeline

log = structlog.get_logger(__name__)

Connect = Callable[[], Awaitable[AsyncConnection[Any]]]
Told = Callable[[Mapping[int, int]], None]

RETRY_S_MIN, RETRY_S_MAX = 0.05, 2.0
# A worker that was frozen in a transaction must not hold the checkpoints of its shards for longer.
IDLE_IN_TRANSACTION = "set idle_in_transaction_session_timeout = '3s'"
# How often the offset is noted from which the next worker would read.
SAVE_S = 1.0
FILL_EVENTS = 2_000
# What waits together is applied together, up to so many records in one transaction.
TAKE_RECORDS = 2_000
# As many wait, at least. While one follower's inbox is full no other gets anything, so they hold
# enough to go on with. They wait as bytes, about 1.5 kB each.
HELD_RECORDS = 2 * TAKE_RECORDS


class Follower(ABC):
    """One agent's work on one connection of its own; `name` is kept with its read offsets."""

    def __init__(self, name: str, connect: Connect, mapper: Mapper, topic_id: UUID) -> None:
        self.name = name
        self.fault: str | None = None
        """What the last attempt failed with; None while all is well."""
        self.applied = 0
        self.retries = 0
        self.unreadable = 0
        self._connect = connect
        self._mapper = mapper
        self._topic_id = topic_id
        self._conn: AsyncConnection[Any] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._stopping = asyncio.Event()
        self.inbox = Inbox(HELD_RECORDS)
        self._reached: dict[int, int] = {}
        self._expected: dict[int, int] = {}
        self._unsaved: dict[int, ReadFrom] = {}
        self._saved_at = 0.0

    @abstractmethod
    async def _begin(self, conn: AsyncConnection[Any]) -> None:
        """Make ready for a new connection."""

    @abstractmethod
    async def _apply(self, batches: Mapping[int, Sequence[RecordedEvent]]) -> Mapping[int, int]:
        """Apply events of shards, in order of position; the positions that these have then."""

    @abstractmethod
    async def _positions(self) -> Mapping[int, int]:
        """Shard -> position, from the database."""

    async def stop(self) -> None:
        """Give up what is being retried, and the connection."""
        self._stopping.set()
        async with self._one_at_a_time:
            if self._conn is not None:
                with suppress(psycopg.Error, OSError):
                    await self._save(at_once=True)
            await self._disconnect()

    async def take(self, batches: Mapping[int, Sequence[Received]]) -> bool:
        """Apply the batches of shards, however long it takes; False if this ends before that."""

        async def work() -> None:
            try:
                await self._bring(batches, decoded=False)
            except RecordUnreadable:
                # To find which, all are decoded before any is folded.
                await self._bring(batches, decoded=True)
            for shard, records in batches.items():
                position = self._reached.get(shard, 0)
                self._expected[shard] = max(position, self._expected.get(shard, 0))
                self._unsaved[shard] = ReadFrom(records[-1].offset + 1, position)
            await self._save(at_once=False)

        return await self._until_done(work)

    async def run(self) -> None:
        """Take what comes into the inbox, all that waits at once, until this is stopped.

        inbox: Faust's events with the records of one partition each; acknowledged when applied.
        """
        while not self._stopping.is_set():
            events = [await self.inbox.get()]
            count = len(events[0].value)
            while not self.inbox.empty() and count < TAKE_RECORDS:
                events.append(self.inbox.get_nowait())
                count += len(events[-1].value)
            batches: dict[int, list[Received]] = {}
            for event in events:
                batches.setdefault(event.message.tp.partition, []).extend(event.value)
            if not await self.take(batches):
                return
            for event in events:
                event.ack()

    def assigned(self, known: Mapping[int, ReadFrom], shards: Iterable[int]) -> None:
        """Note what the offsets that are read from take for granted."""
        self._expected = {
            shard: max(known[shard].position if shard in known else 0, self._reached.get(shard, 0))
            for shard in shards
        }

    async def look(self) -> None:
        """Compare with the database, and fill from the log what was there and is gone, or is new.

        Commits of read models do not wait for the disk, so a crash of the server takes the last
        ones back; a new projection begins at 0; a rolled back one is older. Kafka is past all that.
        """

        async def work() -> None:
            found = await self._positions()
            self._reached = {shard: found.get(shard, 0) for shard in self._expected}
            for shard, expected in self._expected.items():
                while self._reached[shard] < expected:
                    after = {shard: self._reached[shard]}
                    assert self._conn is not None
                    events = await read_shards(self._conn, self._mapper, after, FILL_EVENTS)
                    if not events:
                        # The log itself was set back, by a restored backup.
                        self._expected[shard] = self._reached[shard]
                        break
                    log.info("follower_fills", follower=self.name, shard=shard, **_span(events))
                    self._reached |= await self._apply(events)
            await self._save(at_once=True)

        await self._until_done(work)

    async def _bring(self, batches: Mapping[int, Sequence[Received]], *, decoded: bool) -> None:
        """Apply what is not applied yet, and count what is no event.

        decoded: before any is folded; if not, this raises RecordUnreadable for what is no record.
        """
        unreadable: list[tuple[int, int]] = []
        fresh: dict[int, list[Received]] = {}
        for shard, records in batches.items():
            fresh[shard], offsets = self._fresh(shard, records)
            unreadable += [(shard, offset) for offset in offsets]
        fresh, strange = await self._of_the_log(fresh)
        wanted: dict[int, Sequence[RecordedEvent]] = {}
        for shard, records in fresh.items():
            events, offsets = self._events(records, decoded=decoded)
            unreadable += [(shard, offset) for offset in offsets]
            if events:
                wanted[shard] = events
        if wanted:
            self._reached |= await self._apply(wanted)
            self.applied += sum(map(len, wanted.values()))
        self.unreadable += len(unreadable) + strange
        for shard, offset in unreadable:
            log.error("record_unreadable", shard=shard, offset=offset)

    def _fresh(self, shard: int, records: Sequence[Received]) -> tuple[list[Received], list[int]]:
        """What is not applied yet as far as is known here, and the offsets of what is no event."""
        reached = self._reached.get(shard, 0)
        fresh, unreadable = [], []
        for record in records:
            row = record.row
            if row is None or (row.shard != shard and row.position > reached):
                unreadable.append(record.offset)
            elif row.position > reached:
                fresh.append(record)
        return fresh, unreadable

    async def _of_the_log(
        self, batches: Mapping[int, list[Received]]
    ) -> tuple[dict[int, list[Received]], int]:
        """The records whose events the log has, and how many others there were.

        Events that a restored log lost would be folded for good otherwise, and what takes their
        positions later never.
        """
        assert self._conn is not None
        newest = [_newest(records) for records in batches.values() if records]
        if not newest:
            return {}, 0
        known = await standing(self._conn, newest)
        doubted = {row.shard for row in newest if _identity(row) not in known}
        if not doubted:
            return dict(batches), 0
        rows = [record.row for shard in doubted for record in batches[shard] if record.row]
        known = await standing(self._conn, rows)
        found, strange = dict(batches), 0
        for shard in doubted:
            found[shard] = [
                one for one in batches[shard] if one.row and _identity(one.row) in known
            ]
            strange += (lost := len(batches[shard]) - len(found[shard]))
            log.error("records_of_another_log", shard=shard, count=lost)
        return found, strange

    def _events(
        self, records: Sequence[Received], *, decoded: bool
    ) -> tuple[list[RecordedEvent], list[int]]:
        """The events of records, and the offsets of those that are none after all."""
        events, unreadable = [], []
        for record in records:
            assert record.row is not None
            event = self._mapper.recorded(*record.row[:7], decoded=False)
            if decoded:
                try:
                    event.decode()
                except (KeyError, TypeError, ValueError):
                    unreadable.append(record.offset)
                    continue
            events.append(event)
        return events, unreadable

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Try until it works, each time after a fault on a new connection."""
        wait_s = RETRY_S_MIN
        while not self._stopping.is_set():
            async with self._one_at_a_time:
                try:
                    await self._connected()
                    await work()
                    self.fault = None
                    return True
                except Exception as fault:
                    expected = isinstance(fault, psycopg.OperationalError | Unavailable)
                    log.warning(
                        "follower_retries", follower=self.name, error=type(fault).__name__,
                        exc_info=not expected, retry_in_s=wait_s,
                    )  # fmt: skip
                    self.fault = type(fault).__name__
                    self.retries += 1
                    await self._disconnect()
            await rest(self._stopping, wait_s)
            wait_s = min(wait_s * 2, RETRY_S_MAX)
        return False

    async def _connected(self) -> None:
        if self._conn is None or self._conn.closed:
            conn = await self._connect()
            try:
                await conn.execute(IDLE_IN_TRANSACTION)
                await self._begin(conn)
            except BaseException:
                await conn.close()
                raise
            self._conn = conn
            # What was reached on the last one may have been taken back with the server.
            self._reached = dict(await self._positions())

    async def _disconnect(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            with suppress(psycopg.Error, OSError):
                await conn.close()

    async def _save(self, *, at_once: bool) -> None:
        now = asyncio.get_running_loop().time()
        if not self._unsaved or (now - self._saved_at < SAVE_S and not at_once):
            return
        assert self._conn is not None
        await save_offsets(self._conn, self._topic_id, self.name, self._unsaved)
        self._unsaved, self._saved_at = {}, now


class ProjectionFollower(Follower):
    """Folds a group of projections."""

    def __init__(
        self,
        name: str,
        connect: Connect,
        mapper: Mapper,
        topic_id: UUID,
        projections: Sequence[Projection],
        tell: Told,
        aside: Aside | None = None,
    ) -> None:
        """tell: hears the position that a shard has reached, after its commit. aside: folds what is
        much, where it can."""
        super().__init__(name, connect, mapper, topic_id)
        self.projections = tuple(projections)
        self._tell, self._aside = tell, aside
        self._pipeline: Pipeline | None = None

    async def _begin(self, conn: AsyncConnection[Any]) -> None:
        self._pipeline = await Pipeline.open(conn, self._mapper, self.projections, self._aside)

    async def _apply(self, batches: Mapping[int, Sequence[RecordedEvent]]) -> Mapping[int, int]:
        assert self._pipeline is not None
        reached = await self._pipeline.apply(batches)
        self._tell(reached)
        return reached

    async def _positions(self) -> Mapping[int, int]:
        assert self._pipeline is not None
        return await self._pipeline.positions()


def _span(events: Mapping[int, Sequence[RecordedEvent]]) -> dict[str, int]:
    batch = next(iter(events.values()))
    return {"first": batch[0].position, "last": batch[-1].position}


def _newest(records: Iterable[Received]) -> StoredRow:
    """By position: a relay that began again may have sent older events last."""
    return max((record.row for record in records if record.row), key=attrgetter("position"))


def _identity(row: StoredRow) -> tuple[int, int, bytes]:
    return row.shard, row.position, row.hash
