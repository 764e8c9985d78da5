"""`rebuild`: all read models from the whole log, against only reading the same events.

The baseline, `read`, is one process that reads the log by server cursor and decodes every record's
JSON with orjson, nothing else, as for `export`. Other readings of the same rows stand beside it, to
tell what a rebuild can not do without: `read_bytes_only`, the rows; `read_as_recorded`, events
whose sealed facts stay closed; `read_whole`, events with their sealed facts opened. The served read
models are filled first, so that the measured rebuild does all that one does in production: fold,
index, compare every row with the served ones, switch.

Then the same for each projection by itself that has rows here, as when a release folds one in
another way: `one_by_one`, with its own share of `read`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psycopg

from benchmarks.history import write_history
from benchmarks.rebuild_alone import measured
from benchmarks.setting import drop_database, fresh_database
from mintflow.store.keys import FolderKeyStore
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.sealing import Sealer

_NAME = "mintflow_bench_rebuild"
_READ = (
    "select shard, position, ledger_id, ledger_seq, recorded_at, record, sealed from log.event"
    " order by shard, position"
)
_JOBS = 2


async def run(server_url: str, events: int = 1_000_000) -> dict[str, Any]:
    """Events per second of both, their ratio, and the memory of the rebuild's processes; the same
    of each projection by itself."""
    return await asyncio.to_thread(_run, server_url, events)


def _run(server_url: str, events: int) -> dict[str, Any]:
    with _log_of(server_url, events) as (url, keys):
        before = _readings(url, keys)
        measured(url, keys, _JOBS)
        found = measured(url, keys, _JOBS)
        by_itself = {name: measured(url, keys, _JOBS, name) for name in found.pop("filled")}
        for one in (found, *by_itself.values()):
            differing = one.pop("differing")
            assert one["identical"], differing
        after = _readings(url, keys)
        for name in before:
            read = (before[name] + after[name]) / 2
            found[f"{name}_events_per_s"] = round(read, 1)
            found[f"share_of_{name}"] = round(found["events_per_s"] / read, 3)
        found["one_by_one"] = {
            name: {
                "rows": one["rows"],
                "events_per_s": one["events_per_s"],
                "share_of_read": round(one["events_per_s"] / found["read_events_per_s"], 3),
            }
            for name, one in by_itself.items()
        }
        return found


def _readings(url: str, keys: Path) -> dict[str, float]:
    """Events per second by what is read."""
    mapper = Mapper(Sealer(FolderKeyStore(keys)))

    def recorded(rows: list[Any]) -> list[RecordedEvent]:
        return [mapper.recorded(*row) for row in rows]

    def whole(rows: list[Any]) -> None:
        for event in recorded(rows):
            assert event.private() is not None, "the benchmark's own keys do not open its events"

    return {
        "read": read_all(url),
        "read_bytes_only": read_all(url, len),
        "read_as_recorded": read_all(url, recorded),
        "read_whole": read_all(url, whole),
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


def read_all(url: str, take: Callable[[list[Any]], object] | None = None) -> float:
    """Events per second of reading all of the log. take: some rows; None: decodes their JSON."""
    count, began = 0, time.perf_counter()
    with psycopg.connect(url) as conn, conn.cursor("log", binary=True) as cursor:
        cursor.execute(_READ)
        while rows := cursor.fetchmany(5_000):
            if take is None:
                for row in rows:
                    orjson.loads(row[5])
            else:
                take(rows)
            count += len(rows)
    return count / (time.perf_counter() - began)
