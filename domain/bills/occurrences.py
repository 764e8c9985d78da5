"""What became of each time that something is due: upcoming, due, paid, late, missed, skipped.

Pure: a schedule and payments in, occurrences out; the day is an argument.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from mintflow.domain.bills.calendar import IsFree
from mintflow.domain.bills.schedule import LATE_DAYS, Schedule

OccurrenceStatus = Literal["upcoming", "due", "paid", "late", "missed", "skipped"]
# How far what was paid may be from what was due, as a share of it: a price, something variable.
_NEAR, _NEAR_VARIABLE = Decimal("0.3"), Decimal("1.0")


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that something may have been paid with. amount: signed."""

    transaction_id: UUID
    date: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Occurrence:
    """due: by the schedule; expected_on: moved to a working day. paid: what it was paid with."""

    due: date
    expected_on: date
    status: OccurrenceStatus
    paid: Paid | None


@dataclass(frozen=True, slots=True)
class Expected:
    """amount: signed. remind_days: from so many days ahead it is due and not only upcoming."""

    schedule: Schedule
    amount: Decimal
    variable: bool
    remind_days: int = 3
    last_day: date | None = None


def occurrences(
    expected: Expected,
    payments: Sequence[Paid],
    marks: Mapping[date, tuple[str, UUID | None]],
    span: tuple[date, date],
    today: date,
    is_free: IsFree,
) -> list[Occurrence]:
    """The times that are due from span[0] to span[1], in order.

    payments: of the same payee, currency and direction; each pays one time, the nearest. One that a
    mark names, of whatever payee, pays that time alone; what is skipped takes none.
    """
    first, last = span
    schedule = expected.schedule
    # Times around the span take their payments too, so that none of those pays one inside it.
    margin = timedelta(days=40)
    slots = list(schedule.between(max(first, date.min + margin) - margin, last + margin, is_free))
    by_id = {one.transaction_id: one for one in payments}
    # What was said goes first, so that it is not paid with a second time.
    named = {
        due: by_id[said]
        for due, (mark, said) in marks.items()
        if mark == "paid" and said is not None and said in by_id
    }
    used = {one.transaction_id for one in named.values()}
    taken = _assigned(
        expected,
        [one for one in payments if one.transaction_id not in used],
        [
            (slot, day)
            for slot, day in slots
            if (due := date.fromordinal(schedule.nominal(slot))) not in named
            and marks.get(due, ("open", None))[0] != "skipped"
        ],
    )
    found = []
    for slot, expected_on in slots:
        due = date.fromordinal(schedule.nominal(slot))
        if not first <= expected_on <= last:
            continue
        if expected.last_day is not None and due > expected.last_day:
            break
        mark, _ = marks.get(due, ("open", None))
        paid = named.get(due, taken.get(slot))
        found.append(
            Occurrence(due, expected_on, _status(expected, expected_on, mark, paid, today), paid)
        )
    return found


def new_price(expected: Expected, times: Sequence[Occurrence]) -> tuple[Decimal, date] | None:
    """(what is paid now, the day of the first such payment) where it is not what the bill says.

    times: in order. None for a bill that varies, and where the newest payment is what was expected.
    """
    paid = [one.paid for one in times if one.paid is not None]
    if expected.variable or not paid or paid[-1].amount in (expected.amount, 0):
        return None
    first = paid[-1]
    for one in reversed(paid):
        if one.amount != first.amount:
            break
        first = one
    return first.amount, first.date


def _status(
    expected: Expected, expected_on: date, mark: str, paid: Paid | None, today: date
) -> OccurrenceStatus:
    if mark == "skipped":
        return "skipped"
    if mark == "paid" or paid is not None:
        return "paid"
    late = (today - expected_on).days
    frequency = expected.schedule.frequency
    if late > 3 * LATE_DAYS[frequency]:
        return "missed"
    if late > LATE_DAYS[frequency]:
        return "late"
    return "due" if -late <= expected.remind_days else "upcoming"


def _assigned(
    expected: Expected, payments: Sequence[Paid], slots: Sequence[tuple[int, date]]
) -> dict[int, Paid]:
    """Slot -> its payment: the nearest pairs first; none is used twice."""
    share = _NEAR_VARIABLE if expected.variable else _NEAR
    width = 2 * LATE_DAYS[expected.schedule.frequency]
    near = abs(expected.amount) * share
    pairs = sorted(
        (abs((one.date - day).days), abs(one.amount - expected.amount), slot, index)
        for slot, day in slots
        for index, one in enumerate(payments)
        if abs((one.date - day).days) <= width and abs(one.amount - expected.amount) <= near
    )
    taken: dict[int, Paid] = {}
    used: set[int] = set()
    for _, _, slot, index in pairs:
        if slot not in taken and index not in used:
            taken[slot] = payments[index]
            used.add(index)
    return taken
