"""The applier: duplicates, holes, poison, crashes and company."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

import psycopg
import pytest
from read_models.books import Books, by_shard, connect, in_pieces

from mintflow.projections import accounts, transactions
from mintflow.projections.core.applier import Applier, LogIncomplete
from mintflow.projections.core.changes import Changes
from mintflow.projections.core.checkpoints import ProjectionNotServed, lag, parked
from mintflow.projections.core.install import install
from mintflow.projections.core.projection import Projection
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.mapper import RecordedEvent, RecordUnreadable


def some_days(books: Books, count: int) -> None:
    for number in range(count):
        books.record(f"-{number + 1}.00", f"2025-03-{number % 28 + 1:02d}", "shopping")


def test_a_hole_before_a_batch_is_filled_from_the_log(books: Books) -> None:
    some_days(books, 6)
    events = books.events()
    books.fold([events[-2:]])
    whole_log = books.dump()
    books.wipe()
    books.fold()
    assert books.dump() == whole_log


def test_refuses_a_batch_after_events_that_the_log_does_not_have(books: Books) -> None:
    some_days(books, 2)
    event = books.events()[-1]
    event.position += 5
    with pytest.raises(LogIncomplete):
        books.fold([[event]])
    books.fold()
    books.check_everywhere()


def test_a_gap_inside_a_batch_is_not_passed_over(books: Books) -> None:
    some_days(books, 6)
    events = books.events()
    books.fold([[*events[:3], *events[5:]]])
    books.fold()
    books.check_everywhere()


def test_projections_at_different_positions_get_their_own_events(books: Books) -> None:
    some_days(books, 4)
    events = books.events()
    books.fold([events[:5]], [accounts.PROJECTION])
    books.fold([events[:7]], [transactions.PROJECTION])
    books.fold()
    late = books.dump()
    books.wipe()
    books.fold()
    assert books.dump() == late


def failing(broken: Projection, at: int, error: Exception) -> list[Projection]:
    """All projections; one of them can not fold the event at a position."""

    def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
        broken.fold(batch, changes)
        if any(event.position == at for event in batch):
            raise error

    return [replace(one, fold=fold) if one is broken else one for one in PROJECTIONS]


def test_an_event_that_can_not_be_folded_is_parked_and_shown_and_the_rest_goes_on(
    books: Books,
) -> None:
    some_days(books, 9)
    events = books.events()
    at = events[-4].position
    secret = KeyError("a personal description")
    books.fold([events], failing(accounts.PROJECTION, at, secret))
    [found] = books.ask(parked)
    assert (found["projection"], found["position"], found["event_type"]) == (
        "accounts", at, "transaction.recorded",
    )  # fmt: skip
    assert found["error"] == "KeyError"
    assert "personal" not in found["message"]
    behind = {row["projection"]: row for row in books.ask(lag) if row["shard"] == books.shard}
    assert behind["accounts"]["parked"] == 1
    assert behind["transactions"]["parked"] == 0
    assert all(row["behind"] == 0 for row in behind.values())
    assert len(books.rows("transactions")) == 9
    total = sum(row[0] for row in books.rows("account_balances", "posted"))
    assert total == 105 - sum(range(1, 10)) + 6


def test_what_is_no_record_is_nobodys_fault_and_nothing_of_its_batch_is_applied(
    books: Books,
) -> None:
    some_days(books, 5)
    good = books.events()
    one = good[-2]
    place = one.shard, one.position, one.ledger_id, one.ledger_seq, one.recorded_at
    for value in (b"[]", b"{}", b"\xff", b""):
        broken = books.mapper.recorded(*place, value, one.sealed, decoded=False)
        batch = [*good[:-2], broken, good[-1]]
        with pytest.raises(RecordUnreadable):
            books.fold([batch])
    assert not books.ask(parked)
    assert not books.rows("transactions")
    books.fold()
    books.check_everywhere()


def test_a_value_that_the_table_refuses_parks_its_event_only(books: Books) -> None:
    some_days(books, 5)
    at = books.events()[-2].position
    odd = transactions.PROJECTION

    def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
        odd.fold(batch, changes)
        for event in batch:
            if event.position == at:
                key = (event.envelope["ledger_id"], event.stream_id)
                changes.patch(odd.tables[0], key, {"date": "no day"})

    books.fold(None, [replace(one, fold=fold) if one is odd else one for one in PROJECTIONS])
    [found] = books.ask(parked)
    assert (found["projection"], found["position"]) == ("transactions", at)
    assert found["message"].startswith("SQLSTATE 22")
    assert len(books.rows("transactions")) == 4


def test_a_missing_table_is_a_fault_and_parks_nothing(books: Books) -> None:
    some_days(books, 2)
    books.conn.execute("drop table model.account_days cascade")
    with pytest.raises(psycopg.errors.UndefinedTable):
        books.fold()
    assert books.ask(parked) == []
    assert books.rows("transactions") == []


def test_refuses_to_fold_a_version_that_is_not_served(books: Books) -> None:
    newer = [replace(accounts.PROJECTION, version=2)]
    with pytest.raises(ProjectionNotServed):
        books.fold(None, newer)
    assert install(books.url, newer) == ["accounts"]


def test_a_transaction_that_is_cut_off_leaves_nothing_half_done(books: Books) -> None:
    some_days(books, 3)
    books.conn.execute(
        "create function cut() returns trigger language plpgsql security definer as"
        " $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;"
        "create trigger cut before insert on model.category_months"
        " for each row execute function cut()"
    )
    with pytest.raises(psycopg.OperationalError):
        books.fold()
    assert all(rows == [] for rows in books.dump().values())
    assert {row["checkpoint"] for row in books.ask(lag)} == {0}
    books.conn.execute("drop trigger cut on model.category_months")
    books.fold()
    books.check_everywhere()


def test_several_appliers_of_the_same_events_give_what_one_gives(books: Books) -> None:
    others = [books.beside(number) for number in (2, 3)]
    for one in (books, *others):
        some_days(one, 15)
    events = books.events()

    async def applier(seed: int) -> None:
        conn = await connect(books.url)
        async with conn:
            mine = await Applier.open(conn, books.mapper, PROJECTIONS)
            for piece in in_pieces(events, random.Random(seed)):
                await mine.apply(by_shard(piece))
                await asyncio.sleep(0)

    async def all_of_them() -> None:
        await asyncio.gather(*(applier(seed) for seed in range(4)))

    asyncio.run(all_of_them())
    together = books.dump()
    assert books.rebuilt() == together
    for other in others:
        other.close()


def test_large_batches_are_copied_and_give_the_same_rows(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_days(books, 40)
    books.fold()
    by_arrays = books.dump()
    books.wipe()
    monkeypatch.setattr("mintflow.projections.core.applier.COPY_ROWS", 10)
    books.fold()
    assert books.dump() == by_arrays
