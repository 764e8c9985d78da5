"""How a budget stands: what is carried into a period, what is left of it, and where it is heading.

Pure rules over terms and sums of days. The day that counts as today is an argument, because the
same books are asked as of other days.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import accumulate
from typing import Literal, Self

from mintflow.domain.budgets.periods import Period
from mintflow.domain.budgets.terms import (
    BudgetTerm,
    Run,
    carried_since,
    period_at,
    periods_between,
    runs_between,
    term_at,
)
from mintflow.domain.core.money import EXACT, ZERO

RATIO_DIGITS = Decimal("0.0001")
# A ratio is not money: it may round, and must not fail for the smallest of limits.
_RATIO = Context(prec=60)
_NO_END = Decimal("Infinity")

State = Literal["ok", "warning", "exceeded"]


class Spending:
    """What went out per day, so that any run of days is one subtraction."""

    def __init__(self, days: Mapping[int, Decimal]) -> None:
        """days: what was spent on each, by its ordinal; positive is out, refunds are below zero."""
        self._days = sorted(days)
        # What was spent before each day, and at the end.
        self._sums = list(accumulate(map(days.__getitem__, self._days), EXACT.add, initial=ZERO))

    @classmethod
    def of(cls, days: Iterable[tuple[dt.date, Decimal]]) -> Self:
        """(day, spent), in any order; a day may come several times."""
        spent: dict[int, Decimal] = {}
        for day, amount in days:
            number = day.toordinal()
            spent[number] = EXACT.add(spent[number], amount) if number in spent else amount
        return cls(spent)

    def between(self, first: dt.date, last: dt.date) -> Decimal:
        """Of all days from first to last, both counted."""
        begin, end = self._before(first.toordinal()), self._before(last.toordinal() + 1)
        return EXACT.subtract(self._sums[max(begin, end)], self._sums[begin])

    def within(self, borders: Sequence[int]) -> Iterator[Decimal]:
        """Between each two of these days, the later not counted; ordinals, ascending."""
        at = [self._sums[self._before(border)] for border in borders]
        return map(EXACT.subtract, at[1:], at)

    def passes(self, period: Period, limit: Decimal) -> dt.date | None:
        """The first day of a period at whose end more than the limit was spent in it."""
        begin = self._before(period.first.toordinal())
        for index in range(begin, self._before(period.last.toordinal() + 1)):
            if EXACT.subtract(self._sums[index + 1], self._sums[begin]) > limit:
                return dt.date.fromordinal(self._days[index])
        return None

    def _before(self, day: int) -> int:
        """How many days with spending lie before one."""
        return bisect_left(self._days, day)


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
    before: BudgetStatus | None = None
    for period, term in periods_between(terms, since, end):
        begin = carried_since(terms, period.first)
        # A budget without a beginning has periods before the one from which it carries, too.
        if begin is not None and before is not None and before.period.last >= begin:
            carried = _left_over(before.term, before.remaining)
        else:
            carried = carried_into(terms, spending, period)
        if term.amount is None:
            before = None
            continue
        before = _status(period, term, carried, spending)
        found.append(before)
    return found


def carried_into(terms: Sequence[BudgetTerm], spending: Spending, period: Period) -> Decimal:
    """What earlier periods left over, by the rollover that each of them had."""
    carried = ZERO
    begin = carried_since(terms, period.first)
    if begin is not None:
        for run in runs_between(terms, begin, period.first):
            carried = _carried_through(run, carried, spending)
    return carried


def _carried_through(run: Run, carried: Decimal, spending: Spending) -> Decimal:
    """What is left after the last period of a run. It is the loop that twenty years go through."""
    amount = run.term.amount
    if amount is None:
        return ZERO
    least, most = _leftovers(run.term)
    add, subtract = EXACT.add, EXACT.subtract
    for used in spending.within(run.borders):
        carried = subtract(add(amount, carried), used)
        if carried < least:
            carried = least
        elif carried > most:
            carried = most
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


def _leftovers(term: BudgetTerm) -> tuple[Decimal, Decimal]:
    """The least and the most that is carried on: `surplus` forgives overspending, `both` does not;
    `capped` is a surplus up to its cap."""
    if term.rollover == "none":
        return ZERO, ZERO
    if term.rollover == "both":
        return -_NO_END, _NO_END
    return ZERO, term.cap if term.cap is not None else _NO_END


def _left_over(term: BudgetTerm, left: Decimal) -> Decimal:
    least, most = _leftovers(term)
    return min(max(left, least), most)


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
