"""The HTTP server itself: what never becomes a request is refused in the envelope too."""

from __future__ import annotations

import asyncio
import json
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from mintflow.hosts.http_server import _listen, serve_http


async def _answer(url: str, sent: bytes) -> tuple[bytes, dict[str, Any]]:
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
    writer.close()
    return head, json.loads(body)


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"FOO /v1/ledgers HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/ledgers HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["garbage", "method", "version", "length", "address"],
)
def test_what_is_no_request_is_refused_in_the_envelope(sent: bytes) -> None:
    async def unasked(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("the application was asked")

    async def go() -> tuple[bytes, dict[str, Any]]:
        stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
        product: Any = SimpleNamespace(app=unasked, feed=SimpleNamespace(close=lambda: None))
        serving = asyncio.create_task(serve_http(product, 0, stop, url.set_result))
        try:
            return await _answer(await url, sent)
        finally:
            stop.set()
            await serving

    head, body = asyncio.run(go())
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/json" in head
    assert (body["success"], body["error"]["code"]) == (False, "not_http")
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["meta"]["timestamp"].endswith("Z")
    assert body["meta"]["request_id"]


def test_nothing_of_an_answer_waits_for_what_was_sent_before_it() -> None:
    async def go() -> int:
        accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            served = writer.get_extra_info("socket")
            accepted.set_result(served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = _listen(0)
        async with await asyncio.start_server(note, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            found = await asyncio.wait_for(accepted, 10)
            writer.close()
        return found

    assert asyncio.run(go()) != 0
