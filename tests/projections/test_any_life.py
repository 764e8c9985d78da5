"""Whatever happens to transactions, however the log is cut: one set of rows, zero in sum."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from read_models.books import NOW, Books, in_pieces
from services import PostgresService

from mintflow.domain.accounts import Account
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.postings import OPENING_BALANCE, Allocation, Booking, whole
from mintflow.domain.transactions import Transaction
from mintflow.projections.accounts import list_accounts
from mintflow.projections.core.install import install
from mintflow.projections.ledgers import trial_balance

# Something new twice as often as anything that happens to it.
DEEDS = (
    "record", "record", "pend", "post", "amend", "categorize", "split", "void", "reinstate",
    "match", "unmatch", "link", "unlink", "tag", "note", "opening",
)  # fmt: skip
CATEGORIES = ["shopping", "health", "food_dining.groceries", "income.salary", "uncategorized"]
amounts = st.integers(-99_999, 99_999).map(lambda minor: Decimal(minor).scaleb(-2))
days = st.dates(dt.date(2025, 2, 25), dt.date(2025, 3, 5))
categories = st.sampled_from(CATEGORIES)
deeds = st.lists(
    st.tuples(
        st.sampled_from(sorted({*DEEDS})),
        st.integers(0, 99), amounts, days, categories, categories,
    ),
    min_size=1, max_size=25,
)  # fmt: skip


@pytest.fixture(scope="module")
def url(postgres: PostgresService) -> Iterator[str]:
    with postgres.migrated() as made:
        install(made)
        yield made


def a_deed(chance: random.Random) -> tuple[str, int, Decimal, dt.date, str, str]:
    return (
        chance.choice(DEEDS),
        chance.randrange(100),
        Decimal(chance.randint(-99_999, 99_999)).scaleb(-2),
        dt.date(2025, 2, 25) + dt.timedelta(days=chance.randrange(9)),
        chance.choice(CATEGORIES),
        chance.choice(CATEGORIES),
    )


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
                amend = {"date": day, "amount": amount, "description": one}
                chosen = [name for bit, name in enumerate(amend) if number >> bit & 1]
                mine.amend(NOW, origin="manual", **{name: amend[name] for name in chosen})  # type: ignore[arg-type]
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
        found = list(bookings(books))
        assert sum(row["balance"] for row in shown) == sum(
            one.amount for one in found if one.status == "posted"
        )
        days = kept(books, "account_days", "account_id, date", "posted", "pending")
        assert days == by_day(found)
        totals = "amount", "transactions"
        days = kept(books, "category_days", "category_id, date", *totals)
        assert days == by_category(found, lambda one: (one.date,))
        months = kept(books, "category_months", "category_id, month, account_id", *totals)
        assert months == by_category(found, lambda one: (one.date.replace(day=1), one.account_id))
    finally:
        books.close()


def bookings(books: Books) -> Iterator[Booking]:
    """What the aggregates say is booked now, opening balances first."""
    replayed: dict[str, Any] = {}
    for event in books.events():
        if event.ledger_id == books.ledger_id and event.type[:7] in ("transac", "account"):
            known = replayed.get(event.stream_id)
            replayed[event.stream_id] = books.mapper.domain_event(event).mutate(known)
    for one in replayed.values():
        booking = one.opening if isinstance(one, Account) else one.booking
        if booking is not None:
            yield booking


def by_day(found: list[Booking]) -> set[tuple[Any, ...]]:
    """(account, day, posted, pending), days of nothing left out."""
    sums: dict[tuple[Any, ...], list[Decimal]] = {}
    for one in found:
        held = sums.setdefault((one.account_id, one.date), [Decimal(0), Decimal(0)])
        held[one.status == "pending"] += one.amount
    return {(*key, *held) for key, held in sums.items() if any(held)}


def by_category(
    found: list[Booking], place: Callable[[Booking], tuple[Any, ...]]
) -> set[tuple[Any, ...]]:
    """(category, its place, amount, transactions), those of nothing left out."""
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for one in found:
        if one.status != "posted":
            continue
        for category_id in {part.category_id for part in one.allocations}:
            held = sums.setdefault((category_id, *place(one)), [Decimal(0), 0])
            held[1] += category_id != OPENING_BALANCE
        for part in one.allocations:
            sums[part.category_id, *place(one)][0] += part.amount
    return {(*key, *held) for key, held in sums.items() if any(held)}


def kept(books: Books, name: str, keys: str, *sums: str) -> set[tuple[Any, ...]]:
    """What the rows of the read model that share the keys add up to, where it is not nothing."""
    added = ", ".join(f"sum({column})" for column in sums)
    sql = f"select {keys}, {added} from model.{name} where ledger_id = %s group by {keys}"
    rows = books.conn.execute(sql.encode(), [books.ledger_id]).fetchall()
    return {row for row in rows if any(row[-2:])}


def own(rows: list[tuple[str, ...]], books: Books) -> list[tuple[str, ...]]:
    """The rows of these books: others of the log are under keys that are forgotten."""
    return [row for row in rows if str(books.ledger_id) in row[0]]
