"""Periods beside each other: the last one of equal length, the same one a year ago, and how two
figures compare. What the figures are of is not known here.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal

from mintflow.domain.core.errors import Invalid
from mintflow.domain.core.money import EXACT
from mintflow.domain.core.time import DATE_MAX, DATE_MIN, Month

Interval = Literal["day", "week", "month", "quarter", "year"]

# A hundred years of days; more would be a mistake, and answers are held in memory.
SPANS_MAX = 40_000
RATIO_DIGITS = Decimal("0.0001")
# A ratio is not money: it may round, and must not fail for the smallest of figures.
_RATIO = Context(prec=60)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


class SpanNotUsable(Invalid):
    """A span ends before it begins, or has more intervals than one answer holds."""

    code = "span_not_usable"


@dataclass(frozen=True, slots=True)
class Span:
    """Days from first to last, both counted."""

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def is_whole_months(self) -> bool:
        """Whether it is calendar months from the first day of one to the last day of one."""
        return self.first.day == 1 and self.last == Month.of(self.last).last

    def previous(self) -> Span:
        """The span of equal length that ends the day before; of whole months as many months."""
        last = self.first - dt.timedelta(days=1)
        if not self.is_whole_months:
            return Span(last - dt.timedelta(days=self.days - 1), last)
        months = _index(self.last) - _index(self.first) + 1
        return Span(_month_day(_index(self.first) - months, 1), last)

    def year_ago(self) -> Span:
        """The same days a year earlier; the 29th of February is the 28th then, and whole months
        are whole months."""
        first = _month_day(_index(self.first) - 12, self.first.day)
        day = 31 if self.is_whole_months else self.last.day
        return Span(first, _month_day(_index(self.last) - 12, day))


def checked_span(first: dt.date, last: dt.date) -> Span:
    """The span, within the days that the books hold. Raises SpanNotUsable."""
    if first > last:
        raise SpanNotUsable("a span begins before it ends", start=str(first), end=str(last))
    first, last = (min(max(day, DATE_MIN), DATE_MAX) for day in (first, last))
    return Span(first, last)


def intervals(span: Span, interval: Interval) -> Iterator[Span]:
    """The days, weeks (from Monday), months, quarters or years that the span touches, whole, in
    order and without gaps. Raises SpanNotUsable for more than 40,000."""
    longest = {"day": 1, "week": 7, "month": 28, "quarter": 90, "year": 365}[interval]
    if span.days // longest > SPANS_MAX:
        raise SpanNotUsable("the span has too many intervals", intervals_max=SPANS_MAX)
    return _intervals(span, interval)


def begin_of(day: dt.date, interval: Interval) -> dt.date:
    """The first day of the interval that a day lies in."""
    if interval == "day":
        return day
    if interval == "week":
        return day - dt.timedelta(days=day.weekday())
    months = _MONTHS[interval]
    return dt.date(day.year, (day.month - 1) // months * months + 1, 1)


def ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    """part / whole with four digits; None where the whole is zero or less."""
    if whole <= 0:
        return None
    return _RATIO.divide(part, whole).quantize(RATIO_DIGITS, ROUND_HALF_EVEN, _RATIO)


def change(now: Decimal, then: Decimal) -> tuple[Decimal, Decimal | None]:
    """(now - then, that as a share of `then`); the share is None where `then` is not above zero."""
    difference = EXACT.subtract(now, then)
    return difference, ratio(difference, then)


def _intervals(span: Span, interval: Interval) -> Iterator[Span]:
    first = begin_of(span.first, interval)
    while first <= span.last:
        if interval in ("day", "week"):
            after = first + dt.timedelta(days=1 if interval == "day" else 7)
        else:
            after = _month_day(_index(first) + _MONTHS[interval], 1)
        yield Span(first, after - dt.timedelta(days=1))
        first = after


def _index(day: dt.date) -> int:
    return day.year * 12 + day.month - 1


def _month_day(index: int, day: int) -> dt.date:
    """A day of a month, its last one where it is shorter."""
    year, month = divmod(index, 12)
    return dt.date(year, month + 1, min(day, monthrange(year, month + 1)[1]))
