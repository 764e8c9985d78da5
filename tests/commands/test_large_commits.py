"""Commits of more events than a batch has: alone, in parts, all or nothing."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from commands.appender import Cut, Line, lose_the_answer, scenario, stored
from commands.product import Connection
from store.appending import commit, event, keyed, ledger_in

from mintflow.commands.core import group_commit
from mintflow.commands.core.batches import StoreUnavailable
from mintflow.commands.core.group_commit import GroupCommit


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "RETRY_S", (0.01, 0.01, 0.02))


@pytest.mark.parametrize("size", [513, 5_000])
def test_a_large_commit_is_all_or_nothing(database_url: str, size: int) -> None:
    async def play(appender: GroupCommit, line: Line) -> None:
        ledger, stream = uuid4(), uuid4()
        await appender.append(commit(ledger, event(stream, 1)))
        events = [event() for _ in range(size)]
        refused = await appender.append(commit(ledger, *events[:-1], event(stream, 1)))
        assert (refused.kind, refused.position) == ("conflict", None)
        assert stored(database_url) == 1
        kept = await appender.append(commit(ledger, *events, expected_seq=1))
        assert (kept.kind, kept.ledger_seq) == ("appended", size + 1)
        stale = await appender.append(
            commit(ledger, *(event() for _ in range(600)), expected_seq=1)
        )
        assert stale.kind == "stale"

    scenario(database_url, play)
    assert stored(database_url) == size + 1


def test_a_large_commit_is_known_by_its_key(database_url: str) -> None:
    async def play(appender: GroupCommit, line: Line) -> None:
        ledger = uuid4()
        key = keyed("k", "ask", '"first"', scope=ledger)
        first = await appender.append(
            commit(ledger, *(event() for _ in range(600)), idempotency=key)
        )
        again = await appender.append(
            commit(ledger, *(event() for _ in range(700)), idempotency=key)
        )
        assert (again.kind, again.position) == ("replayed", first.position)
        assert again.stored_response == b'"first"'

    scenario(database_url, play)
    assert stored(database_url) == 600


def test_others_of_its_shard_wait_for_a_large_commit_and_lose_nothing(database_url: str) -> None:
    async def play(appender: GroupCommit, line: Line) -> None:
        ledger, neighbour, elsewhere = ledger_in(3), ledger_in(3), ledger_in(4)
        found = await asyncio.gather(
            appender.append(commit(ledger, *(event() for _ in range(4_500)))),
            *(appender.append(commit(neighbour)) for _ in range(30)),
            *(appender.append(commit(elsewhere)) for _ in range(30)),
        )
        assert {one.kind for one in found} == {"appended"}

    scenario(database_url, play)
    assert stored(database_url) == 4_560


@pytest.mark.parametrize("lost_answers", [0, 1, 2])
def test_a_large_commit_cut_between_its_parts_leaves_nothing(
    database_url: str, lost_answers: int
) -> None:
    async def play(appender: GroupCommit, line: Line) -> None:
        async def pass_on(_conn: Connection) -> None:
            line.after = steps.pop(0) if steps else None

        steps: list[Cut] = [pass_on] * (lost_answers - 1) + [lose_the_answer]
        line.after = pass_on if lost_answers else lose_the_answer
        with pytest.raises(StoreUnavailable):
            await appender.append(commit(uuid4(), *(event() for _ in range(6_500))))

    scenario(database_url, play)
    assert stored(database_url) == 0
