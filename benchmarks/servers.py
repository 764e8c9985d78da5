"""Servers that are measured, each in a process of its own:
`python -m benchmarks.servers KIND URL [FOLDER]`.

product: the API as a host serves it. bare: FastAPI routes with the same SQL and nothing else. A
line `PORT` on standard output says that it is ready; it ends when standard input does.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import uvicorn
import uvloop
from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel
from starlette.responses import Response

from benchmarks.setting import product
from mintflow.commands.core.ids import new_id
from mintflow.hosts.collector import tune_collector
from mintflow.hosts.connections import OPTIONS
from mintflow.hosts.logs import configure_logs
from mintflow.store.keys import FolderKeyStore

POOL = 8


class BareTransaction(BaseModel):
    account_id: str
    date: str
    amount: str
    description: str


@asynccontextmanager
async def started(kind: str, url: str, given: Path | None = None) -> AsyncIterator[int]:
    """Start a server process and give its port; end it at the end.

    given: for the product the folder of the ledgers' keys, without which it takes every ledger that
    is there for an erased one; for the bare one the file of its statements.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.servers", kind, url, *([str(given)] if given else []),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        yield int(line)
    finally:
        process.stdin.close()
        await process.wait()


async def bare_app(url: str, statements: Sequence[Any]) -> FastAPI:
    """POST /insert does one prepared INSERT; GET /query?n= runs the n-th of the statements:
    [[sql, args], …]."""
    app = FastAPI()
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        url,
        min_size=POOL,
        max_size=POOL,
        kwargs={"autocommit": True, "options": OPTIONS.replace("role=mintflow_app", "jit=off")},
        open=False,
    )
    await pool.open(wait=True)
    async with pool.connection() as conn:
        await conn.execute(
            "create table if not exists public.bare (id uuid primary key, account_id text,"
            " date text, amount text, description text)"
        )

    @app.post("/insert")
    async def insert(body: BareTransaction) -> dict[str, str]:
        made = new_id()
        async with pool.connection() as conn:
            await conn.execute(
                "insert into public.bare values (%s, %s, %s, %s, %s)",
                [made, body.account_id, body.date, body.amount, body.description],
                prepare=True,
            )
        return {"id": str(made)}

    @app.get("/query")
    async def query(n: int) -> Response:
        sql, args = statements[n]
        async with pool.connection() as conn:
            cursor = await conn.execute(sql, args, prepare=True, binary=True)
            rows = await cursor.fetchall()
        return Response(orjson.dumps(rows, default=str), media_type="application/json")

    return app


async def _serve(app: Any) -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    print(listener.getsockname()[1], flush=True)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


async def main(kind: str, url: str, given: str | None = None) -> None:
    tune_collector()
    configure_logs("ERROR")
    if kind == "bare":
        statements = orjson.loads(Path(given).read_bytes()) if given else []  # noqa: ASYNC240
        await _serve(await bare_app(url, statements))
        return
    store = FolderKeyStore(Path(given)) if given else None
    async with product(url, tail=kind == "product", keys=store) as made:
        await _serve(made.app)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
