"""What holds when: the terms of a budget in order, and the periods that they make.

A term holds from a day on, until the next one. Terms of one cycle lie on borders of its periods;
where the cycle changes, the period that was running ends the day before, so periods never overlap
and no day is without one.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from operator import attrgetter
from typing import Literal

from mintflow.domain.budgets.periods import MONTHLY, Cycle, Period

Rollover = Literal["none", "surplus", "both", "capped"]

_DAY = dt.timedelta(days=1)
_start = attrgetter("start")


@dataclass(frozen=True, slots=True)
class BudgetTerm:
    """What holds from a day on, until the next term.

    start: first day as "2025-03-01"; "" for a budget that holds for every day before as well.
    amount: per period; None where the budget was archived from this day on.
    carry_from: the day from which leftovers were carried on when the term was said. Terms that are
    said or taken back later change that, so it counts for a first term without a start alone.
    cap: the most that `capped` carries on; None with any other rollover.
    """

    start: str
    amount: Decimal | None
    rollover: str
    alert_threshold: Decimal
    carry_from: str
    cycle: Cycle = MONTHLY
    cap: Decimal | None = None

    @property
    def start_shown(self) -> str | None:
        """As a `start` is written: calendar months as 2025-03, any other day whole, None for all
        days before. After another kind of period the first month begins with the day of the change.
        """
        if self.cycle.is_calendar_month and self.start.endswith("-01"):
            return self.start[:7]
        return self.start or None


def index_at(terms: Sequence[BudgetTerm], day: dt.date) -> int:
    """The place of the term that holds on a day; -1 before the first."""
    return bisect_right(terms, day.isoformat(), key=_start) - 1


def term_at(terms: Sequence[BudgetTerm], day: dt.date) -> BudgetTerm | None:
    """The term that holds on a day: the last one that begins on it or before."""
    index = index_at(terms, day)
    return terms[index] if index >= 0 else None


def period_at(terms: Sequence[BudgetTerm], day: dt.date) -> Period | None:
    """The period in which a day lies, between the terms of other cycles; None where none holds.

    An archived term keeps its cycle, so it has periods too.
    """
    index = index_at(terms, day)
    if index < 0:
        return None
    cycle = terms[index].cycle
    whole = cycle.containing(day)
    if whole is None:
        return None
    begin, end = index, index
    while begin and terms[begin - 1].cycle == cycle:
        begin -= 1
    while end + 1 < len(terms) and terms[end + 1].cycle == cycle:
        end += 1
    first, last = whole.first, whole.last
    if terms[begin].start:
        first = max(first, dt.date.fromisoformat(terms[begin].start))
    if end + 1 < len(terms):
        following = dt.date.fromisoformat(terms[end + 1].start)
        last = min(last, following - dt.timedelta(days=1))
    return Period(first, last)


@dataclass(frozen=True, slots=True)
class Run:
    """Periods that follow each other under one term. borders: the ordinals of the days on which
    they begin, ascending, and of the day after the last of them."""

    term: BudgetTerm
    borders: Sequence[int]


def carried_since(terms: Sequence[BudgetTerm], day: dt.date) -> dt.date | None:
    """The day from which leftovers are carried into the period of a day; None where nothing is.

    It is told by the terms as they stand, in whatever order they were said.
    """
    index = index_at(terms, day)
    if index < 0 or not _carries(terms[index]):
        return None
    while index and _carries(terms[index - 1]) and terms[index - 1].cycle == terms[index].cycle:
        index -= 1
    return dt.date.fromisoformat(terms[index].start or terms[index].carry_from)


def _carries(term: BudgetTerm) -> bool:
    return term.amount is not None and term.rollover != "none"


def runs_between(terms: Sequence[BudgetTerm], start: dt.date, end: dt.date) -> Iterator[Run]:
    """The periods from the one in which `start` lies up to, and without, the one of `end`. Days on
    which nothing holds are passed over."""
    day = start
    while day < end:
        period, term = period_at(terms, day), term_at(terms, day)
        if period is None or term is None:
            following = _next_start(terms, day)
            if following is None:
                return
            day = following
            continue
        if period.last >= end:
            return
        begin, day = period.first.toordinal(), period.last + _DAY
        # Until the next term begins the cycle alone says what follows.
        border = min(end, _next_start(terms, period.first) or end)
        borders = term.cycle.borders(day, border) if day < border else ()
        if len(borders) > 1:
            yield Run(term, _joined(begin, borders))
            day = dt.date.fromordinal(borders[-1])
        else:
            yield Run(term, (begin, day.toordinal()))


def _joined(begin: int, borders: Sequence[int]) -> Sequence[int]:
    """One more border before the others; a range stays one."""
    if isinstance(borders, range) and begin + borders.step == borders[0]:
        return range(begin, borders[-1] + 1, borders.step)
    return (begin, *borders)


def periods_between(
    terms: Sequence[BudgetTerm], start: dt.date, end: dt.date
) -> Iterator[tuple[Period, BudgetTerm]]:
    """As `runs_between`, each period by itself with its term."""
    for run in runs_between(terms, start, end):
        days = map(dt.date.fromordinal, run.borders)
        for first, following in pairwise(days):
            yield Period(first, following - _DAY), run.term


def _next_start(terms: Sequence[BudgetTerm], day: dt.date) -> dt.date | None:
    """When the first term begins that begins after a day."""
    index = index_at(terms, day) + 1
    return dt.date.fromisoformat(terms[index].start) if index < len(terms) else None


def first_day_of_change(terms: Sequence[BudgetTerm], cycle: Cycle, day: dt.date) -> dt.date:
    """Where a change begins that was asked for on a day: with the period of that day.

    Under another cycle never before the period that is running, which is the first one that the
    change may cut short: those before are over and keep what they had.
    """
    if cycle.period == "custom":
        return cycle.anchor
    wanted = cycle.containing(day)
    assert wanted is not None
    held, running = term_at(terms, day), period_at(terms, day)
    if held is None or running is None:
        return wanted.first
    return running.first if held.cycle == cycle else max(wanted.first, running.first)


def with_term(terms: tuple[BudgetTerm, ...], term: BudgetTerm) -> tuple[BudgetTerm, ...]:
    """The terms with one set or replaced; terms that begin later stay."""
    return tuple(
        sorted((*(t for t in terms if t.start != term.start), term), key=lambda t: t.start)
    )
