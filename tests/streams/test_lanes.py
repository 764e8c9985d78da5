"""The followers of one agent: which of them has a shard, and that it keeps it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from mintflow.streams.core.faust.follower import Follower
from mintflow.streams.core.faust.inbox import Inbox
from mintflow.streams.core.faust.lanes import Lanes
from mintflow.streams.core.faust.offsets import ReadFrom


class Noted:
    """A follower that does nothing but remember."""

    def __init__(self) -> None:
        self.name = "books"
        self.inbox: asyncio.Queue[Any] = asyncio.Queue()
        self.shards: set[int] = set()
        self.known: Any = None
        self.stopped = asyncio.Event()
        self.fault: str | None = None
        self.applied = 3

    def assigned(self, known: Any, shards: Any) -> None:
        self.known, self.shards = known, set(shards)

    async def run(self) -> None:
        await self.stopped.wait()

    async def stop(self) -> None:
        self.stopped.set()


def two() -> tuple[Lanes, list[Noted]]:
    made = Lanes(lambda: cast("Follower", Noted()), 2)
    return made, cast("list[Noted]", list(made.followers))


def test_every_shard_has_one_follower_and_they_have_as_many() -> None:
    lanes, (one, other) = two()
    known = {4: ReadFrom(7, 9)}
    lanes.assigned(known, range(0, 32, 2))
    assert len(one.shards) == len(other.shards) == 8
    assert one.shards | other.shards == set(range(0, 32, 2))
    assert one.known == other.known == known


def test_a_shard_stays_where_it_is_while_others_come_and_go() -> None:
    lanes, (one, other) = two()
    lanes.assigned({}, range(8))
    before = [set(one.shards), set(other.shards)]
    left = {0, 1, 2, 3, 4}
    lanes.assigned({}, left)
    assert [one.shards, other.shards] == [before[0] & left, before[1] & left]
    lanes.assigned({}, left | {20, 21, 22})
    assert before[0] & left <= one.shards
    assert before[1] & left <= other.shards
    assert sorted((len(one.shards), len(other.shards))) == [4, 4]


def test_records_go_to_the_follower_of_their_shard_in_order() -> None:
    async def run() -> None:
        lanes, both = two()
        lanes.assigned({}, range(6))
        for number in range(24):
            message = SimpleNamespace(tp=SimpleNamespace(partition=number % 6))
            await lanes.put(SimpleNamespace(message=message, number=number))
        for follower in both:
            found = [follower.inbox.get_nowait() for _ in range(follower.inbox.qsize())]
            assert {event.message.tp.partition for event in found} == follower.shards
            assert [event.number for event in found] == sorted(event.number for event in found)

    asyncio.run(run())


def test_it_runs_until_all_are_stopped_and_tells_of_all() -> None:
    async def run() -> None:
        lanes, (one, other) = two()
        assert (lanes.name, lanes.applied, lanes.fault) == ("books", 6, None)
        other.fault = "OperationalError"
        assert lanes.fault == "OperationalError"
        running = asyncio.create_task(lanes.run())
        await asyncio.sleep(0)
        await one.stop()
        await asyncio.sleep(0)
        assert not running.done()
        await lanes.stop()
        async with asyncio.timeout(5):
            await running

    asyncio.run(run())


def test_an_inbox_is_full_by_its_records_and_not_by_its_batches() -> None:
    async def run() -> None:
        inbox = Inbox(records_max=10)
        for _ in range(9):
            inbox.put_nowait(SimpleNamespace(value=["record"]))
        assert not inbox.full()
        # However large: a batch goes in whole, and then no other one.
        inbox.put_nowait(SimpleNamespace(value=["record"] * 50))
        assert inbox.full()
        waiting = asyncio.create_task(inbox.put(SimpleNamespace(value=["last"])))
        for _ in range(9):
            assert inbox.get_nowait().value == ["record"]
            await asyncio.sleep(0)
            assert not waiting.done()
        assert len(inbox.get_nowait().value) == 50
        await waiting
        assert inbox.get_nowait().value == ["last"]
        assert inbox.empty()

    asyncio.run(run())
