"""`growth`: append and query while the log grows from 100,000 to 1 M and 3 M events; each rate is
compared with the one at the first size."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.history import write_history
from benchmarks.query import measure, visible
from benchmarks.setting import OWNER, Place, drop_database, fresh_database, load, product
from mintflow.commands.transactions import RecordTransaction
from mintflow.store.keys import FolderKeyStore, KeyStore

SIZES = (100_000, 1_000_000, 3_000_000)
IN_FLIGHT = 32
_NAME = "mintflow_bench_growth"


async def run(
    server_url: str, sizes: tuple[int, ...] = SIZES, seconds: float = 4.0
) -> dict[str, Any]:
    """Per size: appends per second and the three queries; then each first rate over the last."""
    url = fresh_database(server_url, _NAME)
    try:
        with tempfile.TemporaryDirectory(prefix="mintflow-bench-keys-") as folder:
            return await _grown(url, Path(folder), sizes, seconds)
    finally:
        drop_database(server_url, _NAME)


async def _grown(url: str, folder: Path, sizes: tuple[int, ...], seconds: float) -> dict[str, Any]:
    keys = FolderKeyStore(folder)
    result: dict[str, Any] = {}
    written = 0
    for number, size in enumerate(sizes):
        write_history(url, keys, size - written, seed=number + 1)
        written = size
        await visible(url, keys)
        queries = await measure(url, folder, seconds)
        appends = await _append(url, keys, seconds)
        result[str(size)] = {
            "append_per_s": appends["per_s"],
            **{name: figures["ours"]["per_s"] for name, figures in queries.items()},
        }
    first, last = result[str(sizes[0])], result[str(sizes[-1])]
    result["slower_by"] = {
        name: round(first[name] / last[name], 3) if last[name] else None for name in first
    }
    return result


async def _append(url: str, keys: KeyStore, seconds: float) -> dict[str, float]:
    with psycopg.connect(url) as conn:
        rows = conn.execute(
            "select a.ledger_id, a.account_id, a.currency from model.accounts a"
            " join model.ledgers l using (ledger_id)"
            " where l.owner = %s order by a.ledger_id, a.account_id limit 500",
            [str(OWNER.user_id)],
        ).fetchall()
    spread = [Place(ledger_id, account_id) for ledger_id, account_id, _ in rows]
    async with product(url, tail=False, keys=keys) as made:

        async def record(client: int, number: int) -> None:
            place = spread[(client * 7919 + number * 31) % len(spread)]
            await made.bus.execute(
                RecordTransaction(
                    account_id=place.account_id,
                    date="2026-03-01",
                    amount="-12.30",
                    description="Coffee at the corner",
                ),
                place.context(),
            )

        return await load(IN_FLIGHT, seconds, record)
