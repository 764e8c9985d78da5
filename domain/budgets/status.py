"""How a budget stands: what is carried into a period, what is left of it, and where it is heading.

Pure rules over terms and sums of days. The day that counts as today is an argument, because the
same books are asked as of other days.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal, Self

from mintflow.domain.budgets.periods import Period
from mintflow.domain.budgets.terms import BudgetTerm, period_at, periods_between, term_at
from mintflow.domain.core.money import EXACT, ZERO

RATIO_DIGITS = Decimal("0.0001")
# A ratio is not money: it may round, and must not fail for the smallest of limits.
_RATIO = Context(prec=60)

State = Literal["ok", "warning", "exceeded"]


class Spending:
    """What went out per day, so that any run of days is one subtraction."""

    def __init__(self, days: Sequence[dt.date], sums: Sequence[Decimal]) -> None:
        """days: ascending. sums: one longer; what was spent before each day, and at the end."""
        self._days, self._sums = days, sums

    @classmethod
    def of(cls, days: Iterable[tuple[dt.date, Decimal]]) -> Self:
        """(day, spent), in any order; positive is out, refunds are below zero."""
        ordered = sorted(days)
        sums = [ZERO]
        for _, spent in ordered:
            sums.append(EXACT.add(sums[-1], spent))
        return cls([day for day, _ in ordered], sums)

    def between(self, first: dt.date, last: dt.date) -> Decimal:
        """Of all days from first to last, both counted."""
        begin, end = bisect_left(self._days, first), bisect_right(self._days, last)
        return EXACT.subtract(self._sums[max(begin, end)], self._sums[begin])

    def passes(self, period: Period, limit: Decimal) -> dt.date | None:
        """The first day of a period at whose end more than the limit was spent in it."""
        begin, end = bisect_left(self._days, period.first), bisect_right(self._days, period.last)
        for index in range(begin, end):
            if EXACT.subtract(self._sums[index + 1], self._sums[begin]) > limit:
                return self._days[index]
        return None


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """One period of one budget; all amounts in its currency.

    spent: 0 or more when money went out, below zero when refunds outweigh. carried_in: below zero
    only where deficits are carried. remaining = budgeted + carried_in - spent. ratio: spent /
    (budgeted + carried_in), four digits, or None where there is nothing to spend.
    """

    period: Period
    budgeted: Decimal
    carried_in: Decimal
    spent: Decimal
    remaining: Decimal
    ratio: Decimal | None
    status: State
    term: BudgetTerm

    @property
    def limit(self) -> Decimal:
        return EXACT.add(self.budgeted, self.carried_in)


def status_at(terms: Sequence[BudgetTerm], spending: Spending, day: dt.date) -> BudgetStatus | None:
    """How a budget stands in the period of a day, or None where none holds then.

    terms: in order of start. spending: of everything that the budget covers.
    """
    term, period = term_at(terms, day), period_at(terms, day)
    if term is None or term.amount is None or period is None:
        return None
    carried = carried_into(terms, spending, period)
    return _status(period, term, carried, spending)


def statuses_since(
    terms: Sequence[BudgetTerm], spending: Spending, since: dt.date, until: dt.date
) -> list[BudgetStatus]:
    """Every period from that of `since` to that of `until`, both counted, in order."""
    found: list[BudgetStatus] = []
    last = period_at(terms, until)
    end = last.last + dt.timedelta(days=1) if last is not None else until
    before: tuple[BudgetTerm, Decimal] | None = None
    for period, term in periods_between(terms, since, end):
        if term.rollover == "none":
            carried = ZERO
        elif before is not None and before[0].carry_from == term.carry_from:
            carried = _left_over(before[0], before[1])
        else:
            carried = carried_into(terms, spending, period)
        if term.amount is None:
            before = None
            continue
        status = _status(period, term, carried, spending)
        before = term, status.remaining
        found.append(status)
    return found


def carried_into(terms: Sequence[BudgetTerm], spending: Spending, period: Period) -> Decimal:
    """What earlier periods left over, by the rollover that each of them had."""
    term = term_at(terms, period.first)
    if term is None or term.rollover == "none":
        return ZERO
    carried = ZERO
    begin = dt.date.fromisoformat(term.carry_from)
    for earlier, held in periods_between(terms, begin, period.first):
        if held.amount is None:
            carried = ZERO
            continue
        used = spending.between(earlier.first, earlier.last)
        carried = _left_over(held, EXACT.subtract(EXACT.add(held.amount, carried), used))
    return carried


def state_of(used: Decimal, limit: Decimal, threshold: Decimal) -> State:
    """Exceeded only beyond the limit; a warning from the threshold on."""
    if used > limit:
        return "exceeded"
    return "warning" if used > 0 and used >= EXACT.multiply(limit, threshold) else "ok"


@dataclass(frozen=True, slots=True)
class Pace:
    """Where a running period is heading, if every day is as those until today were.

    daily: spent per day until today, with the digits of `quantum`. projected: spent at the end.
    runs_over_on: the day at whose end more than there is to spend is spent, past or to come.
    """

    elapsed_days: int
    days: int
    daily: Decimal
    projected: Decimal
    runs_over_on: dt.date | None
    text: str


def pace_of(
    status: BudgetStatus, spending: Spending, today: dt.date, quantum: Decimal
) -> Pace | None:
    """The pace of the period in which today lies; None for any other."""
    period = status.period
    if not period.first <= today <= period.last:
        return None
    elapsed = (today - period.first).days + 1
    used = spending.between(period.first, today)
    # What is booked for days to come counts as booked, not at the rate.
    booked_later = EXACT.subtract(status.spent, used)
    rate = _RATIO.divide(max(used, ZERO), Decimal(elapsed))
    left = period.days - elapsed
    projected = _RATIO.add(EXACT.add(used, booked_later), _RATIO.multiply(rate, Decimal(left)))
    projected = projected.quantize(quantum, ROUND_HALF_EVEN, _RATIO)
    # Whether the whole period is beyond its limit, by what it is before any rounding.
    beyond = EXACT.multiply(EXACT.subtract(status.spent, status.limit), Decimal(elapsed))
    beyond = EXACT.add(beyond, EXACT.multiply(max(used, ZERO), Decimal(left)))
    over = spending.passes(period, status.limit)
    text = "at this rate it lasts"
    if over is not None and over <= today and used > status.limit:
        text = f"ran over on {_ordinal(over)}"
    else:
        over = _runs_over(period, today, used, elapsed, status.limit) or over
        if over is not None and (status.spent > status.limit or beyond > 0):
            text = f"at this rate you run over on {_ordinal(over)}"
        else:
            over = None
    return Pace(
        elapsed, period.days, rate.quantize(quantum, ROUND_HALF_EVEN, _RATIO), projected, over, text
    )


def _runs_over(
    period: Period, today: dt.date, used: Decimal, elapsed: int, limit: Decimal
) -> dt.date | None:
    """The first day after today at whose end more than the limit is used, at what was used per day.

    The rate itself is not divided out: rounded up, it would run over on a day that just reaches
    the limit.
    """
    if used <= 0:
        return None
    room = EXACT.multiply(EXACT.subtract(limit, used), Decimal(elapsed))
    further = int(_RATIO.divide_int(room, used)) + 1
    left = (period.last - today).days
    return today + dt.timedelta(days=further) if 0 < further <= left else None


def _ordinal(day: dt.date) -> str:
    """Like "the 23rd of March"."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10 if day.day not in (11, 12, 13) else 0)
    return f"the {day.day}{ending or 'th'} of {_MONTHS[day.month - 1]}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def _left_over(term: BudgetTerm, left: Decimal) -> Decimal:
    """`surplus` forgives overspending, `both` does not; `capped` is a surplus up to its cap."""
    if term.rollover == "none":
        return ZERO
    if term.rollover == "both":
        return left
    surplus = max(left, ZERO)
    return min(surplus, term.cap) if term.cap is not None else surplus


def _status(period: Period, term: BudgetTerm, carried: Decimal, spending: Spending) -> BudgetStatus:
    assert term.amount is not None
    used = spending.between(period.first, period.last)
    limit = EXACT.add(term.amount, carried)
    ratio = None
    if limit > 0:
        ratio = _RATIO.divide(used, limit).quantize(RATIO_DIGITS, context=_RATIO)
    return BudgetStatus(
        period, term.amount, carried, used, EXACT.subtract(limit, used), ratio,
        state_of(used, limit, term.alert_threshold), term,
    )  # fmt: skip
