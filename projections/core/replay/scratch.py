"""Scratch read models: temporary tables of one database session, filled with part of a ledger.

The tables are those of the projections and the rows come from the same folds; queries find them by
search path and can not tell them from the served ones. A temporary table is seen by its session
alone, so nobody else's query can reach it, and it is gone with the session, however that ends.

The cursor of the connection fills what a statement names before it runs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from psycopg import AsyncConnection, AsyncCursor
from psycopg.pq import TransactionStatus

from mintflow.domain.core.ids import shard_of
from mintflow.projections.core.bulk.folder import (
    ROWS_HARD,
    LedgerIncomplete,
    Skipped,
    fold_all,
)
from mintflow.projections.core.bulk.worker import FOLD_EVENTS
from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.replay.cursors import filling_cursor
from mintflow.projections.core.replay.needs import Needed, Needs, part_for
from mintflow.projections.core.replay.writing import Writer, run
from mintflow.projections.core.tables import Table
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.reader import (
    LEDGER_SEQ,
    count_of_ledger,
    ledger_rows,
    marked_streams,
    stream_rows,
)

# Larger pages cost less, for the thread that folds and the one that reads take turns; one is about
# 6 MB, and two are held at once.
PAGE_EVENTS = 5_000
# Rows from which on a table's indexes are worth their making where they are only the first of it.
INDEX_ROWS_OF_PART = 500
# Rows that were folded for tables which nobody has asked for yet are kept in memory up to here.
KEPT_ROWS_MAX = 30_000
# Streams that are read for a view with a mark; for more of them the whole table is.
MARKED_STREAMS_MAX = 1_000
_SEARCH_PATH = "set search_path = pg_temp"
_CHECKPOINT = (
    "create temp table checkpoint (shard int, projection text, version int, position bigint)"
)


@dataclass(frozen=True, slots=True)
class _Marked:
    """A table of which only some streams' rows are wanted. parts: what is folded for it."""

    table: Table
    mark: bytes
    streams: Sequence[UUID]
    parts: Sequence[Projection]


class Scratch:
    """One session; holds the read models of one moment of one ledger at a time.

    Not to be used by two tasks at once. rows: how many it holds.
    """

    def __init__(
        self, conn: AsyncConnection[Any], mapper: Mapper, projections: Sequence[Projection]
    ) -> None:
        self.conn = conn
        self._mapper = mapper
        self._projections = tuple(projections)
        self._needs = Needs(projections)
        self._made: set[str] = set()
        # Tables with the rows of the moment, written or kept; projections with a checkpoint.
        self._filled: set[str] = set()
        # Tables with the rows of marked streams alone: the mark, and how many rows those are.
        self._partly: dict[str, tuple[bytes, int]] = {}
        self._noted: set[str] = set()
        self._ledger_id: UUID | None = None
        self._ledger_seq = 0
        self._position = 0
        self._imagined: list[RecordedEvent] = []
        self._kept = Changes()
        self._writer = Writer(conn)
        self.rows = 0

    @classmethod
    async def open(
        cls, conn: AsyncConnection[Any], mapper: Mapper, projections: Sequence[Projection]
    ) -> Self:
        """conn: in autocommit mode and nobody else's from now on."""
        await conn.execute(_SEARCH_PATH)
        await conn.execute("set temp_buffers = '64MB'")
        # Statistics of a hundredth of the effort are enough to choose an index.
        await conn.execute("set default_statistics_target = 5")
        await conn.execute(_CHECKPOINT)
        scratch = cls(conn, mapper, projections)
        conn.cursor_factory = filling_cursor(scratch.before)
        return scratch

    def holds(self, ledger_id: UUID, ledger_seq: int) -> bool:
        return (self._ledger_id, self._ledger_seq) == (ledger_id, ledger_seq)

    async def turn_to(self, ledger_id: UUID, ledger_seq: int, position: int) -> None:
        """Hold this moment of this ledger; tables are filled when a query asks for them.

        position: what queries answer as the position that they reflect.
        """
        if not self.holds(ledger_id, ledger_seq) or self._imagined:
            await self.clear()
            self._ledger_id, self._ledger_seq = ledger_id, ledger_seq
        else:
            self._writer.come_back()
        if self._position != position:
            self._position = position
            await self._run("update checkpoint set position = %s", [position])

    async def imagine(self, events: Sequence[RecordedEvent]) -> None:
        """Fold events on top that are in no log; they follow those that are held."""
        self._imagined += events
        self._position = events[-1].position
        changes = Changes()
        fold_all(events, self._parts(self._filled), frozenset(), changes)
        _split_off(changes, self._filled)
        kept, self._kept = self._kept, Changes()
        async with self.conn.transaction():
            await self._writer.copy(kept)
            await self._run("update checkpoint set position = %s", [self._position])
            await self._writer.operate(changes)
            # An event may mark a stream that was none of them; whoever asks gets them anew.
            await self._truncate(sorted(self._partly))
        self._forget_partly(list(self._partly))

    async def clear(self) -> None:
        """Forget the rows; the tables stay for the next moment."""
        self._ledger_id, self._ledger_seq, self._position = None, 0, 0
        self._imagined = []
        filled = sorted({*self._filled, *self._partly})
        self._filled, self._noted, self._partly = set(), set(), {}
        self._kept, self.rows = Changes(), 0
        await self._truncate(["checkpoint", *filled])
        await self._writer.start_over()

    async def before(self, sql: str) -> None:
        """Fill what a statement names. Raises FoldFailed."""
        needed = self._needs.of(sql)
        if (
            any(table.name not in self._filled for table in needed.tables)
            or any(table.name in self._kept.tables for table in needed.tables)
            or any(view.name not in self._made for view in needed.views)
            or any(not self._has_marked(table, mark) for table, mark in needed.marked)
        ):
            await self._fill(needed)
        await self._writer.index_again(needed.tables)

    def _has_marked(self, table: Table, mark: bytes) -> bool:
        if table.name in self._filled:
            return table.name not in self._kept.tables
        return table.name in self._partly and self._partly[table.name][0] == mark

    async def _fill(self, needed: Needed) -> None:
        assert self._ledger_id is not None, "the scratch holds no moment yet"
        # A transaction of the caller that is rolled back would take the tables with it.
        assert self.conn.info.transaction_status == TransactionStatus.IDLE
        asked = {table.name for table in needed.tables}
        marked = await self._marked(needed.marked, asked)
        parts = self._parts(asked - self._filled)
        wanted = [table for one in parts for table in one.tables if table.name not in self._filled]
        # What is folded whole anyway, for another table, need not be read for the marked once more.
        asked |= {one.table.name for one in marked if one.table in wanted}
        marked = [one for one in marked if one.table not in wanted]
        views = [view for view in needed.views if view.name not in self._made]
        replaced = [table.name for table in wanted if table.name in self._partly]
        changes, folded = Changes(), 0
        partly: dict[str, tuple[bytes, int]] = {}
        async with self.conn.transaction():
            await self._make((*wanted, *(one.table for one in marked)))
            for view in views:
                await self._run(f"create temp view {view.name} as {view.sql}")
            await self._truncate(replaced)
            skipped = await self._parked() if parts or marked else frozenset()
            if parts:
                names = {table.name for table in wanted}
                folded = await self._replay(parts, names, skipped, changes)
            changes.tables |= self._kept.tables
            kept = _split_off(changes, asked)
            await self._writer.copy(changes)
            for one in marked:
                some, name = Changes(), one.table.name
                count = await self._replay(one.parts, {name}, skipped, some, one.streams)
                await self._writer.copy(some)
                partly[name] = (one.mark, count)
            if parts or marked:
                await self._refuse_gaps()
            noted = await self._note((*parts, *(part for one in marked for part in one.parts)))
        self._forget_partly(replaced)
        self._made |= {table.name for table in wanted} | {view.name for view in views}
        self._made |= set(partly)
        self._filled |= {table.name for table in wanted}
        self._partly |= partly
        self._noted |= noted
        self._kept = kept
        self.rows += folded + sum(count for _, count in partly.values())

    async def _marked(
        self, tables: Sequence[tuple[Table, bytes]], asked: set[str]
    ) -> list[_Marked]:
        """What is to be folded for views with a mark; where that is a whole table, or it is there
        already, it is added to what is asked for."""
        found = []
        for table, mark in tables:
            name = table.name
            if self._has_marked(table, mark):
                continue
            there = name in self._filled or name in self._partly
            streams = None if there else await self._streams(mark)
            if streams is None:
                asked.add(name)
            else:
                found.append(_Marked(table, mark, streams, self._parts([name])))
        return found

    async def _streams(self, mark: bytes) -> list[UUID] | None:
        """Those that have the mark, or are imagined, which may; None where they are too many."""
        assert self._ledger_id is not None
        streams = {UUID(event.stream_id) for event in self._imagined}
        cursor, most = AsyncCursor(self.conn), MARKED_STREAMS_MAX + 1
        streams.update(await marked_streams(cursor, self._ledger_id, self._ledger_seq, mark, most))
        return None if len(streams) >= most else sorted(streams)

    def _parts(self, tables: Collection[str]) -> list[Projection]:
        """What is folded for some tables."""
        return [
            part_for(one, tables)
            for one in self._projections
            if any(table.name in tables for table in one.tables)
        ]

    async def _replay(
        self,
        parts: Sequence[Projection],
        wanted: Container[str],
        skipped: Skipped,
        changes: Changes,
        streams: Sequence[UUID] | None = None,
    ) -> int:
        """Fold the ledger up to the moment for the wanted tables; returns how many rows that made.

        streams: those whose events are folded; None: all.
        What does not fit into memory is written on the way; `changes` is then what is left, and is
        written by now as well.
        """
        written = 0
        whole = any(not one.topics for one in parts)
        topics = set() if whole else {topic for one in parts for topic in one.topics}
        rows = await self._page(0, topics, streams)
        while rows:
            folding = asyncio.to_thread(self._fold_page, rows, parts, skipped, changes)
            # The next page is on its way while this one is folded.
            page = self._page(rows[-1][LEDGER_SEQ], topics, streams)
            rows, _ = await asyncio.gather(page, folding)
            # A fold says of all tables what it knows, also where only some of it was read for one.
            _split_off(changes, wanted)
            if len(changes) >= ROWS_HARD:
                written += await self._write(changes, empty=not written)
        fold_all(self._imagined, parts, skipped, changes)
        _split_off(changes, wanted)
        if written or len(changes) + len(self._kept) > KEPT_ROWS_MAX:
            return written + await self._write(changes, empty=not written)
        return len(changes)

    def _fold_page(
        self,
        rows: Sequence[Any],
        parts: Sequence[Projection],
        skipped: Skipped,
        changes: Changes,
    ) -> None:
        recorded = self._mapper.recorded
        for start in range(0, len(rows), FOLD_EVENTS):
            events = [recorded(*row) for row in rows[start : start + FOLD_EVENTS]]
            fold_all(events, parts, skipped, changes)

    async def _write(self, changes: Changes, *, empty: bool) -> int:
        """Write all, and forget it; returns how many rows it was."""
        count = len(changes)
        if empty:
            await self._writer.copy(changes, INDEX_ROWS_OF_PART)
        else:
            await self._writer.operate(changes)
        changes.tables = {}
        return count

    async def _page(
        self, after: int, topics: Collection[str], streams: Sequence[UUID] | None
    ) -> list[Any]:
        assert self._ledger_id is not None
        if after >= self._ledger_seq or streams == []:
            return []
        cursor, span = AsyncCursor(self.conn), (self._ledger_id, after, self._ledger_seq)
        if streams is not None:
            return await stream_rows(cursor, *span, streams, PAGE_EVENTS)
        return await ledger_rows(cursor, *span, topics, PAGE_EVENTS)

    async def _refuse_gaps(self) -> None:
        """Raises LedgerIncomplete where the log has not all events up to the moment."""
        assert self._ledger_id is not None
        there = await count_of_ledger(AsyncCursor(self.conn), self._ledger_id, self._ledger_seq)
        if there != self._ledger_seq:
            raise LedgerIncomplete(
                f"of {self._ledger_seq} events of ledger {self._ledger_id} the log has {there}"
            )

    async def _parked(self) -> Skipped:
        """What the served read models could not fold is not in these either."""
        cursor = await self._run(
            "select projection, shard, position, version from projection.parked"
            " where ledger_id = %s",
            [self._ledger_id],
        )
        versions = {one.name: one.version for one in self._projections}
        return frozenset(
            (name, shard, position)
            for name, shard, position, version in await cursor.fetchall()
            if versions.get(name) == version
        )

    async def _make(self, tables: Iterable[Table]) -> None:
        for table in tables:
            if table.name not in self._made:
                await self._run(table.temporary_sql())

    async def _note(self, parts: Iterable[Projection]) -> set[str]:
        """Give projections their checkpoint; returns their names."""
        assert self._ledger_id is not None
        versions = {one.name: one.version for one in parts if one.name not in self._noted}
        for name, version in versions.items():
            await self._run(
                "insert into checkpoint values (%s, %s, %s, %s)",
                [shard_of(self._ledger_id), name, version, self._position],
            )
        return set(versions)

    async def _truncate(self, names: Sequence[str]) -> None:
        if names:
            await self._run(f"truncate {', '.join(names)}")

    def _forget_partly(self, names: Iterable[str]) -> None:
        """Their rows are gone."""
        self.rows -= sum(self._partly.pop(name)[1] for name in names)

    async def _run(self, sql: str, args: Sequence[Any] = ()) -> AsyncCursor[Any]:
        return await run(self.conn, sql, args)


def _split_off(changes: Changes, asked: Container[str]) -> Changes:
    """Take what nobody asks for out of the changes."""
    rest = Changes()
    for name in [name for name in changes.tables if name not in asked]:
        rest.tables[name] = changes.tables.pop(name)
    return rest
