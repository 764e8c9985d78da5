"""`evidence`: appending with a notary beside it against without; an inclusion proof in a million.

Both halves of a pair append the same on one database, one right after the other, and which is first
changes from pair to pair; the ratio is the median of those of the pairs. With evidence the measured
time goes from the end of one signing to the end of another, so that it holds whole signings with
all that they cost and the events between them; they come as often as in production. Without, it
goes on for as many events. The proofs are of random positions in a shard of a million leaves, read
from its tiles by a fresh reader each time, as a request does.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from benchmarks.setting import Place, drop_database, fresh_database, places, product
from mintflow.commands.transactions import RecordTransaction
from mintflow.hosts.bootstrap import Running
from mintflow.hosts.connections import connector
from mintflow.hosts.notarizing import Evidence, Notarizing
from mintflow.hosts.settings import Settings
from mintflow.store.evidence.growth import ShardTree, keep
from mintflow.store.evidence.keyring import Keyring
from mintflow.store.evidence.proofs import inclusion_proof
from mintflow.store.evidence.register import Publication, Register
from mintflow.store.evidence.tiles import WIDTH, TreeReader
from mintflow.store.evidence.verifier import inclusion_holds

# A time, and how many events were appended by then.
Mark = tuple[float, int]

_NAME = "mintflow_bench_evidence"
_CLIENTS, _LEDGERS = 32, 1_000
# Events of a half before it is measured.
_WARM_UP = 2_500
_SHARD = 7


async def run(
    server_url: str,
    pairs: int = 8,
    signings: int = 1,
    leaves: int = 1_000_000,
    proofs: int = 300,
    every_events: int | None = None,
) -> dict[str, Any]:
    """Commands per second with and without, their ratio, and milliseconds per proof.

    signings: how many a half with evidence takes. every_events: as in production if None.
    """
    url = fresh_database(server_url, _NAME)
    try:
        every = every_events or Settings().evidence_events
        appended = await _append(url, pairs, signings, every)
        proof = await _prove(url, leaves, proofs) if proofs else None
        return {**appended, "proof": proof}
    finally:
        drop_database(server_url, _NAME)


async def _append(url: str, pairs: int, signings: int, every_events: int) -> dict[str, Any]:
    rates: dict[str, list[float]] = {"off": [], "on": []}
    with tempfile.TemporaryDirectory(prefix="mintflow-bench-evidence-") as folder:
        async with product(url, tail=False) as made:
            crowd = Crowd(made, await places(made, _LEDGERS))
            register = WatchedRegister(Path(folder) / "heads", crowd)
            evidence = Evidence(Keyring(Path(folder) / "signing", uuid4()), register)
            # A database that is new, and connections that are, append more slowly.
            await _without(crowd, every_events)
            for pair in range(pairs):
                for which in ("off", "on") if pair % 2 == 0 else ("on", "off"):
                    measured = (
                        await _with(url, evidence, crowd, register, signings, every_events)
                        if which == "on"
                        else await _without(crowd, signings * every_events)
                    )
                    rates[which].append(round(measured, 1))
    ratios = [round(on / off, 3) for off, on in zip(rates["off"], rates["on"], strict=True)]
    return {
        "off_per_s": statistics.median(rates["off"]),
        "on_per_s": statistics.median(rates["on"]),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": ratios,
        "runs": rates,
        "signed_each": {"events": every_events, "times": signings},
    }


class Crowd:
    """Clients that each append one event after another, until they are told to stop."""

    def __init__(self, made: Running, spread: list[Place]) -> None:
        self._made = made
        self._spread = spread
        self.done = 0
        self._target = 0
        self._there = asyncio.Event()

    @asynccontextmanager
    async def appending(self) -> AsyncIterator[None]:
        going = asyncio.Event()
        tasks = [asyncio.create_task(self._client(n, going)) for n in range(_CLIENTS)]
        try:
            yield
        finally:
            going.set()
            await asyncio.gather(*tasks)

    async def reach(self, count: int) -> Mark:
        """Wait until so many are done."""
        self._target = count
        self._there.clear()
        await self._there.wait()
        return self.mark()

    def mark(self) -> Mark:
        return time.perf_counter(), self.done

    async def _client(self, number: int, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            place = self._spread[number * 7919 % _LEDGERS]
            command = RecordTransaction(
                account_id=place.account_id,
                date="2026-03-01",
                amount="-12.30",
                description="Coffee at the corner",
            )
            await self._made.bus.execute(command, place.context())
            self.done += 1
            if self.done == self._target:
                self._there.set()
            number += _CLIENTS


class WatchedRegister(Register):
    """Notes when each object was there, and how many events were appended by then."""

    def __init__(self, folder: Path, crowd: Crowd) -> None:
        super().__init__(folder)
        self._crowd = crowd
        self._loop = asyncio.get_running_loop()
        self._more = asyncio.Event()
        self.marks: list[Mark] = []

    def put(self, publication: Publication) -> None:
        super().put(publication)
        self.marks.append(self._crowd.mark())
        self._loop.call_soon_threadsafe(self._more.set)

    async def reach(self, count: int) -> None:
        """Wait until so many were put since `marks` was emptied."""
        while len(self.marks) < count:
            self._more.clear()
            await self._more.wait()


async def _without(crowd: Crowd, events: int) -> float:
    async with crowd.appending():
        began = await crowd.reach(crowd.done + _WARM_UP)
        return _rate(began, await crowd.reach(began[1] + events))


async def _with(
    url: str,
    evidence: Evidence,
    crowd: Crowd,
    register: WatchedRegister,
    signings: int,
    every_events: int,
) -> float:
    every_s = Settings().evidence_s
    notary = Notarizing(connector(url), evidence, every_events=every_events, every_s=every_s)
    register.marks.clear()
    await notary.start()
    try:
        # The one before may hold its lock for a moment yet.
        while notary.state["signing"] != "ok":  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.05)
        async with crowd.appending():
            await crowd.reach(crowd.done + _WARM_UP)
            # One for the events of the halves before, and one for those of meanwhile: what is
            # measured begins at its end and pays for its own.
            for done in (1, 2):
                notary.ask()
                await register.reach(done)
            await register.reach(2 + signings)
    finally:
        await notary.stop()
    return _rate(register.marks[1], register.marks[1 + signings])


def _rate(began: Mark, ended: Mark) -> float:
    return (ended[1] - began[1]) / (ended[0] - began[0])


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
        await keep(conn, tree.take(fresh))
        made += fresh
    return made
