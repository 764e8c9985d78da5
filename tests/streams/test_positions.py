"""Waiting for what another process folds: one question for all who wait, none when nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import psycopg
import pytest

from mintflow.streams.core import positions as module
from mintflow.streams.core.positions import NotYetVisible, Positions


class Database:
    """Answers the position of shard 1, and counts how often it was asked."""

    def __init__(self) -> None:
        self.position, self.asked = 0, 0
        self.gone = False

    async def __call__(self) -> Mapping[int, int]:
        self.asked += 1
        if self.gone:
            raise psycopg.OperationalError("no server")
        return {1: self.position}


def test_everyone_who_waits_is_answered_by_the_same_questions() -> None:
    async def run() -> None:
        database = Database()
        made = Positions(database)
        waiting = [asyncio.create_task(made.wait_for(1, n % 5 + 1, 10)) for n in range(100)]
        await asyncio.sleep(0.05)
        asked = database.asked
        assert 0 < asked < 20
        database.position = 5
        await asyncio.gather(*waiting)
        assert database.asked < asked + 10
        asked = database.asked
        await asyncio.sleep(0.05)
        assert database.asked == asked, "nobody waits, and it is asked"

    asyncio.run(run())


def test_a_ring_is_a_question_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 60)

    async def run() -> None:
        database = Database()
        made = Positions(database)
        waiting = asyncio.create_task(made.wait_for(1, 3, 10))
        await asyncio.sleep(0.05)
        database.position = 3
        made.look()
        await asyncio.wait_for(waiting, 5)

    asyncio.run(run())


def test_a_ring_that_is_not_true_makes_nothing_visible() -> None:
    async def run() -> None:
        made = Positions(Database())
        waiting = asyncio.create_task(made.wait_for(1, 1, 0.2))
        made.look()
        with pytest.raises(NotYetVisible) as late:
            await waiting
        assert late.value.details["behind"] == 1

    asyncio.run(run())


def test_a_fault_of_the_database_is_told_to_who_waits_and_the_next_one_asks_anew() -> None:
    async def run() -> None:
        database = Database()
        database.gone = True
        made = Positions(database)
        with pytest.raises(psycopg.OperationalError):
            await made.wait_for(1, 1, 10)
        database.gone, database.position = False, 1
        await made.wait_for(1, 1, 10)

    asyncio.run(run())


def test_one_who_gives_up_does_not_keep_the_questions_going() -> None:
    async def run() -> None:
        database = Database()
        made = Positions(database)
        with pytest.raises(NotYetVisible):
            await made.wait_for(1, 9, 0.05)
        await asyncio.sleep(0.05)
        asked = database.asked
        await asyncio.sleep(0.05)
        assert database.asked == asked

    asyncio.run(run())
