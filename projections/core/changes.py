"""What a fold wants done to tables, held in memory until the applier writes it.

A row is a list of the SQL text of each column in the order of the table, with None for NULL. Ids,
dates and amounts are text in the events already, so most of a fold moves strings from one place to
another, and the same form serves arrays of the live path and COPY of a rebuild.

Changes to one key are merged as they come: what is written is at most one row change and one sum of
deltas per key, so the order between keys never matters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from mintflow.projections.core.tables import Table

Key = tuple[str, ...]
Row = list[str | None]
Delta = Decimal | int


class ChangeOutOfOrder(AssertionError):
    """A fold inserted a key that it had already; its event is parked."""


@dataclass(slots=True)
class TableChanges:
    """What becomes of the rows of one table. A key is in at most one of the four row changes.

    added: columns that hold sums, in the order of the table's columns after the key; a table with
    sums has nothing else.
    """

    inserted: dict[Key, Row] = field(default_factory=dict)
    upserted: dict[Key, Row] = field(default_factory=dict)
    patched: dict[Key, dict[str, str | None]] = field(default_factory=dict)
    deleted: dict[Key, None] = field(default_factory=dict)
    added: dict[Key, list[Delta]] = field(default_factory=dict)

    def __len__(self) -> int:
        return (
            len(self.inserted)
            + len(self.upserted)
            + len(self.patched)
            + len(self.deleted)
            + len(self.added)
        )


class Changes:
    """The changes of a batch, by table."""

    def __init__(self) -> None:
        self.tables: dict[str, tuple[Table, TableChanges]] = {}

    def of(self, table: Table) -> TableChanges:
        found = self.tables.get(table.name)
        if found is None:
            found = self.tables[table.name] = (table, TableChanges())
        return found[1]

    def __len__(self) -> int:
        """How many rows are to be touched."""
        return sum(len(changes) for _, changes in self.tables.values())

    def insert(self, table: Table, row: Row) -> None:
        """A row whose key is surely new. Raises ChangeOutOfOrder where it is not."""
        changes, key = self.of(table), _key(table, row)
        if changes.deleted and key in changes.deleted:
            del changes.deleted[key]
            changes.upserted[key] = row
        elif (
            key in changes.upserted
            or key in changes.patched
            or changes.inserted.setdefault(key, row) is not row
        ):
            raise ChangeOutOfOrder(f"{table.name}: this key was there before")

    def upsert(self, table: Table, row: Row) -> None:
        """A row that takes the place of one with its key, if there is one."""
        changes = self.of(table)
        key = _key(table, row)
        if key in changes.inserted:
            changes.inserted[key] = row
            return
        changes.patched.pop(key, None)
        changes.deleted.pop(key, None)
        changes.upserted[key] = row

    def patch(self, table: Table, key: Key, columns: dict[str, str | None]) -> None:
        """New values of some columns; nothing happens where there is no such row."""
        changes = self.of(table)
        row = changes.inserted.get(key) or changes.upserted.get(key)
        if row is not None:
            for name, value in columns.items():
                row[table.names.index(name)] = value
        elif key not in changes.deleted:
            held = changes.patched.get(key)
            if held is None:
                changes.patched[key] = columns
            else:
                held.update(columns)

    def delete(self, table: Table, key: Key) -> None:
        """No row under this key, whether there was one or not."""
        changes = self.of(table)
        changes.inserted.pop(key, None)
        changes.upserted.pop(key, None)
        changes.patched.pop(key, None)
        changes.deleted[key] = None

    def sums(self, table: Table) -> dict[Key, list[Delta]]:
        """What is added to the columns after each key; a row that is not there begins at zero.

        Sums that come back to zero stay as rows: whether a row exists then depends only on which
        events there were, and not on how they were cut into batches.
        """
        return self.of(table).added


def _key(table: Table, row: Row) -> Key:
    return tuple(row[: len(table.key)])  # type: ignore[arg-type]
