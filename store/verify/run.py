"""The whole audit: one process per job, a shard at a time each."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.sharedctypes import Synchronized
from typing import Any, Self

import psycopg

from mintflow.domain.catalogue import event_types
from mintflow.domain.core.ids import SHARDS
from mintflow.store.verify.report import ShardReport, VerifyReport
from mintflow.store.verify.shard import verify_shard

Progress = Callable[[int, int], None]
_LOOK_S = 0.2


def verify(database_url: str, *, jobs: int = 2, progress: Progress | None = None) -> VerifyReport:
    """Re-read every event and say what is wrong; never raises for what it finds or cannot reach.

    database_url: any role that may read the schema `log`. jobs: processes; 1 stays in this one.
    progress: called with events read and events there are, now and then.
    """
    try:
        with psycopg.connect(database_url, autocommit=True) as conn:
            rows = conn.execute("select shard, position from log.shard_head").fetchall()
    except psycopg.Error as trouble:
        blind = ShardReport(0)
        blind.could_not_look(0, f"the database: {type(trouble).__name__}")
        return VerifyReport.of([blind])
    sizes: dict[int, int] = dict(rows)
    shards = sorted({*range(SHARDS), *sizes}, key=lambda shard: (-sizes.get(shard, 0), shard))
    total = sum(sizes.values())
    tell = progress or _silent
    if jobs <= 1:
        return VerifyReport.of(_here(database_url, shards, total, tell))
    return VerifyReport.of(_in_processes(database_url, shards, total, tell, jobs))


def _here(
    database_url: str, shards: list[int], total: int, progress: Progress
) -> list[ShardReport]:
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        progress(done, total)

    with _Reader(database_url) as reader:
        return [reader.verify(shard, tell) for shard in shards]


def _in_processes(
    database_url: str, shards: list[int], total: int, progress: Progress, jobs: int
) -> list[ShardReport]:
    # Spawned, not forked: the caller may have threads and open connections.
    context = multiprocessing.get_context("spawn")
    read = context.Value("q", 0)
    reports: list[ShardReport] = []
    with ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_begin, initargs=(database_url, read)
    ) as pool:
        futures = {pool.submit(_job, shard): shard for shard in shards}
        waiting = set(futures)
        while waiting:
            finished, waiting = wait(waiting, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            for future in finished:
                try:
                    reports.append(future.result())
                except BrokenProcessPool:
                    lost = ShardReport(futures[future])
                    lost.could_not_look(0, "the process that read the shard ended")
                    reports.append(lost)
            progress(read.value, total)
    return reports


class _Reader:
    """A connection for one shard after the other, opened when it is needed."""

    def __init__(self, database_url: str) -> None:
        event_types()
        self._url = database_url
        self._conn: psycopg.Connection[Any] | None = None

    def verify(self, shard: int, tell: Callable[[int], None]) -> ShardReport:
        try:
            if self._conn is None or self._conn.closed:
                self._conn = psycopg.connect(self._url, autocommit=True)
        except psycopg.Error as trouble:
            blind = ShardReport(shard)
            blind.could_not_look(0, f"the database: {type(trouble).__name__}")
            return blind
        return verify_shard(self._conn, shard, tell)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._conn is not None:
            self._conn.close()


# What a spawned process has: its reader, and the counter that all of them share.
_process: tuple[_Reader, Synchronized[Any]] | None = None


def _begin(database_url: str, read: Synchronized[Any]) -> None:
    global _process
    _process = _Reader(database_url), read


def _job(shard: int) -> ShardReport:
    assert _process is not None
    reader, read = _process

    def tell(more: int) -> None:
        with read.get_lock():
            read.value += more

    return reader.verify(shard, tell)


def _silent(_done: int, _total: int) -> None:
    """Nobody wants to know."""
