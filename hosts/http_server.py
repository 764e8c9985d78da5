"""The HTTP server of a host: on loopback, until it is told to stop."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mintflow.api.core.envelope import encode
from mintflow.commands.core.ids import new_id
from mintflow.hosts.bootstrap import Running

LOOPBACK = "127.0.0.1"


def stop_on_signals() -> asyncio.Event:
    """Set by SIGINT and SIGTERM, from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def serve_http(
    product: Running, port: int, stop: asyncio.Event, ready: Callable[[str], None]
) -> None:
    """Serve a product's API until `stop` is set or the server ends.

    port: 0 takes a free one. ready: is told the address once requests are answered.
    """
    listener = _listen(port)
    url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    server = _Server(
        uvicorn.Config(
            product.app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=5,
            server_header=False,
            http=_Http,
        ),
        product.feed.close,
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.01)
    stopping = asyncio.create_task(stop.wait())
    try:
        ready(url)
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.should_exit = True
        stopping.cancel()
        await serving


class _Http(HttpToolsProtocol):
    """What is no HTTP at all is refused in the shape of every other refusal."""

    def send_400_response(self, msg: str) -> None:
        body = encode(
            {
                "success": False,
                "error": {"code": "not_http", "message": msg, "details": {}},
                "meta": {"timestamp": dt.datetime.now(dt.UTC), "request_id": str(new_id())},
            }
        )
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()


class _Server(uvicorn.Server):
    """Leaves the signals to the host, which also has a database to stop.

    Live streams would go on for ever: they are told to end before the server waits for requests.
    """

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._end_streams()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(port: int) -> socket.socket:
    # Said to be TCP, else asyncio leaves Nagle's algorithm on: the body of each answer on a
    # connection that is kept would wait 40 ms for the client to acknowledge the head.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    return listener
