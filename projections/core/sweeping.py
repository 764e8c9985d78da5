"""Emptying the tables of a ledger whose keys are destroyed: its rows are folded anew.

What the folds give without the sealed facts is exactly what a rebuild would give, so no list of
personal columns has to be kept beside them. Kept tables of earlier versions can not be folded by
this release, and unfinished rebuilds may hold anything: both are dropped whole.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from mintflow.domain.core.ids import shard_of
from mintflow.projections.core.bulk.folder import LedgerFolder, Skipped
from mintflow.projections.core.bulk.worker import FOLD_EVENTS, open_tables
from mintflow.projections.core.checkpoints import ProjectionNotServed
from mintflow.projections.core.install import run
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.rebuild.coordinator import alone
from mintflow.projections.core.rebuild.course import clear
from mintflow.projections.core.rebuild.previous import drop, kept
from mintflow.projections.core.tables import SERVED, Table
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.mapper import Mapper

_PAGE = (
    "select e.shard, e.position, e.ledger_id, e.ledger_seq, e.recorded_at, e.record, e.sealed"
    " from log.event e where e.ledger_id = %s and e.ledger_seq > %s and e.ledger_seq <= %s"
    " and e.position <= %s order by e.ledger_seq"
)


def sweep(url: str, mapper: Mapper, ledger_id: UUID) -> int:
    """Empty what the tables hold of an erased ledger; returns how many answers were removed.

    url: a role that owns the schemas. mapper: one that can not open the ledger any more, nor can
    any other process. Everything of one ledger happens in one transaction, in which its shard is
    not folded. Raises RebuildRefused while a rebuild is under way, ProjectionNotServed.
    """
    assert mapper.forgets(ledger_id), "the keys of the ledger are still there"
    with open_tables(url) as conn, alone(conn):
        clear(conn)
        drop(conn, [one.projection for one in kept(conn)])
        # This commit is one that nobody should have to trust a later one for.
        conn.execute("set synchronous_commit = on")
        with conn.transaction():
            positions = _lock(conn, shard_of(ledger_id))
            for projection in PROJECTIONS:
                _fold_anew(conn, mapper, projection, ledger_id, positions[projection.name])
            row = conn.execute("select log.forget_answers(%s)", [ledger_id]).fetchone()
        assert row is not None
        for projection in PROJECTIONS:
            for table in projection.tables:
                _forget_values(conn, table)
        run(conn, "vacuum log.answer")
    return int(row[0])


# A value of each type that a column may have.
_ANY_VALUE = {
    "uuid": str(UUID(int=0)), "text": "", "text[]": "{}", "jsonb": "{}", "numeric": "0",
    "bigint": "0", "integer": "0", "int": "0", "date": "2000-01-01",
    "timestamptz": "2000-01-01 00:00:00+00",
    "boolean": "false",
}  # fmt: skip


def _forget_values(conn: psycopg.Connection[Any], table: Table) -> None:
    """Free the old rows, and let the planner forget the commonest values of their columns."""
    run(conn, f"vacuum (analyze) {SERVED}.{table.name}")
    # What is known of a table stays when it is looked at empty, so it is shown one row meanwhile.
    with conn.transaction():
        sql = f"select not exists (select from {SERVED}.{table.name})"  # noqa: S608
        row = conn.execute(sql.encode()).fetchone()
        if row is None or not row[0]:
            return
        values = ", ".join(f"'{_ANY_VALUE[column.type]}'" for column in table.columns)
        run(conn, f"insert into {SERVED}.{table.name} values ({values})")  # noqa: S608
        run(conn, f"analyze {SERVED}.{table.name}")
        nobody = UUID(int=0)
        run(conn, f"delete from {SERVED}.{table.name} where ledger_id = '{nobody}'")  # noqa: S608


def _lock(conn: psycopg.Connection[Any], shard: int) -> dict[str, int]:
    """Projection -> position, locked in the order of all appliers: whoever folded with a key that
    is gone has committed before this returns. Raises ProjectionNotServed."""
    found = {
        (name, version): position
        for name, version, position in conn.execute(
            "select projection, version, position from projection.checkpoint where shard = %s"
            " order by shard, projection, version for update",
            [shard],
        ).fetchall()
    }
    for one in PROJECTIONS:
        if (one.name, one.version) not in found:
            raise ProjectionNotServed(
                "this version of a projection is not served",
                projection=one.name,
                version=one.version,
            )
    return {one.name: found[one.name, one.version] for one in PROJECTIONS}


def _fold_anew(
    conn: psycopg.Connection[Any],
    mapper: Mapper,
    projection: Projection,
    ledger_id: UUID,
    position: int,
) -> None:
    for table in projection.tables:
        sql = f"delete from {SERVED}.{table.name} where ledger_id = %s"  # noqa: S608
        conn.execute(sql.encode(), [ledger_id])
    folder = LedgerFolder(conn, SERVED, [projection], _parked(conn, projection, ledger_id))
    after = 0
    while rows := conn.execute(
        _PAGE, [ledger_id, after, after + FOLD_EVENTS, position], binary=True
    ).fetchall():
        folder.take([mapper.recorded(*row) for row in rows])
        after += len(rows)
    folder.finish()


def _parked(conn: psycopg.Connection[Any], projection: Projection, ledger_id: UUID) -> Skipped:
    return frozenset(
        (projection.name, shard, position)
        for shard, position in conn.execute(
            "select shard, position from projection.parked"
            " where ledger_id = %s and projection = %s and version = %s",
            [ledger_id, projection.name, projection.version],
        ).fetchall()
    )
