"""Filling the tables of a rebuild: rows first, then keys and indexes, ledgers of great size last.

A primary key that is there while rows are copied costs more than one that is made of all of them at
once. What needs it is only a ledger that does not fit into memory: its later rows are written onto
the earlier ones. So such ledgers wait until the keys are made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg

from mintflow.projections.core.bulk.folder import ROWS_HARD
from mintflow.projections.core.bulk.worker import Job, Unit, open_tables
from mintflow.projections.core.install import run
from mintflow.projections.core.rebuild.crew import Crew
from mintflow.projections.core.tables import Table

# An event makes about four rows. A ledger that makes more of them than this lets expect is found
# out by its worker, and waits as well.
EVENTS_HELD_MAX = ROWS_HARD // 4


def fill(
    conn: psycopg.Connection[Any],
    crew: Crew,
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
        make_all(job.url, conn, [(table.key_name, table.key_sql(job.schema)) for table in tables],
                 job.schema, crew.size)  # fmt: skip
    keyed_units = [replace(unit, keyed=True) for unit in (*large, *too_large)]
    more, _ = crew.fold(job, keyed_units, lambda count: done(folded + count))
    return folded + more


def index(
    url: str, conn: psycopg.Connection[Any], tables: Sequence[Table], schema: str, jobs: int
) -> None:
    """Secondary indexes, those that are not there yet, and statistics."""
    named = [
        (index.name, sql)
        for table in tables
        for index, sql in zip(table.indexes, table.index_sql(schema), strict=True)
    ]
    make_all(url, conn, named, schema, jobs)
    _at_once(url, [f"analyze {schema}.{table.name}" for table in tables], jobs)


def make_all(
    url: str,
    conn: psycopg.Connection[Any],
    named: Sequence[tuple[str, str]],
    schema: str,
    jobs: int,
) -> None:
    """Make those of some indexes that are not there yet, several at a time.

    named: (name, the statement that makes it).
    """
    there = _indexes(conn, schema)
    _at_once(url, [sql for name, sql in named if name not in there], jobs)


def _indexes(conn: psycopg.Connection[Any], schema: str) -> set[str]:
    rows = conn.execute("select indexname from pg_indexes where schemaname = %s", [schema])
    return {name for (name,) in rows.fetchall()}


def _at_once(url: str, statements: Sequence[str], jobs: int) -> None:
    def make(sql: str) -> None:
        with open_tables(url) as conn:
            run(conn, "set maintenance_work_mem = '128MB'")
            run(conn, sql)

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        list(pool.map(make, statements))
