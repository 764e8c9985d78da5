"""The notary of a host: when it signs, and that it lets go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from store.appending import as_app
from store.evidence.notarized import NOON, Place, keep_books

from mintflow.hosts.notarizing import Evidence, Notarizing
from mintflow.store.evidence.notary import AnotherNotary, Notary
from mintflow.store.keys import MemoryKeyStore

Conn = psycopg.AsyncConnection[Any]


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Place:
    return Place(database_url, tmp_path)


def _notarizing(
    place: Place, kind: type[Conn] = psycopg.AsyncConnection, every_events: int = 1
) -> Notarizing:
    def connect() -> Awaitable[Conn]:
        return kind.connect(as_app(place.url), autocommit=True)

    evidence = Evidence(place.keys, place.register)
    return Notarizing(connect, evidence, every_events=every_events, every_s=3_600)


async def _until(held: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        # What is waited for tells nobody.
        while not held():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def test_signs_after_so_many_events_and_not_before(place: Place) -> None:
    keep_books(place.url, MemoryKeyStore(), (3,), 5)
    with psycopg.connect(place.url) as conn:
        ((events,),) = conn.execute("select count(*) from log.event").fetchall()
    looks = 0

    def newest() -> list[Any]:
        with psycopg.connect(place.url) as conn:
            return conn.execute("select from audit.head").fetchall()

    class Looked(psycopg.AsyncConnection[Any]):
        async def execute(self, query: Any, *args: Any, **more: Any) -> Any:
            nonlocal looks
            looks += "log.shard_head" in query
            return await super().execute(query, *args, **more)

    async def run(every_events: int, signed: Callable[[], bool]) -> None:
        notarizing = _notarizing(place, Looked, every_events)
        await notarizing.start()
        await _until(signed)
        await notarizing.stop()

    asyncio.run(run(events + 1, lambda: looks >= 2))
    assert place.register.last() is None
    asyncio.run(run(events, lambda: len(newest()) == 1))


class NeverRollsBack(psycopg.AsyncConnection[Any]):
    """A connection whose server does not answer any more when it is to roll back."""

    async def rollback(self) -> None:
        await asyncio.Event().wait()


def test_what_is_stopped_lets_go_of_the_lock_whatever_the_server_does(place: Place) -> None:
    async def run() -> None:
        notarizing = _notarizing(place, NeverRollsBack)
        await notarizing.start()
        await _until(lambda: notarizing.state["signing"] == "ok")
        await notarizing.stop()
        async with (
            await psycopg.AsyncConnection.connect(as_app(place.url), autocommit=True) as conn,
            asyncio.timeout(10),
        ):
            while not await _opens(conn):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def _opens(conn: Conn) -> bool:
        try:
            await Notary.open(conn, place.keys, place.register, lambda: NOON)
        except AnotherNotary:
            return False
        return True

    asyncio.run(run())
