"""The whole audit: one process per job, a shard at a time each, and the trail at the end."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any, Self

import psycopg

from mintflow.domain.catalogue import event_types
from mintflow.domain.core.ids import SHARDS
from mintflow.store.evidence.tiles import TRAIL
from mintflow.store.keys import KeyStore, KeysUnreadable
from mintflow.store.verify.published import PublishedHeads
from mintflow.store.verify.report import ShardReport, VerifyReport
from mintflow.store.verify.resume import Progressed
from mintflow.store.verify.sealed import SealedCheck
from mintflow.store.verify.shard import verify_shard
from mintflow.store.verify.strays import strays
from mintflow.store.verify.trail import verify_trail

Progress = Callable[[int, int], None]
_LOOK_S = 0.2
_SIZES = (
    "select shard, position from log.shard_head where shard is not null and position is not null"
    " union all select %s, position from audit.trail_head where position is not null"
)


@dataclass(frozen=True, slots=True)
class Looking:
    """What an audit looks at beside the log itself.

    heads: published ones, to compare with. keys: opens the key store, in each process, so it has
    to be picklable; without it sealed facts are not opened. resume: a file to go on from.
    """

    heads: PublishedHeads = field(default_factory=PublishedHeads)
    keys: Callable[[], KeyStore] | None = None
    resume: Path | None = None


def verify(
    database_url: str,
    *,
    jobs: int = 2,
    progress: Progress | None = None,
    looking: Looking | None = None,
) -> VerifyReport:
    """Re-read every event and say what is wrong; never raises for what it finds or cannot reach.

    database_url: any role that may read the schemas `log` and `audit`. jobs: processes; 1 stays in
    this one. progress: called with events read and events there are, now and then.
    Raises NotThisAudit for a file to go on from that is of another log.
    """
    looking = looking or Looking()
    try:
        with psycopg.connect(database_url, autocommit=True) as conn:
            rows = conn.execute(_SIZES, [TRAIL]).fetchall()
            found = strays(conn)
            progressed = Progressed(looking.resume, conn)
    except psycopg.Error as trouble:
        blind = ShardReport(0)
        blind.could_not_look(0, f"the database: {type(trouble).__name__}")
        return VerifyReport.of([blind])
    sizes: dict[int, int] = dict(rows)
    shards = sorted(
        {TRAIL, *range(SHARDS)} - progressed.done.keys(),
        key=lambda shard: (-sizes.get(shard, 0), shard),
    )
    done = sum(report.events for report in progressed.done.values())
    run = _Run(database_url, shards, sum(sizes.values()), done, progress or _silent, looking)
    found += progressed.done.values()
    for report in run.here() if jobs <= 1 else run.in_processes(jobs):
        progressed.finished(report)
        found.append(report)
    if all(report.complete for report in found):
        progressed.over()
    return VerifyReport.of([*found, *_troubles(looking.heads)])


def _troubles(heads: PublishedHeads) -> list[ShardReport]:
    found = []
    for code, shard, position, detail in heads.troubles:
        report = ShardReport(shard)
        report.add(code, position, detail)
        found.append(report)
    return found


@dataclass(frozen=True, slots=True)
class _Run:
    url: str
    shards: list[int]
    total: int
    done: int
    progress: Progress
    looking: Looking

    def here(self) -> Iterator[ShardReport]:
        done = self.done

        def tell(more: int) -> None:
            nonlocal done
            done += more
            self.progress(done, self.total)

        with _Reader(self.url, self.looking) as reader:
            for shard in self.shards:
                yield reader.verify(shard, tell)

    def in_processes(self, jobs: int) -> Iterator[ShardReport]:
        # Spawned, not forked: the caller may have threads and open connections.
        context = multiprocessing.get_context("spawn")
        read = context.Value("q", self.done)
        with ProcessPoolExecutor(
            jobs, mp_context=context, initializer=_begin, initargs=(self.url, self.looking, read)
        ) as pool:
            futures = {pool.submit(_job, shard): shard for shard in self.shards}
            waiting = set(futures)
            while waiting:
                finished, waiting = wait(waiting, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
                for future in finished:
                    try:
                        yield future.result()
                    except BrokenProcessPool:
                        lost = ShardReport(futures[future])
                        lost.could_not_look(0, "the process that read the shard ended")
                        yield lost
                self.progress(read.value, self.total)


class _Reader:
    """A connection for one shard after the other, opened when it is needed."""

    def __init__(self, database_url: str, looking: Looking) -> None:
        event_types()
        self._url = database_url
        self._heads = looking.heads
        self._keys = looking.keys
        self._conn: psycopg.Connection[Any] | None = None
        self._sealed: SealedCheck | None = None

    def verify(self, shard: int, tell: Callable[[int], None]) -> ShardReport:
        try:
            if self._conn is None or self._conn.closed:
                self._conn = psycopg.connect(self._url, autocommit=True)
            if self._keys is not None and self._sealed is None:
                self._sealed = SealedCheck(self._keys())
        except (psycopg.Error, KeysUnreadable) as trouble:
            what = "the keys" if isinstance(trouble, KeysUnreadable) else "the database"
            blind = ShardReport(shard)
            blind.could_not_look(0, f"{what}: {type(trouble).__name__}")
            return blind
        heads = self._heads.of(shard)
        if shard == TRAIL:
            return verify_trail(self._conn, tell, heads)
        return verify_shard(self._conn, shard, tell, heads, self._sealed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._conn is not None:
            self._conn.close()


# What a spawned process has: its reader, and the counter that all of them share.
_process: tuple[_Reader, Synchronized[Any]] | None = None


def _begin(database_url: str, looking: Looking, read: Synchronized[Any]) -> None:
    global _process
    _process = _Reader(database_url, looking), read


def _job(shard: int) -> ShardReport:
    assert _process is not None
    reader, read = _process

    def tell(more: int) -> None:
        with read.get_lock():
            read.value += more

    return reader.verify(shard, tell)


def _silent(_done: int, _total: int) -> None:
    """Nobody wants to know."""
