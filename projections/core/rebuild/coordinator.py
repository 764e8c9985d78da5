"""The course of a rebuild, from a clean slate to the switch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
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
    positions_of,
    still_parked,
)
from mintflow.projections.core.rebuild.comparing import compare_tables
from mintflow.projections.core.rebuild.course import (
    NEXT,
    Course,
    begin,
    clear,
    stands_at,
    unfinished,
    units_left,
)
from mintflow.projections.core.rebuild.crew import Crew
from mintflow.projections.core.rebuild.filling import fill, index, largest_first, through
from mintflow.projections.core.rebuild.lanes import Lanes, wait_for_lanes
from mintflow.projections.core.rebuild.previous import Previous, choose, drop, kept, replay_of
from mintflow.projections.core.rebuild.report import RebuildReport
from mintflow.projections.core.rebuild.switch import switch, vacuum_kept_off
from mintflow.projections.core.tables import APP_ROLE
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.keys import KeyStore
from mintflow.store.mapper import Mapper
from mintflow.store.sealing import Sealer

UNIT_EVENTS = 20_000
_LOCK = 0x4D726562  # Any fixed number.
_LOCK_TIMEOUT = "2s"

Progress = Callable[[str, int, int], None]
"""(what is being done, events folded, events in all)"""


class RebuildRefused(Conflict):
    """Another rebuild of this database is under way, or there is no projection of that name."""

    code = "rebuild_refused"


@dataclass(frozen=True, slots=True)
class Options:
    """How a rebuild goes about it. events_per_s: no more than this altogether, to leave the
    machine to others. resume: go on with one that was killed. keep_old: keep what is replaced, for
    a way back; it takes as much disk again."""

    events_per_s: float | None = None
    resume: bool = True
    keep_old: bool = True


def rebuild(
    url: str,
    keys: Callable[[], KeyStore],
    names: Sequence[str] | None = None,
    *,
    projections: Sequence[Projection] = PROJECTIONS,
    jobs: int = 2,
    options: Options = Options(),
    progress: Progress | None = None,
) -> RebuildReport:
    """Make read models anew from the log and serve them instead of the present ones.

    url: a role that owns the schemas. keys: opens the key store, in each worker process too, so it
    has to be picklable (e.g. `functools.partial(FolderKeyStore, folder)`). names: which
    projections, all of them if None. jobs: worker processes; one per core is best.
    Not to be called in a thread that runs an event loop. Raises RebuildRefused, FoldFailed.
    """
    chosen = _chosen(projections, names)
    report = progress or (lambda *_: None)
    began = time.perf_counter()
    with open_tables(url) as conn, alone(conn), Crew(jobs) as crew, Lanes(url, jobs) as lanes:
        mapper = Mapper(Sealer(keys()))
        compare = comparable(conn, chosen)
        if compare:
            asyncio.run(bring_served_up(url, mapper, chosen))
        course = _course(conn, mapper, chosen, compare=compare, resume=options.resume)
        units, folded = units_left(conn, course)
        resumed, expected = folded, folded + sum(unit.events for unit in units)
        pace = options.events_per_s and options.events_per_s / max(1, jobs)
        job = Job(url, course.schema, chosen, keys, course.targets, course.skipped, pace)
        tables = [table for projection in chosen for table in projection.tables]
        folded += fill(
            conn, crew, lanes, job, units, tables,
            lambda done: report("folding", resumed + done, expected), fresh=not resumed,
        )  # fmt: skip
        report("indexes", folded, folded)
        tables = largest_first(conn, tables, course.schema)
        indexed = index(conn, lanes, tables, course.schema)
        report("comparing", folded, folded)
        replay = Replay(
            conn, mapper, chosen, course.schema, course.skipped,
            dict(course.positions or course.targets),
            lambda positions: stands_at(conn, course.schema, positions),
        )  # fmt: skip
        with vacuum_kept_off(url, chosen):
            found = compare_tables(url, lanes, tables, course.schema, replay, compare=compare)
            through(indexed)
        identical = all(one.served == one.rebuilt for one in found) if compare else None
        switch(
            conn, [replay], projections,
            keep_up=compare, keep_old=options.keep_old, same=identical is True,
        )  # fmt: skip
        seconds = time.perf_counter() - began
    events = folded - resumed + replay.events
    return RebuildReport(
        folded + replay.events,
        round(seconds, 3),
        round(events / seconds, 1) if seconds else 0.0,
        identical,
        tuple(found),
        resumed,
    )


def rollback(
    url: str,
    keys: Callable[[], KeyStore],
    names: Sequence[str] | None = None,
    *,
    projections: Sequence[Projection] = PROJECTIONS,
) -> tuple[list[Previous], int]:
    """Serve again what the last switch took out of service, brought up to date.

    What is served now is kept in its place, so going back twice changes nothing. names: None: all
    of which something is kept. Returns what is served again, and the events it lacked.
    Raises NothingToGoBackTo, RebuildRefused, SwitchRefused, FoldFailed.
    """
    with open_tables(url) as conn, alone(conn):
        mapper = Mapper(Sealer(keys()))
        chosen = choose(conn, projections, names)
        replays = [replay_of(conn, mapper, *one) for one in chosen]
        for replay in replays:
            replay.until(positions_of(conn, replay.projections))
        switch(conn, replays, projections, keep_up=True)
        return [previous for _, previous in chosen], sum(replay.events for replay in replays)


def forget_previous(
    url: str,
    names: Sequence[str] | None = None,
    *,
    projections: Sequence[Projection] = PROJECTIONS,
) -> list[str]:
    """Drop the tables that are kept for a way back; says of which projections there were some.

    names: also those that an earlier release had and this one has not. Raises RebuildRefused.
    """
    with open_tables(url) as conn, alone(conn), conn.transaction():
        there = [one.projection for one in kept(conn)]
        _known(names or (), [*(one.name for one in projections), *there])
        return drop(conn, there if names is None else names)


def _chosen(projections: Sequence[Projection], names: Sequence[str] | None) -> list[Projection]:
    _known(names or (), [one.name for one in projections])
    return [one for one in projections if names is None or one.name in names]


def _known(names: Sequence[str], known: Sequence[str]) -> None:
    """Raises RebuildRefused."""
    if not set(names) <= set(known):
        raise RebuildRefused("there is no such projection", known=list(dict.fromkeys(known)))


def _course(
    conn: psycopg.Connection[Any],
    mapper: Mapper,
    chosen: Sequence[Projection],
    *,
    compare: bool,
    resume: bool,
) -> Course:
    """The rebuild that was killed, or a new one with its tables and units."""
    served = positions_of(conn, chosen)
    going = unfinished(conn, chosen, served, compared=compare) if resume else None
    clear(conn, going.schema if going else None)
    if going:
        return going
    schema = make_schema(conn, chosen)
    skipped = still_parked(conn, mapper, chosen, schema)
    course = Course(schema, compare, served if compare else _heads(conn), None, skipped)
    begin(conn, chosen, course, units_of(conn, course.targets))
    return course


@contextmanager
def alone(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """Hold the lock of rebuilds; it goes with the connection at the latest. Raises RebuildRefused.

    The server takes a moment to see that a rebuild was killed, which the next one waits for.
    """
    conn.execute("select set_config('lock_timeout', %s, false)", [_LOCK_TIMEOUT])
    try:
        conn.execute("select pg_advisory_lock(%s)", [_LOCK])
    except psycopg.errors.LockNotAvailable:
        raise RebuildRefused("another rebuild of this database is under way") from None
    finally:
        conn.execute("reset lock_timeout")
    try:
        wait_for_lanes(conn)
        yield
    finally:
        # Not left to the end of the connection, which the server sees after we are gone: whoever
        # goes on in the same breath would be refused.
        with suppress(psycopg.Error):
            conn.execute("select pg_advisory_unlock(%s)", [_LOCK])


def make_schema(conn: psycopg.Connection[Any], projections: Sequence[Projection]) -> str:
    """A new schema with the tables and their primary keys, which patches and sums need; a bulk
    fill takes the keys away for as long as it needs none."""
    row = conn.execute("select pg_backend_pid(), pg_current_xact_id()::text").fetchone()
    assert row is not None
    schema = f"{NEXT}_{row[0]}_{row[1]}"
    with conn.transaction():
        run(conn, f"create schema {schema}")
        run(conn, f"grant usage on schema {schema} to {APP_ROLE}")
        for projection in projections:
            for table in projection.tables:
                # While it is filled a vacuum would only be in the way of its keys and indexes.
                run(conn, table.create_sql(schema, vacuumed=False))
    return schema


def _heads(conn: psycopg.Connection[Any]) -> dict[int, int]:
    return dict(conn.execute("select shard, position from log.shard_head").fetchall())


def units_of(conn: psycopg.Connection[Any], targets: Mapping[int, int]) -> list[Unit]:
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
    units.sort(key=lambda unit: -unit.events)
    return [replace(unit, number=number) for number, unit in enumerate(units)]
