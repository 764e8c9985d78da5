"""The watchdog ends who stands still, and nobody else."""

from __future__ import annotations

import threading

import psycopg

from mintflow.hosts.watchdog import EXIT_CODE, Standstill, Watchdog

MINE = {1, 2}


def looked(*progress: tuple[float, dict[int, tuple[int, int]]]) -> list[list[int]]:
    standstill = Standstill(60)
    return [standstill.look(found, MINE, now) for now, found in progress]


def test_a_shard_that_stands_still_with_more_to_fold_is_stuck() -> None:
    assert looked((0, {1: (5, 3)}), (59, {1: (9, 3)}), (60, {1: (9, 3)})) == [[], [], [1]]


def test_a_shard_that_moves_is_not_stuck_however_far_behind_it_is() -> None:
    assert looked((0, {1: (999, 3)}), (60, {1: (999, 4)}), (119, {1: (999, 4)})) == [[], [], []]


def test_a_shard_with_nothing_more_to_fold_is_not_stuck() -> None:
    steps = [(now, {1: (3, 3)}) for now in (0.0, 100.0)]
    assert looked(*steps, (101, {1: (4, 3)}), (160, {1: (4, 3)})) == [[], [], [], []]


def test_a_shard_that_others_have_is_theirs_to_see_first() -> None:
    stuck = {7: (5, 3)}
    assert looked((0, stuck), (60, stuck), (179, stuck), (180, stuck)) == [[], [], [], [7]]


def test_a_shard_that_has_just_come_gets_the_time_of_one() -> None:
    """Kafka gave it late, or another process had it and ended."""
    standstill = Standstill(60)
    stuck = {7: (5, 3)}
    assert standstill.look(stuck, (), 0) == []
    assert standstill.look(stuck, (), 100) == []
    assert standstill.look(stuck, {7}, 110) == []
    assert standstill.look({7: (5, 4)}, {7}, 165) == []
    assert standstill.look({7: (5, 4)}, {7}, 224) == []
    assert standstill.look({7: (5, 4)}, {7}, 225) == [7]


def test_a_shard_that_comes_and_goes_is_not_waited_for_for_ever() -> None:
    standstill = Standstill(60)
    found = [
        standstill.look({7: (5, 3)}, {7} if now % 50 else (), now) for now in range(0, 190, 10)
    ]
    assert [stuck for stuck in found if stuck] == [[7]]
    assert found[-1] == [7]


def test_what_was_seen_before_the_database_was_away_does_not_count() -> None:
    standstill = Standstill(60)
    standstill.look({1: (5, 3)}, MINE, 0)
    standstill.forget()
    assert standstill.look({1: (5, 3)}, MINE, 100) == []


def test_the_thread_ends_the_process_and_outlives_its_connection(database_url: str) -> None:
    ended: list[int] = []
    over = threading.Event()

    def end(code: int) -> None:
        ended.append(code)
        over.set()

    query = "select shard, 5::bigint, 3::bigint from log.shard_head"
    watchdog = Watchdog(database_url, query, (), lambda: {1}, 3, end)
    watchdog.start()
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    assert over.wait(30)
    watchdog.stop()
    assert ended == [EXIT_CODE]
