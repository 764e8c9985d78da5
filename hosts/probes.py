"""What a process without an API tells of itself, on loopback: /health, /ready and /metrics."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from mintflow.domain.core.errors import Conflict

LOOPBACK = "127.0.0.1"

Ready = Callable[[], Awaitable[dict[str, Any]]]
Metrics = Callable[[], Awaitable[bytes]]


class PortInUse(Conflict):
    """Another process has the port; `--port` names another one."""

    code = "port_in_use"


@asynccontextmanager
async def probes(port: int, ready: Ready, metrics: Metrics) -> AsyncIterator[int]:
    """Serve until the block ends; yields the port. port: 0 takes a free one.

    ready: each part with its `state`; it is 200 when all are "ok", else 503. metrics: the text of
    Prometheus. Who hangs does not answer, which is what the one who probes wants to know.
    Raises PortInUse.
    """

    async def alive(_: web.Request) -> web.Response:
        return _json({"status": "alive"})

    async def able(_: web.Request) -> web.Response:
        parts = await ready()
        good = all(part["state"] == "ok" for part in parts.values())
        return _json({"ready": good, "parts": parts}, 200 if good else 503)

    async def measured(_: web.Request) -> web.Response:
        return web.Response(body=await metrics(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes(
        [web.get("/health", alive), web.get("/ready", able), web.get("/metrics", measured)]
    )
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, LOOPBACK, port)
        try:
            await site.start()
        except OSError as trouble:
            reason = {"reason": os.strerror(trouble.errno or 0)}
            raise PortInUse(f"port {port} can not be used", **reason) from None
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def _json(value: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")
