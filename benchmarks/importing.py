"""`import`: a CSV of 100,000 rows to durable and visible, against COPY of the same event rows into
a table with the same indexes; and the same file again, when every row is known."""

from __future__ import annotations

import random
import time
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import psycopg

from benchmarks.setting import Place, drop_database, fresh_database, places, product
from mintflow.commands.imports import ImportFile
from mintflow.connectors.files import read_file
from mintflow.domain.core.ids import shard_of
from mintflow.hosts.bootstrap import Running

_NAME = "mintflow_bench_import"
_SHOPS = ("Corner Deli", "Metro Transport", "Blue Coffee", "Edison Power", "Onion Market", "Hoogle")


def statement(rows: int, seed: int = 1) -> bytes:
    """A bank's CSV over twenty years, with equal rows among them."""
    draw = random.Random(seed)
    first = date(2006, 1, 1)
    lines = ["Date,Description,Amount"]
    for number in range(rows):
        day = first + timedelta(days=number * 7_300 // rows)
        shop = draw.choice(_SHOPS)
        cents = draw.randrange(100, 50_000)
        amount = f"{'' if shop == 'Hoogle' else '-'}{cents // 100}.{cents % 100:02d}"
        lines.append(f"{day:%m/%d/%Y},{shop} {draw.randrange(400)},{amount}")
    return "\n".join(lines).encode()


async def run(server_url: str, rows: float = 100_000) -> dict[str, Any]:
    """Rows per second; ratio to COPY."""
    url = fresh_database(server_url, _NAME)
    data = statement(int(rows))
    try:
        async with product(url, tail=True) as made:
            await _bring_in(made, (await places(made, 1))[0], statement(2_000, seed=2))
            place = (await places(made, 1))[0]
            first = await _bring_in(made, place, data)
            again = await _bring_in(made, place, data)
        copied = _copy(url)
        return {
            "rows": int(rows),
            "first": first,
            "again": again,
            "copy_rows_per_s": copied,
            "ratio_to_copy": round(first["rows_per_s"] / copied, 3),
        }
    finally:
        drop_database(server_url, _NAME)


async def _bring_in(made: Running, place: Place, data: bytes) -> dict[str, Any]:
    began = time.perf_counter()
    content = read_file(data, "bank.csv", currency="USD")
    read = time.perf_counter()
    command = ImportFile(
        account_id=place.account_id,
        sha256=sha256(data).hexdigest(),
        size_bytes=len(data),
        file=content,
    )
    answer = await made.bus.execute(command, place.context())
    durable = time.perf_counter()
    assert answer.position is not None
    shard = shard_of(place.ledger_id)
    await made.tailer.positions.wait_for(shard, answer.position, 600)
    visible = time.perf_counter()
    rows = len(content.statements[0].rows)
    return {
        "added": answer.data["added"],
        "known": answer.data["known"],
        "rows_per_s": round(rows / (visible - began)),
        "read_s": round(read - began, 2),
        "durable_s": round(durable - read, 2),
        "visible_s": round(visible - durable, 2),
    }


def _copy(url: str) -> float:
    """Rows per second of COPY of all events into an empty table with the log's indexes."""
    with psycopg.connect(url) as conn:
        conn.execute("create table log.copied (like log.event including all)")
        with conn.cursor().copy("copy log.event to stdout (format binary)") as out:
            blocks = [bytes(block) for block in out]
        conn.commit()
        began = time.perf_counter()
        with conn.cursor().copy("copy log.copied from stdin (format binary)") as into:
            for block in blocks:
                into.write(block)
        conn.commit()
        took = time.perf_counter() - began
        row = conn.execute("select count(*) from log.copied").fetchone()
        assert row is not None
        return round(row[0] / took)
