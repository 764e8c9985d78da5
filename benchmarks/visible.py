"""`visible`: from commit to visible in a read model, at 200 commands per second."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from benchmarks.setting import drop_database, fresh_database, places, product, summary
from mintflow.commands.transactions import RecordTransaction
from mintflow.domain.core.ids import shard_of
from mintflow.hosts.bootstrap import Running

PER_S = 200
LEDGERS = 200
_NAME = "mintflow_bench_visible"


async def run(server_url: str, seconds: float = 10.0) -> dict[str, Any]:
    """Latencies in milliseconds from the command's answer to the position being visible."""
    url = fresh_database(server_url, _NAME)
    try:
        async with product(url, tail=True) as made:
            return await latencies(made, PER_S, seconds)
    finally:
        drop_database(server_url, _NAME)


async def latencies(
    made: Running,
    per_s: int,
    seconds: float,
    times: dict[str, tuple[float, float]] | None = None,
    *,
    warm_s: float = 1.0,
) -> dict[str, Any]:
    """At so many commands per second, after as many that are not counted for warm_s.

    times: is filled with "shard/position" -> when it was committed, and when it was visible.
    """
    spread = await places(made, LEDGERS)
    times = {} if times is None else times

    async def one(number: int) -> None:
        place = spread[number * 31 % LEDGERS]
        answer = await made.bus.execute(
            RecordTransaction(
                account_id=place.account_id,
                date="2026-03-01",
                amount="-12.30",
                description="Coffee at the corner",
            ),
            place.context(),
        )
        committed = time.perf_counter()
        assert answer.position is not None
        shard = shard_of(place.ledger_id)
        await made.services.positions.wait_for(shard, answer.position, 60)
        times[f"{shard}/{answer.position}"] = committed, time.perf_counter()

    async def drive(count: int) -> float:
        began = time.perf_counter()
        tasks = []
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / per_s - time.perf_counter()))
            tasks.append(asyncio.create_task(one(number)))
        await asyncio.gather(*tasks)
        return time.perf_counter() - began

    await drive(int(per_s * warm_s))
    times.clear()
    took = await drive(int(per_s * seconds))
    spans = [known - committed for committed, known in times.values()]
    return {"commands_per_s": round(len(spans) / took, 1), **summary(spans, took)}
