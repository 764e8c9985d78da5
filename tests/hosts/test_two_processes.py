"""Two hosts on one database: what one appends the other folds and shows, with Redis and without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from mintflow.commands.core.command import Context
from mintflow.commands.core.ids import new_id
from mintflow.commands.core.ports import Principal
from mintflow.commands.ledgers import OpenLedger
from mintflow.domain.core.ids import shard_of
from mintflow.hosts.bootstrap import Running, running
from mintflow.hosts.settings import Settings
from mintflow.projections.core.install import install
from mintflow.store.keys import KeyStore, MemoryKeyStore
from mintflow.streams.core import positions, tailer

OWNER = Principal(UUID(int=1), "user:test")
WAIT_S = 20


@asynccontextmanager
async def two_hosts(url: str, redis_url: str | None) -> AsyncIterator[tuple[Running, Running]]:
    """The first takes commands and queries; the second folds."""
    install(url)
    keys: KeyStore = MemoryKeyStore()
    settings = Settings(redis_url=redis_url)
    async with (
        running(url, keys, settings, lambda _: OWNER, tail=False) as front,
        running(url, keys, settings, lambda _: OWNER) as back,
    ):
        yield front, back


async def connected(host: Running) -> None:
    async with asyncio.timeout(WAIT_S):
        while (await host.services.ready())["doorbell"]["redis"] != "ok":  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def write_and_wait(front: Running) -> None:
    opened = await front.bus.execute(
        OpenLedger(name="Home", currency="EUR"), Context(OWNER, None, new_id())
    )
    assert opened.position is not None
    shard = shard_of(UUID(opened.data["ledger_id"]))
    await front.services.positions.wait_for(shard, opened.position, WAIT_S)


def test_without_redis_what_was_written_here_and_folded_there_is_seen(database_url: str) -> None:
    async def run() -> None:
        async with two_hosts(database_url, None) as (front, _):
            await write_and_wait(front)
            assert "doorbell" not in await front.services.ready()

    asyncio.run(run())


def test_redis_wakes_both_though_neither_would_look_for_a_minute(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "POLL_S", 60)
    monkeypatch.setattr(tailer, "POLL_S_MIN", 60)
    monkeypatch.setattr(tailer, "POLL_S_MAX", 60)

    async def run() -> None:
        async with two_hosts(database_url, redis_url) as (front, back):
            await connected(front)
            await connected(back)
            for _ in range(3):
                await write_and_wait(front)

    asyncio.run(run())


def test_a_redis_that_is_away_slows_and_breaks_nothing(database_url: str) -> None:
    async def run() -> None:
        async with two_hosts(database_url, "redis://127.0.0.1:1/0") as (front, _):
            await write_and_wait(front)
            parts = await front.services.ready()
            assert parts["doorbell"] == {"state": "ok", "redis": "unavailable"}

    asyncio.run(run())
