"""What a rebuild did, and whether the rebuilt rows are the served ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from mintflow.projections.core.tables import Table


@dataclass(frozen=True, slots=True)
class Digest:
    """rows: how many. digest: the sum of a 64-bit hash of each row, so the order does not count.
    It is over all columns, numbers as they are written: 1.0 is not 1.00. sums: of each column of
    amounts or counts, for people; the digest says more."""

    rows: int
    digest: int
    sums: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TableReport:
    """served is None where there was nothing to compare with. ledgers: some of those whose rows
    differ."""

    name: str
    rebuilt: Digest
    served: Digest | None
    ledgers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """events: folded. seconds: from the first look at the log to the switch.

    identical: whether every table's rebuilt rows were the served ones at the same positions; None
    where nothing was served that could be compared (first fill, other version, tables lost).
    resumed: events that a rebuild which was killed had folded already; they are in `events`, and
    not in `events_per_second`.
    """

    events: int
    seconds: float
    events_per_second: float
    identical: bool | None
    tables: tuple[TableReport, ...]
    resumed: int = 0


# A person looks at the first few; that there are more is seen when these are right.
LEDGERS_SHOWN_MAX = 20
_SUMMED = ("numeric", "bigint", "int", "integer")


def digest(conn: psycopg.Connection[Any], table: Table, schema: str) -> Digest:
    """The digest of a table as the connection's transaction sees it."""
    summed = [
        column.name
        for column in table.columns
        if column.type in _SUMMED and column.name not in table.key
    ]
    sums = "".join(f", coalesce(sum({name}), 0)::text" for name in summed)
    sql = f"select count(*), {_hash(table)}{sums} from {schema}.{table.name}"  # noqa: S608
    row = conn.execute(sql.encode()).fetchone()
    assert row is not None
    return Digest(row[0], int(row[1]), tuple(zip(summed, row[2:], strict=True)))


def by_ledger(
    conn: psycopg.Connection[Any], table: Table, schema: str
) -> dict[str, tuple[int, int]]:
    """Ledger -> how many rows, and their digest."""
    sql = (
        f"select ledger_id::text, count(*), {_hash(table)}"  # noqa: S608
        f" from {schema}.{table.name} group by ledger_id"
    )
    return {
        ledger_id: (rows, int(found))
        for ledger_id, rows, found in conn.execute(sql.encode()).fetchall()
    }


def differing(one: dict[str, tuple[int, int]], other: dict[str, tuple[int, int]]) -> list[str]:
    """Ledgers of which the two sides have not the same rows, in order."""
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def _hash(table: Table) -> str:
    columns = ", ".join(
        f"{column.name}::text" if column.type == "numeric" else column.name
        for column in table.columns
    )
    # The second argument is the hash's seed; the sum of bigint is numeric and can not overflow.
    return f"coalesce(sum(hash_record_extended(row({columns}), 0)), 0)"
