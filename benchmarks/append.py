"""`append`: single-event commands through the bus, against two baselines of the same run.

Baselines: the eventsourcing library with its default Postgres recorder, 1 and 8 threads; and a bare
prepared INSERT of the same row into a table with the same indexes, at the same concurrency.
"""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from psycopg.conninfo import conninfo_to_dict

from benchmarks.setting import Place, drop_database, fresh_database, load, places, product
from mintflow.commands.core.ids import new_id
from mintflow.commands.transactions import RecordTransaction

IN_FLIGHT = (1, 8, 32, 128)
LEDGERS = 1_000
_NAME = "mintflow_bench_append"


async def run(server_url: str, seconds: float = 3.0) -> dict[str, Any]:
    """Rates in commands per second, latencies in milliseconds, ratios to the baselines."""
    url = fresh_database(server_url, _NAME)
    try:
        result: dict[str, Any] = {}
        async with product(url, tail=False) as made:
            spread = await places(made, LEDGERS)

            async def record(place: Place) -> None:
                await made.bus.execute(
                    RecordTransaction(
                        account_id=place.account_id,
                        date="2026-03-01",
                        amount="-12.30",
                        description="Coffee at the corner",
                    ),
                    place.context(),
                )

            for clients in IN_FLIGHT:
                bare = await _bare(url, clients, seconds)
                ours = await load(
                    clients, seconds, lambda c, n: record(spread[(c * 7919 + n * 31) % LEDGERS])
                )
                hot = await load(clients, seconds, lambda _c, _n: record(spread[0]))
                result[f"in_flight_{clients}"] = {
                    "bus": ours,
                    "bare_insert": bare,
                    "hot_ledger": hot,
                    "ratio_to_bare": round(ours["per_s"] / bare["per_s"], 3),
                    "hot_to_spread": round(hot["per_s"] / ours["per_s"], 3),
                }
        library = {f"threads_{n}": _library(url, n, seconds) for n in (1, 8)}
        best = max(library.values())
        result["library"] = library
        result["ratio_to_library"] = {
            str(n): round(result[f"in_flight_{n}"]["bus"]["per_s"] / best, 2) for n in IN_FLIGHT
        }
        return result
    finally:
        drop_database(server_url, _NAME)


async def _bare(url: str, clients: int, seconds: float) -> dict[str, float]:
    """The same row by a prepared INSERT, a connection per client, a transaction per row."""
    connections = [
        await psycopg.AsyncConnection.connect(url, autocommit=True) for _ in range(clients)
    ]
    table = f"bare_{clients}"
    await connections[0].execute(f"create table log.{table} (like log.event including all)")
    cursor = await connections[0].execute(
        "select * from log.event where type = 'account.opened' order by shard, position limit 1"
    )
    row = await cursor.fetchone()
    assert row is not None
    # As long as the record of a transaction, whose row the bus writes.
    record, sealed, chained = os.urandom(305).hex().encode(), os.urandom(80), os.urandom(32)
    statement = f"insert into log.{table} values (%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)"
    numbers = iter(range(1, 1 << 60))

    async def insert(client: int, _: int) -> None:
        number = next(numbers)
        values = [
            number % 32, number, row[2], number, new_id(), 1, "transaction.recorded", row[7],
            record, sealed, chained,
        ]  # fmt: skip
        await connections[client].execute(statement, values, prepare=True)

    try:
        return await load(clients, seconds, insert)
    finally:
        await connections[0].execute(f"drop table log.{table}")
        await asyncio.gather(*(connection.close() for connection in connections))


class Line(Aggregate):
    """What an application of the library would write for the same purpose."""

    @event("Recorded")
    def __init__(self, account_id: str, day: str, amount: str, description: str) -> None:
        self.account_id = account_id
        self.day = day
        self.amount = amount
        self.description = description


def _library(url: str, threads: int, seconds: float) -> float:
    """Aggregates of one event saved per second by the library as it comes."""
    parts = conninfo_to_dict(url)
    app: Application[Any] = Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(parts["dbname"]),
            "POSTGRES_HOST": str(parts.get("host", "")),
            "POSTGRES_PORT": str(parts.get("port", "5432")),
            "POSTGRES_USER": str(parts.get("user", "postgres")),
            "POSTGRES_PASSWORD": str(parts.get("password", "none")),
            "POSTGRES_SCHEMA": "public",
            "POSTGRES_POOL_SIZE": str(threads),
        }
    )

    def work(until: float) -> int:
        done = 0
        while time.perf_counter() < until:
            app.save(Line("account", "2026-03-01", "-12.30", "Coffee at the corner"))
            done += 1
        return done

    work(time.perf_counter() + seconds / 10)
    until = time.perf_counter() + seconds
    try:
        with ThreadPoolExecutor(threads) as pool:
            return round(sum(pool.map(work, [until] * threads)) / seconds, 1)
    finally:
        app.close()
