"""`known_at`: one ledger of ten thousand events, over HTTP: each query at moments that nobody has
asked for (cold), at one that is held (warm), and without `known_at` (live), in one run."""

from __future__ import annotations

import asyncio
import socket
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from benchmarks.history import write_history
from benchmarks.loopback import Connection
from benchmarks.query import visible
from benchmarks.setting import TOKEN, drop_database, fresh_database, product
from mintflow.store.keys import MemoryKeyStore

WARM = 200
_NAME = "mintflow_bench_known_at"
QUERIES = {
    "balances": "/accounts?",
    "transactions": "/transactions?limit=100&",
    "categories": "/category-totals?month=2025-03&",
    "budgets": "/budgets/status?month=2025-03&",
    "trial_balance": "/trial-balance?",
}


async def run(server_url: str, events: float = 10_000, moments: int = 9) -> dict[str, Any]:
    """Per query: milliseconds cold (median and worst), warm and live (medians), and their ratio."""
    url = fresh_database(server_url, _NAME)
    try:
        keys = MemoryKeyStore()
        [ledger_id] = write_history(url, keys, int(events), households=1)
        await visible(url, keys)
        async with product(url, tail=True, keys=keys) as made, served(made.app) as port:
            link = Connection(port, {"Authorization": f"Bearer {TOKEN}"})
            result: dict[str, Any] = {"events": int(events)}
            for number, (name, path) in enumerate(QUERIES.items()):
                address = f"/v1/ledgers/{ledger_id}{path}"
                # Moments of its own: what another query had folded would not be cold.
                result[name] = await _measure(
                    link, address, int(events) - number * moments, moments
                )
            await link.close()
            return result
    finally:
        drop_database(server_url, _NAME)


async def _measure(link: Connection, address: str, events: int, moments: int) -> dict[str, float]:
    cold = [
        await _time(link, f"{address}known_at=seq:{events - 1 - number}")
        for number in range(moments)
    ]
    held = f"{address}known_at=seq:{events - moments}"
    warm, live = [], []
    for _ in range(WARM):
        warm.append(await _time(link, held))
        live.append(await _time(link, address))
    return {
        "cold_ms": round(statistics.median(cold), 1),
        "cold_ms_worst": round(max(cold), 1),
        "warm_ms": round(statistics.median(warm), 3),
        "live_ms": round(statistics.median(live), 3),
        "warm_to_live": round(statistics.median(warm) / statistics.median(live), 2),
    }


async def _time(link: Connection, path: str) -> float:
    began = time.perf_counter()
    status, _ = await link.request("GET", path)
    assert status == 200, status
    return (time.perf_counter() - began) * 1000


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[int]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
