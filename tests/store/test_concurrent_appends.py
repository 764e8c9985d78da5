"""Many writers and a reader that tails: no gap, no deadlock, nothing passed over."""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from store.appending import (
    Conn,
    append,
    assert_whole,
    commit,
    connect,
    event,
    keyed,
    ledger_in,
    positions,
)

from mintflow.store.append import Commit

HOLD_LOCK = 4711


def test_concurrent_writers_never_make_a_gap(database_url: str) -> None:
    ledgers = [ledger_in(shard) for shard in (0, 0, 0, 1, 2, 2, 31)]

    def write(seed: int) -> int:
        chance = random.Random(seed)
        kept = 0
        with connect(database_url) as conn:
            for _ in range(60):
                batch = [_random_commit(chance, ledgers) for _ in range(chance.randint(1, 6))]
                if chance.random() < 0.15:
                    with conn.transaction():
                        append(conn, *batch)
                        raise psycopg.Rollback
                else:
                    outcomes = append(conn, *batch)
                    kept += sum(
                        len(one.events)
                        for one, outcome in zip(batch, outcomes, strict=True)
                        if outcome.kind == "appended"
                    )
        return kept

    with tailing(database_url, [0, 1, 2, 31]) as seen:
        kept = sum(in_threads([lambda seed=seed: write(seed) for seed in range(6)]))
    with connect(database_url) as conn:
        assert_whole(conn)
        assert conn.execute("select count(*) from log.event").fetchone() == (kept,)
        for shard, found in seen.items():
            assert found == positions(conn, shard)


def test_writers_of_shuffled_batches_over_many_shards_never_deadlock(database_url: str) -> None:
    ledgers = [ledger_in(shard) for shard in range(0, 32, 4)]

    def write(seed: int) -> None:
        chance = random.Random(seed)
        with connect(database_url) as conn:
            for _ in range(80):
                chosen = chance.sample(ledgers, 5)
                append(conn, *(commit(ledger) for ledger in chosen))

    in_threads([lambda seed=seed: write(seed) for seed in range(4)])
    with connect(database_url) as conn:
        assert_whole(conn)
        assert conn.execute("select count(*) from log.event").fetchone() == (4 * 80 * 5,)


def test_one_of_many_writers_of_a_version_wins(database_url: str) -> None:
    ledger, stream = uuid4(), uuid4()

    def write() -> list[str]:
        with connect(database_url) as conn:
            return [append(conn, commit(ledger, event(stream, n)))[0].kind for n in range(1, 31)]

    found = Counter(kind for kinds in in_threads([write] * 6) for kind in kinds)
    assert found == {"appended": 30, "conflict": 150}


def test_one_of_many_writers_under_a_key_wins_and_the_others_hear_its_answer(
    database_url: str,
) -> None:
    ledger = uuid4()

    def write(number: int) -> tuple[str, bytes | None, int | None]:
        with connect(database_url) as conn:
            key = keyed("once", "ask", f'"{number}"', scope=ledger)
            outcome = append(conn, commit(ledger, idempotency=key))[0]
            mine = f'"{number}"'.encode() if outcome.kind == "appended" else None
            return outcome.kind, outcome.stored_response or mine, outcome.position

    found = in_threads([lambda n=n: write(n) for n in range(8)])
    assert Counter(kind for kind, _, _ in found) == {"appended": 1, "replayed": 7}
    assert len({(answer, position) for _, answer, position in found}) == 1


def test_a_reader_passes_over_nothing_while_a_writer_is_held_back(database_url: str) -> None:
    held, same_shard, elsewhere = ledger_in(8), ledger_in(8), ledger_in(9)
    with held_back(database_url), ThreadPoolExecutor(2) as pool, connect(database_url) as conn:
        append(conn, commit(held))
        with tailing(database_url, [8, 9]) as seen, psycopg.connect(database_url) as holder:
            holder.execute("select pg_advisory_lock(%s)", [HOLD_LOCK])
            slow = pool.submit(_append_alone, database_url, commit(held, event(record=b"HOLD")))
            _wait_for_waiters(database_url, 1)
            behind = pool.submit(_append_alone, database_url, commit(same_shard))
            _wait_for_waiters(database_url, 2)
            # Another shard does not wait, and its readers see it while this one stands still.
            assert append(conn, commit(elsewhere))[0].kind == "appended"
            _wait_until(lambda: seen[9] == [1])
            assert seen[8] == [1]
            assert not slow.done()
            assert not behind.done()
            holder.execute("select pg_advisory_unlock(%s)", [HOLD_LOCK])
            assert (slow.result(), behind.result()) == (2, 3)
            _wait_until(lambda: seen[8] == [1, 2, 3])
        assert_whole(conn)


def test_numbers_of_a_writer_that_died_go_to_the_next(database_url: str) -> None:
    held = ledger_in(8)
    with held_back(database_url), ThreadPoolExecutor(2) as pool, connect(database_url) as conn:
        with psycopg.connect(database_url, autocommit=True) as holder:
            holder.execute("select pg_advisory_lock(%s)", [HOLD_LOCK])
            slow = pool.submit(_append_alone, database_url, commit(held, event(record=b"HOLD")))
            _wait_for_waiters(database_url, 1)
            behind = pool.submit(_append_alone, database_url, commit(held))
            _wait_for_waiters(database_url, 2)
            holder.execute(
                "select pg_terminate_backend(pid) from pg_locks"
                " where locktype = 'advisory' and not granted"
            )
            with pytest.raises(psycopg.OperationalError):
                slow.result()
            assert behind.result() == 1
        assert_whole(conn)


@contextmanager
def tailing(url: str, shards: list[int]) -> Iterator[dict[int, list[int]]]:
    """A reader that asks each shard for what follows the last position it saw, until the end."""
    seen: dict[int, list[int]] = defaultdict(list)
    stop = threading.Event()

    def tail() -> None:
        with connect(url) as conn:
            done = False
            while not done:
                done = stop.is_set()  # one more round, so that the last commits are seen
                for shard in shards:
                    last = seen[shard][-1] if seen[shard] else 0
                    for (position,) in conn.execute(
                        "select position from log.event where shard = %s and position > %s"
                        " order by position",
                        [shard, last],
                    ):
                        seen[shard].append(position)
                        assert position == len(seen[shard]), "a later position showed up first"

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(tail)
        try:
            yield seen
        finally:
            stop.set()
        reader.result()


@contextmanager
def held_back(url: str) -> Iterator[None]:
    """Rows whose record is HOLD wait, inside their transaction, for the advisory lock."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            "create function public.hold() returns trigger language plpgsql as $$ begin"
            f" if new.record = 'HOLD' then perform pg_advisory_xact_lock({HOLD_LOCK}); end if;"
            " return new; end $$"
        )
        owner.execute(
            "create trigger hold before insert on log.event"
            " for each row execute function public.hold()"
        )
        yield


def in_threads(jobs: list[Callable[[], Any]]) -> list[Any]:
    """Run all at once; the results in order, the first fault raised."""
    barrier = threading.Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        barrier.wait()
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        futures: list[Future[Any]] = [pool.submit(run, job) for job in jobs]
        return [future.result() for future in futures]


def _random_commit(chance: random.Random, ledgers: list[UUID]) -> Commit:
    events = [event() for _ in range(chance.randint(1, 4))]
    ledger = chance.choice(ledgers)
    if chance.random() < 0.1:
        return commit(ledger, *events, expected_seq=-1)
    return commit(ledger, *events)


def _append_alone(url: str, wanted: Commit) -> int | None:
    with connect(url) as conn:
        return append(conn, wanted)[0].position


def _wait_for_waiters(url: str, count: int) -> None:
    def waiting(conn: Conn) -> int:
        row = conn.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and wait_event_type = 'Lock'"
        ).fetchone()
        assert row is not None
        return int(row[0])

    # As the superuser: others may not see what a session waits for.
    with psycopg.connect(url, autocommit=True) as conn:
        _wait_until(lambda: waiting(conn) >= count)


def _wait_until(reached: Callable[[], bool]) -> None:
    """Wait as long as it takes; the suite's own time-out tells a hang."""
    pause = threading.Event()
    while not reached():
        pause.wait(0.01)
