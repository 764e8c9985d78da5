"""Budgets reckoned the slow and plain way: period after period, day after day, nothing summed up
before. And budgets with any past, to compare with."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from mintflow.domain.budgets import (
    Budget,
    BudgetNotFound,
    BudgetTerm,
    Cycle,
    Period,
    Wish,
    cycle_of,
    period_at,
    term_at,
)
from mintflow.domain.core.time import DATE_MAX

_DAY = dt.timedelta(days=1)
_KINDS = ("day", "week", "two_weeks", "four_weeks", "month", "quarter", "year", "custom")


def plain_periods(
    terms: Sequence[BudgetTerm], start: dt.date, end: dt.date
) -> Iterator[tuple[Period, BudgetTerm]]:
    """From the period of a day up to, and without, that of another; each looked up by itself."""
    day = start
    while day < end:
        period, term = period_at(terms, day), term_at(terms, day)
        if period is None or term is None:
            day += _DAY
            continue
        if period.last >= end:
            return
        yield period, term
        day = period.last + _DAY


def plain_sum(spent: Mapping[dt.date, Decimal], period: Period) -> Decimal:
    return sum(
        (amount for day, amount in spent.items() if period.first <= day <= period.last), Decimal(0)
    )


def plain_carry(
    terms: Sequence[BudgetTerm], spent: Mapping[dt.date, Decimal], day: dt.date
) -> Decimal:
    """What is carried into the period of a day on which a budget holds."""
    period, held = period_at(terms, day), term_at(terms, day)
    assert period is not None
    assert held is not None
    running = term_at(terms, period.first) or held
    carried = Decimal(0)
    if running.rollover == "none":
        return carried
    begin = plain_since(terms, running)
    for earlier, term in plain_periods(terms, begin, period.first):
        if term.amount is None or term.rollover == "none":
            carried = Decimal(0)
            continue
        carried += term.amount - plain_sum(spent, earlier)
        if term.rollover != "both":
            carried = max(carried, Decimal(0))
        if term.cap is not None:
            carried = min(carried, term.cap)
    return carried


def plain_since(terms: Sequence[BudgetTerm], running: BudgetTerm) -> dt.date:
    """The first day of the terms of one cycle that carry, without a gap, up to the running one."""
    begin = running
    for term in reversed([one for one in terms if one.start < running.start]):
        if term.amount is None or term.rollover == "none" or term.cycle != running.cycle:
            break
        begin = term
    return dt.date.fromisoformat(begin.start or begin.carry_from)


def any_budget(
    chance: random.Random,
    ledger_id: UUID,
    category_ids: Sequence[str],
    currency: str,
    first: dt.date,
    days: int,
) -> Budget:
    """A budget that was changed now and then, from a day on and also for days before it."""

    def some_day() -> dt.date:
        return first + dt.timedelta(days=chance.randrange(days))

    def wish(start: dt.date | None, cycle: Cycle | None = None) -> Wish:
        rollover = chance.choice(("none", "surplus", "both", "capped"))
        return Wish(
            str(chance.randrange(0, 60)),
            currency,
            cycle or _any_cycle(chance, some_day()),
            rollover=rollover,  # type: ignore[arg-type]
            cap=str(chance.randrange(0, 40)) if rollover == "capped" else None,
            start=start,
        )

    now = dt.datetime.combine(first + dt.timedelta(days=days // 3), dt.time(12), dt.UTC)
    made = Budget.set(ledger_id, category_ids, wish(chance.choice((None, some_day()))), now)
    for _ in range(chance.randrange(5)):
        try:
            if chance.random() < 0.2:
                made.archive(some_day(), now)
            else:
                same = made.terms[-1].cycle if chance.random() < 0.5 else None
                made.change(wish(some_day(), same), now)
        except BudgetNotFound:
            continue
    return made


def _any_cycle(chance: random.Random, anchor: dt.date) -> Cycle:
    period = chance.choice(_KINDS)
    if period == "custom":
        return cycle_of(period, anchor, min(anchor + dt.timedelta(chance.randrange(90)), DATE_MAX))
    needs = period in ("two_weeks", "four_weeks") or chance.random() < 0.6
    if needs and chance.random() < 0.3:
        anchor = anchor.replace(day=1) - _DAY
    return cycle_of(period, anchor if needs else None)
