"""The periods of a budget: which days count together, and which period a day lies in.

A cycle is either a number of days or a number of months, and a day on which one of its periods
begins; so every period that ever was or will be follows from two facts and needs no calendar.
Where a month is too short for the day on which periods begin, they begin on its last day.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from mintflow.domain.core.errors import Invalid
from mintflow.domain.core.time import check_date

PeriodKind = Literal[
    "day", "week", "two_weeks", "four_weeks", "month", "quarter", "year", "custom"
]  # fmt: skip
PERIOD_KINDS: tuple[str, ...] = get_args(PeriodKind)
DAYS_OF = {"day": 1, "week": 7, "two_weeks": 14, "four_weeks": 28}
MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}
# Where nothing was said, weeks begin on Mondays, and months and years on their first day.
A_MONDAY, A_NEW_YEAR = dt.date(1904, 1, 4), dt.date(1904, 1, 1)


class BudgetPeriodNotUsable(Invalid):
    """The kind of a period, its first day or its last day do not go together."""

    code = "budget_period_not_usable"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days that count together, first and last included."""

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Cycle:
    """How periods follow each other.

    period: one of PERIOD_KINDS. anchor: a day on which one begins; for months, quarters and years
    its day (and month) of any year. until: the last day of a custom period, which comes once.
    """

    period: str
    anchor: dt.date
    until: dt.date | None = None

    @property
    def is_calendar_month(self) -> bool:
        return self.period == "month" and self.anchor.day == 1

    def containing(self, day: dt.date) -> Period | None:
        """The period in which a day lies; None before and after a custom one."""
        if self.period == "custom":
            assert self.until is not None
            return Period(self.anchor, self.until) if self.anchor <= day <= self.until else None
        length = DAYS_OF.get(self.period)
        if length is not None:
            first = day - dt.timedelta(days=(day - self.anchor).days % length)
            return Period(first, first + dt.timedelta(days=length - 1))
        months = MONTHS_OF[self.period]
        passed = (day.year - self.anchor.year) * 12 + day.month - self.anchor.month
        number = passed // months
        if self._begins(number * months) > day:
            number -= 1
        following = self._begins((number + 1) * months)
        return Period(self._begins(number * months), following - dt.timedelta(days=1))

    def borders(self, first: dt.date, until: dt.date) -> Sequence[int]:
        """On which days periods begin, as ordinals: from `first`, on which one does, to `until`.

        Between two of them lies a whole period; none follows a custom one. By arithmetic alone, for
        twenty years of days are asked for with every budget that carries.
        """
        if self.period == "custom":
            return ()
        begin, end = first.toordinal(), until.toordinal()
        length = DAYS_OF.get(self.period)
        if length is not None:
            return range(begin, end + 1, length)
        found = _month_borders(
            self.anchor.day, MONTHS_OF[self.period],
            first.year * 12 + first.month, until.year * 12 + until.month,
        )  # fmt: skip
        return found[:-1] if found and found[-1] > end else found

    def _begins(self, months: int) -> dt.date:
        """The anchor so many months later; on the last day of a month that is too short."""
        count = self.anchor.month - 1 + months
        year, month = self.anchor.year + count // 12, count % 12 + 1
        return dt.date(year, month, min(self.anchor.day, monthrange(year, month)[1]))


# Most budgets of a household share their cycle and where they began; 64 of the longest are 8 MB.
@lru_cache(maxsize=64)
def _month_borders(day: int, months: int, first: int, last: int) -> tuple[int, ...]:
    """The ordinals of a day in every so many months, of its last day where a month is too short.

    first, last: months, counted; as year * 12 + month.
    """
    found = []
    for number in range(first, last + 1, months):
        year, month = (number - 1) // 12, (number - 1) % 12 + 1
        on = day if day < 29 else min(day, monthrange(year, month)[1])
        found.append(dt.date(year, month, on).toordinal())
    return tuple(found)


MONTHLY = Cycle("month", A_NEW_YEAR)


def cycle_of(period: str, anchor: dt.date | None = None, until: dt.date | None = None) -> Cycle:
    """The cycle that was asked for, in the one form in which equal cycles are equal.

    anchor: where not given, periods begin on Mondays, firsts of months and of Januaries; two and
    four weeks, and a custom period, need one. Raises BudgetPeriodNotUsable, DateOutOfRange.
    """
    if period not in PERIOD_KINDS:
        raise BudgetPeriodNotUsable("this kind of period is not known", kinds=list(PERIOD_KINDS))
    if anchor is None and period in ("two_weeks", "four_weeks", "custom"):
        raise BudgetPeriodNotUsable("say a day on which a period begins (anchor)", period=period)
    if (until is not None) != (period == "custom"):
        raise BudgetPeriodNotUsable("a custom period, and no other, has a last day", period=period)
    default = A_MONDAY if period in DAYS_OF else A_NEW_YEAR
    begins = check_date(anchor) if anchor is not None else default
    if until is not None:
        if check_date(until) < begins:
            raise BudgetPeriodNotUsable("the last day lies before the first", period=period)
        return Cycle(period, begins, until)
    length = DAYS_OF.get(period)
    if length is not None:
        return Cycle(period, A_MONDAY + dt.timedelta(days=(begins - A_MONDAY).days % length))
    # 1904 has every day that an anchor can have. Of a quarter only the place within it counts,
    # unless February had to be the month and has no such day.
    month = begins.month if period == "year" else (begins.month - 1) % MONTHS_OF[period] + 1
    if begins.day > monthrange(1904, month)[1]:
        month = begins.month
    return Cycle(period, dt.date(1904, month, begins.day))
