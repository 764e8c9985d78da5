"""The whole product on one database, for tests that speak to it as a client does.

The product runs on an event loop in a thread of its own: commands, tailer and API, without a
network. Tests stay plain functions that ask and get answers.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid5

import httpx
import psycopg
import pytest
import uvloop

from mintflow.commands.core.ports import Principal
from mintflow.hosts.bootstrap import Running, running
from mintflow.hosts.capabilities import reactions
from mintflow.hosts.notarizing import Evidence
from mintflow.hosts.settings import Settings
from mintflow.projections.core.install import install
from mintflow.store.keys import KeyStore, MemoryKeyStore

T = TypeVar("T")

TOKENS = ("token-of-ada-5b1f", "token-of-bob-77c2")
# Whatever follows it, it is the token of one more person, who has no books yet.
SOMEBODY = "token-of-somebody-"
_PEOPLE = UUID("5f0f2c1e-43a1-4c55-9f6e-0c8f4f6f7a11")


ANALYST = Principal(uuid5(_PEOPLE, "analyst"), "analyst:of-the-tests", "analyst")
AUDITOR = Principal(uuid5(_PEOPLE, "auditor"), "auditor:of-the-tests", "auditor")
# Beside those of people: what the tests let in as somebody with another scope.
OTHER_TOKENS = {"token-of-an-analyst-91d0": ANALYST, "token-of-an-auditor-33ae": AUDITOR}
ANALYST_TOKEN, AUDITOR_TOKEN = OTHER_TOKENS


def authenticate(token: str) -> Principal | None:
    """Two people with a token each, as many more as are asked for, an analyst and an auditor."""
    if token in OTHER_TOKENS:
        return OTHER_TOKENS[token]
    if token not in TOKENS and not token.startswith(SOMEBODY):
        return None
    user_id = uuid5(_PEOPLE, token)
    return Principal(user_id, f"user:{user_id}")


_PATIENCE_S = 20


@dataclass(frozen=True)
class Product:
    """A running product and the loop that it runs on."""

    loop: asyncio.AbstractEventLoop
    running: Running
    database_url: str

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the product's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def client(self, token: str | None = TOKENS[0]) -> Client:
        """Speaks HTTP to the product as the person whose token it is."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        transport = httpx.ASGITransport(self.running.app, raise_app_exceptions=False)
        http = httpx.AsyncClient(transport=transport, base_url="http://books", headers=headers)
        return Client(self, http)


class Client:
    """Plain calls to the API; `data` of a success, or an error that says what was refused."""

    def __init__(self, product: Product, http: httpx.AsyncClient) -> None:
        self._product = product
        self._http = http
        self._written: dict[str, int] = {}

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        """One request; any answer."""
        return self._product.call(self._request(method, path, how))

    def see_what_was_written(self, path: str) -> None:
        """Wait until what this client wrote into a ledger is in its read models. path: of the
        ledger."""
        data_of(self.send("GET", path, params={"min_position": self._written.get(path, 0)}))

    def send_all(self, requests: list[tuple[str, str, dict[str, Any]]]) -> list[httpx.Response]:
        """Many requests at once, 64 in flight; answers in the order of the requests."""

        async def together() -> list[httpx.Response]:
            room = asyncio.Semaphore(64)

            async def one(method: str, path: str, how: Mapping[str, Any]) -> httpx.Response:
                async with room:
                    return await self._request(method, path, how)

            return await _gather([one(*request) for request in requests])

        return self._product.call(together())

    async def _request(self, method: str, path: str, how: Mapping[str, Any]) -> httpx.Response:
        answer = await self._http.request(method, path, **how)
        if method != "GET" and answer.is_success:
            ledger = "/".join(path.split("/")[:4])
            position = answer.json()["meta"]["position"] or 0
            self._written[ledger] = max(position, self._written.get(ledger, 0))
        return answer

    def get(self, path: str, **params: Any) -> Any:
        return data_of(self.send("GET", path, params=params))

    def post(self, path: str, body: Any = None, **how: Any) -> Any:
        return data_of(self.send("POST", path, json=body, **how))

    def put(self, path: str, body: Any) -> Any:
        return data_of(self.send("PUT", path, json=body))

    def patch(self, path: str, body: Any) -> Any:
        return data_of(self.send("PATCH", path, json=body))

    def delete(self, path: str, **params: Any) -> Any:
        return data_of(self.send("DELETE", path, params=params))

    def upload(self, path: str, name: str, content: bytes, **fields: str) -> Any:
        """A bank file as a form."""
        return data_of(self.send("POST", path, files={"file": (name, content)}, data=fields))

    def pages(self, path: str, **params: Any) -> list[Any]:
        """Every row of a list, over all its pages."""
        rows: list[Any] = []
        while True:
            answer = self.send("GET", path, params=params)
            rows += data_of(answer)
            pagination = answer.json()["meta"]["pagination"]
            if not pagination["has_next"]:
                return rows
            params["cursor"] = pagination["next_cursor"]


def data_of(answer: httpx.Response) -> Any:
    """The data of a success; a refusal fails the test with its code."""
    body = answer.json()
    assert answer.is_success, (answer.status_code, body)
    return body["data"]


@contextmanager
def product(
    database_url: str,
    *,
    keys: KeyStore | None = None,
    settings: Settings | None = None,
    evidence: Evidence | None = None,
) -> Iterator[Product]:
    """Start the product on a migrated database; stop it at the end."""
    install(database_url)
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="product")
    thread.start()

    def call(awaitable: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(awaited(), loop).result()

    # The API lets who has just written see it, for a moment: on a machine that stands still for as
    # long, tests that read at once would fail there.
    patience = pytest.MonkeyPatch()
    patience.setattr("mintflow.api.core.subject.OWN_WRITES_WAIT_S", _PATIENCE_S)
    context = running(
        database_url,
        keys or MemoryKeyStore(),
        settings or Settings.from_environment({}),
        authenticate,
        evidence=evidence,
    )
    try:
        started = call(context.__aenter__())
        try:
            yield Product(loop, started, database_url)
        finally:
            call(context.__aexit__(None, None, None))
    finally:
        patience.undo()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def settled(books: Product) -> None:
    """Wait until the reactions have seen all that happened, and what that itself led to."""
    end, calm = time.monotonic() + _PATIENCE_S, 0
    with psycopg.connect(books.database_url, autocommit=True) as conn:
        while time.monotonic() < end:
            (behind,) = conn.execute(
                "select count(*) from projection.reaction r join log.shard_head h using (shard)"
                " where r.position < h.position and r.reaction = any(%s)",
                [[one.name for one in reactions()]],
            ).fetchone() or (1,)
            calm = 0 if behind else calm + 1
            if calm == 3:
                return
            time.sleep(0.03)
    raise AssertionError("the reactions do not come to the end of the log")


def drop_read_models(database_url: str) -> None:
    """Forget every read model and every checkpoint, as if the product had never folded anything."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        tables = conn.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables"
            " where schemaname = 'model'"
        ).fetchall()
        for (table,) in tables:
            conn.execute(f"drop table {table} cascade".encode())
        conn.execute("delete from projection.checkpoint")


async def _gather(coroutines: list[Coroutine[Any, Any, T]]) -> list[T]:
    return await asyncio.gather(*coroutines)
