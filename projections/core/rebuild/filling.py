"""Filling the tables of a rebuild: rows first, then keys and indexes, ledgers of great size last.

A primary key that is there while rows are copied costs more than one that is made of all of them at
once. What needs it is only a ledger that does not fit into memory: its later rows are written onto
the earlier ones. So such ledgers wait until the keys are made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from itertools import chain
from typing import Any

import psycopg

from mintflow.projections.core.bulk.folder import ROWS_HARD
from mintflow.projections.core.bulk.worker import Job, Unit
from mintflow.projections.core.install import run
from mintflow.projections.core.rebuild.crew import Crew
from mintflow.projections.core.rebuild.lanes import Connection, Lanes
from mintflow.projections.core.tables import Table

# An event makes about four rows. A ledger that makes more of them than this lets expect is found
# out by its worker, and waits as well.
EVENTS_HELD_MAX = ROWS_HARD // 4


def fill(
    conn: psycopg.Connection[Any],
    crew: Crew,
    lanes: Lanes,
    job: Job,
    units: Sequence[Unit],
    tables: Sequence[Table],
    done: Callable[[int], None],
    *,
    fresh: bool,
) -> int:
    """Fold all units; afterwards the tables have their keys. Returns the number of events.

    fresh: the tables are empty, so their keys may be taken away. done: called with the events so
    far.
    """
    small = [unit for unit in units if unit.events <= EVENTS_HELD_MAX]
    large = [unit for unit in units if unit.events > EVENTS_HELD_MAX]
    if fresh and small:
        with conn.transaction():
            for table in tables:
                run(conn, table.without_key_sql(job.schema))
    keyed = all(table.key_name in _indexes(conn, job.schema) for table in tables)
    folded, too_large = crew.fold(job, [replace(unit, keyed=keyed) for unit in small], done)
    if not keyed:
        make_keys(conn, lanes, tables, job.schema)
    keyed_units = [replace(unit, keyed=True) for unit in (*large, *too_large)]
    more, _ = crew.fold(job, keyed_units, lambda count: done(folded + count))
    return folded + more


def make_keys(
    conn: psycopg.Connection[Any], lanes: Lanes, tables: Sequence[Table], schema: str
) -> None:
    """Those primary keys that are not there yet."""
    there = _indexes(conn, schema)
    through(
        [
            lanes.begin(_running(table.key_sql(schema)))
            for table in largest_first(conn, tables, schema)
            if table.key_name not in there
        ]
    )


def index(
    conn: psycopg.Connection[Any], lanes: Lanes, tables: Sequence[Table], schema: str
) -> list[Future[None]]:
    """Begin with secondary indexes, those that are not there yet, and with statistics.

    tables: the largest first. Who reads the tables meanwhile is not kept from it.
    """
    there = _indexes(conn, schema)
    made = [
        [
            lanes.begin(_running(sql))
            for index, sql in zip(table.indexes, table.index_sql(schema), strict=True)
            if index.name not in there
        ]
        for table in tables
    ]
    # The server takes no statistics of a table while it makes an index of it.
    waiting = sorted(zip(tables, made, strict=True), key=lambda one: len(one[1]))
    counted = [
        lanes.begin(_running(f"analyze {schema}.{table.name}", after)) for table, after in waiting
    ]
    return [*chain.from_iterable(made), *counted]


def through(begun: Sequence[Future[None]]) -> None:
    """Wait for all of them. Raises what one of them failed with."""
    for one in begun:
        one.result()


def largest_first(
    conn: psycopg.Connection[Any], tables: Sequence[Table], schema: str
) -> list[Table]:
    """In the order in which lanes that take one after the other end at about the same time."""
    sizes: dict[str, int] = dict(
        conn.execute(
            "select relname::text, pg_relation_size(oid) from pg_class"
            " where relnamespace = to_regnamespace(%s) and relkind = 'r'",
            [schema],
        ).fetchall()
    )
    return sorted(tables, key=lambda table: -sizes[table.name])


def _running(sql: str, after: Sequence[Future[None]] = ()) -> Callable[[Connection], None]:
    """after: begun before, so that waiting for them ends."""

    def carry_out(conn: Connection) -> None:
        through(after)
        run(conn, sql)

    return carry_out


def _indexes(conn: psycopg.Connection[Any], schema: str) -> set[str]:
    rows = conn.execute("select indexname from pg_indexes where schemaname = %s", [schema])
    return {name for (name,) in rows.fetchall()}
