"""Make the tables of projections that the database does not have yet.

A new projection begins at position 0 and the tailer brings it up to the others; a rebuild does the
same faster. One that the database serves in another version is left alone, for only a rebuild can
replace its tables without ever showing half of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from mintflow.projections.core.projection import Projection
from mintflow.projections.core.published import is_published, publish, withdraw
from mintflow.projections.core.tables import SERVED, Table
from mintflow.projections.registry import PROJECTIONS

_LOCK = 0x4D6D6F64  # Any fixed number, another one than that of the migrations.


def install(url: str, projections: Sequence[Projection] = PROJECTIONS) -> list[str]:
    """Bring the served schema to this release; several hosts may do so at once.

    url: a role that owns the schema. Returns the names of projections that the database serves in
    another version: they need a rebuild before this process can fold them.
    """
    with psycopg.connect(url, autocommit=True) as conn, conn.transaction():
        conn.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        served: dict[str, int] = dict(
            conn.execute(
                "select projection, max(version) from projection.checkpoint group by projection"
            ).fetchall()
        )
        new = [projection for projection in projections if projection.name not in served]
        for projection in new:
            for table in projection.tables:
                run(conn, table.create_sql(SERVED))
                for statement in table.index_sql(SERVED):
                    run(conn, statement)
                mark(conn, projection, table)
            conn.execute(
                "insert into projection.checkpoint (shard, projection, version, position)"
                " select shard, %s, %s, 0 from log.shard_head",
                [projection.name, projection.version],
            )
        if new or not is_published(conn):
            make_views(conn, projections)
        return [
            projection.name
            for projection in projections
            if served.get(projection.name, projection.version) != projection.version
        ]


def mark(conn: psycopg.Connection[Any], projection: Projection, table: Table) -> None:
    """Note in the database whose table it is, for a later version that has it no more."""
    run(conn, f"comment on table {SERVED}.{table.name} is '{mark_of(projection)}'")


def mark_of(projection: Projection) -> str:
    return f"read model of {projection.name}"


def make_views(conn: psycopg.Connection[Any], projections: Sequence[Projection]) -> None:
    """Make all views over the served tables anew, those for analysts among them."""
    drop_views(conn, projections)
    run(conn, f"set local search_path = {SERVED}")
    for projection in projections:
        for view in projection.views:
            run(conn, view.create_sql(SERVED))
    publish(conn, SERVED)


def drop_views(conn: psycopg.Connection[Any], projections: Sequence[Projection]) -> None:
    """Drop them, before a table below them is replaced."""
    withdraw(conn)
    for projection in projections:
        for view in projection.views:
            run(conn, f"drop view if exists {SERVED}.{view.name}")


def run(conn: psycopg.Connection[Any], sql: str) -> None:
    """Execute SQL that is made of this package's own constants."""
    conn.execute(sql.encode())
