"""Schedules: the days on which something is due that comes again and again.

A schedule is a frequency with the days that it falls on, and what happens where that is no working
day. Its slots are numbered from the one of its anchor, into the past as well as into the future.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

from mintflow.domain.bills.calendar import IsFree, working_day
from mintflow.domain.core.errors import Invalid
from mintflow.domain.core.time import DATE_MAX, DATE_MIN, check_date

Frequency = Literal[
    "weekly", "two_weekly", "four_weekly", "semi_monthly", "monthly", "two_monthly", "quarterly",
    "half_yearly", "yearly",
]  # fmt: skip
Roll = Literal["none", "following", "preceding"]

STEP_DAYS = {"weekly": 7, "two_weekly": 14, "four_weekly": 28}
STEP_MONTHS = {
    "semi_monthly": 1, "monthly": 1, "two_monthly": 2, "quarterly": 3, "half_yearly": 6,
    "yearly": 12,
}  # fmt: skip
PER_YEAR = {
    "weekly": 52, "two_weekly": 26, "four_weekly": 13, "semi_monthly": 24, "monthly": 12,
    "two_monthly": 6, "quarterly": 4, "half_yearly": 2, "yearly": 1,
}  # fmt: skip
# Days for which one that has not come yet is late, and not skipped.
LATE_DAYS: dict[Frequency, int] = {
    "weekly": 2, "two_weekly": 3, "four_weekly": 4, "semi_monthly": 4, "monthly": 5,
    "two_monthly": 6, "quarterly": 8, "half_yearly": 9, "yearly": 12,
}  # fmt: skip
LAST_DAY = 31
_EARLIEST, _LATEST = DATE_MIN.toordinal() + 400, DATE_MAX.toordinal() - 400


class ScheduleNotUsable(Invalid):
    """A frequency has days of the month that it falls on, as many as it comes in a month."""

    code = "schedule_not_usable"


@dataclass(frozen=True, slots=True)
class Schedule:
    """anchor: a day of slot 0; of months only which month it is. days: of the month, one, or two
    for semi_monthly; 31 is the last day. nth: the days are the n-th of this weekday (0 Monday)
    instead, 5 being the last one. every_days: so many days instead of a month."""

    frequency: Frequency
    anchor: date
    days: tuple[int, ...] = ()
    nth_weekday: int | None = None
    roll: Roll = "none"
    every_days: int = 0

    @property
    def step_days(self) -> int:
        """Days from slot to slot; 0 where they are counted in months."""
        return self.every_days or STEP_DAYS.get(self.frequency, 0)

    def nominal(self, slot: int) -> int:
        """The ordinal of the day that a slot is due, working day or not."""
        if self.step_days:
            return self.anchor.toordinal() + slot * self.step_days
        per = len(self.days)
        period, which = divmod(slot, per)
        month = _month(self.anchor) + period * STEP_MONTHS[self.frequency]
        if self.nth_weekday is not None:
            return nth_weekday_of(month, self.days[0], self.nth_weekday)
        return day_of_month(month, self.days[which])

    def booked(self, slot: int, is_free: IsFree) -> int:
        """The ordinal of the day that a slot is booked."""
        return working_day(self.nominal(slot), self.roll, is_free)

    def bookings(self, low: int, high: int, is_free: IsFree) -> tuple[int, list[int]]:
        """The slot of the first of them, and the ordinals of the bookings around low to high: at
        least one before and one behind, where the range is not at an end of time."""
        first, last = self._guess(low) - 1, self._guess(high) + 1
        step = self.step_days
        if step:
            start = self.anchor.toordinal() + first * step
            due = list(range(start, start + (last - first + 1) * step, step))
        else:
            due = [self.nominal(slot) for slot in range(first, last + 1)]
        if self.roll != "none":
            due = [working_day(day, self.roll, is_free) if is_free(day) else day for day in due]
        return first, due

    def slot_of(self, day: date) -> int:
        """The slot that is due nearest to a day, working day or not."""
        at = day.toordinal()
        guess = self._guess(at)
        return min(range(guess - 1, guess + 2), key=lambda slot: abs(self.nominal(slot) - at))

    def nearest(self, day: int, is_free: IsFree) -> tuple[int, int]:
        """(slot, how many days after its booking) of the slot that is nearest to a day."""
        guess = self._guess(day)
        found = [
            (abs(off := day - self.booked(slot, is_free)), slot, off)
            for slot in range(guess - 1, guess + 2)
        ]
        _, slot, off = min(found)
        return slot, off

    def between(self, first: date, last: date, is_free: IsFree) -> Iterator[tuple[int, date]]:
        """(slot, day) of every booking from first to last, in order."""
        low, high = max(first.toordinal(), _EARLIEST), min(last.toordinal(), _LATEST)
        if low > high:
            return
        slot = self._guess(low) - 2
        # A holiday may move a day by a week at most, so two slots before is early enough.
        while (day := self.booked(slot, is_free)) <= high:
            if day >= low:
                yield slot, date.fromordinal(day)
            slot += 1

    def _guess(self, day: int) -> int:
        if self.step_days:
            return round((day - self.anchor.toordinal()) / self.step_days)
        per = len(self.days)
        on = date.fromordinal(day)
        months = _month(on) - _month(self.anchor)
        if per == 2:
            return months * 2 + (1 if on.day > (self.days[0] + self.days[1]) / 2 else 0)
        return round(
            (months + (on.day - min(self._usual, 30)) / 30.5) / STEP_MONTHS[self.frequency]
        )

    @property
    def _usual(self) -> int:
        return self.days[0] if self.nth_weekday is None else self.days[0] * 7 - 3


def check_schedule(schedule: Schedule) -> Schedule:
    """The schedule itself if it can be kept. Raises ScheduleNotUsable, DateOutOfRange."""
    check_date(schedule.anchor)
    by_days = schedule.step_days > 0
    wanted = 0 if by_days else 2 if schedule.frequency == "semi_monthly" else 1
    nth = schedule.nth_weekday
    if (
        len(schedule.days) != wanted
        or len(set(schedule.days)) != wanted
        or tuple(sorted(schedule.days)) != schedule.days
        or not all(1 <= day <= (LAST_DAY if nth is None else 5) for day in schedule.days)
        or (nth is not None and (schedule.frequency != "monthly" or not 0 <= nth <= 6))
        or (schedule.every_days and (schedule.frequency != "monthly" or schedule.every_days != 30))
    ):
        raise ScheduleNotUsable(
            "a frequency has days of the month that it falls on",
            frequency=schedule.frequency,
            days_needed=wanted,
        )
    return schedule


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


@lru_cache(maxsize=8_192)
def _first_and_length(month: int) -> tuple[int, int]:
    year, index = divmod(month, 12)
    return date(year, index + 1, 1).toordinal(), monthrange(year, index + 1)[1]


def day_of_month(month: int, day: int) -> int:
    """The ordinal of a day, the last one where the month is shorter. month: year * 12 + index."""
    first, length = _first_and_length(month)
    return first + min(day, length) - 1


def nth_weekday_of(month: int, nth: int, weekday: int) -> int:
    """The ordinal of the n-th such weekday of a month; 5 is the last one."""
    first, length = _first_and_length(month)
    day = first + (weekday - (first + 6)) % 7
    if nth >= 5:
        return day + (first + length - 1 - day) // 7 * 7
    return day + (nth - 1) * 7
