"""`query`: balances, 100 transactions of one account, and a month's categories out of a log of one
million events, over 32 connections, against a bare FastAPI route with the same SQL."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import orjson
import psycopg

from benchmarks.history import write_history
from benchmarks.loopback import Connection
from benchmarks.servers import started
from benchmarks.setting import TOKEN, drop_database, fresh_database, load, product
from mintflow.projections import accounts, categories, transactions
from mintflow.store.keys import FolderKeyStore, KeyStore

CONNECTIONS = 32
_NAME = "mintflow_bench_query"


async def run(server_url: str, events: float = 1_000_000, seconds: float = 4.0) -> dict[str, Any]:
    """Per query: requests per second and latencies in milliseconds, ours and the bare route's."""
    url = fresh_database(server_url, _NAME)
    try:
        with tempfile.TemporaryDirectory(prefix="mintflow-bench-keys-") as folder:
            keys = FolderKeyStore(Path(folder))
            write_history(url, keys, int(events))
            await visible(url, keys)
            return {"events": int(events), **await measure(url, Path(folder), seconds)}
    finally:
        drop_database(server_url, _NAME)


async def visible(url: str, keys: KeyStore) -> None:
    """Let the read models come up to the log."""
    async with product(url, tail=True, keys=keys) as made:
        async with made.pool.connection() as conn:
            cursor = await conn.execute("select shard, position from log.shard_head")
            heads = await cursor.fetchall()
        for shard, position in heads:
            await made.tailer.positions.wait_for(shard, position, 3_600)
    with psycopg.connect(url, autocommit=True) as sync:
        sync.execute("vacuum analyze")


async def measure(url: str, keys: Path, seconds: float) -> dict[str, Any]:
    """All three queries on a database that has a history. keys: the folder of its keys."""
    with psycopg.connect(url) as conn:
        rows = conn.execute(
            "select ledger_id, (array_agg(account_id))[1] from model.accounts"
            " group by ledger_id order by ledger_id limit 100"
        ).fetchall()
    places: list[tuple[UUID, UUID]] = [(row[0], row[1]) for row in rows]
    month = dt.date(2025, 3, 1), dt.date(2025, 3, 31)
    wanted = transactions.TransactionFilter
    kinds: dict[str, tuple[Callable[[UUID, UUID], str], Callable[[Any, UUID, UUID], Any]]] = {
        "balances": (
            lambda ledger, _: f"/v1/ledgers/{ledger}/accounts",
            lambda conn, ledger, _: accounts.list_accounts(conn, ledger),
        ),
        "transactions": (
            lambda ledger, account: (
                f"/v1/ledgers/{ledger}/transactions?account_id={account}&limit=100"
            ),
            lambda conn, ledger, account: transactions.list_transactions(
                conn, ledger, wanted(account_id=account), limit=100
            ),
        ),
        "categories": (
            lambda ledger, _: f"/v1/ledgers/{ledger}/category-totals?month=2025-03",
            lambda conn, ledger, _: categories.category_totals(
                conn, ledger, start=month[0], end=month[1]
            ),
        ),
    }
    statements = [
        await _sql_of(query, ledger, account)
        for _, query in kinds.values()
        for ledger, account in places
    ]
    result: dict[str, Any] = {}
    with tempfile.NamedTemporaryFile() as file:
        file.write(orjson.dumps(statements, default=str))
        file.flush()
        async with (
            started("bare", url, Path(file.name)) as bare_port,
            started("queries", url, keys) as port,
        ):
            for number, (name, (path_of, _)) in enumerate(kinds.items()):
                first = number * len(places)
                bare = await _get(
                    bare_port, seconds, lambda n, first=first: f"/query?n={first + n % len(places)}"
                )
                ours = await _get(
                    port, seconds, lambda n, path_of=path_of: path_of(*places[n % len(places)])
                )
                ratio = round(ours["per_s"] / bare["per_s"], 3)
                result[name] = {"ours": ours, "bare": bare, "ratio": ratio}
    return result


async def _get(port: int, seconds: float, path: Callable[[int], str]) -> dict[str, float]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    links = [Connection(port, headers) for _ in range(CONNECTIONS)]

    async def work(client: int, number: int) -> None:
        status, _ = await links[client].request("GET", path(client + number * CONNECTIONS))
        assert status == 200, status

    try:
        return await load(CONNECTIONS, seconds, work)
    finally:
        for link in links:
            await link.close()


class _Caught(Exception):
    def __init__(self, sql: bytes, args: Any) -> None:
        self.sql, self.args_ = sql, args


class _Spy:
    """A connection that tells what would have been executed."""

    def cursor(self, **_: Any) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    async def execute(self, sql: bytes, args: Any, **_: Any) -> None:
        raise _Caught(sql, args)


async def _sql_of(
    query: Callable[[Any, UUID, UUID], Awaitable[Any]], ledger: UUID, account: UUID
) -> tuple[str, Any]:
    try:
        await query(_Spy(), ledger, account)
    except _Caught as caught:
        return caught.sql.decode(), caught.args_
    raise AssertionError("the query executed nothing")
