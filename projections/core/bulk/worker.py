"""A rebuild's worker process: folds the ledgers it is handed, until its parent has no more.

It reads the log on one connection and writes tables on another. When the parent dies the pipe
breaks, and the worker ends within a chunk; what it wrote lies in a schema that nobody else uses.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import psycopg

from mintflow.projections.core.bulk.folder import (
    ROWS_HARD,
    FoldFailed,
    LedgerFolder,
    LedgerIncomplete,
    LedgerTooLarge,
    Skipped,
)
from mintflow.projections.core.projection import Projection
from mintflow.store.arrays import UuidArray, register_arrays
from mintflow.store.keys import KeyStore
from mintflow.store.mapper import Mapper
from mintflow.store.sealing import Sealer

FETCH_EVENTS = 2_000
# As many as stay in the processor's cache while one projection after the other goes over them:
# chunks of 2,000 take a quarter longer.
FOLD_EVENTS = 200

# The nested loop keeps the order of the array; a ledger's events come by its own index. What the
# unit knows already (shard, ledger) is not read once per event.
_HISTORY = """
select l.number, e.position, e.ledger_seq, e.recorded_at, e.record, e.sealed
from unnest(%s) with ordinality as l (ledger_id, number)
cross join lateral (
    select * from log.event e
    where e.ledger_id = l.ledger_id and e.position <= %s
    order by e.ledger_seq
) e
"""


@dataclass(frozen=True, slots=True)
class Job:
    """All that a worker is told. targets: shard -> position of the last event to fold.
    events_per_s: how many of them one worker folds at most; None: as fast as it can. rows_hard:
    how many rows one worker holds."""

    url: str
    schema: str
    projections: Sequence[Projection]
    keys: Callable[[], KeyStore]
    targets: Mapping[int, int]
    skipped: Skipped
    events_per_s: float | None = None
    rows_hard: int = ROWS_HARD


@dataclass(frozen=True, slots=True)
class Unit:
    """Ledgers of one shard. events: about how many they have. number: among those of a rebuild.
    keyed: whether the tables have their primary keys."""

    shard: int
    ledgers: Sequence[UUID]
    events: int
    number: int = 0
    keyed: bool = True


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A unit that was not folded: it needs tables with keys."""


@dataclass(frozen=True, slots=True)
class WorkFailed:
    """An error on its way to the parent."""

    kind: type[Exception]
    message: str


def main() -> None:
    """A process of its own: the job and then the units come through the pipe of argv[1]."""
    with Connection(int(sys.argv[1])) as pipe, suppress(EOFError, OSError):
        work(pipe)


def work(pipe: Connection) -> None:
    """Answer each Unit with the number of its events, until the parent closes the pipe, or with
    TooLarge.

    What goes wrong with a unit is answered as the error, for the parent to raise.
    """
    # Everything here is freed by its last reference; looking for cycles among hundreds of thousands
    # of rows took a third of the time.
    gc.disable()
    job: Job = pipe.recv()
    mapper = Mapper(Sealer(job.keys()))
    with open_log(job.url) as log, open_tables(job.url) as tables:
        while True:
            pipe.send(_answer(job, pipe.recv(), mapper, log, tables, pipe))


def _answer(
    job: Job,
    unit: Unit,
    mapper: Mapper,
    log: psycopg.Connection[Any],
    tables: psycopg.Connection[Any],
    pipe: Connection,
) -> int | TooLarge | WorkFailed:
    try:
        return fold_unit(job, unit, mapper, log, tables, pipe)
    except LedgerTooLarge:
        return TooLarge()
    except (FoldFailed, LedgerIncomplete, psycopg.Error) as error:
        return WorkFailed(type(error), str(error))


def fold_unit(
    job: Job,
    unit: Unit,
    mapper: Mapper,
    log: psycopg.Connection[Any],
    tables: psycopg.Connection[Any],
    pipe: Connection | None = None,
) -> int:
    """Fold the ledgers of a unit, in one transaction with the note that it is done; returns how
    many events they have. Raises LedgerTooLarge, LedgerIncomplete, FoldFailed."""
    with tables.transaction():
        # A worker of a rebuild that was killed may be about to end this very unit.
        row = tables.execute(
            "select folded from projection.rebuild_unit where schema = %s and number = %s"
            " for update",
            [job.schema, unit.number],
        ).fetchone()
        if row and row[0] is not None:
            return int(row[0])
        count = _fold(job, unit, mapper, log, tables, pipe)
        tables.execute(
            "update projection.rebuild_unit set folded = %s where schema = %s and number = %s",
            [count, job.schema, unit.number],
        )
    return count


def _fold(
    job: Job,
    unit: Unit,
    mapper: Mapper,
    log: psycopg.Connection[Any],
    tables: psycopg.Connection[Any],
    pipe: Connection | None,
) -> int:
    began = time.monotonic()
    folder = LedgerFolder(
        tables,
        job.schema,
        job.projections,
        job.skipped,
        rows_hard=job.rows_hard,
        keyed=unit.keyed,
    )
    shard, ledgers, recorded, count = unit.shard, (None, *unit.ledgers), mapper.recorded, 0
    with log.transaction(), log.cursor("history", binary=True) as cursor:
        args = [UuidArray.of(unit.ledgers), job.targets[unit.shard]]
        cursor.execute(_HISTORY, args)
        while rows := cursor.fetchmany(FETCH_EVENTS):
            for start in range(0, len(rows), FOLD_EVENTS):
                folder.take(
                    [
                        recorded(shard, position, ledgers[number], seq, at, record, sealed)
                        for number, position, seq, at, record, sealed in rows[
                            start : start + FOLD_EVENTS
                        ]
                    ]
                )
            count += len(rows)
            # Nothing is sent while a unit is under way: what can be read is the parent's end.
            if pipe is not None and pipe.poll(_early_s(job, count, began)):
                raise EOFError
    folder.finish()
    return count


def _early_s(job: Job, count: int, began: float) -> float:
    """Seconds to wait so that no more is folded than the job allows."""
    if job.events_per_s is None:
        return 0.0
    return max(0.0, began + count / job.events_per_s - time.monotonic())


def open_log(url: str) -> psycopg.Connection[Any]:
    """A connection that reads the log."""
    conn = psycopg.connect(url, autocommit=True)
    register_arrays(conn)
    return conn


def open_tables(url: str) -> psycopg.Connection[Any]:
    """A connection that fills tables; they can be made again, so it waits for no disk."""
    conn = open_log(url)
    conn.execute("set synchronous_commit = off")
    return conn
