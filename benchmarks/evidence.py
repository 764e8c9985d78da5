"""`evidence`: appending with a notary beside it against without; an inclusion proof in a million.

Both halves of a pair run on one database one after the other, several times in turn. The proofs are
of random positions in a shard of a million leaves, read from its tiles by a fresh reader each time,
as a request does.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from benchmarks.setting import Place, drop_database, fresh_database, load, places, product
from mintflow.commands.transactions import RecordTransaction
from mintflow.hosts.bootstrap import connector
from mintflow.hosts.notarizing import Evidence, Notarizing
from mintflow.store.evidence.growth import ShardTree
from mintflow.store.evidence.keyring import Keyring
from mintflow.store.evidence.proofs import inclusion_proof
from mintflow.store.evidence.register import Register
from mintflow.store.evidence.tiles import WIDTH, TreeReader
from mintflow.store.evidence.verifier import inclusion_holds

_NAME = "mintflow_bench_evidence"
_CLIENTS, _LEDGERS, _PAIRS = 32, 1_000, 3
_SHARD = 7


async def run(
    server_url: str, seconds: float = 5.0, leaves: int = 1_000_000, proofs: int = 300
) -> dict[str, Any]:
    """Commands per second with and without, their ratio, and milliseconds per proof."""
    url = fresh_database(server_url, _NAME)
    try:
        appended = await _append(url, seconds)
        return {**appended, "proof": await _prove(url, leaves, proofs)}
    finally:
        drop_database(server_url, _NAME)


async def _append(url: str, seconds: float) -> dict[str, Any]:
    rates: dict[str, list[float]] = {"off": [], "on": []}
    with tempfile.TemporaryDirectory(prefix="mintflow-bench-evidence-") as folder:
        evidence = Evidence(
            Keyring(Path(folder) / "signing", uuid4()), Register(Path(folder) / "heads")
        )
        async with product(url, tail=False) as made:
            spread = await places(made, _LEDGERS)

            async def record(place: Place) -> None:
                command = RecordTransaction(
                    account_id=place.account_id,
                    date="2026-03-01",
                    amount="-12.30",
                    description="Coffee at the corner",
                )
                await made.bus.execute(command, place.context())

            async def rate() -> float:
                measured = await load(
                    _CLIENTS, seconds, lambda c, n: record(spread[(c * 7919 + n * 31) % _LEDGERS])
                )
                return measured["per_s"]

            for pair in range(_PAIRS):
                for which in ("off", "on") if pair % 2 == 0 else ("on", "off"):
                    notary = Notarizing(connector(url), evidence, every_events=10_000, every_s=30.0)
                    if which == "on":
                        await notary.start()
                    rates[which].append(await rate())
                    if which == "on":
                        await notary.stop()
                    else:
                        await _caught_up(url, evidence)
    off, on = statistics.median(rates["off"]), statistics.median(rates["on"])
    return {"off_per_s": off, "on_per_s": on, "ratio": round(on / off, 3), "runs": rates}


async def _caught_up(url: str, evidence: Evidence) -> None:
    """So that a run with evidence pays for its own events and not for those before."""
    from benchmarks.verifying import notarize

    await notarize(url, evidence.keys, evidence.register)


async def _prove(url: str, leaves: int, proofs: int) -> dict[str, Any]:
    conn = await psycopg.AsyncConnection.connect(url, autocommit=True)
    async with conn:
        await conn.execute("set session_replication_role = replica")
        await conn.execute("delete from audit.tile where shard = %s", [_SHARD])
        tree = ShardTree(_SHARD)
        size = leaves // WIDTH * WIDTH
        made = await _grown(conn, tree, size)
        root, spans, chance = tree.root(), [], random.Random(9162)
        for _ in range(proofs):
            position = chance.randint(1, size)
            began = time.perf_counter()
            proof = await inclusion_proof(TreeReader(conn, _SHARD), position, size)
            spans.append(time.perf_counter() - began)
            assert inclusion_holds(made[position - 1], position - 1, size, proof, root)
    spans.sort()
    return {
        "leaves": size,
        "p50_ms": round(statistics.median(spans) * 1000, 3),
        "p99_ms": round(spans[int(len(spans) * 0.99)] * 1000, 3),
        "max_ms": round(spans[-1] * 1000, 3),
    }


async def _grown(conn: psycopg.AsyncConnection[Any], tree: ShardTree, size: int) -> list[bytes]:
    """Random leaves through the tree's own growth; the tiles are kept as the notary keeps them."""
    made = []
    while tree.size < size:
        blob = os.urandom(32 * 4_096)
        fresh = [blob[at : at + 32] for at in range(0, len(blob), 32)][: size - tree.size]
        await tree.take(conn, fresh)
        made += fresh
    return made
