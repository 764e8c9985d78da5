"""Between the bulk of a rebuild and its switch: bringing both sides to the same positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import AsyncConnection

from mintflow.projections.core.applier import Applier
from mintflow.projections.core.bulk.folder import Skipped, fold_all, write
from mintflow.projections.core.changes import Changes
from mintflow.projections.core.checkpoints import read_positions
from mintflow.projections.core.projection import POISON, Projection
from mintflow.projections.core.statements import operations
from mintflow.projections.core.tables import SERVED
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.reader import heads, read_shards

_CHUNK_EVENTS = 5_000
_RANGE = """
select e.shard, e.position, e.ledger_id, e.ledger_seq, e.recorded_at, e.record, e.sealed
from log.event e
where e.shard = %s and e.position > %s and e.position <= %s order by e.position limit %s
"""


class Replay:
    """The rebuilt tables and the positions they stand at."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        mapper: Mapper,
        projections: Sequence[Projection],
        schema: str,
        skipped: Skipped,
        positions: dict[int, int],
        stands_at: Callable[[Mapping[int, int]], None] = lambda _: None,
        parked: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """stands_at: notes the positions, called in the transaction of the rows. parked: rows of
        projection.parked that come back with the tables."""
        self.parked = parked
        self.projections = projections
        self.schema = schema
        self.skipped = skipped
        self.positions = positions
        self.events = 0
        self._conn = conn
        self._mapper = mapper
        self._stands_at = stands_at

    def behind(self, targets: Mapping[int, int]) -> int:
        """How many events these positions are ahead of the rebuilt tables."""
        return sum(max(0, at - self.positions.get(shard, 0)) for shard, at in targets.items())

    def until(self, targets: Mapping[int, int]) -> None:
        """Fold the events up to the targets, as the live path would."""
        for shard, target in sorted(targets.items()):
            while (position := self.positions.get(shard, 0)) < target:
                events = self._read(shard, position, target)
                changes = Changes()
                fold_all(events, self.projections, self.skipped, changes)
                reached = self.positions | {shard: events[-1].position}
                with self._conn.transaction():
                    write(self._conn, operations(changes, schema=self.schema))
                    self._stands_at(reached)
                self.positions = reached
                self.events += len(events)

    def _read(self, shard: int, position: int, target: int) -> list[RecordedEvent]:
        args = [shard, position, target, _CHUNK_EVENTS]
        rows = self._conn.execute(_RANGE, args, binary=True).fetchall()
        events = [self._mapper.recorded(*row) for row in rows]
        assert events, f"the log has no event {position + 1} of shard {shard}"
        assert events[-1].position == position + len(events)
        return events


def comparable(conn: psycopg.Connection[Any], projections: Sequence[Projection]) -> bool:
    """Whether all of these are served, in this version, with all their tables, and not empty."""
    row = conn.execute(
        "select count(*) filter (where c.position > 0 or h.position = 0) = count(*)"
        " and count(*) = %s * (select count(*) from log.shard_head)"
        " from projection.checkpoint c join log.shard_head h using (shard)"
        " where (c.projection, c.version) in (select * from unnest(%s::text[], %s::int[]))",
        [
            len(projections),
            [projection.name for projection in projections],
            [projection.version for projection in projections],
        ],
    ).fetchone()
    tables = [table.name for projection in projections for table in projection.tables]
    found = conn.execute(
        "select count(*) = %s from pg_tables where schemaname = %s and tablename = any(%s)",
        [len(tables), SERVED, tables],
    ).fetchone()
    return bool(row and row[0] and found and found[0])


def positions_of(
    conn: psycopg.Connection[Any], projections: Sequence[Projection]
) -> dict[int, int]:
    """Shard -> the position that all of these are at, at least."""
    return dict(
        conn.execute(
            "select shard, min(position) from projection.checkpoint where projection = any(%s)"
            " group by shard",
            [[projection.name for projection in projections]],
        ).fetchall()
    )


async def bring_served_up(url: str, mapper: Mapper, projections: Sequence[Projection]) -> None:
    """Apply to the served tables what the log has now, beside whoever else does so.

    Without it a rebuild after a crash would compare with tables that are merely late.
    """
    conn = await AsyncConnection.connect(
        url, autocommit=True, options=f"-c search_path={SERVED},projection"
    )
    async with conn:
        applier = await Applier.open(conn, mapper, projections)
        after = await read_positions(conn, projections)
        target = await heads(conn)
        while any(after[shard] < position for shard, position in target.items()):
            share = max(1, _CHUNK_EVENTS // len(after))
            batches = await read_shards(conn, mapper, after, share)
            after |= await applier.apply(batches)


def still_parked(
    conn: psycopg.Connection[Any],
    mapper: Mapper,
    projections: Sequence[Projection],
    schema: str,
) -> Skipped:
    """The parked events that can not be folded today either; the others get their second chance.

    Each is tried alone against the new, still empty tables, and taken back.
    """
    by_name = {projection.name: projection for projection in projections}
    skipped = set()
    for name, shard, position in conn.execute(
        "select projection, shard, position from projection.parked where projection = any(%s)",
        [list(by_name)],
    ).fetchall():
        row = conn.execute(_RANGE, [shard, position - 1, position, 1], binary=True)
        event = mapper.recorded(*row.fetchall()[0])
        try:
            with conn.transaction(force_rollback=True):
                changes = Changes()
                by_name[name].fold([event], changes)
                write(conn, operations(changes, schema=schema))
        except POISON:
            skipped.add((name, shard, position))
    return frozenset(skipped)
