"""Folding the history of ledgers into empty tables: sums in memory, rows by COPY.

A ledger's events come together and in order, so whatever concerns a ledger that is through is final
and is copied without a look at the table. Only a ledger too large for memory is written in several
goes, the later ones as the live path writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg

from mintflow.projections.core.changes import Changes, TableChanges
from mintflow.projections.core.projection import POISON, Projection, fold_named, types_of
from mintflow.projections.core.statements import (
    Copy,
    Statement,
    copy_blocks,
    copy_sql,
    operations,
)
from mintflow.store.mapper import RecordedEvent

# Rows held before they are written where a ledger ends, and before they are written anywhere. A row
# is about 1 kB here.
ROWS_SOFT, ROWS_HARD = 15_000, 80_000

Skipped = frozenset[tuple[str, int, int]]
"""(projection, shard, position) of events that stay parked."""


class LedgerIncomplete(RuntimeError):
    """The events of a ledger are not 1, 2, 3 …: the log has lost some, or was read out of order."""


class LedgerTooLarge(RuntimeError):
    """A ledger makes more rows than are held in memory, and the tables have no keys yet."""


class FoldFailed(RuntimeError):
    """An event that is not parked can not be folded. A rebuild then ends and changes nothing: who
    folds live parks what fails, but tables that take the place of others are to be whole."""


class LedgerFolder:
    """Takes the events of one ledger after another; `finish` writes what is left.

    keyed: whether the tables have their primary keys; without them no row can be written onto
    another, so that every ledger has to fit into memory.
    """

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        schema: str,
        projections: Sequence[Projection],
        skipped: Skipped = frozenset(),
        *,
        rows_hard: int = ROWS_HARD,
        keyed: bool = True,
    ) -> None:
        self._conn = conn
        self._schema = schema
        self._projections = projections
        self._skipped = skipped
        self._rows_hard = rows_hard
        self._keyed = keyed
        self._changes = Changes()
        self._ledger = ""
        self._seq = 0
        # The ledger of which rows have been written while more of its events were to come.
        self._begun = ""

    def take(self, events: Sequence[RecordedEvent]) -> None:
        """The next events. Raises LedgerIncomplete, FoldFailed, LedgerTooLarge."""
        ends = self._check(events)
        if ends:
            self._fold(events[:ends])
            if len(self._changes) >= ROWS_SOFT:
                self._write()
                self._begun = ""
        self._fold(events[ends:])
        if len(self._changes) >= self._rows_hard:
            if not self._keyed:
                raise LedgerTooLarge(f"ledger {self._ledger} makes too many rows")
            self._write()
            self._begun = self._ledger

    def finish(self) -> None:
        self._write()

    def _check(self, events: Sequence[RecordedEvent]) -> int:
        """Where in the events the last ledger begins; 0 where they are all of the current one."""
        begins = 0
        first, last = events[0], events[-1]
        if first.envelope["ledger_id"] == last.envelope["ledger_id"] == self._ledger:
            # Positions of one ledger in order, so that first and last vouch for those between.
            if (first.ledger_seq, last.ledger_seq) == (self._seq + 1, self._seq + len(events)):
                self._seq = last.ledger_seq
                return 0
            raise LedgerIncomplete(f"ledger {self._ledger} has no event {self._seq + 1}")
        for index, event in enumerate(events):
            ledger_id = event.envelope["ledger_id"]
            if ledger_id != self._ledger:
                self._ledger, self._seq, begins = ledger_id, 0, index
            self._seq += 1
            if event.ledger_seq != self._seq:
                raise LedgerIncomplete(f"ledger {ledger_id} has no event {self._seq}")
        return begins

    def _fold(self, events: Sequence[RecordedEvent]) -> None:
        fold_all(events, self._projections, self._skipped, self._changes)

    def _write(self) -> None:
        changes, self._changes = self._changes, Changes()
        for table, found in changes.tables.values():
            if not found:
                continue
            rest = _split_off(found, self._begun) if self._begun else None
            with self._conn.cursor().copy(copy_sql(f"{self._schema}.", table).encode()) as copy:
                for block in copy_blocks(table, found):
                    copy.write(block)
            if rest:
                later = Changes()
                later.tables[table.name] = (table, rest)
                write(self._conn, operations(later, schema=self._schema))


def fold_all(
    events: Sequence[RecordedEvent],
    projections: Sequence[Projection],
    skipped: Skipped,
    changes: Changes,
) -> None:
    """Fold for all projections; events that stay parked for one are left out there.

    Raises FoldFailed; the changes are then not to be used.
    """
    types = types_of(events)
    for projection in projections:
        name, wanted = projection.name, events
        if skipped:
            wanted = [
                event for event in events if (name, event.shard, event.position) not in skipped
            ]
        try:
            fold_named(projection, wanted, types, changes)
        except POISON:
            for event in wanted:
                _fold_alone(projection, event)
            raise


def _fold_alone(projection: Projection, event: RecordedEvent) -> None:
    try:
        projection.fold([event], Changes())
    except POISON as poison:
        raise FoldFailed(
            f"{projection.name} can not fold the {event.type} at shard {event.shard}, position"
            f" {event.position}: {type(poison).__name__}"
        ) from poison


def write(conn: psycopg.Connection[Any], writes: Iterator[Statement | Copy]) -> None:
    """Carry out the operations in order."""
    for operation in writes:
        if isinstance(operation, Copy):
            with conn.cursor().copy(operation.sql.encode()) as copy:
                copy.write(operation.text)
        else:
            conn.execute(operation.sql.encode(), operation.args)


def _split_off(found: TableChanges, ledger_id: str) -> TableChanges:
    """Take the changes of one ledger out of the others."""
    rest = TableChanges()
    take: Callable[[Any], Any] = lambda held: {  # noqa: E731
        key: held.pop(key) for key in [key for key in held if key[0] == ledger_id]
    }
    rest.inserted, rest.upserted = take(found.inserted), take(found.upserted)
    rest.patched, rest.deleted = take(found.patched), take(found.deleted)
    rest.added = take(found.added)
    return rest
