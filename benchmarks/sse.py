"""`sse`: 500 live streams of one ledger from one API process, while commands arrive.

From the moment the command is answered (it is committed then) to the moment a subscriber has read
the event; an event that is there before its command's answer counts as 0. Beside it the time from
sending the command, which is longer than from the commit. Server and readers share the machine.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson

from benchmarks.loopback import Connection
from benchmarks.servers import started
from benchmarks.setting import TOKEN, drop_database, fresh_database, summary

SUBSCRIBERS, PER_S = 500, 10
_NAME = "mintflow_bench_sse"


async def run(
    server_url: str, seconds: float = 10.0, subscribers: int = SUBSCRIBERS
) -> dict[str, Any]:
    """Latencies in milliseconds, over all subscribers and commands."""
    url = fresh_database(server_url, _NAME)
    try:
        async with started("product", url) as port:
            return await _measure(port, seconds, subscribers)
    finally:
        drop_database(server_url, _NAME)


async def _measure(port: int, seconds: float, subscribers: int) -> dict[str, Any]:
    link = Connection(port, {"Authorization": f"Bearer {TOKEN}"})

    async def post(path: str, body: dict[str, str]) -> Any:
        status, answer = await link.request("POST", path, body)
        assert status in (200, 201), answer
        return orjson.loads(answer)

    opened = await post("/v1/ledgers", {"name": "Home", "currency": "USD"})
    ledger = f"/v1/ledgers/{opened['data']['ledger_id']}"
    body = {"name": "Checking", "kind": "checking", "currency": "USD"}
    account = (await post(f"{ledger}/accounts", body))["data"]["account_id"]
    status, answer = await link.request("GET", f"{ledger}/events?limit=1000", None)
    assert status == 200
    head = orjson.loads(answer)["data"][-1]["ledger_seq"]

    commands = int(PER_S * seconds)
    arrived: list[list[float]] = [[] for _ in range(commands)]
    readers = [
        asyncio.create_task(_read(port, f"{ledger}/events/stream?after={head}", arrived))
        for _ in range(subscribers)
    ]
    await asyncio.sleep(3)
    sent, committed = [], []
    began = time.perf_counter()
    for number in range(commands):
        await asyncio.sleep(max(0.0, began + number / PER_S - time.perf_counter()))
        row = {"account_id": account, "date": "2026-03-01", "amount": "-12.30"}
        sent.append(time.perf_counter())
        await post(f"{ledger}/transactions", {**row, "description": "Coffee at the corner"})
        committed.append(time.perf_counter())
    took = time.perf_counter() - began
    async with asyncio.timeout(60):
        await asyncio.gather(*readers)
    await link.close()
    assert all(len(times) == subscribers for times in arrived)
    since = {
        name: [
            max(0.0, at - from_)
            for from_, times in zip(start, arrived, strict=True)
            for at in times
        ]
        for name, start in (("from_commit", committed), ("from_sending", sent))
    }
    return {
        "subscribers": subscribers,
        "commands_per_s": round(commands / took, 1),
        **{name: summary(spans, took) for name, spans in since.items()},
    }


async def _read(port: int, path: str, arrived: list[list[float]]) -> None:
    """Note when each event came, until all have."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    writer.write(head.encode())
    try:
        count = 0
        while count < len(arrived):
            line = await reader.readuntil(b"\n")
            if line.startswith(b"id: "):
                arrived[count].append(time.perf_counter())
                count += 1
    finally:
        writer.close()
