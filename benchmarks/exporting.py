"""`export`: the whole history to Parquet, against only reading the same events.

The baseline is that of `rebuild`: one process that reads the log by server cursor and decodes every
event's JSON. Restoring is measured beside it: every hash computed again, then COPY.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.history import write_history
from benchmarks.rebuild import read_all
from benchmarks.setting import drop_database, fresh_database
from mintflow.store.archive import export, restore
from mintflow.store.keys import MemoryKeyStore

_NAME, _RESTORED = "mintflow_bench_export", "mintflow_bench_restored"


async def run(server_url: str, events: int = 300_000) -> dict[str, Any]:
    """Events per second, their share of reading alone, and bytes per event."""
    return await asyncio.to_thread(_run, server_url, events)


def _run(server_url: str, events: int) -> dict[str, Any]:
    url = fresh_database(server_url, _NAME)
    try:
        write_history(url, MemoryKeyStore(), events)
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("vacuum analyze log.event")
        with tempfile.TemporaryDirectory(prefix="mintflow-bench-export-") as folder:
            before = read_all(url)
            began = time.perf_counter()
            manifest = export(url, Path(folder) / "out", "parquet")
            took = time.perf_counter() - began
            read = (before + read_all(url)) / 2
            began = time.perf_counter()
            restore(fresh_database(server_url, _RESTORED), Path(folder) / "out")
            restored = time.perf_counter() - began
        return {
            "events": manifest.events,
            "events_per_s": round(manifest.events / took, 1),
            "read_events_per_s": round(read, 1),
            "share_of_read": round(manifest.events / took / read, 3),
            "bytes_per_event": round(sum(part.bytes for part in manifest.parts) / manifest.events),
            "restored_events_per_s": round(manifest.events / restored, 1),
        }
    finally:
        drop_database(server_url, _NAME)
        drop_database(server_url, _RESTORED)
