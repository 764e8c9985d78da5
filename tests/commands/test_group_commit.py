"""The batching appender: who shares a commit, who waits, and what a lost connection leaves."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from commands.appender import Line, cut_the_wire, lose_the_answer, scenario, sessions_wait, stored
from commands.product import Connection
from store.appending import commit, event, keyed, ledger_in
from store.test_concurrent_appends import HOLD_LOCK, held_back

from mintflow.commands.core import batches, group_commit
from mintflow.commands.core.batches import StoreUnavailable
from mintflow.commands.core.group_commit import GroupCommit
from mintflow.store.append import Commit, Outcome


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "RETRY_S", (0.01, 0.01, 0.02))


def test_a_lone_command_is_one_round_trip_and_waits_for_no_timer(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse_to_sleep(_s: float) -> None:
        raise AssertionError("a lone command waits for nothing")

    async def play(appender: GroupCommit, line: Line) -> None:
        monkeypatch.setattr(group_commit.asyncio, "sleep", refuse_to_sleep)
        for number in range(1, 4):
            assert (await appender.append(commit(uuid4()))).kind == "appended"
            assert (line.appends, line.others) == (number, 0)
        monkeypatch.undo()

    scenario(database_url, play)


def test_a_crowd_shares_commits(database_url: str) -> None:
    async def play(appender: GroupCommit, line: Line) -> None:
        found = await asyncio.gather(*(appender.append(commit(uuid4())) for _ in range(300)))
        assert {one.kind for one in found} == {"appended"}
        assert line.appends < 20

    scenario(database_url, play)


def test_commands_on_one_stream_or_key_are_never_under_way_together(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way: Counter[UUID | str] = Counter()
    real = batches.append

    async def watched(conn: Connection, commits: Any) -> Any:
        written = [{one.stream_id for one in each.events} for each in commits]
        keys = [{each.idempotency.key} for each in commits if each.idempotency]
        mine: Counter[Any] = Counter(name for names in [*written, *keys] for name in names)
        assert max(mine.values()) == 1
        assert not mine.keys() & under_way.keys()
        for each in commits:
            for stream, _ in each.guards:
                assert stream not in under_way
                assert stream not in mine
        under_way.update(mine)
        try:
            return await real(conn, commits)
        finally:
            for name in mine:
                del under_way[name]

    async def play(appender: GroupCommit, line: Line) -> list[Outcome]:
        monkeypatch.setattr(batches, "append", watched)
        ledger = uuid4()
        streams = [uuid4() for _ in range(4)]
        wanted: list[Commit] = []
        for number in range(200):
            one, two = streams[number % 4], streams[(number * 7 + 1) % 4]
            guards = [(two, 0)] if number % 3 == 0 and two != one else []
            key = keyed(f"k{number % 5}", scope=ledger) if number % 6 == 0 else None
            new = event(one, 1 + number // 4)
            wanted.append(commit(ledger, new, guards=guards, idempotency=key))
        return await asyncio.gather(*(appender.append(one) for one in wanted))

    kinds = Counter(one.kind for one in scenario(database_url, play))
    assert kinds.keys() <= {"appended", "conflict", "replayed"}
    assert kinds["appended"] == stored(database_url)


def test_a_conflict_is_told_to_its_own_command_only(database_url: str) -> None:
    async def play(appender: GroupCommit, line: Line) -> None:
        ledger, stream = uuid4(), uuid4()
        await appender.append(commit(ledger, event(stream, 1)))
        found = await asyncio.gather(
            appender.append(commit(ledger, event(stream, 1))),
            *(appender.append(commit(ledger)) for _ in range(20)),
        )
        assert [one.kind for one in found] == ["conflict", *["appended"] * 20]

    scenario(database_url, play)


def test_an_answer_lost_after_the_commit_gives_one_event_and_success(database_url: str) -> None:
    async def play(appender: GroupCommit, line: Line) -> None:
        ledger, stream = ledger_in(1), uuid4()
        line.after = lose_the_answer
        key = keyed("k", scope=ledger)
        found = await asyncio.gather(
            appender.append(commit(ledger, event(stream, 1), idempotency=key)),
            appender.append(commit(ledger)),
            appender.append(commit(ledger_in(2))),
        )
        assert [one.kind for one in found] == ["appended"] * 3
        assert found[0].position == 1
        assert line.others  # it asked the log what it has

    scenario(database_url, play)
    assert stored(database_url) == 3


@pytest.mark.parametrize("with_key", [False, True])
def test_a_wire_cut_while_the_commit_is_still_under_way_gives_one_event_and_success(
    database_url: str, with_key: bool
) -> None:
    """The lost session goes on and commits while the retry waits for its lock."""

    async def play(appender: GroupCommit, line: Line) -> None:
        owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
        await owner.execute("select pg_advisory_lock(%s)", [HOLD_LOCK])

        async def cut_when_held(conn: Connection) -> None:
            await sessions_wait(owner, 1)
            cut_the_wire(conn)

        ledger = uuid4()
        line.meanwhile = cut_when_held
        key = keyed("k", scope=ledger) if with_key else None
        held = asyncio.ensure_future(
            appender.append(commit(ledger, event(record=b"HOLD"), idempotency=key))
        )
        await sessions_wait(owner, 2)
        assert not held.done()
        await owner.execute("select pg_advisory_unlock(%s)", [HOLD_LOCK])
        outcome = await held
        assert (outcome.kind, outcome.position, outcome.ledger_seq) == ("appended", 1, 1)
        await owner.close()

    with held_back(database_url):
        scenario(database_url, play)
    assert stored(database_url) == 1


def test_a_session_ended_before_the_commit_is_tried_again(database_url: str) -> None:
    async def play(appender: GroupCommit, line: Line) -> None:
        with psycopg.connect(database_url, autocommit=True) as owner:
            owner.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        found = await asyncio.gather(*(appender.append(commit(uuid4())) for _ in range(10)))
        assert {one.kind for one in found} == {"appended"}

    scenario(database_url, play)
    assert stored(database_url) == 10


def test_a_server_that_is_down_is_unavailable_and_nothing_is_half_done(database_url: str) -> None:
    big = commit(uuid4(), *(event() for _ in range(600)))

    async def play(appender: GroupCommit, line: Line) -> None:
        line.down, line.after = True, None
        for lane in appender._free:
            await lane.conn.close()
        found = await asyncio.gather(
            *(appender.append(commit(uuid4())) for _ in range(5)),
            appender.append(big),
            appender.keep_answer(keyed("k", scope=uuid4())),
            return_exceptions=True,
        )
        assert [type(one) for one in found] == [StoreUnavailable] * 7
        line.down = False
        assert (await appender.append(commit(uuid4()))).kind == "appended"
        assert (await appender.append(big)).kind == "appended"

    scenario(database_url, play)
    assert stored(database_url) == 601


def test_a_server_that_goes_away_for_a_moment_is_waited_for(database_url: str) -> None:
    async def play(appender: GroupCommit, line: Line) -> None:
        line.down = True
        for lane in appender._free:
            await lane.conn.close()
        waiting = asyncio.ensure_future(appender.append(commit(uuid4())))
        await asyncio.sleep(0.015)
        line.down = False
        assert (await waiting).kind == "appended"

    scenario(database_url, play)


def test_a_caller_who_gives_up_does_not_break_the_others(database_url: str) -> None:
    async def play(appender: GroupCommit, line: Line) -> None:
        ledger, stream = uuid4(), uuid4()
        tasks = [
            asyncio.ensure_future(appender.append(commit(ledger, event(stream, n + 1))))
            for n in range(20)
        ]
        await asyncio.sleep(0)
        for task in tasks[1::2]:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        for number, one in enumerate(found):
            if number % 2:
                assert isinstance(one, asyncio.CancelledError)
            else:
                assert isinstance(one, Outcome)
                assert one.kind == "appended"
        assert (await appender.append(commit(ledger))).kind == "appended"

    scenario(database_url, play)


def test_what_waits_when_the_host_stops_is_refused(database_url: str) -> None:
    async def play(appender: GroupCommit, line: Line) -> None:
        tasks = [asyncio.ensure_future(appender.append(commit(uuid4()))) for _ in range(50)]
        await asyncio.sleep(0)
        await appender.stop()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        kept = [one for one in found if isinstance(one, Outcome)]
        assert all(isinstance(one, Outcome | StoreUnavailable) for one in found)
        assert len(kept) == stored(database_url)
        with pytest.raises(StoreUnavailable):
            await appender.append(commit(uuid4()))

    scenario(database_url, play)


@pytest.mark.parametrize("size", [1, 600])
def test_one_key_raced_for_from_two_shards_gives_one_answer(database_url: str, size: int) -> None:
    """As when one caller opens a ledger twice at once: each would lie in a shard of its own."""

    async def play(appender: GroupCommit, line: Line) -> None:
        owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
        await owner.execute("select pg_advisory_lock(%s)", [HOLD_LOCK])
        other = GroupCommit(Line(database_url), lambda _: None)
        await other.start()
        key = keyed("k", scope=uuid4())
        events = [event() for _ in range(size - 1)]
        first = asyncio.ensure_future(
            appender.append(commit(ledger_in(1), *events, event(record=b"HOLD"), idempotency=key))
        )
        await sessions_wait(owner, 1)
        events = [event() for _ in range(size)]
        second = asyncio.ensure_future(other.append(commit(ledger_in(2), *events, idempotency=key)))
        await sessions_wait(owner, 2)
        await owner.execute("select pg_advisory_unlock(%s)", [HOLD_LOCK])
        assert [(await one).kind for one in (first, second)] == ["appended", "replayed"]
        await other.stop()
        await owner.close()

    with held_back(database_url):
        scenario(database_url, play)
    assert stored(database_url) == size
