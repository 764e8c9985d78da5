"""Rebuilds: identical to what is served, never half visible, healed, and safe to kill."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg
import pytest
from read_models.books import Books, broken, key_source

from mintflow.projections.accounts import list_accounts
from mintflow.projections.core.bulk.folder import FoldFailed
from mintflow.projections.core.checkpoints import lag, parked
from mintflow.projections.core.rebuild import (
    RebuildRefused,
    RebuildReport,
    coordinator,
    rebuild,
    switch,
)
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.keys import FolderKeyStore


def run(books: Books, names: Sequence[str] | None = None, jobs: int = 1) -> RebuildReport:
    return rebuild(books.url, key_source(books), names, jobs=jobs)


def some_life(books: Books, count: int = 12) -> None:
    for number in range(count):
        made = books.record(
            f"-{number + 1}.00", f"2025-03-{number % 28 + 1:02d}", "shopping",
            status="posted" if number % 3 else "pending",
        )  # fmt: skip
        if number % 4 == 1:
            made.void(made.modified_on)
            books.put(made)


def test_rebuilt_rows_are_the_served_ones(books: Books) -> None:
    others = [books.beside(number) for number in range(2, 5)]
    for one in (books, *others):
        some_life(one)
    books.fold()
    served = books.dump()
    told = list[str]()
    keys = key_source(books)
    report = rebuild(
        books.url, keys, jobs=2, progress=lambda what, done, of: told.append(f"{what} {done}/{of}")
    )
    assert report.identical is True
    assert report.events == len(books.events())
    assert f"folding {report.events}/{report.events}" in told
    assert {one.name for one in report.tables} == set(served)
    assert all(one.rebuilt.rows == len(served[one.name]) for one in report.tables)
    assert books.dump() == served
    assert {row["behind"] for row in books.ask(lag)} == {0}
    for one in others:
        one.close()


def test_after_a_rebuild_everything_goes_on_over_the_new_tables(books: Books) -> None:
    some_life(books)
    books.fold()
    run(books)
    books.record("-1.00", "2025-04-01", "shopping")
    books.fold()
    rows, position = books.ask(list_accounts, books.ledger_id)
    assert position == len(books.events())
    assert books.conn.execute("select sum(amount) from model.postings").fetchone() is not None
    indexes = books.conn.execute(
        "select count(*) from pg_indexes where schemaname = 'model'"
        " and indexname like 'transactions%'"
    ).fetchone()
    assert indexes == (6,)
    assert rows
    books.check_everywhere()


def test_what_was_changed_behind_the_products_back_is_found_and_made_right(books: Books) -> None:
    some_life(books)
    books.fold()
    right = books.dump()
    books.conn.execute("update model.account_balances set posted = posted + 0.01")
    books.conn.execute("update model.category_months set amount = amount::numeric(20,3)")
    report = run(books)
    assert report.identical is False
    wrong = {one.name for one in report.tables if one.served != one.rebuilt}
    assert wrong == {"account_balances", "category_months"}
    assert books.dump() == right


def test_lost_read_models_come_back(books: Books) -> None:
    some_life(books)
    books.fold()
    right = books.dump()
    books.conn.execute("drop table model.transactions, model.category_days cascade")
    report = run(books)
    assert report.identical is None
    assert books.dump() == right


def test_a_first_fill_needs_no_tailer(books: Books) -> None:
    some_life(books)
    report = run(books)
    assert report.identical is None
    filled = books.dump()
    books.wipe()
    books.fold()
    assert books.dump() == filled


def test_one_projection_is_rebuilt_beside_the_others(books: Books) -> None:
    some_life(books)
    books.fold()
    report = run(books, ["accounts"])
    assert report.identical is True
    assert {one.name for one in report.tables} == {
        "accounts", "account_balances", "account_days", "reported_balances",
    }  # fmt: skip
    books.check_everywhere()


def test_a_late_tailer_is_no_difference(books: Books) -> None:
    some_life(books, 4)
    books.fold()
    some_life(books, 8)
    assert run(books).identical is True


def test_refuses_a_second_rebuild_and_an_unknown_name(books: Books) -> None:
    with pytest.raises(RebuildRefused):
        run(books, ["nothing"])
    with psycopg.connect(books.url) as other:
        other.execute("select pg_advisory_lock(%s)", [0x4D726562])
        with pytest.raises(RebuildRefused):
            run(books)


def test_a_parked_event_is_healed_by_code_that_can_fold_it(books: Books) -> None:
    some_life(books)
    books.fold(None, broken())
    assert len(books.ask(parked)) == 1
    assert run(books).identical is False
    assert books.ask(parked) == []
    healed = books.dump()
    books.wipe()
    books.fold()
    assert books.dump() == healed


def test_a_parked_event_that_still_can_not_be_folded_stays_parked(books: Books) -> None:
    some_life(books)
    books.fold(None, broken())
    before = books.dump()
    report = rebuild(books.url, key_source(books), projections=broken(), jobs=1)
    assert report.identical is True
    assert len(books.ask(parked)) == 1
    assert books.dump() == before


def test_an_event_that_only_the_new_code_can_not_fold_stops_the_rebuild(books: Books) -> None:
    some_life(books)
    books.fold()
    served = books.dump()
    with pytest.raises(FoldFailed) as stopped:
        rebuild(books.url, key_source(books), projections=broken(), jobs=1)
    assert "transaction.recorded" in str(stopped.value)
    assert "not this one" not in str(stopped.value)
    assert books.dump() == served
    assert run(books).identical is True


def test_a_new_version_takes_the_place_of_the_old_one(books: Books) -> None:
    some_life(books)
    books.fold()
    newer = [replace(p, version=2) if p.name == "accounts" else p for p in PROJECTIONS]
    report = rebuild(books.url, key_source(books), ["accounts"], projections=newer, jobs=1)
    assert report.identical is None
    assert {row["version"] for row in books.ask(lag) if row["projection"] == "accounts"} == {2}
    books.record("-1.00", "2025-04-01", "shopping")
    books.fold(None, newer)
    assert {row["behind"] for row in books.ask(lag)} == {0}


def test_what_is_written_and_asked_meanwhile_is_neither_lost_nor_refused(books: Books) -> None:
    some_life(books, 30)
    books.fold()
    ends = threading.Event()
    answers = 0

    writer = books.beside(9)

    def live() -> None:
        nonlocal answers
        while not ends.is_set():
            writer.record("-1.00", "2025-03-01", "shopping")
            writer.fold()
            rows, _ = writer.ask(list_accounts, writer.ledger_id)
            assert len(rows) == 2
            answers += 1

    thread = threading.Thread(target=live)
    thread.start()
    try:
        time.sleep(0.2)
        reports = [run(books) for _ in range(2)]
    finally:
        ends.set()
        thread.join()
        writer.close()
    assert [report.identical for report in reports] == [True, True]
    assert answers > 0
    books.fold()
    assert books.rebuilt() == books.dump()


def test_waits_for_the_servers_own_vacuum_and_not_for_its_end(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "_ATTEMPTS", 1)
    monkeypatch.setattr(coordinator, "vacuum_kept_off", lambda *_: nullcontext())
    some_life(books)
    books.fold()
    run(books)
    names = ["model.transactions", "model_before_transactions.transactions"]
    with psycopg.connect(books.url) as vacuum, ThreadPoolExecutor(1) as beside:
        # What a vacuum holds; to a real one the server sends word after a second of waiting.
        vacuum.execute(f"lock table {', '.join(names)} in share update exclusive mode".encode())
        rebuilt = beside.submit(run, books)
        while not waited_for(books, vacuum.info.backend_pid):
            assert not rebuilt.done(), rebuilt.result()
            time.sleep(0.02)
        time.sleep(1.2)
        assert len(books.rows("transactions")) > 0
        vacuum.rollback()
        assert rebuilt.result().identical is True


def test_keeps_vacuum_off_what_it_compares_and_nobody_else(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_life(books)
    books.fold()
    run(books)
    names = ["model.transactions", "model_before_transactions.transactions"]
    with psycopg.connect(books.url) as vacuum:
        asks = [f"lock table {name} in share update exclusive mode nowait" for name in names]
        with switch.vacuum_kept_off(books.url, PROJECTIONS):
            for ask in asks:
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    vacuum.execute(ask.encode())
                vacuum.rollback()
            some_life(books)
            books.fold()
            assert len(books.rows("transactions")) > 0
        for ask in asks:
            vacuum.execute(ask.encode())
        # One that does not give way is not waited for without end.
        monkeypatch.setattr(switch, "_FOR_VACUUM", "100ms")
        with switch.vacuum_kept_off(books.url, PROJECTIONS):
            assert len(books.rows("transactions")) > 0


def waited_for(books: Books, pid: int) -> bool:
    row = books.conn.execute(
        "select exists (select from pg_stat_activity where %s = any(pg_blocking_pids(pid)))", [pid]
    ).fetchone()
    return bool(row and row[0])


def test_a_table_is_vacuumed_from_the_switch_on(books: Books) -> None:
    some_life(books)
    books.fold()
    off = set[str]()

    def look(_what: str, _done: int, _of: int) -> None:
        off.update(not_vacuumed(books))

    rebuild(books.url, key_source(books), jobs=1, progress=look)
    names = {table.name for one in PROJECTIONS for table in one.tables}
    assert {name.partition(".")[2] for name in off} == names
    assert not any(name.startswith("model.") for name in off)
    assert not_vacuumed(books) == set()


def not_vacuumed(books: Books) -> set[str]:
    rows = books.conn.execute(
        "select n.nspname || '.' || relname from pg_class c join pg_namespace n"
        " on n.oid = relnamespace where 'autovacuum_enabled=off' = any(reloptions)"
    ).fetchall()
    return {name for (name,) in rows}


KILLED = """
import sys
from functools import partial
from pathlib import Path
from mintflow.projections.core.rebuild import rebuild
from mintflow.store.keys import FolderKeyStore
if __name__ == "__main__":
    rebuild(sys.argv[1], partial(FolderKeyStore, Path(sys.argv[2])), jobs=2,
            progress=lambda what, done, of: print(what, done, flush=True))
    print("switched", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("after", ["start", "folding", "indexes", "comparing", "comparing+"])
def test_a_rebuild_killed_at_any_moment_leaves_the_served_tables_right(
    books: Books, tmp_path: Path, after: str
) -> None:
    keys = FolderKeyStore(tmp_path / "keys")
    books.sealer._keys = keys
    books.sealer.prepare(books.ledger_id)
    some_life(books, 40)
    books.fold()
    served = books.dump()
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    process = subprocess.Popen(
        [sys.executable, str(script), books.url, str(tmp_path / "keys")],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    if after == "start":
        time.sleep(1.2)
    else:
        for line in process.stdout:
            if line.startswith(after.rstrip("+")):
                break
        time.sleep(0.01 if after.endswith("+") else 0)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert books.dump() == served
    report = rebuild(books.url, partial(FolderKeyStore, tmp_path / "keys"), jobs=1)
    assert report.identical is True
    assert books.dump() == served
    left = books.conn.execute(
        "select count(*) from pg_namespace where nspname like 'model\\_next%'"
    ).fetchone()
    assert left == (0,)


def test_a_rebuild_may_be_started_from_a_thread_beside_an_event_loop(books: Books) -> None:
    some_life(books, 3)
    books.fold()

    async def beside() -> RebuildReport:
        return await asyncio.to_thread(run, books)

    assert asyncio.run(beside()).identical is True
