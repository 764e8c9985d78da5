"""Which schedule days fit: the frequency, the day, and what weekends and holidays do to it.

Pure, over ordinals of days. Every frequency near the usual gap is tried; the one that explains the
days best is kept, if it explains them well enough (docs/reference/bills.md says what that is).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from statistics import median

from mintflow.domain.bills.calendar import IsFree
from mintflow.domain.bills.schedule import LAST_DAY, PER_YEAR, Frequency, Roll, Schedule

# frequency, shortest and longest gap that suggests it, days that one hit may be off, days that
# hits may be off on average. A direct debit comes two or three days around its day; a habit that
# is spread over the week or the month does not stay inside these.
_CLASSES: tuple[tuple[Frequency, int, int, int, float], ...] = (
    ("weekly", 5, 9, 2, 0.9),
    ("two_weekly", 11, 17, 3, 1.3),
    ("semi_monthly", 11, 19, 3, 1.3),
    ("four_weekly", 25, 31, 4, 1.5),
    ("monthly", 24, 37, 5, 2.4),
    ("two_monthly", 54, 68, 6, 3.0),
    ("quarterly", 80, 104, 8, 4.0),
    ("half_yearly", 168, 198, 9, 5.0),
    ("yearly", 345, 385, 12, 6.0),
)
OFF_DAYS_MAX: dict[str, int] = {name: off for name, _, _, off, _ in _CLASSES}
_ROLLS: tuple[Roll, ...] = ("none", "following", "preceding")


@dataclass(frozen=True, slots=True)
class Fit:
    """hits: (slot, index of the day) in order of slots. offs: how many days each hit is after its
    booking. extras: indices of days that fit no slot, or one that has a nearer day. missed: slots
    between the first and the last hit without one."""

    schedule: Schedule
    hits: tuple[tuple[int, int], ...]
    offs: tuple[int, ...]
    extras: tuple[int, ...]
    missed: int

    @property
    def slots(self) -> int:
        return len(self.hits) + self.missed

    @property
    def off_mean(self) -> float:
        """Days that hits are off, on average."""
        return sum(map(abs, self.offs)) / len(self.offs)

    @property
    def score(self) -> float:
        """Larger is better: what is explained, less what is not and what is imprecise."""
        limit = OFF_DAYS_MAX[self.schedule.frequency]
        return (
            len(self.hits)
            - 0.8 * self.missed
            - 1.0 * len(self.extras)
            - len(self.hits) * 0.9 * self.off_mean / limit
            # Of two that explain the same, the plainer one.
            - (0.02 if self.schedule.roll != "none" else 0.0)
            - (0.04 if self.schedule.nth_weekday is not None else 0.0)
            - (0.06 if self.schedule.every_days else 0.0)
        )


def best_fit(days: Sequence[int], is_free: IsFree) -> Fit | None:
    """The schedule that fits best. days: ordinals in order, at least two; None where none fits."""
    if len(days) < 2:
        return None
    found: Fit | None = None
    for name, _, _, _, off_mean in _likely(days):
        one = _of_frequency(name, days, is_free)
        if (
            one is not None
            and one.off_mean <= off_mean
            and (found is None or one.score > found.score)
        ):
            found = one
    return None if found is None else _with_holidays(found, days, is_free)


def _with_holidays(found: Fit, days: Sequence[int], is_free: IsFree) -> Fit:
    """Who never came on a free day will not do so next time: it moves to the following one."""
    if found.schedule.roll != "none" or any(map(is_free, days)):
        return found
    rolled = _matched(
        replace(found.schedule, roll="following"),
        days,
        is_free,
        OFF_DAYS_MAX[found.schedule.frequency],
    )
    if rolled is None or (len(rolled.hits), -rolled.off_mean) < (len(found.hits), -found.off_mean):
        return found
    return rolled


def _likely(days: Sequence[int]) -> Iterator[tuple[Frequency, int, int, int, float]]:
    gaps = sorted(after - before for before, after in pairwise(days))
    usual = {gaps[len(gaps) // 4], int(median(gaps)), gaps[(len(gaps) * 3) // 4]}
    for one in _CLASSES:
        if any(one[1] <= gap <= one[2] for gap in usual):
            yield one


def _of_frequency(name: Frequency, days: Sequence[int], is_free: IsFree) -> Fit | None:
    best: Fit | None = None
    limit = OFF_DAYS_MAX[name]
    slots = (days[-1] - days[0]) * PER_YEAR[name] / 365.25 + 1
    # Far too few or far too many for it, whatever the day: no need to look at each.
    if not 0.6 * (slots - 1) <= len(days) <= 1.5 * slots + 3:
        return None
    for plain in _candidates(name, days):
        first = _matched(plain, days, is_free, limit)
        for roll in _ROLLS:
            if roll == "none":
                one = first
            elif first is None or not any(first.offs):
                break
            else:
                one = _matched(replace(plain, roll=roll), days, is_free, limit)
            if one is not None and (best is None or one.score > best.score):
                best = one
        if best is not None and not any(best.offs) and not best.extras and not best.missed:
            break
    return best


def _candidates(name: Frequency, days: Sequence[int]) -> Iterator[Schedule]:
    """Schedules of a frequency that the days themselves suggest."""
    dates = [date.fromordinal(day) for day in days]
    last = dates[-1]
    if name in ("weekly", "two_weekly", "four_weekly"):
        # A phase that only outliers have explains nothing, so the newest ones are enough.
        for anchor in dict.fromkeys(dates[-6:] + dates[:1]):
            yield Schedule(name, anchor)
        return
    if name == "semi_monthly":
        for pair in _pairs(dates):
            yield Schedule(name, last, pair)
        return
    for anchor in {last.replace(day=1), dates[0].replace(day=1)} if name != "monthly" else {last}:
        for day in _usual_days(dates):
            yield Schedule(name, anchor, (day,))
    if name == "monthly" and len(days) >= 3:
        weekdays = Counter(day.weekday() for day in dates).most_common(1)
        if weekdays[0][1] >= 0.75 * len(dates):
            for nth in sorted({(day.day - 1) // 7 + 1 for day in dates} | {5}):
                yield Schedule(name, last, (nth,), weekdays[0][0])
        if len(days) >= 4:
            yield Schedule(name, last, every_days=30)


def _usual_days(dates: Sequence[date]) -> list[int]:
    """Days of the month that may be the one that was meant."""
    seen = Counter(_day(one) for one in dates)
    usual = [day for day, _ in seen.most_common(4)]
    turned = sorted((day + 15) % 31 for day in seen.elements())
    # The middle, round the end of the month where that is nearer than round its half.
    straight = sorted(seen.elements())
    if straight[-1] - straight[0] <= 15:
        usual += [straight[len(straight) // 2], straight[0], straight[-1]]
    else:
        usual += [(turned[len(turned) // 2] - 15) % 31 or LAST_DAY, 1]
        usual += [day for day in (28, 29, 30) if day in seen]
    if any(day >= 26 for day in seen):
        usual.append(LAST_DAY)
    return list(dict.fromkeys(usual))


def _day(one: date) -> int:
    """Its day of the month; that of a last day is 31 in every month."""
    return LAST_DAY if (one.toordinal() + 1) == _next_month(one) else one.day


def _next_month(one: date) -> int:
    return date(one.year + one.month // 12, one.month % 12 + 1, 1).toordinal()


def _pairs(dates: Sequence[date]) -> Iterator[tuple[int, int]]:
    """Two days of the month, half a month apart."""
    seen = Counter(_day(one) for one in dates)
    pairs = {(1, 15), (15, LAST_DAY)}
    usual = [day for day, _ in seen.most_common(6)]
    for one in usual:
        for other in usual:
            if 11 <= other - one <= 19:
                pairs.add((one, other))
    yield from sorted(pairs)


def _matched(schedule: Schedule, days: Sequence[int], is_free: IsFree, limit: int) -> Fit | None:
    """Every day with its slot; each slot has one, the nearest. None where too much does not fit:
    most schedules that are tried are wrong, and show it after a few days."""
    slot, booked = schedule.bookings(days[0] - limit, days[-1] + limit, is_free)
    if len(days) < 0.6 * (len(booked) - 2):
        return None
    extras_max = max(2, len(days) // 4)
    held: dict[int, tuple[int, int]] = {}
    extras: list[int] = []
    at, end = 0, len(booked) - 1
    for index, day in enumerate(days):
        while at < end and booked[at + 1] - day <= day - booked[at]:
            at += 1
        off = day - booked[at]
        if abs(off) > limit:
            extras.append(index)
        elif at not in held:
            held[at] = (off, index)
            continue
        elif abs(off) < abs(held[at][0]):
            extras.append(held[at][1])
            held[at] = (off, index)
        else:
            extras.append(index)
        if len(extras) > extras_max:
            return None
    if len(held) < 2:
        return None
    slots = sorted(held)
    return Fit(
        schedule,
        tuple((slot + at, held[at][1]) for at in slots),
        tuple(held[at][0] for at in slots),
        tuple(sorted(extras)),
        slots[-1] - slots[0] + 1 - len(slots),
    )
