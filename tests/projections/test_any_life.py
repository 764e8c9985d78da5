"""Whatever happens to transactions, however the log is cut: one set of rows, zero in sum."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from read_models.books import NOW, Books, in_pieces
from services import PostgresService

from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.postings import Allocation, Booking, whole
from mintflow.domain.transactions import Transaction
from mintflow.projections.accounts import list_accounts
from mintflow.projections.core.install import install
from mintflow.projections.ledgers import trial_balance

CATEGORIES = ["shopping", "health", "food_dining.groceries", "income.salary", "uncategorized"]
amounts = st.integers(-99_999, 99_999).map(lambda minor: Decimal(minor).scaleb(-2))
days = st.dates(dt.date(2025, 2, 25), dt.date(2025, 3, 5))
categories = st.sampled_from(CATEGORIES)
deeds = st.lists(
    st.tuples(
        st.sampled_from(
            ["record", "pend", "post", "amend", "categorize", "split", "void", "reinstate", "match",
             "unmatch", "link", "unlink", "tag", "note", "opening"]
        ),
        st.integers(0, 99), amounts, days, categories, categories,
    ),
    min_size=1, max_size=25,
)  # fmt: skip


@pytest.fixture(scope="module")
def url(postgres: PostgresService) -> Iterator[str]:
    with postgres.migrated() as made:
        install(made)
        yield made


def live(books: Books, wanted: list[tuple[str, int, Decimal, dt.date, str, str]]) -> None:
    """Carry out what the rules allow; what they refuse did not happen."""
    made: list[Transaction] = []
    transfer = books.new_id()
    for deed, number, amount, day, one, other in wanted:
        if deed in ("record", "pend") or not made:
            made.append(
                books.record(
                    str(amount), day.isoformat(), one, origin="file" if number % 2 else "manual",
                    status="pending" if deed == "pend" else "posted",
                )
            )  # fmt: skip
            continue
        mine, theirs = made[number % len(made)], made[(number + 1) % len(made)]
        try:
            if deed == "post":
                mine.post(NOW, date=day, amount=amount, bank_id=str(number))
            elif deed == "amend":
                mine.amend(NOW, origin="manual", date=day, amount=amount, description=one)
            elif deed == "categorize":
                mine.categorize(whole(mine.booking.amount, one), "user", NOW)  # type: ignore[union-attr]
            elif deed == "split" and mine.booking is not None:
                rest = mine.booking.amount - amount
                mine.categorize((Allocation(one, amount), Allocation(other, rest)), "user", NOW)
            elif deed == "void":
                mine.void(NOW)
            elif deed == "reinstate":
                mine.reinstate(NOW)
            elif deed == "match":
                mine.match(theirs, NOW)
            elif deed == "unmatch":
                mine.unmatch(theirs, NOW)
            elif deed == "link":
                mine.link(transfer, NOW)
            elif deed == "unlink":
                mine.unlink(transfer, NOW)
            elif deed == "tag":
                mine.tag([one, other], NOW)
            elif deed == "note":
                mine.note(one, NOW)
            elif deed == "opening":
                books.checking.change_opening_balance(amount, day, NOW)
        except (MintFlowError, AttributeError):
            pass
        pending = [x for x in (mine, theirs, books.checking) if x.pending_events]
        if pending:
            books.put(*pending)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(wanted=deeds, seed=st.integers(0, 2**32))
def test_any_life_cut_in_any_way_gives_one_set_of_rows(
    url: str, wanted: list[tuple[str, int, Decimal, dt.date, str, str]], seed: int
) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("select setseed(0)")
        used = conn.execute("select count(*) from log.ledger_head").fetchone()
    assert used is not None
    books = Books(url, ledger=used[0] + 1).open()
    try:
        live(books, wanted)
        events = [event for event in books.events() if event.ledger_id == books.ledger_id]
        books.fold(in_pieces(events, random.Random(seed)))
        mine = {name: own(rows, books) for name, rows in books.dump().items()}
        rebuilt = {name: own(rows, books) for name, rows in books.rebuilt().items()}
        assert mine == rebuilt
        balance, _ = books.ask(trial_balance, books.ledger_id)
        assert all(row["difference"] == 0 for row in balance)
        shown, _ = books.ask(list_accounts, books.ledger_id)
        expected = sum((b.amount for b in bookings(books) if b.status == "posted"), Decimal("5.00"))
        assert sum(row["balance"] for row in shown) == expected
    finally:
        books.close()


def bookings(books: Books) -> Iterator[Booking]:
    """What the aggregates say is booked on the checking account."""
    replayed: dict[str, Any] = {}
    for event in books.events():
        if event.ledger_id == books.ledger_id and event.type[:7] in ("transac", "account"):
            known = replayed.get(event.stream_id)
            replayed[event.stream_id] = books.mapper.domain_event(event).mutate(known)
    for one in replayed.values():
        booking = getattr(one, "booking", None) or getattr(one, "opening", None)
        if booking is not None and booking.account_id == books.checking.id:
            yield booking


def own(rows: list[tuple[str, ...]], books: Books) -> list[tuple[str, ...]]:
    """The rows of these books: others of the log are under keys that are forgotten."""
    return [row for row in rows if str(books.ledger_id) in row[0]]
