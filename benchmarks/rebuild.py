"""`rebuild`: all read models from the whole log, against only reading the same events.

The baseline is one process that reads the log by server cursor and decodes every event's JSON with
orjson, nothing else. The served read models are filled first, so that the measured rebuild does all
that one does in production: fold, index, compare every row with the served ones, switch.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psycopg

from benchmarks.history import write_history
from benchmarks.rebuild_alone import measured
from benchmarks.setting import drop_database, fresh_database
from mintflow.store.keys import FolderKeyStore

_NAME = "mintflow_bench_rebuild"
_READ = (
    "select shard, position, ledger_id, ledger_seq, recorded_at, record, sealed from log.event"
    " order by shard, position"
)
_JOBS = 2


async def run(server_url: str, events: int = 1_000_000) -> dict[str, Any]:
    """Events per second of both, their ratio, and the memory of the rebuild's processes."""
    return await asyncio.to_thread(_run, server_url, events)


def _run(server_url: str, events: int) -> dict[str, Any]:
    with _log_of(server_url, events) as (url, keys):
        before = read_all(url)
        measured(url, keys, _JOBS)
        found = measured(url, keys, _JOBS)
        differing = found.pop("differing")
        assert found["identical"], differing
        read = (before + read_all(url)) / 2
        return {
            **found,
            "read_events_per_s": round(read, 1),
            "share_of_read": round(found["events_per_s"] / read, 3),
        }


@contextmanager
def _log_of(server_url: str, events: int) -> Iterator[tuple[str, Path]]:
    url = fresh_database(server_url, _NAME)
    try:
        with tempfile.TemporaryDirectory(prefix="mintflow-bench-keys-") as folder:
            write_history(url, FolderKeyStore(Path(folder)), events)
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute("vacuum analyze log.event")
            yield url, Path(folder)
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
