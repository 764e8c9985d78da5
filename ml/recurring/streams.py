"""Recurring streams as they stand on a day: early, mature or ended; what comes next; price changes.

The books know nothing of days after their newest row, so a stream is not missed by those: where
it stands is reckoned on the newest day of the books, or today if that is earlier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any, Literal

from mintflow.domain.bills.calendar import IsFree
from mintflow.domain.bills.schedule import LATE_DAYS, PER_YEAR, Frequency, Schedule
from mintflow.ml.recurring.detection import streams_of
from mintflow.ml.recurring.payments import Found, Payment

Status = Literal["early", "mature", "ended"]
MATURE_HITS = 3
MATURE_HITS_YEARLY = 2
# Days after which one that did not come is over: longer than any pause of banks, shorter than two
# missed turns of the longer ones.
ENDED_AFTER_DAYS: Mapping[Frequency, int] = {
    "weekly": 12, "two_weekly": 20, "four_weekly": 33, "semi_monthly": 24, "monthly": 38,
    "two_monthly": 45, "quarterly": 50, "half_yearly": 60, "yearly": 60,
}  # fmt: skip
# What is expected of a varying amount is the middle of so many; its range that of a year.
_USUAL_OF = 6


@dataclass(frozen=True, slots=True)
class PriceChange:
    """The newest change of a price. since: the day of the first payment at the new one."""

    before: Decimal
    after: Decimal
    since: date


@dataclass(frozen=True, slots=True)
class RecurringStream:
    """amount: what is expected next; between lowest and highest, which are equal for a price.
    All without signs. due: the next one that has not come, on `next_slot`; None where it ended.
    confidence: 0 to 1."""

    schedule: Schedule
    payments: tuple[Payment, ...]
    slots: tuple[int, ...]
    missed: int
    fixed: bool
    status: Status
    amount: Decimal
    lowest: Decimal
    highest: Decimal
    due: date | None
    next_slot: int | None
    price_change: PriceChange | None
    confidence: float

    @property
    def frequency(self) -> Frequency:
        return self.schedule.frequency

    @property
    def yearly_cost(self) -> Decimal:
        """What a year of it costs, at the amount that is expected."""
        return self.amount * PER_YEAR[self.frequency]


def recurring_streams(
    payments: Iterable[Payment], *, horizon: date, free_of: Callable[[str], IsFree]
) -> list[RecurringStream]:
    """The recurring streams among payments, in order of payee.

    payments: any order. horizon: the day until which the books are known; later ones are ignored.
    free_of: on which days nothing is booked in a currency.
    """
    known = (one for one in payments if one.day <= horizon.toordinal())
    return [
        standing(found, horizon, free_of(found.payments[-1].currency))
        for found in streams_of(known, free_of)
    ]


def standing(found: Found, horizon: date, is_free: IsFree) -> RecurringStream:
    """How a stream stands on a day."""
    frequency, today = found.schedule.frequency, horizon.toordinal()
    enough = MATURE_HITS_YEARLY if frequency == "yearly" else MATURE_HITS
    status: Status = "mature" if len(found.payments) >= enough else "early"
    slot = found.slots[-1] + 1
    due = found.schedule.booked(slot, is_free)
    if today - due > ENDED_AFTER_DAYS[frequency]:
        status = "ended"
    while today - due > LATE_DAYS[frequency]:
        slot += 1
        due = found.schedule.booked(slot, is_free)
    amounts = [one.amount for one in found.payments]
    amount, lowest, highest = _expected(amounts, found)
    ended = status == "ended"
    return RecurringStream(
        schedule=found.schedule,
        payments=found.payments,
        slots=found.slots,
        missed=found.missed,
        fixed=found.fixed,
        status=status,
        amount=amount,
        lowest=lowest,
        highest=highest,
        due=None if ended else date.fromordinal(due),
        next_slot=None if ended else slot,
        price_change=_price_change(found.payments) if found.fixed else None,
        confidence=_confidence(found),
    )


def _expected(amounts: Sequence[Decimal], found: Found) -> tuple[Decimal, Decimal, Decimal]:
    last = amounts[-1]
    if found.fixed:
        return last, last, last
    year = amounts[-max(2, PER_YEAR[found.schedule.frequency]) :]
    usual = Decimal(median(amounts[-_USUAL_OF:])).quantize(last, rounding=ROUND_HALF_UP)
    return usual, min(year), max(year)


def _price_change(payments: Sequence[Payment]) -> PriceChange | None:
    """The newest step from one price to another that stayed, or that is the newest payment."""
    amounts = [one.amount for one in payments]
    for at in range(len(amounts) - 1, 0, -1):
        before, after = amounts[at - 1], amounts[at]
        if before == after:
            continue
        was_price = at < 2 or amounts[at - 2] == before
        stayed = at == len(amounts) - 1 or all(one == after for one in amounts[at:])
        if was_price and stayed:
            return PriceChange(before, after, date.fromordinal(payments[at].day))
        # A single other amount in between is something extra, and no price.
        if at < len(amounts) - 1 and amounts[at + 1] == before:
            continue
    return None


def _confidence(found: Found) -> float:
    hits: Any = len(found.payments)
    regular = hits / (hits + found.missed)
    sure = 1 - 0.5 ** (hits - (0 if found.schedule.frequency == "yearly" else 1))
    exact = 1 - min(0.3, found.off_mean / 20)
    return round(float(regular * sure * exact * (1.0 if found.fixed else 0.97)), 3)
