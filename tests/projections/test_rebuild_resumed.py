"""A rebuild that was killed goes on; what it replaced can be served again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from read_models.books import Books, broken, key_source, passes_over

from mintflow.projections.core.bulk.folder import FoldFailed
from mintflow.projections.core.checkpoints import lag, parked
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.rebuild import (
    NothingToGoBackTo,
    Options,
    RebuildRefused,
    RebuildReport,
    coordinator,
    forget_previous,
    rebuild,
    rollback,
    switch,
)
from mintflow.projections.core.rebuild.catching_up import Replay
from mintflow.projections.core.rebuild.lanes import Lanes
from mintflow.projections.registry import PROJECTIONS

LOCK = 0x4D726562


class Killed(BaseException):
    """Ends a rebuild as a signal would, without any of its own clean-up of the database."""


@pytest.fixture
def household(books: Books, monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    """Four ledgers, folded, each a unit of its own."""
    monkeypatch.setattr(coordinator, "UNIT_EVENTS", 1)
    others = [books.beside(number) for number in range(2, 5)]
    for one in (books, *others):
        for number in range(6):
            one.record(f"-{number + 1}.00", f"2025-03-{number + 1:02d}", "shopping")
    books.fold()
    yield books
    for one in others:
        one.close()


def run(books: Books, **how: Any) -> RebuildReport:
    return rebuild(books.url, key_source(books), jobs=1, **how)


def killed_after(books: Books, units: int) -> None:
    """Let a rebuild fold some of its units and no more."""
    count = len(books.events()) // 4 * units

    def progress(_what: str, done: int, _of: int) -> None:
        if done >= count:
            raise Killed

    with pytest.raises(Killed):
        run(books, progress=progress)


def test_goes_on_with_the_units_that_were_left(household: Books) -> None:
    served, events = household.dump(), len(household.events())
    killed_after(household, 2)
    report = run(household)
    assert (report.identical, report.events, report.resumed) == (True, events, events // 2)
    assert household.dump() == served
    assert left_behind(household) == []


def test_goes_on_after_the_bulk_with_what_came_meanwhile(
    household: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = Replay.until

    def dies(self: Replay, targets: Any) -> None:
        until(self, targets)
        raise Killed

    monkeypatch.setattr(Replay, "until", dies)
    with pytest.raises(Killed):
        # What is recorded between bulk and comparison is folded while catching up.
        run(household, progress=lambda what, *_: what == "comparing" and live(household))
    monkeypatch.undo()
    live(household)
    served = household.dump()
    report = run(household)
    assert (report.identical, household.dump()) == (True, served)
    assert report.resumed > 0


def live(books: Books) -> None:
    books.record("-99.00", "2025-04-01", "shopping")
    books.fold()


def test_waits_for_an_index_that_a_killed_rebuild_left_to_the_server(
    household: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(coordinator, "index", killed)
        with pytest.raises(Killed):
            run(household)
    (schema,) = {name for (name,) in left_behind(household)}
    (table,) = (t for p in PROJECTIONS for t in p.tables if t.name == "transactions")
    with Lanes(household.url, 1) as lanes, ThreadPoolExecutor(1) as beside:
        making = threading.Event()

        def slowly(conn: psycopg.Connection[Any]) -> None:
            with conn.transaction():
                conn.execute(table.index_sql(schema)[0].encode())
                making.set()
                time.sleep(1)

        left = lanes.begin(slowly)
        making.wait()
        again = beside.submit(run, household)
        left.result()
        # What holds the lock is the connection, which the server closes when it is through.
        lanes.__exit__(None, None, None)
        assert again.result().identical is True


@pytest.mark.parametrize("reason", ["asked", "code", "served"])
def test_begins_anew_where_the_old_course_is_of_no_use(household: Books, reason: str) -> None:
    killed_after(household, 2)
    options, projections = Options(), PROJECTIONS
    if reason == "asked":
        options = Options(resume=False)
    elif reason == "code":
        projections = tuple(
            replace(one, version=2) if one.name == "accounts" else one for one in PROJECTIONS
        )
    else:
        household.wipe()
    report = run(household, options=options, projections=projections)
    assert report.resumed == 0
    assert left_behind(household) == []


def left_behind(books: Books) -> list[Any]:
    """Schemas and notes of rebuilds that are not under way."""
    return books.conn.execute(
        "select nspname::text from pg_namespace where nspname like 'model\\_next%'"
        " union all select schema from projection.rebuild"
        " union all select schema from projection.rebuild_unit"
    ).fetchall()


def test_begins_anew_where_an_event_was_parked_meanwhile(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise Killed

    books.fold()
    with monkeypatch.context() as patched:
        patched.setattr(coordinator, "index", killed)
        with pytest.raises(Killed):
            run(books, projections=broken())
    parks(books)
    served = books.dump()
    report = run(books, projections=broken())
    assert (report.identical, report.resumed) == (True, 0)
    assert (len(books.ask(parked)), books.dump()) == (1, served)


def parks(books: Books) -> None:
    """An event comes that can not be folded, and one after it."""
    books.record("-3.00", "2025-04-01", "shopping")
    books.record("-4.00", "2025-04-02", "shopping")
    books.fold(None, broken())
    assert len(books.ask(parked)) == 1


def test_folds_no_faster_than_it_may(household: Books) -> None:
    events = len(household.events())
    began = time.monotonic()
    run(household, options=Options(events_per_s=events / 1.5))
    # The last wait of a unit is after its last chunk, so nothing is faster than asked for.
    assert time.monotonic() - began >= 1.5


def test_what_was_replaced_can_be_served_again_and_follows_the_log(household: Books) -> None:
    household.conn.execute("update model.account_balances set posted = posted + 0.01")
    wrong = household.rows("account_balances")
    report = run(household)
    (found,) = (one for one in report.tables if one.name == "account_balances")
    assert report.identical is False
    assert found.served is not None
    assert dict(found.served.sums)["posted"] != dict(found.rebuilt.sums)["posted"]
    assert len(found.ledgers) == 4
    right = household.rows("account_balances")
    again, missing = rollback(household.url, key_source(household), ["accounts"])
    assert ([one.projection for one in again], missing) == (["accounts"], 0)
    assert household.rows("account_balances") == wrong
    # Going back from going back: what was served in between was kept.
    live(household)
    _, missing = rollback(household.url, key_source(household), ["accounts"])
    assert missing == 1
    assert household.rows("account_balances") != right
    household.check_everywhere()


def test_a_rollback_of_everything_is_one_switch(household: Books) -> None:
    run(household)
    live(household)
    served = household.dump()
    again, missing = rollback(household.url, key_source(household))
    assert {one.projection for one in again} == {one.name for one in PROJECTIONS}
    assert missing == len(PROJECTIONS)
    assert household.dump() == served
    assert {row["behind"] for row in household.ask(lag)} == {0}
    live(household)
    household.check_everywhere()


def test_a_rollback_that_had_to_try_again_tells_each_event_once(
    household: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(household)
    tries: list[None] = []

    def after_one_more(*args: Any, **how: Any) -> None:
        live(household)
        switch.switch(*args, **how)

    def in_the_way_at_first(*_: object) -> None:
        tries.append(None)
        if len(tries) < 3:
            raise psycopg.errors.LockNotAvailable

    monkeypatch.setattr(coordinator, "switch", after_one_more)
    monkeypatch.setattr(switch, "_keep_readers_off", in_the_way_at_first)
    assert rollback(household.url, key_source(household))[1] == len(PROJECTIONS)
    assert len(tries) == 3
    household.check_everywhere()


def test_a_query_of_two_tables_can_not_come_between_the_moves_of_a_rollback(
    household: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(household)
    held: list[set[str]] = []
    keep = switch.keep

    def look(conn: psycopg.Connection[Any], projection: Projection) -> None:
        found = conn.execute(
            "select relation::regclass::text from pg_locks"
            " where relation is not null and mode = 'AccessExclusiveLock'"
            " and pid = pg_backend_pid()"
        ).fetchall()
        held.append({name.removeprefix("model.") for (name,) in found})
        keep(conn, projection)

    monkeypatch.setattr(switch, "keep", look)
    rollback(household.url, key_source(household))
    assert len(held) == len(PROJECTIONS)
    assert {table.name for one in PROJECTIONS for table in one.tables} <= held[0]


def test_a_rollback_brings_back_what_was_parked(household: Books) -> None:
    household.record("-3.00", "2025-04-01", "shopping")
    household.fold(None, broken())
    (before,) = household.ask(parked)
    run(household)
    assert household.ask(parked) == []
    rollback(household.url, key_source(household))
    assert household.ask(parked) == [before]


def test_a_projection_named_twice_is_brought_up_to_date_once(household: Books) -> None:
    run(household)
    live(household)
    served = household.dump()
    again, missing = rollback(household.url, key_source(household), ["accounts", "accounts"])
    assert ([one.projection for one in again], missing) == (["accounts"], 1)
    assert household.dump() == served
    rollback(household.url, key_source(household), ["accounts"])
    assert household.dump() == served


def test_who_rebuilds_again_in_the_same_breath_is_not_refused(books: Books) -> None:
    with (
        psycopg.connect(books.url, autocommit=True) as one,
        psycopg.connect(books.url, autocommit=True) as other,
    ):
        with coordinator.alone(one):
            assert not _is_free(other)
        assert _is_free(other)
        with pytest.raises(FoldFailed), coordinator.alone(one):
            raise FoldFailed
        assert _is_free(other)


def test_a_rebuild_waits_a_moment_for_the_end_of_one_that_was_killed(household: Books) -> None:
    with psycopg.connect(household.url) as killed:
        killed.execute("select pg_advisory_lock(%s)", [LOCK])
        ends = threading.Timer(0.5, killed.close)
        ends.start()
        assert run(household).identical is True
        ends.join()


def _is_free(conn: psycopg.Connection[Any]) -> bool:
    """Whether the lock of rebuilds can be had at once."""
    (had,) = conn.execute(
        "select pg_try_advisory_lock(%s) and pg_advisory_unlock(%s)", [LOCK] * 2
    ).fetchone() or (False,)
    return bool(had)


def test_refuses_to_drop_what_there_is_not(household: Books) -> None:
    run(household, names=["imports"])
    for name in ("nothing", "no name; at all"):
        with pytest.raises(RebuildRefused) as refused:
            forget_previous(household.url, ["imports", name])
        assert "accounts" in refused.value.details["known"]
    assert forget_previous(household.url, ["accounts", "imports"]) == ["imports"]


def test_drops_what_an_earlier_release_had(household: Books) -> None:
    run(household, names=["imports"])
    later = [one for one in PROJECTIONS if one.name != "imports"]
    assert forget_previous(household.url, ["imports"], projections=later) == ["imports"]


def test_refuses_to_go_back_where_nothing_is_kept(household: Books) -> None:
    with pytest.raises(NothingToGoBackTo):
        rollback(household.url, key_source(household))
    run(household, options=Options(keep_old=False))
    with pytest.raises(NothingToGoBackTo):
        rollback(household.url, key_source(household), ["accounts"])
    run(household)
    assert "accounts" in forget_previous(household.url)
    assert forget_previous(household.url) == []
    with pytest.raises(NothingToGoBackTo):
        rollback(household.url, key_source(household))


def test_a_rollback_lacks_what_could_not_be_folded_since(books: Books) -> None:
    some, projections = ["accounts"], broken()
    books.fold()
    run(books, names=some)
    parks(books)
    served, noted = books.dump(), books.ask(parked)
    for _ in range(2):
        rollback(books.url, key_source(books), some, projections=projections)
        assert (books.dump(), books.ask(parked)) == (served, noted)
    # Code that can fold it gives it back.
    assert run(books, names=some).identical is False
    assert books.ask(parked) == []
    books.check_everywhere()


def test_refuses_to_go_back_to_a_version_that_is_not_folded_here(household: Books) -> None:
    newer = [replace(p, version=2) if p.name == "accounts" else p for p in PROJECTIONS]
    run(household, projections=newer)
    with pytest.raises(NothingToGoBackTo) as refused:
        rollback(household.url, key_source(household), ["accounts"], projections=newer)
    assert refused.value.details["kept_version"] == 1
    # The release that folds it can.
    rollback(household.url, key_source(household), ["accounts"])
    household.check_everywhere()


def test_a_table_that_the_new_version_has_no_more_goes_and_comes_back(household: Books) -> None:
    fewer = [
        replace(p, version=2, tables=(), fold=passes_over) if p.name == "imports" else p
        for p in PROJECTIONS
    ]
    lost = next(p for p in PROJECTIONS if p.name == "imports").tables[-1].name
    run(household, names=["imports"], projections=fewer)
    assert not exists(household, f"model.{lost}")
    assert exists(household, f"model_before_imports.{lost}")
    rollback(household.url, key_source(household), ["imports"])
    assert exists(household, f"model.{lost}")


def exists(books: Books, name: str) -> bool:
    row = books.conn.execute("select to_regclass(%s) is not null", [name]).fetchone()
    return bool(row and row[0])
