"""The one applier: folds events and writes the rows with their checkpoints in one transaction.

The checkpoint rows are locked first. So of two appliers that hold the same events (a second tailer,
a worker that Kafka has given up) one waits and then drops what it sees is applied already; and a
crash at any moment leaves rows and checkpoints together as they were before or after.

An event that can not be folded is found by halving the batch, parked with what broke, and passed
over by that projection alone.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from mintflow.projections.core.aside import Aside
from mintflow.projections.core.checkpoints import Positions, lock_checkpoints, move_checkpoints
from mintflow.projections.core.folding import Work, written
from mintflow.projections.core.projection import POISON, Projection
from mintflow.projections.core.statements import COPY_ROWS, Copy, Statement
from mintflow.store.arrays import register_arrays
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.reader import read_shards

log = structlog.get_logger(__name__)

Batches = Mapping[int, Sequence[RecordedEvent]]

# Folding more events than this is done in a thread, so that the event loop goes on meanwhile.
INLINE_EVENTS = 200
# A larger hole than this is filled in several transactions.
HOLE_EVENTS = 5_000


class LogIncomplete(RuntimeError):
    """Events are missing between the checkpoint and a batch, and the log does not have them."""


class Applier:
    """Applies events to the read models that its connection's search path names.

    One per connection, which is in autocommit mode and used by nobody else meanwhile.
    """

    def __init__(
        self,
        conn: AsyncConnection[Any],
        mapper: Mapper,
        projections: Sequence[Projection],
        aside: Aside | None = None,
    ) -> None:
        self._conn = conn
        self._mapper = mapper
        self._projections = tuple(projections)
        self._aside = aside

    @classmethod
    async def open(
        cls,
        conn: AsyncConnection[Any],
        mapper: Mapper,
        projections: Sequence[Projection],
        aside: Aside | None = None,
    ) -> Applier:
        """Prepare the connection. Read models can be folded anew, so their commits do not wait for
        the disk; the checkpoint is in the same transaction and can not get ahead of the rows.
        aside: folds what is much, where it can."""
        register_arrays(conn)
        await conn.execute("set synchronous_commit = off")
        return cls(conn, mapper, projections, aside)

    async def apply(self, batches: Batches) -> dict[int, int]:
        """Apply events of any number of shards; returns the position that each has reached.

        batches: shard -> events in order of position; what is applied already is dropped, and what
        is missing before is read from the log. Raises LogIncomplete, ProjectionNotServed, and
        psycopg.OperationalError, after which the connection is to be given up.
        """
        batches = {shard: batch for shard, batch in batches.items() if batch}
        reached: dict[int, int] = {}
        while batches:
            before, reached = reached, await self._apply(self._projections, batches)
            if all(reached[shard] >= batch[-1].position for shard, batch in batches.items()):
                break
            if reached == before:
                raise LogIncomplete(f"the log has no events after {reached}")
        return reached

    async def _apply(self, projections: Sequence[Projection], batches: Batches) -> dict[int, int]:
        try:
            return await self._in_transaction(projections, batches)
        except POISON as poison:
            return await self._without_poison(projections, batches, poison)

    async def _without_poison(
        self, projections: Sequence[Projection], batches: Batches, poison: Exception
    ) -> dict[int, int]:
        """Apply what can be: each projection by itself, then each half of a batch by itself."""
        reached: dict[int, int] = {}
        if len(projections) > 1:
            for projection in projections:
                for shard, position in (await self._apply([projection], batches)).items():
                    reached[shard] = min(position, reached.get(shard, position))
            return reached
        events = [event for _, batch in sorted(batches.items()) for event in batch]
        if len(events) == 1:
            return await self._park(projections[0], events[0], poison)
        middle = len(events) // 2
        for half in (events[:middle], events[middle:]):
            reached |= await self._apply(projections, _by_shard(half))
        return reached

    async def _in_transaction(
        self, projections: Sequence[Projection], batches: Batches
    ) -> dict[int, int]:
        """Everything in two round trips where the batch is small; with COPY where it is not."""
        small = sum(map(len, batches.values())) < COPY_ROWS
        try:
            if small:
                async with self._conn.pipeline():
                    return await self._fold_and_write(projections, batches, copy_rows=None)
            return await self._fold_and_write(projections, batches, copy_rows=COPY_ROWS)
        finally:
            await self._leave_transaction()

    async def _fold_and_write(
        self, projections: Sequence[Projection], batches: Batches, *, copy_rows: int | None
    ) -> dict[int, int]:
        conn, shards = self._conn, sorted(batches)
        await conn.execute("begin", prepare=False)
        held = await lock_checkpoints(conn, projections, shards)
        work, moved = await self._not_applied(projections, batches, held)
        for operation in await self._written(work, copy_rows):
            if isinstance(operation, Copy):
                async with conn.cursor().copy(operation.sql.encode()) as copy:
                    await copy.write(operation.text)
            else:
                await conn.execute(operation.sql.encode(), operation.args, prepare=True)
        if moved:
            sql, args = move_checkpoints(projections, moved)
            await conn.execute(sql.encode(), args, prepare=True)
        await conn.execute("commit", prepare=False)
        now = held | moved
        return {shard: min(now[one.name, shard] for one in projections) for shard in shards}

    async def _written(
        self, work: Sequence[Work], copy_rows: int | None
    ) -> Sequence[Statement | Copy]:
        if sum(len(events) * len(folding) for events, folding in work) <= INLINE_EVENTS:
            return written(work, copy_rows)
        found = await self._aside.written(work, copy_rows) if self._aside else None
        return await asyncio.to_thread(written, work, copy_rows) if found is None else found

    async def _not_applied(
        self, projections: Sequence[Projection], batches: Batches, held: Positions
    ) -> tuple[list[Work], Positions]:
        """Events with the projections that have not applied them, and where each will then be."""
        contiguous: dict[tuple[int, int], Sequence[RecordedEvent]] = {}
        work: dict[tuple[int, ...], Work] = {}
        moved: Positions = {}
        for projection in projections:
            stand = tuple(held[projection.name, shard] for shard in batches)
            for (shard, batch), position in zip(batches.items(), stand, strict=True):
                if (shard, position) not in contiguous:
                    contiguous[shard, position] = await self._after(shard, position, batch)
                if found := contiguous[shard, position]:
                    moved[projection.name, shard] = found[-1].position
            if stand not in work:
                places = zip(batches, stand, strict=True)
                work[stand] = [event for place in places for event in contiguous[place]], []
            work[stand][1].append(projection)
        return list(work.values()), moved

    async def _after(
        self, shard: int, position: int, batch: Sequence[RecordedEvent]
    ) -> Sequence[RecordedEvent]:
        """The events that follow a position without a gap: of the batch, or first of the log."""
        batch = [event for event in batch if event.position > position]
        if batch and batch[0].position > position + 1:
            hole = min(batch[0].position - position - 1, HOLE_EVENTS)
            filling = await read_shards(self._conn, self._mapper, {shard: position}, hole)
            batch = [*filling.get(shard, ()), *batch]
        found: list[RecordedEvent] = []
        for event in batch:
            if event.position == position + 1:
                found.append(event)
                position += 1
            elif event.position > position:
                break
        return found

    async def _park(
        self, projection: Projection, event: RecordedEvent, poison: Exception
    ) -> dict[int, int]:
        """Set one event aside and move past it, in one transaction."""
        where = {"projection": projection.name, "shard": event.shard, "position": event.position}
        try:
            await self._conn.execute("begin", prepare=False)
            held = await lock_checkpoints(self._conn, [projection], [event.shard])
            position = held[projection.name, event.shard]
            if position == event.position - 1:
                position = event.position
                log.error("event_parked", event_type=event.type, error=_what(poison), **where)
                await self._conn.execute(
                    "insert into projection.parked (shard, position, projection, version,"
                    " ledger_id, event_type, error, message)"
                    " values (%s, %s, %s, %s, %s, %s, %s, %s)",
                    [
                        event.shard, event.position, projection.name, projection.version,
                        event.ledger_id, event.type, type(poison).__name__, _what(poison),
                    ],
                )  # fmt: skip
                sql, args = move_checkpoints(
                    [projection], {(projection.name, event.shard): position}
                )
                await self._conn.execute(sql.encode(), args)
            await self._conn.execute("commit", prepare=False)
        finally:
            await self._leave_transaction()
        return {event.shard: position}

    async def _leave_transaction(self) -> None:
        """Roll back what an error left open; a lost connection has nothing open."""
        if self._conn.info.transaction_status in (
            TransactionStatus.INTRANS,
            TransactionStatus.INERROR,
        ):
            await self._conn.execute("rollback", prepare=False)


def _by_shard(events: Sequence[RecordedEvent]) -> dict[int, list[RecordedEvent]]:
    found: dict[int, list[RecordedEvent]] = {}
    for event in events:
        found.setdefault(event.shard, []).append(event)
    return found


def _what(poison: Exception) -> str:
    """What broke and where. Messages of errors quote values, which may be personal: left out."""
    if isinstance(poison, psycopg.Error):
        told = poison.diag
        named = [told.table_name, told.column_name, told.constraint_name]
        return " ".join(["SQLSTATE", poison.sqlstate or "?", *(name for name in named if name)])
    frames = traceback.extract_tb(poison.__traceback__)
    place = frames[-1] if frames else None
    if place is None:
        return type(poison).__name__
    return f"{type(poison).__name__} in {place.name}, line {place.lineno}"
