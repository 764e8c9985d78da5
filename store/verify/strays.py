"""Rows of shards that there are not: no shard's audit comes to them, but who asks for a ledger or
the trail may be given them."""

from __future__ import annotations

from typing import Any

import psycopg

from mintflow.domain.core.ids import SHARDS
from mintflow.store.evidence.tiles import TRAIL
from mintflow.store.verify.report import ShardReport

# Table -> its first shard, the one behind its last, and what in it is the smallest place.
_TABLES = {
    "log.event": (0, SHARDS, "position"),
    "log.shard_head": (0, SHARDS, "position"),
    "log.ledger_head": (0, SHARDS, "ledger_seq"),
    "audit.tile": (TRAIL, SHARDS, "number"),
    "audit.head": (TRAIL, SHARDS, "size"),
    "audit.trail": (TRAIL, TRAIL + 1, "position"),
    "audit.trail_head": (TRAIL, TRAIL + 1, "position"),
}


def strays(conn: psycopg.Connection[Any]) -> list[ShardReport]:
    """A report for each table and shard with such rows. Raises psycopg.Error."""
    found = []
    for table, (first, end, place) in _TABLES.items():
        rows = conn.execute(
            f"select shard, min({place}), count(*) from {table}"  # noqa: S608 - constants only
            " where shard < %s or shard >= %s or shard is null group by shard order by shard",
            [first, end],
        )
        for shard, position, count in rows:
            report = ShardReport(0 if shard is None else shard)
            where = "of no shard" if shard is None else f"of shard {shard}, which there is not"
            report.add("WRONG_SHARD", position or 0, f"{table}: {count} rows {where}")
            found.append(report)
    return found
