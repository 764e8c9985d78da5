"""Forwarding published heads: a place that fails costs nobody else anything, and loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from store.evidence.notarized import Place, keep_books

from mintflow.domain.core.errors import Unavailable
from mintflow.store.evidence.forwarding import Forwarder
from mintflow.store.evidence.register import Publication, Register, RegisterNotUsable
from mintflow.store.keys import MemoryKeyStore

SHARD = 11


class Full(Unavailable):
    """The place takes nothing."""

    code = "full"


class Shelf:
    """A place in memory. broken: raises instead, after it kept the object or before."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kept: list[int] = []
        self.broken: Exception | None = None
        self.asked = 0

    async def reached(self, register: Register) -> int:
        self.asked += 1
        return self.kept[-1] if self.kept else 0

    async def publish(self, publication: Publication) -> None:
        if self.broken is not None:
            raise self.broken
        self.kept.append(publication.number)

    async def close(self) -> None:
        pass


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Place:
    return Place(database_url, tmp_path)


def sign(place: Place) -> None:
    keep_books(place.url, MemoryKeyStore(), (SHARD,), 5)
    place.sign()


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110 - another task's doing
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("broken", [Full("no room"), ValueError("a fault of its own")], ids=repr)
def test_a_place_that_raises_stops_no_other_and_gets_everything_later(
    place: Place, broken: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mintflow.store.evidence.forwarding.RETRY_S_MIN", 0.01)
    sign(place)
    good, bad = Shelf("good"), Shelf("bad")
    bad.broken = broken

    async def run() -> None:
        ways = [Forwarder(place.register, one) for one in (bad, good)]
        for way in ways:
            way.start()
        await until(lambda: good.kept == [1] and ways[0].fault is not None)
        await asyncio.to_thread(sign, place)
        for way in ways:
            way.ring(2)
        await until(lambda: good.kept == [1, 2] and bad.asked > 2)
        assert ways[1].state == {"state": "ok", "behind": 0}
        assert ways[0].state == {
            "state": "full" if isinstance(broken, Full) else "ValueError",
            "behind": 2,
        }
        bad.broken = None
        await until(lambda: bad.kept == [1, 2])
        await until(lambda: ways[0].state == {"state": "ok", "behind": 0})
        for way in ways:
            await way.stop()

    asyncio.run(run())
    assert [one.number for one in place.register.read()] == [1, 2]


def test_what_was_kept_before_a_fault_is_not_sent_again(place: Place) -> None:
    for _ in range(3):
        sign(place)
    shelf = Shelf("shelf")
    shelf.kept = [1, 2]

    async def run() -> None:
        way = Forwarder(place.register, shelf)
        way.start()
        await until(lambda: shelf.kept == [1, 2, 3])
        await way.stop()

    asyncio.run(run())


def test_a_folder_that_was_emptied_gets_no_second_line_of_heads(
    place: Place, tmp_path: Path
) -> None:
    sign(place)
    place.register = Register(tmp_path / "another")
    with pytest.raises(RegisterNotUsable) as refused:
        place.sign()
    assert refused.value.details == {"folder_ends": 0, "database_ends": 1}
