"""`http`: one transaction per POST over 32 connections and one API process, against a FastAPI
route that does one bare INSERT."""

from __future__ import annotations

from typing import Any

import orjson

from benchmarks.loopback import Connection
from benchmarks.servers import started
from benchmarks.setting import TOKEN, drop_database, fresh_database, load

CONNECTIONS = 32
LEDGERS = 100
_NAME = "mintflow_bench_http"


async def run(server_url: str, seconds: float = 5.0) -> dict[str, Any]:
    """Rates in requests per second, latencies in milliseconds."""
    url = fresh_database(server_url, _NAME)
    try:
        async with started("bare", url) as port:
            bare = await _post(port, seconds, lambda _: "/insert", lambda _: "x")
        async with started("product", url) as port:
            spread = await _open(port)
            ours = await _post(
                port,
                seconds,
                lambda n: f"/v1/ledgers/{spread[n % LEDGERS][0]}/transactions",
                lambda n: spread[n % LEDGERS][1],
            )
        return {"ours": ours, "bare": bare, "ratio": round(ours["per_s"] / bare["per_s"], 3)}
    finally:
        drop_database(server_url, _NAME)


async def _open(port: int) -> list[tuple[str, str]]:
    link = Connection(port, {"Authorization": f"Bearer {TOKEN}"})
    found = []
    for number in range(LEDGERS):
        body: dict[str, str] = {"name": f"Ledger {number}", "currency": "USD"}
        _, answer = await link.request("POST", "/v1/ledgers", body)
        ledger_id = orjson.loads(answer)["data"]["ledger_id"]
        body = {"name": "Checking", "kind": "checking", "currency": "USD"}
        _, answer = await link.request("POST", f"/v1/ledgers/{ledger_id}/accounts", body)
        found.append((ledger_id, orjson.loads(answer)["data"]["account_id"]))
    await link.close()
    return found


async def _post(port: int, seconds: float, path: Any, account: Any) -> dict[str, float]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    links = [Connection(port, headers) for _ in range(CONNECTIONS)]

    async def work(client: int, number: int) -> None:
        which = client + number * CONNECTIONS
        body = {
            "account_id": account(which),
            "date": "2026-03-01",
            "amount": "-12.30",
            "description": "Coffee at the corner",
        }
        status, _ = await links[client].request("POST", path(which), body)
        assert status in (200, 201), status

    try:
        return await load(CONNECTIONS, seconds, work)
    finally:
        for link in links:
            await link.close()
