"""How far a goal is, what it needs per month, and when it is there at the present rate."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal
from typing import Literal

from mintflow.domain.core.money import EXACT, ZERO, digits_of, exact_amount, exact_sum
from mintflow.domain.core.time import DATE_MAX

GoalStatus = Literal["reached", "on_track", "behind", "overdue", "open", "unknown"]

# The present rate is that of a quarter: long enough for a monthly salary, short enough to be now.
RATE_DAYS = 91
# Of less than two weeks nobody can tell a rate.
RATE_DAYS_MIN = 14
# What an emergency fund is reckoned from: the whole months before this one.
SPENDING_MONTHS = 6
SPENDING_MONTHS_MIN = 3

_DAYS_OF_YEAR, _MONTHS_OF_YEAR = Decimal(365), Decimal(12)
_RATIO_DIGITS = Decimal("0.0001")
# Shares and rates have no last digit; what is rounded here is shown and never booked.
_WIDE = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Progress:
    """target: None where it is not known. rate: per month; None where too little is known.

    needed_per_month: so that it is there when it is due; all of it where that is over; None
    without a day, or where nothing is missing. projected_on: None where the rate leads nowhere.
    """

    target: Decimal | None
    saved: Decimal
    remaining: Decimal | None
    ratio: Decimal | None
    rate: Decimal | None
    needed_per_month: Decimal | None
    projected_on: dt.date | None
    status: GoalStatus


@dataclass(frozen=True, slots=True)
class Growth:
    """By how much what is saved grew in so many days."""

    amount: Decimal
    days: int


def progress(
    target: Decimal | None,
    saved: Decimal,
    remaining: Decimal | None,
    growth: Growth | None,
    due: dt.date | None,
    today: dt.date,
    currency: str,
) -> Progress:
    """How a goal stands on a day. remaining: what is missing, zero or more; None as the target."""
    rate = None if growth is None else monthly(growth, currency)
    if target is None or remaining is None:
        return Progress(None, saved, None, None, rate, None, None, "unknown")
    ratio = None
    if target:
        ratio = _divided(saved, target, _RATIO_DIGITS)
    needed = None
    if due is not None and remaining:
        needed = _share(remaining, months_until(today, due), currency)
    projected = None if growth is None else projected_on(remaining, growth, today)
    status: GoalStatus = "open"
    if not remaining:
        projected, status = None, "reached"
    elif due is not None and due < today:
        status = "overdue"
    elif due is not None and growth is not None:
        status = "on_track" if projected is not None and projected <= due else "behind"
    return Progress(target, saved, remaining, ratio, rate, needed, projected, status)


def months_until(today: dt.date, due: dt.date) -> int:
    """How many monthly sums can be set aside until a day: begun months count, and at least one."""
    months = (due.year - today.year) * 12 + due.month - today.month
    if due.day > today.day and today.day < monthrange(today.year, today.month)[1]:
        months += 1
    return max(months, 1)


def monthly(growth: Growth, currency: str) -> Decimal:
    """The growth of a month of average length, in the currency's digits."""
    yearly = EXACT.multiply(growth.amount, _DAYS_OF_YEAR)
    return _divided(
        yearly, EXACT.multiply(_MONTHS_OF_YEAR, Decimal(growth.days)), _smallest(currency)
    )


def projected_on(remaining: Decimal, growth: Growth, today: dt.date) -> dt.date | None:
    """The first day on which nothing is missing at this rate; None if never, or after 2200."""
    if growth.amount <= 0:
        return None
    needed = EXACT.multiply(remaining, Decimal(growth.days))
    days = _WIDE.divide(needed, growth.amount).to_integral_value(ROUND_CEILING)
    if days > (DATE_MAX - today).days:
        return None
    return today + dt.timedelta(days=int(days))


def usual_spending(months: Sequence[Decimal], currency: str) -> Decimal | None:
    """The median of what months took, in the currency's digits; None of fewer than three."""
    if len(months) < SPENDING_MONTHS_MIN:
        return None
    in_order = sorted(months)
    half = len(in_order) // 2
    if len(in_order) % 2:
        middle = in_order[half]
    else:
        middle = EXACT.multiply(exact_sum(in_order[half - 1 : half + 1]), Decimal("0.5"))
    return max(_rounded_up(middle, currency), ZERO)


def _share(amount: Decimal, parts: int, currency: str) -> Decimal:
    """So much that this many of it are the amount or a little more."""
    share = _WIDE.divide(amount, Decimal(parts))
    return exact_amount(share.quantize(_smallest(currency), ROUND_UP, _WIDE), currency)


def _smallest(currency: str) -> Decimal:
    return Decimal(1).scaleb(-digits_of(currency))


def _rounded_up(amount: Decimal, currency: str) -> Decimal:
    return exact_amount(amount.quantize(_smallest(currency), ROUND_UP, _WIDE), currency)


def _divided(part: Decimal, whole: Decimal, like: Decimal) -> Decimal:
    return _WIDE.divide(part, whole).quantize(like, ROUND_HALF_EVEN, _WIDE)
