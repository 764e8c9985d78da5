"""Folding in a process of its own: the same rows, and never a fault that was not there before."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from projections.test_any_life import a_deed, live
from read_models.books import Books, broken, by_shard, connect, in_pieces, key_source

from mintflow.projections.core import aside as module
from mintflow.projections.core.applier import Applier
from mintflow.projections.core.aside import Aside
from mintflow.projections.core.checkpoints import parked
from mintflow.projections.core.folding import Work, written
from mintflow.projections.core.projection import Projection
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.mapper import RecordedEvent

PATIENCE_S = 60


@pytest.fixture
def aside(books: Books) -> Iterator[Aside]:
    made = Aside(PROJECTIONS, key_source(books), events_min=1)
    yield made
    made.end()


def as_read(books: Books) -> list[RecordedEvent]:
    """The whole log, as hosts read it: decoded by who folds it."""
    return books.events(decoded=False)


def a_life(books: Books, deeds: int = 60) -> None:
    chance = random.Random(4)
    live(books, [a_deed(chance) for _ in range(deeds)])


def ready(aside: Aside, work: Sequence[Work]) -> list[object]:
    """What it gives when it has started."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := asyncio.run(aside.written(work, 5))) is None:
        assert time.monotonic() < deadline, "it never started"
        time.sleep(0.01)
    return list(found)


def applied(
    books: Books,
    aside: Aside,
    pieces: Sequence[Sequence[RecordedEvent]],
    projections: Sequence[Projection] = PROJECTIONS,
) -> None:
    async def run() -> None:
        async with await connect(books.url) as conn:
            applier = await Applier.open(conn, books.mapper, projections, aside)
            for piece in pieces:
                await applier.apply(by_shard(piece))

    asyncio.run(run())


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_folded_aside_is_to_the_byte_what_is_folded_here(
    books: Books, aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_life(books)
    work: list[Work] = [(as_read(books), [*PROJECTIONS])]
    assert ready(aside, work) == list(written([(as_read(books), [*PROJECTIONS])], 5))
    before = aside.folded
    # However few there are.
    monkeypatch.setattr("mintflow.projections.core.applier.INLINE_EVENTS", 0)
    applied(books, aside, in_pieces(as_read(books), random.Random(9)))
    assert aside.folded >= before + len(books.events())
    assert books.dump() == books.rebuilt()


def test_nobody_waits_for_it_to_start_and_few_events_do_not_start_it(books: Books) -> None:
    a_life(books, 5)
    few = Aside(PROJECTIONS, key_source(books), events_min=10_000)
    applied(books, few, [as_read(books)])
    assert few.pid is None
    at_once = Aside(PROJECTIONS, key_source(books), events_min=1)
    try:
        assert asyncio.run(at_once.written([(as_read(books), [*PROJECTIONS])], 5)) is None
        assert at_once.pid is not None
    finally:
        at_once.end()
    assert books.dump() == books.rebuilt()


def test_events_that_were_looked_into_are_folded_by_who_did(books: Books, aside: Aside) -> None:
    books.record("-1.00", "2025-03-01", "shopping")
    ready(aside, [(as_read(books), [*PROJECTIONS])])
    assert asyncio.run(aside.written([(books.events(), [*PROJECTIONS])], 5)) is None


def test_when_it_dies_or_hangs_the_caller_folds_and_a_new_one_comes(
    books: Books, aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_life(books)
    monkeypatch.setattr(module, "ANSWER_S", 0.5)
    work: list[Work] = [(as_read(books), [*PROJECTIONS])]
    for ends in (signal.SIGKILL, signal.SIGSTOP):
        monkeypatch.setattr(module, "AGAIN_S", 0.0)
        ready(aside, work)
        monkeypatch.setattr(module, "AGAIN_S", 1000.0)
        pid = aside.pid
        assert pid is not None
        os.kill(pid, ends)
        books.wipe()
        applied(books, aside, [as_read(books)])
        assert aside.pid is None, "not at once again"
        until(lambda pid=pid: gone(pid))  # type: ignore[misc]
        assert books.dump() == books.rebuilt()


def test_ctrl_c_is_for_the_process_that_started_it(books: Books, aside: Aside) -> None:
    a_life(books, 5)
    work: list[Work] = [(as_read(books), [*PROJECTIONS])]
    ready(aside, work)
    assert aside.pid is not None
    os.kill(aside.pid, signal.SIGINT)
    time.sleep(0.2)
    assert asyncio.run(aside.written(work, 5)) is not None


def test_what_can_not_be_folded_is_parked_as_without_it(books: Books) -> None:
    for amount in ("-1.00", "-2.00", "-3.00", "-4.00"):
        books.record(amount, "2025-03-01", "shopping")
    events = as_read(books)
    failing = broken()
    aside = Aside(failing, key_source(books), events_min=1)
    try:
        ready(aside, [(events[:-3], failing)])
        applied(books, aside, [events], failing)
    finally:
        aside.end()
    [found] = books.ask(parked)
    assert (found["projection"], found["error"]) == ("accounts", "ValueError")
    assert "not this one" not in found["message"]
    assert len(books.rows("transactions")) == 4


_PARENT = """
import asyncio, os, sys, time
from functools import partial
from pathlib import Path
from mintflow.projections.core.aside import Aside
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.keys import FolderKeyStore
aside = Aside(PROJECTIONS, partial(FolderKeyStore, Path(sys.argv[1])), events_min=0)
while not aside._ready:
    asyncio.run(aside.written([], None))
    time.sleep(0.01)
print(aside.pid, flush=True)
time.sleep(600)
"""


def test_it_ends_when_the_process_that_started_it_is_killed(tmp_path: object) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path)], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    until(lambda: gone(pid))
