"""What a rebuild did, and whether the rebuilt rows are the served ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from mintflow.projections.core.tables import Table


@dataclass(frozen=True, slots=True)
class Digest:
    """rows: how many. digest: the sum of a 64-bit hash of each row, so the order does not count.
    It is over all columns, numbers as they are written: 1.0 is not 1.00."""

    rows: int
    digest: int


@dataclass(frozen=True, slots=True)
class TableReport:
    """served is None where there was nothing to compare with."""

    name: str
    rebuilt: Digest
    served: Digest | None


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """events: folded. seconds: from the first look at the log to the switch.

    identical: whether every table's rebuilt rows were the served ones at the same positions; None
    where nothing was served that could be compared (first fill, other version, tables lost).
    """

    events: int
    seconds: float
    events_per_second: float
    identical: bool | None
    tables: tuple[TableReport, ...]


def digest(conn: psycopg.Connection[Any], table: Table, schema: str) -> Digest:
    """The digest of a table as the connection's transaction sees it."""
    columns = ", ".join(
        f"{column.name}::text" if column.type == "numeric" else column.name
        for column in table.columns
    )
    # The second argument is the hash's seed; the sum of bigint is numeric and can not overflow.
    sql = (
        f"select count(*), coalesce(sum(hash_record_extended(row({columns}), 0)), 0)"  # noqa: S608
        f" from {schema}.{table.name}"
    )
    row = conn.execute(sql.encode()).fetchone()
    assert row is not None
    return Digest(row[0], int(row[1]))
