"""Connections side by side, one for each core, for what a rebuild leaves to the server alone.

Indexes, statistics and digests are hundreds of statements of which most take a millisecond: a
connection of its own for each of them would cost more than the statement. The server is to use one
process for each: with as many lanes as cores, helpers of its own only stand in each other's way.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg

from mintflow.projections.core.bulk.worker import open_tables

T = TypeVar("T")
Connection = psycopg.Connection[Any]
_LANES = 0x4D726C61  # Any fixed number, another one than that of rebuilds.
_SETTINGS = """
set maintenance_work_mem = '128MB';
set max_parallel_maintenance_workers = 0;
set max_parallel_workers_per_gather = 0
"""


class Lanes:
    """A context: what was begun is through after it, and its connections are closed."""

    def __init__(self, url: str, count: int) -> None:
        self._url = url
        self._pool = ThreadPoolExecutor(max(1, count))
        self._opened: list[Connection] = []
        self._idle: SimpleQueue[Connection] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """What has not begun by then is not done; without an error its futures were waited for."""
        self._pool.shutdown(cancel_futures=True)
        for conn in self._opened:
            conn.close()

    def begin(self, work: Callable[[Connection], T]) -> Future[T]:
        """Have something done with one of the connections, after what was begun before."""
        return self._pool.submit(self._carry_out, work)

    def _carry_out(self, work: Callable[[Connection], T]) -> T:
        try:
            conn = self._idle.get_nowait()
        except Empty:
            conn = self._open()
        try:
            return work(conn)
        finally:
            self._idle.put(conn)

    def _open(self) -> Connection:
        conn = open_tables(self._url)
        self._opened.append(conn)
        conn.execute(_SETTINGS.encode())
        conn.execute("select pg_advisory_lock_shared(%s)", [_LANES])
        return conn


def wait_for_lanes(conn: Connection) -> None:
    """Until no lane of a rebuild that was killed is left.

    The server ends what it was told, an index for instance, before it sees that nobody waits for
    it; the rebuild that goes on must not begin with the very same one meanwhile.
    """
    conn.execute("select pg_advisory_lock(%s)", [_LANES])
    conn.execute("select pg_advisory_unlock(%s)", [_LANES])
