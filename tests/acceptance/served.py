"""The product behind a real socket, and live streams as a client reads them."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from acceptance.product import TOKENS, Product

from mintflow.hosts.http_server import _Server


@contextmanager
def served(product: Product) -> Iterator[str]:
    """The address of the product's API on loopback, as the embedded host serves it."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        product.running.app,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=30,
    )
    server = _Server(config, product.running.feed.close)

    async def serve() -> None:
        await server.serve(sockets=[listener])

    serving = asyncio.run_coroutine_threadsafe(serve(), product.loop)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        serving.result(40)


@dataclass(frozen=True)
class Message:
    """One message of a stream. kind: "message" for an event of the log, "end" for the last."""

    id: str | None
    kind: str
    data: Any


@dataclass
class Stream:
    """Reads in a thread of its own until the stream ends or `stop` says so."""

    url: str
    token: str = TOKENS[0]
    last_id: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    stop: Callable[[list[Message]], bool] = lambda _: False
    messages: list[Message] = field(default_factory=list)
    comments: int = 0
    status: int = 0
    _thread: threading.Thread | None = None

    def start(self) -> Stream:
        self._thread = threading.Thread(target=self.read, daemon=True)
        self._thread.start()
        return self

    def join(self, timeout_s: float = 60) -> list[Message]:
        assert self._thread is not None
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), "the stream goes on"
        return self.messages

    def read(self) -> list[Message]:
        headers = {"Authorization": f"Bearer {self.token}".encode()}
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id.encode("latin-1")
        with (
            httpx.Client(trust_env=False, timeout=60) as client,
            client.stream("GET", self.url, params=self.params, headers=headers) as answer,
        ):
            self.status = answer.status_code
            if answer.status_code != 200:
                answer.read()
                self.messages.append(Message(None, "refused", answer.json()["error"]))
                return self.messages
            assert answer.headers["content-type"].startswith("text/event-stream")
            for message in self._parsed(answer.iter_lines()):
                self.messages.append(message)
                if self.stop(self.messages):
                    break
        return self.messages

    def _parsed(self, lines: Iterator[str]) -> Iterator[Message]:
        seen: dict[str, str] = {}
        for line in lines:
            if line.startswith(":"):
                self.comments += 1
            elif line:
                name, _, value = line.partition(": ")
                seen[name] = value
            elif "data" in seen:
                yield Message(
                    seen.get("id"), seen.get("event", "message"), json.loads(seen["data"])
                )
                seen = {}


def seqs(messages: list[Message]) -> list[int]:
    """The ledger_seqs of the events of the log, in the order in which they came."""
    return [message.data["ledger_seq"] for message in messages if message.kind == "message"]
