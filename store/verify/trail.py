"""The trail, entry by entry: its chain, its head, its tree and the heads published of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from mintflow.store.chain import first_hash, leaf_hash, link_hash
from mintflow.store.evidence.tiles import TRAIL
from mintflow.store.verify.published import Published
from mintflow.store.verify.report import ShardReport
from mintflow.store.verify.shard import us_of
from mintflow.store.verify.tree import TreeCheck

_ENTRIES = """
select position, timestamptz_send(recorded_at), record, sealed, hash
from audit.trail order by position
"""
_NOBODY = bytes(16)
_ROWS = 2_000


def verify_trail(
    conn: psycopg.Connection[Any],
    tell: Callable[[int], None],
    heads: Sequence[Published] = (),
) -> ShardReport:
    """Everything that is wrong in the trail, as the report of shard -1."""
    report = ShardReport(TRAIL)
    try:
        with conn.transaction():
            conn.execute("set transaction isolation level repeatable read, read only")
            _audit(conn, report, tell, TreeCheck(conn, report, heads))
    except psycopg.Error as trouble:
        report.could_not_look(report.events + 1, f"the database: {type(trouble).__name__}")
    return report


def _audit(
    conn: psycopg.Connection[Any],
    report: ShardReport,
    tell: Callable[[int], None],
    tree: TreeCheck,
) -> None:
    last, before, recorded_us, told = 0, first_hash(TRAIL), 0, False
    head = conn.execute("select position, hash, recorded_us from audit.trail_head").fetchone()
    with conn.cursor("trail") as cursor:
        cursor.execute(_ENTRIES, binary=True)
        while rows := cursor.fetchmany(_ROWS):
            for row in rows:
                report.events += 1
                if None in row:
                    report.could_not_look(row[0] or last + 1, "a column is null")
                    continue
                position, recorded_at, record, sealed, stored = row
                recorded_us = us_of(recorded_at)
                if position != last + 1:
                    report.add("GAP", last + 1, f"entries up to {position - 1} are missing")
                leaf = leaf_hash(TRAIL, position, _NOBODY, position, recorded_us, record, sealed)
                if link_hash(before, leaf) != stored and position == last + 1 and not told:
                    told = True
                    report.add("HASH_MISMATCH", position, "the entry is not what was hashed here")
                last, before = position, stored
                tree.leaves.append(leaf)
                tree.left -= 1
                if not tree.left:
                    tree.stop(stored)
            tell(len(rows))
    if head is None or None in head:
        report.add("TRUNCATED", last + 1, "the trail has no head, or a column of it is null")
    elif head[0] > last:
        report.add("TRUNCATED", last + 1, "the head of the trail says more entries")
    elif head[0] < last or bytes(head[1]) != before:
        report.add("HASH_MISMATCH", last, "the head of the trail is another one")
    elif head[2] != recorded_us:
        report.add("COLUMN_MISMATCH", last, "the time of the trail's head is another one")
    tree.finish(last)
