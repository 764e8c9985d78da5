"""Exchange rates that somebody recorded: what one unit of a currency was worth on a day.

A rate that is not known is unknown: never 1, and never taken from a later day. On a day without
one the last before it counts, for as long as banks and markets may have been closed.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Self
from uuid import UUID, uuid5

from mintflow.domain.core.aggregates import Aggregate, Created, Event
from mintflow.domain.core.errors import Invalid
from mintflow.domain.core.money import check_currency, digits_of
from mintflow.domain.core.time import check_date

# Over a long holiday and the weekends beside it.
STALE_DAYS = 7
RATE_DIGITS_MAX = 18
_RATE_MAX = Decimal(10) ** 15
# Amounts of 15 digits times rates of 15 and 18 fit; what is rounded is rounded once, at the end.
_WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)


class RateNotUsable(Invalid):
    """A rate is above zero, has at most 18 digits behind the point, and is between two
    currencies."""

    code = "rate_not_usable"


@dataclass(frozen=True, slots=True)
class DayRate:
    """Units of quote for one of base on a day."""

    on: dt.date
    rate: Decimal


class RateRecorded(Created):
    """The first rate of a pair in a year."""

    TOPIC = "rate.recorded"

    base: str
    quote: str
    on: dt.date
    rate: Decimal

    def effective_on(self) -> dt.date:
        return self.on

    def apply(self, aggregate: RateYear) -> None:
        aggregate.base, aggregate.quote = self.base, self.quote
        aggregate.rates = {self.on: self.rate}


class AnotherRateRecorded(Event):
    """A rate of another day, or another rate of a day."""

    TOPIC = "rate.added"

    base: str
    quote: str
    on: dt.date
    rate: Decimal

    def effective_on(self) -> dt.date:
        return self.on

    def apply(self, aggregate: RateYear) -> None:
        aggregate.rates = {**aggregate.rates, self.on: self.rate}


class RateWithdrawn(Event):
    """The rate of a day is unknown again."""

    TOPIC = "rate.withdrawn"

    base: str
    quote: str
    on: dt.date

    def effective_on(self) -> dt.date:
        return self.on

    def apply(self, aggregate: RateYear) -> None:
        aggregate.rates = {day: rate for day, rate in aggregate.rates.items() if day != self.on}


class RateYear(Aggregate):
    """The rates of two currencies in one calendar year: a stream that does not grow for ever."""

    TOPIC = "rate_year"
    base: str
    quote: str
    rates: Mapping[dt.date, Decimal]

    def __init__(self) -> None:
        """Attributes come from RateRecorded."""

    @classmethod
    def begin(cls, ledger_id: UUID, base: str, quote: str, one: DayRate, now: dt.datetime) -> Self:
        """The first rate of the year. Raises as `check_rate`."""
        check_rate(base, quote, one)
        return cls._create(
            RateRecorded,
            id=rate_stream(ledger_id, base, quote, one.on.year),
            timestamp=now,
            base=base,
            quote=quote,
            on=one.on,
            rate=one.rate,
        )

    def record(self, one: DayRate, now: dt.datetime) -> bool:
        """Say a rate; says whether that is news. Raises as `check_rate`."""
        check_rate(self.base, self.quote, one)
        if self.rates.get(one.on) == one.rate:
            return False
        self.trigger_event(
            AnotherRateRecorded,
            timestamp=now,
            base=self.base,
            quote=self.quote,
            on=one.on,
            rate=one.rate,
        )
        return True

    def withdraw(self, on: dt.date, now: dt.datetime) -> None:
        """Nothing happens where the rate of that day is unknown."""
        if on in self.rates:
            self.trigger_event(
                RateWithdrawn, timestamp=now, base=self.base, quote=self.quote, on=on
            )


class KnownRates:
    """The rates of one ledger, for conversions of many days."""

    def __init__(self, rows: Iterable[tuple[str, str, dt.date, Decimal]]) -> None:
        """rows: (base, quote, day, rate), in order of day."""
        self._days: dict[tuple[str, str], tuple[list[dt.date], list[Decimal]]] = {}
        for base, quote, on, rate in rows:
            days, rates = self._days.setdefault((base, quote), ([], []))
            days.append(on)
            rates.append(rate)

    def rate(self, base: str, quote: str, day: dt.date) -> Decimal | None:
        """Units of quote for one of base; None: unknown. The newer of a pair's two directions
        counts, the one that was recorded where both are of one day."""
        there, back = self._last(base, quote, day), self._last(quote, base, day)
        if there is not None and (back is None or there.on >= back.on):
            return there.rate
        if back is None:
            return None
        inverse = _WIDE.divide(Decimal(1), back.rate)
        return inverse.quantize(Decimal(1).scaleb(-RATE_DIGITS_MAX), context=_WIDE)

    def convert(self, amount: Decimal, currency: str, to: str, day: dt.date) -> Decimal | None:
        """The amount in another currency at the rate of the day, in its digits (half to even);
        None where the rate is unknown."""
        there, back = self._last(currency, to, day), self._last(to, currency, day)
        quantum = Decimal(1).scaleb(-digits_of(to))
        if there is not None and (back is None or there.on >= back.on):
            return _WIDE.multiply(amount, there.rate).quantize(quantum, context=_WIDE)
        if back is not None:
            return _WIDE.divide(amount, back.rate).quantize(quantum, context=_WIDE)
        return None

    def _last(self, base: str, quote: str, day: dt.date) -> DayRate | None:
        days, rates = self._days.get((base, quote), ([], []))
        place = bisect_right(days, day) - 1
        if place < 0 or (day - days[place]).days > STALE_DAYS:
            return None
        return DayRate(days[place], rates[place])


def check_rate(base: str, quote: str, one: DayRate) -> None:
    """Raises RateNotUsable, UnknownCurrency, DateOutOfRange."""
    check_currency(base)
    check_currency(quote)
    check_date(one.on)
    exponent = one.rate.as_tuple().exponent
    if (
        base == quote
        or not one.rate.is_finite()
        or not 0 < one.rate < _RATE_MAX
        or not isinstance(exponent, int)
        or -exponent > RATE_DIGITS_MAX
    ):
        raise RateNotUsable(
            "a rate is above zero, of two currencies, with at most 18 digits behind the point",
            base=base,
            quote=quote,
        )


def rate_stream(ledger_id: UUID, base: str, quote: str, year: int) -> UUID:
    """The stream of a pair's rates in a year."""
    return uuid5(ledger_id, f"rates:{base}:{quote}:{year}")
