"""`rebuild`: all read models from the whole log, against only reading the same events.

The baseline is one process that reads the log by server cursor and decodes every event's JSON with
orjson, nothing else. The served read models are filled first, so that the measured rebuild does all
that one does in production: fold, index, compare every row with the served ones, switch.
"""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import psycopg

from benchmarks.history import write_history
from benchmarks.setting import drop_database, fresh_database
from mintflow.projections.core.rebuild import rebuild
from mintflow.store.keys import FolderKeyStore

_NAME = "mintflow_bench_rebuild"
_READ = (
    "select shard, position, ledger_id, ledger_seq, recorded_at, record, sealed from log.event"
    " order by shard, position"
)
_JOBS = 2


async def run(server_url: str, events: int = 1_000_000) -> dict[str, Any]:
    """Events per second of both, their ratio, and the memory of the largest process."""
    return await asyncio.to_thread(_run, server_url, events)


def _run(server_url: str, events: int) -> dict[str, Any]:
    with _log_of(server_url, events) as (url, keys):
        before = read_all(url)
        rebuild(url, keys, jobs=_JOBS)
        report = rebuild(url, keys, jobs=_JOBS)
        assert report.identical, [one.name for one in report.tables if one.served != one.rebuilt]
        read = (before + read_all(url)) / 2
        return {
            "events": report.events,
            "rows": sum(one.rebuilt.rows for one in report.tables),
            "seconds": report.seconds,
            "events_per_s": report.events_per_second,
            "read_events_per_s": round(read, 1),
            "share_of_read": round(report.events_per_second / read, 3),
            "identical": report.identical,
            "memory_mb": _memory_mb(),
        }


@contextmanager
def _log_of(server_url: str, events: int) -> Iterator[tuple[str, Callable[[], FolderKeyStore]]]:
    url = fresh_database(server_url, _NAME)
    try:
        with tempfile.TemporaryDirectory(prefix="mintflow-bench-keys-") as folder:
            write_history(url, FolderKeyStore(Path(folder)), events)
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute("vacuum analyze log.event")
            yield url, partial(FolderKeyStore, Path(folder))
    finally:
        drop_database(server_url, _NAME)


def read_all(url: str) -> float:
    """Events per second of reading and decoding all of the log."""
    count, began = 0, time.perf_counter()
    with psycopg.connect(url) as conn, conn.cursor("log", binary=True) as cursor:
        cursor.execute(_READ)
        while rows := cursor.fetchmany(5_000):
            for row in rows:
                orjson.loads(row[5])
            count += len(rows)
    return count / (time.perf_counter() - began)


def _memory_mb() -> int:
    """Of the rebuild's workers and this process together, each at its peak."""
    own, children = (
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return round((own + _JOBS * children) / 1024)
