"""Any household's budgets stand as if every posting were looked at, one by one, each time."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
from domain.plain_budgets import any_budget, plain_carry, plain_since, plain_sum
from read_models.books import NOW, Books

from mintflow.domain.accounts import Account
from mintflow.domain.budgets import Spending, period_at, statuses_since, term_at
from mintflow.domain.core.time import Month
from mintflow.domain.fx import DayRate, RateYear
from mintflow.projections.budgets import budget_status
from mintflow.projections.budgets.held import Held, held_budgets
from mintflow.projections.budgets.standing import budgets_standing

FIRST, DAYS = dt.date(2023, 6, 1), 600
LAST = FIRST + dt.timedelta(days=DAYS)
CATEGORIES = (
    "food_dining", "food_dining.groceries", "food_dining.restaurants", "travel", "travel.flights",
    "health",
)  # fmt: skip
WATCHED = (
    ["food_dining"], ["food_dining.groceries"], ["travel", "travel.flights"],
    ["food_dining", "health"], ["health"], ["travel.flights"], ["food_dining.restaurants"],
)  # fmt: skip
RATE = Decimal("0.9137")
# From this day on the rate is known, for as long as one does not grow stale.
RATED = dt.date(2024, 2, 1)

# (day, category, currency, whether budgets count it, spent)
Posting = tuple[dt.date, str, str, bool, Decimal]


def a_past(books: Books) -> list[Posting]:
    """Budgets that were changed in every way, and spending in two currencies."""
    chance = books.chance
    euros = Account.open(books.new_id(), "Euros", "checking", "EUR", NOW)
    books.put(euros)
    rates = RateYear.begin(books.ledger_id, "EUR", "USD", DayRate(RATED, RATE), NOW)
    rates.record(DayRate(RATED + dt.timedelta(days=200), RATE), NOW)
    books.put(rates)
    for ids in WATCHED:
        currency = chance.choice(["USD", "USD", "EUR"])
        books.put(any_budget(chance, books.ledger_id, ids, currency, FIRST, DAYS))
    postings = []
    for _ in range(90):
        account = chance.choice([books.checking, books.checking, euros])
        day = FIRST + dt.timedelta(days=chance.randrange(-20, DAYS))
        amount = Decimal(chance.randrange(-4_000, 900)).scaleb(-2)
        counted = chance.random() < 0.85
        category = chance.choice(CATEGORIES)
        books.record(f"{amount:f}", day.isoformat(), category, account=account, budgeted=counted)
        postings.append((day, category, account.currency, counted, -amount))
    books.fold()
    return postings


def known_rate(day: dt.date) -> bool:
    return any(0 <= (day - RATED).days - later <= 7 for later in (0, 200))


def spending_on(
    held: Held, postings: list[Posting], until: dt.date
) -> tuple[dict[dt.date, Decimal], list[tuple[dt.date, str, Decimal]]]:
    """What counts by day in the budget's currency, and what no rate is known for."""
    sums: dict[tuple[dt.date, str, bool], Decimal] = defaultdict(Decimal)
    for day, category, currency, counted, spent in postings:
        if day <= until and any(f"{category}.".startswith(f"{top}.") for top in held.categories):
            sums[day, currency, True] += spent
            if not counted:
                sums[day, currency, False] -= spent
    own: dict[dt.date, Decimal] = defaultdict(Decimal)
    other = []
    for (day, currency, _), spent in sums.items():
        if currency == held.currency:
            own[day] += spent
        elif known_rate(day):
            worth = spent * RATE if currency == "EUR" else spent / RATE
            own[day] += worth.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
        elif spent:
            other.append((day, currency, spent))
    return own, other


def plain_row(
    held: Held, postings: list[Posting], day: dt.date, until: dt.date
) -> dict[str, Any] | None:
    term, period = term_at(held.terms, day), period_at(held.terms, day)
    if term is None or term.amount is None or period is None:
        return None
    own, other = spending_on(held, postings, until)
    own = {on: spent for on, spent in own.items() if on <= period.last}
    carried, spent = plain_carry(held.terms, own, day), plain_sum(own, period)
    begin = period.first
    if term.rollover != "none":
        since = plain_since(held.terms, term_at(held.terms, begin) or term)
        running = period_at(held.terms, since)
        begin = min(begin, since)
        begin = begin if running is None else min(begin, running.first)
    mattering = [one for one in other if begin <= one[0] <= period.last]
    unconverted: dict[str, Decimal] = defaultdict(Decimal)
    for on, currency, amount in mattering:
        if on >= period.first:
            unconverted[currency] += amount
    return {
        "category": held.category,
        "budgeted": term.amount,
        "carried_in": carried,
        "spent": spent,
        "remaining": term.amount + carried - spent,
        "start": period.first,
        "end": period.last,
        "complete": not mattering,
        "unconverted": [
            {"currency": currency, "amount": unconverted[currency]}
            for currency in sorted(unconverted)
        ],
    }


@pytest.fixture
def mine(books: Books, request: pytest.FixtureRequest) -> Iterator[Books]:
    """Another household in the same log, by the number of its ledger."""
    made = books.beside(request.param)
    yield made
    made.close()


@pytest.mark.parametrize("mine", range(11, 15), indirect=True)
def test_budgets_of_any_past_stand_as_if_every_posting_were_read(mine: Books) -> None:
    postings = a_past(mine)
    held, _ = mine.ask(held_budgets, mine.ledger_id)
    for number in range(0, DAYS + 60, 61):
        day = FIRST + dt.timedelta(days=number)
        for as_of in (None, day, day - dt.timedelta(days=45)):
            expected = [
                row
                for one in held
                if (row := plain_row(one, postings, day, as_of or LAST)) is not None
            ]
            rows, _ = mine.ask(budget_status, mine.ledger_id, day, as_of=as_of)
            assert [_shown(row) for row in rows] == expected, (day, as_of)
        month = Month.of(day)
        by_month = {row["category"] for row in expected if _kind(held, row, month.last)}
        rows, _ = mine.ask(budget_status, mine.ledger_id, month)
        assert by_month <= {row["category"] for row in rows}


def _kind(held: list[Held], row: Mapping[str, Any], day: dt.date) -> bool:
    [one] = [one for one in held if one.category == row["category"]]
    term = term_at(one.terms, day)
    return term is not None and term.amount is not None and term.cycle.period == "month"


@pytest.mark.parametrize("mine", [21, 22, 23], indirect=True)
def test_what_alerts_are_told_is_what_a_plain_walk_says(mine: Books) -> None:
    postings = a_past(mine)
    held, _ = mine.ask(held_budgets, mine.ledger_id)
    days = [FIRST + dt.timedelta(days=on) for on in (120, 300)]
    told = mine.ask(budgets_standing, mine.ledger_id, days, days, LAST)
    assert told
    for one in held:
        own, _ = spending_on(one, postings, LAST)
        known = {
            status.period: status
            for status in statuses_since(one.terms, Spending.of(own.items()), FIRST, LAST)
        }
        for budget_id, status in told:
            if budget_id == one.budget_id:
                assert status.spent == known[status.period].spent
                assert status.carried_in == plain_carry(one.terms, own, status.period.last)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "category", "budgeted", "carried_in", "spent", "remaining", "start", "end", "complete",
        "unconverted",
    )  # fmt: skip
    return {name: row[name] for name in names}
