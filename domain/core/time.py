"""Calendar months: the period that budgets and totals are kept in."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from mintflow.domain.core.errors import Invalid

# Before 1900 no household's bank kept files, and an open year helps a typing error through.
DATE_MIN = date(1900, 1, 1)
DATE_MAX = date(2200, 12, 31)

_MONTH = re.compile(r"(\d{4})-(\d{2})\Z", re.ASCII)


class DateOutOfRange(Invalid):
    """The date lies outside what the books hold."""

    code = "date_out_of_range"


class MonthNotReadable(Invalid):
    """The text is not a month like 2025-03."""

    code = "month_not_readable"


def check_date(day: date) -> date:
    """The day itself if the books can hold it. Raises DateOutOfRange."""
    if not DATE_MIN <= day <= DATE_MAX:
        raise DateOutOfRange(f"dates lie between {DATE_MIN} and {DATE_MAX}", date=day.isoformat())
    return day


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month; orders by time."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """From "2025-03". Raises MonthNotReadable."""
        match = _MONTH.match(text)
        if not match or not 1 <= int(match[2]) <= 12 or not 1900 <= int(match[1]) <= 2200:
            raise MonthNotReadable("a month is written like 2025-03", month=text[:20])
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Month:
        """The month in which a day lies."""
        return cls(day.year, day.month)

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    def next(self) -> Month:
        """The month after this one."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    def until(self, end: Month) -> Iterator[Month]:
        """This month and all following up to, and without, `end`."""
        month = self
        while month < end:
            yield month
            month = month.next()

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
