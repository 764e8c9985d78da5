"""The course of a rebuild, from a clean slate to the switch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

from mintflow.domain.core.errors import Conflict
from mintflow.projections.core.bulk.worker import Job, Unit, open_tables
from mintflow.projections.core.install import run
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.rebuild.catching_up import (
    Replay,
    bring_served_up,
    comparable,
    still_parked,
)
from mintflow.projections.core.rebuild.crew import Crew
from mintflow.projections.core.rebuild.report import Digest, RebuildReport, TableReport, digest
from mintflow.projections.core.rebuild.switch import switch
from mintflow.projections.core.tables import APP_ROLE, SERVED, Table
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.keys import KeyStore
from mintflow.store.mapper import Mapper
from mintflow.store.sealing import Sealer

# Every rebuild has a schema of its own below this name, so that a worker that outlives its parent
# for a moment can never write into tables of a later rebuild.
NEXT = "model_next"
UNIT_EVENTS = 20_000
_LOCK = 0x4D726562  # Any fixed number.

Progress = Callable[[str, int, int], None]
"""(what is being done, events folded, events in all)"""


class RebuildRefused(Conflict):
    """Another rebuild of this database is under way, or there is no projection of that name."""

    code = "rebuild_refused"


def rebuild(
    url: str,
    keys: Callable[[], KeyStore],
    names: Sequence[str] | None = None,
    *,
    projections: Sequence[Projection] = PROJECTIONS,
    jobs: int = 2,
    progress: Progress | None = None,
) -> RebuildReport:
    """Make read models anew from the log and serve them instead of the present ones.

    url: a role that owns the schemas. keys: opens the key store, in each worker process too, so it
    has to be picklable (e.g. `functools.partial(FolderKeyStore, folder)`). names: which
    projections, all of them if None. jobs: worker processes; one per core is best.
    Not to be called in a thread that runs an event loop. Raises RebuildRefused, FoldFailed.
    """
    chosen = [one for one in projections if names is None or one.name in names]
    if names is not None and len(chosen) != len(set(names)):
        raise RebuildRefused("there is no such projection", known=[one.name for one in projections])
    report = progress or (lambda *_: None)
    began = time.perf_counter()
    with open_tables(url) as conn, _alone(conn), Crew(jobs) as crew:
        _clear(conn)
        mapper = Mapper(Sealer(keys()))
        compare = comparable(conn, chosen)
        if compare:
            asyncio.run(bring_served_up(url, mapper, chosen))
        schema = _make_schema(conn, chosen)
        skipped = still_parked(conn, mapper, chosen, schema)
        targets = _positions(conn, chosen) if compare else _heads(conn)
        job = Job(url, schema, chosen, keys, targets, skipped)
        units = _units(conn, targets)
        expected = sum(targets.values())
        events = crew.fold(job, units, lambda done: report("folding", done, expected))
        report("indexes", events, events)
        tables = [table for projection in chosen for table in projection.tables]
        _index(url, tables, schema, jobs)
        report("comparing", events, events)
        replay = Replay(conn, mapper, chosen, schema, skipped, dict(targets))
        found = _compare(url, tables, schema, replay, compare=compare)
        events += replay.events
        switch(conn, replay, projections, keep_up=compare)
        seconds = time.perf_counter() - began
    return RebuildReport(
        events,
        round(seconds, 3),
        round(events / seconds, 1) if seconds else 0.0,
        all(one.served == one.rebuilt for one in found) if compare else None,
        tuple(found),
    )


@contextmanager
def _alone(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """Hold the lock of rebuilds; it goes with the connection. Raises RebuildRefused."""
    row = conn.execute("select pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
    if row is None or not row[0]:
        raise RebuildRefused("another rebuild of this database is under way")
    yield


def _clear(conn: psycopg.Connection[Any]) -> None:
    """Remove what a killed rebuild left."""
    left = conn.execute(
        "select nspname from pg_namespace where starts_with(nspname, %s)", [NEXT]
    ).fetchall()
    for (name,) in left:
        run(conn, f'drop schema "{name}" cascade')


def _make_schema(conn: psycopg.Connection[Any], projections: Sequence[Projection]) -> str:
    """A new schema with the tables and their primary keys, which patches and sums need."""
    row = conn.execute("select pg_backend_pid(), pg_current_xact_id()::text").fetchone()
    assert row is not None
    schema = f"{NEXT}_{row[0]}_{row[1]}"
    with conn.transaction():
        run(conn, f"create schema {schema}")
        run(conn, f"grant usage on schema {schema} to {APP_ROLE}")
        for projection in projections:
            for table in projection.tables:
                run(conn, table.create_sql(schema))
    return schema


def _heads(conn: psycopg.Connection[Any]) -> dict[int, int]:
    return dict(conn.execute("select shard, position from log.shard_head").fetchall())


def _positions(conn: psycopg.Connection[Any], projections: Sequence[Projection]) -> dict[int, int]:
    """Shard -> the position that all of these are at, at least."""
    return dict(
        conn.execute(
            "select shard, min(position) from projection.checkpoint where projection = any(%s)"
            " group by shard",
            [[projection.name for projection in projections]],
        ).fetchall()
    )


def _units(conn: psycopg.Connection[Any], targets: Mapping[int, int]) -> list[Unit]:
    """All ledgers, in pieces of about equal work, the largest first."""
    units: list[Unit] = []
    ledgers: list[UUID] = []
    shard, events = -1, 0
    for at, ledger_id, count in conn.execute(
        "select shard, ledger_id, ledger_seq from log.ledger_head order by shard, ledger_id"
    ).fetchall():
        if ledgers and (at != shard or events + count > UNIT_EVENTS):
            units.append(Unit(shard, tuple(ledgers), events))
            ledgers, events = [], 0
        if targets.get(at, 0) > 0:
            shard = at
            ledgers.append(ledger_id)
            events += count
    if ledgers:
        units.append(Unit(shard, tuple(ledgers), events))
    return sorted(units, key=lambda unit: -unit.events)


def _index(url: str, tables: Sequence[Table], schema: str, jobs: int) -> None:
    """Secondary indexes and statistics, several tables at a time."""
    statements = [sql for table in tables for sql in table.index_sql(schema)]

    def make(sql: str) -> None:
        with open_tables(url) as conn:
            run(conn, "set maintenance_work_mem = '128MB'")
            run(conn, sql)

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        list(pool.map(make, statements))
        list(pool.map(make, [f"analyze {schema}.{table.name}" for table in tables]))


def _compare(
    url: str, tables: Sequence[Table], schema: str, replay: Replay, *, compare: bool
) -> list[TableReport]:
    """Bring the new tables to where the served ones are, and take the digests of both.

    The served side is one snapshot, rows and checkpoints together, so neither waits for the other:
    the live path goes on while they are compared.
    """
    served: list[Digest | None] = [None] * len(tables)
    if not compare:
        return _digests(url, tables, schema, served)
    with psycopg.connect(url, autocommit=True) as snapshot, snapshot.transaction():
        snapshot.execute("set transaction isolation level repeatable read read only")
        replay.until(_positions(snapshot, replay.projections))
        with ThreadPoolExecutor(1) as pool:
            rebuilt = pool.submit(_digests, url, tables, schema, served)
            served = [digest(snapshot, table, SERVED) for table in tables]
            return [
                TableReport(one.name, one.rebuilt, held)
                for one, held in zip(rebuilt.result(), served, strict=True)
            ]


def _digests(
    url: str, tables: Sequence[Table], schema: str, served: Sequence[Digest | None]
) -> list[TableReport]:
    with psycopg.connect(url) as conn:
        return [
            TableReport(table.name, digest(conn, table, schema), held)
            for table, held in zip(tables, served, strict=True)
        ]
