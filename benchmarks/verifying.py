"""`verify`: chain and Merkle tree of every event, against only reading them and hashing once.

The baseline reads the same rows by server cursor in as many processes and makes one SHA-256 of
each event's bytes with hashlib; it checks nothing. The audit has tiles and a published head to
compare with; sealed facts and read models are not looked at, as no baseline has them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from benchmarks.history import write_history
from benchmarks.setting import drop_database, fresh_database
from mintflow.domain.core.ids import SHARDS
from mintflow.store.evidence.keyring import Keyring
from mintflow.store.evidence.notary import Notary
from mintflow.store.evidence.register import Register
from mintflow.store.keys import MemoryKeyStore
from mintflow.store.verify import Looking, PublishedHeads, verify

_NAME = "mintflow_bench_verify"
_JOBS = 2
_READ = (
    "select position, uuid_send(ledger_id), ledger_seq, uuid_send(stream_id), stream_version, type,"
    " timestamptz_send(recorded_at), record, sealed, hash"
    " from log.event where shard = %s order by position"
)


async def run(server_url: str, events: int = 1_000_000) -> dict[str, Any]:
    """Events per second of both and their ratio; how long the trees took to be made."""
    url = fresh_database(server_url, _NAME)
    try:
        with tempfile.TemporaryDirectory(prefix="mintflow-bench-heads-") as folder:
            await asyncio.to_thread(write_history, url, MemoryKeyStore(), events)
            keys = Keyring(Path(folder) / "signing", uuid4())
            register = Register(Path(folder) / "heads")
            signed = await notarize(url, keys, register)
            heads = PublishedHeads()
            heads.from_register(register.folder, keys.public_keys())
            return await asyncio.to_thread(_measure, url, heads, signed)
    finally:
        drop_database(server_url, _NAME)


async def notarize(url: str, keys: Keyring, register: Register) -> float:
    """Grow all trees and sign their heads; the seconds that it took."""
    conn = await psycopg.AsyncConnection.connect(url, autocommit=True)
    async with conn:
        began = time.perf_counter()
        notary = await Notary.open(conn, keys, register, lambda: dt.datetime.now(dt.UTC))
        await notary.sign()
        return time.perf_counter() - began


def _measure(url: str, heads: PublishedHeads, signed_s: float) -> dict[str, Any]:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("vacuum analyze log.event")
    before = _read_and_hash(url)
    began = time.perf_counter()
    report = verify(url, jobs=_JOBS, looking=Looking(heads))
    seconds = time.perf_counter() - began
    assert report.ok, report.findings[:3]
    assert report.heads_compared
    read = (before + _read_and_hash(url)) / 2
    return {
        "events": report.events,
        "processes": _JOBS,
        "verify_events_per_s": round(report.events / seconds, 1),
        "read_and_hash_events_per_s": round(report.events / read, 1),
        "ratio": round(read / seconds, 3),
        "trees_events_per_s": round(report.events / signed_s, 1),
    }


def _read_and_hash(url: str) -> float:
    """The seconds of the baseline."""
    context = multiprocessing.get_context("spawn")
    shards = list(range(SHARDS))
    began = time.perf_counter()
    with ProcessPoolExecutor(_JOBS, mp_context=context) as pool:
        list(pool.map(_hash_shards, [url] * _JOBS, [shards[n::_JOBS] for n in range(_JOBS)]))
    return time.perf_counter() - began


def _hash_shards(url: str, shards: Sequence[int]) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        for shard in shards:
            with conn.transaction(), conn.cursor("read") as cursor:
                cursor.execute(_READ, [shard], binary=True)
                while rows := cursor.fetchmany(2_000):
                    for row in rows:
                        sha256(row[7] + row[8]).digest()
