"""Reactions over several shards: what is seen in which order, and from where they go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast
from uuid import UUID

import pytest
from read_models.books import Books, connect, statements

from mintflow.commands.core.command import Command, Context
from mintflow.domain.core.errors import Unavailable
from mintflow.domain.core.ids import shard_of
from mintflow.domain.transactions.events import TransactionRecorded
from mintflow.store.mapper import RecordedEvent
from mintflow.streams.core import reactions
from mintflow.streams.core.reactions import Reaction, Reactor

RECORDED = frozenset({TransactionRecorded.TOPIC})
Seen = list[tuple[UUID, list[int]]]


@pytest.fixture
def several(books: Books) -> Iterator[list[Books]]:
    """Three ledgers, each in a shard of its own, in one log."""
    others: list[Books] = []
    number = 2
    while len(others) < 2:
        taken = {one.shard for one in (books, *others)}
        if shard_of(UUID(int=number, version=4)) not in taken:
            others.append(books.beside(number))
        number += 1
    yield [books, *others]
    for one in others:
        one.close()


def reacting(
    books: Books, work: Callable[[Reactor, Any, Reaction], Any], *, refuse: UUID | None = None
) -> tuple[Any, Seen]:
    """What the work answers, and which events each ledger's command was made of, in order."""
    seen: Seen = []

    def decide(events: Sequence[RecordedEvent]) -> Command:
        seen.append((events[0].ledger_id, [event.position for event in events]))
        return cast("Command", object())

    async def send(_command: Command, context: Context) -> None:
        if context.ledger_id == refuse:
            raise Unavailable("the bus is not there")

    async def owner_of(_ledger_id: UUID) -> UUID | None:
        return UUID(int=1, version=4)

    reaction = Reaction(
        "tried", RECORDED, "(select ledger_id from log.ledger_head)", ("accounts",), decide
    )

    async def run() -> Any:
        async def opened() -> Any:
            return await connect(books.url)

        reactor = Reactor(opened, books.mapper, [reaction], send, owner_of)
        async with await connect(books.url) as conn:
            return await work(reactor, conn, reaction)

    return asyncio.run(run()), seen


def begin_at_zero(books: Books) -> None:
    books.conn.execute(
        "insert into projection.reaction (shard, reaction, position)"
        " select shard, 'tried', 0 from log.shard_head"
    )


def places(books: Books) -> dict[int, int]:
    rows = books.conn.execute("select shard, position from projection.reaction").fetchall()
    return dict(rows)


def heads(books: Books) -> dict[int, int]:
    return dict(books.conn.execute("select shard, position from log.shard_head").fetchall())


async def to_the_end(reactor: Reactor, conn: Any, reaction: Reaction) -> int:
    steps = 0
    while await reactor.react(conn, reaction):
        steps += 1
    return steps


def fill(several: list[Books]) -> dict[UUID, list[int]]:
    """Two, four and six transactions; returns their positions by ledger."""
    for many, books in enumerate(several, 1):
        for day in range(1, 2 * many + 1):
            books.record("-1.00", f"2026-03-{day:02d}")
    found: dict[UUID, list[int]] = {}
    for event in several[0].events():
        if event.type in RECORDED:
            found.setdefault(event.ledger_id, []).append(event.position)
    return found


def test_one_step_looks_at_every_shard_and_at_each_event_once(several: list[Books]) -> None:
    begin_at_zero(several[0])
    wanted = fill(several)
    several[0].fold()
    steps, seen = reacting(several[0], to_the_end)
    assert steps == 1
    assert wanted.keys() == {one.ledger_id for one in several}
    assert dict(seen) == wanted
    assert len(seen) == len(several)
    assert places(several[0]) == heads(several[0])


def test_a_step_asks_the_server_as_often_for_many_shards_as_for_one(several: list[Books]) -> None:
    async def asked(reactor: Reactor, conn: Any, reaction: Reaction) -> int:
        found = statements(conn)
        assert await reactor.react(conn, reaction)
        return len(found)

    begin_at_zero(several[0])
    several[0].fold()
    reacting(several[0], to_the_end)
    several[0].record("-1.00", "2026-03-01")
    several[0].fold()
    alone, seen = reacting(several[0], asked)
    assert len(seen) == 1
    fill(several)
    several[0].fold()
    together, seen = reacting(several[0], asked)
    assert len(seen) == len(several)
    assert together == alone


def test_a_shard_with_more_than_a_step_takes_goes_on_where_it_stopped(
    several: list[Books], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "CYCLE_EVENTS", 2)
    begin_at_zero(several[0])
    wanted = fill(several)
    several[0].fold()
    _, seen = reacting(several[0], to_the_end)
    found: dict[UUID, list[int]] = {}
    for ledger_id, positions in seen:
        assert len(positions) <= 2
        found.setdefault(ledger_id, []).extend(positions)
    assert found == wanted
    assert places(several[0]) == heads(several[0])


def test_what_the_read_models_have_not_applied_waits(several: list[Books]) -> None:
    begin_at_zero(several[0])
    several[0].fold()
    before = heads(several[0])
    fill(several)
    _, seen = reacting(several[0], to_the_end)
    assert seen == []
    assert places(several[0]) == before


def test_a_command_that_can_not_be_sent_leaves_every_shard_where_it_was(
    several: list[Books],
) -> None:
    begin_at_zero(several[0])
    fill(several)
    several[0].fold()
    before = places(several[0])
    with pytest.raises(Unavailable):
        reacting(several[0], to_the_end, refuse=several[-1].ledger_id)
    assert places(several[0]) == before
