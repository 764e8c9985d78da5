"""The doorbell between processes is a hint: heard at once, and nobody breaks when it is gone."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis
from redis_server import RedisServer

from mintflow.streams.core import redis_bell
from mintflow.streams.core.redis_bell import ANY, Occasion, RedisBell

WAIT_S = 20


class Heard:
    """What one process heard."""

    def __init__(self) -> None:
        self.rings: list[tuple[Occasion, int]] = []

    def __call__(self, occasion: Occasion, shard: int) -> None:
        self.rings.append((occasion, shard))

    async def comes(self, ring: tuple[Occasion, int]) -> None:
        async with asyncio.timeout(WAIT_S):
            while ring not in self.rings:  # noqa: ASYNC110 - another task's doing
                await asyncio.sleep(0.005)


@asynccontextmanager
async def two_processes(url: str) -> AsyncIterator[tuple[RedisBell, Heard]]:
    """One rings, the other one has heard it is connected."""
    heard, name = Heard(), secrets.token_hex(4)
    one, other = RedisBell(url, name, Heard()), RedisBell(url, name, heard)
    await one.start()
    await other.start()
    await heard.comes(("appended", ANY))
    heard.rings.clear()
    try:
        yield one, heard
    finally:
        await one.stop()
        await other.stop()


def test_a_ring_is_heard_in_another_process(redis_url: str) -> None:
    async def run() -> None:
        async with two_processes(redis_url) as (bell, heard):
            bell.ring("appended", [3, 31])
            bell.ring("reached", [3])
            for ring in (("appended", 3), ("appended", 31), ("reached", 3)):
                await heard.comes(ring)
            assert len(heard.rings) == 3

    asyncio.run(run())


def test_another_installation_on_the_same_server_hears_nothing(redis_url: str) -> None:
    async def run() -> None:
        async with two_processes(redis_url) as (bell, heard):
            async with two_processes(redis_url) as (other, heard_by_other):
                other.ring("appended", [1])
                await heard_by_other.comes(("appended", 1))
            bell.ring("appended", [2])
            await heard.comes(("appended", 2))
            assert heard.rings == [("appended", 2)]

    asyncio.run(run())


def test_what_strangers_publish_breaks_nothing(redis_url: str) -> None:
    async def run() -> None:
        async with two_processes(redis_url) as (bell, heard):
            redis = Redis.from_url(redis_url)
            for tail in (b"appended", b"appended:", b"appended:x", b"appended:-1", b"deleted:1",
                         b"appended:" + b"9" * 400, b"\xff\xfe:1", b"appended:1:2"):  # fmt: skip
                await redis.publish(bell._prefix.encode() + b":" + tail, b"\x00" * 1000)
            await redis.aclose()
            bell.ring("reached", [7])
            await heard.comes(("reached", 7))
            assert heard.rings == [("reached", 7)]

    asyncio.run(run())


def test_after_a_restart_of_the_server_everyone_looks_once_and_rings_are_heard_again() -> None:
    async def run() -> None:
        with RedisServer() as server:
            async with two_processes(server.url) as (bell, heard):
                await asyncio.to_thread(server.kill)
                bell.ring("appended", [1])
                await asyncio.to_thread(server.start)
                await heard.comes(("appended", ANY))
                await heard.comes(("reached", ANY))
                async with asyncio.timeout(WAIT_S):
                    while ("appended", 5) not in heard.rings:
                        bell.ring("appended", [5])
                        await asyncio.sleep(0.02)

    asyncio.run(run())


def test_a_server_that_says_nothing_any_more_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_bell, "SILENCE_S", 0.2)

    async def run() -> None:
        heard = Heard()
        with RedisServer() as server:
            bell = RedisBell(server.url, "frozen", heard)
            await bell.start()
            await heard.comes(("appended", ANY))
            assert bell.connected
            await asyncio.sleep(1)
            assert bell.connected, "silence is no reason while the server answers"
            server.freeze()
            async with asyncio.timeout(WAIT_S):
                while bell.connected:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            heard.rings.clear()
            server.thaw()
            await heard.comes(("appended", ANY))
            await bell.stop()

    asyncio.run(run())


def test_without_a_server_ringing_costs_nothing_and_ends_at_once() -> None:
    async def run() -> None:
        bell = RedisBell("redis://127.0.0.1:1/0", "nobody", Heard())
        await bell.start()
        for _ in range(1000):
            bell.ring("appended", range(32))
        await asyncio.sleep(0.3)
        assert not bell.connected
        assert len(bell._pending) <= 32
        await bell.stop()

    asyncio.run(run())
