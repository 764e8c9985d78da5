"""How the periods of some days stand, for whoever has to raise an alert."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.budgets import (
    BudgetStatus,
    Spending,
    carried_since,
    period_at,
    state_of,
    status_at,
    statuses_since,
    term_at,
)
from mintflow.domain.core.money import EXACT
from mintflow.domain.core.time import DATE_MAX, DATE_MIN
from mintflow.projections.budgets.held import Held, held_budgets
from mintflow.projections.budgets.spent import Wanted, borders_since, spending_of


async def budgets_standing(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    days: Sequence[dt.date],
    said: Sequence[dt.date],
    today: dt.date,
) -> list[tuple[UUID, BudgetStatus]]:
    """(budget, status) of every period of these days and of today; where leftovers are carried,
    of every period from the first of the days to today's. Of periods that were over before the
    budget was made only those of the days are there, and only what was recorded since makes them
    other than ok: how they stood then, who made the budget could see. A budget without a beginning
    holds for all the past too; there only the days that somebody spoke of (`said`) count, or the
    first bank file would tell of every month of years ago."""
    held, _ = await held_budgets(conn, ledger_id)
    wanted = [_wanted(one, [*days, today]) for one in held]
    found, _ = await spending_of(conn, ledger_id, wanted, DATE_MAX)
    running, over = [], []
    for want, spent in zip(wanted, found, strict=True):
        for status in _statuses(want.held, spent.spending, sorted({*days, today}), today):
            if status.period.last >= want.held.set_on:
                running.append((want.held.budget_id, status))
            elif any(
                status.period.first <= day <= status.period.last
                for day in (days if status.term.start else said)
            ):
                over.append((want.held, status))
    return running + await _crossed_since(conn, ledger_id, over)


async def _crossed_since(
    conn: AsyncConnection[Any], ledger_id: UUID, over: Sequence[tuple[Held, BudgetStatus]]
) -> list[tuple[UUID, BudgetStatus]]:
    """Periods that were over before their budget was made: ok where they stand no worse for what
    was recorded from that day on."""
    if not over:
        return []
    before = dt.timedelta(days=1)
    wanted = [
        Wanted(held, (one.period.first.toordinal(),), one.period.last, held.set_on - before)
        for held, one in over
    ]
    found, _ = await spending_of(conn, ledger_id, wanted, DATE_MAX)
    crossed = []
    for (held, one), spent in zip(over, found, strict=True):
        then = EXACT.subtract(one.spent, spent.late)
        stood = state_of(then, one.limit, one.term.alert_threshold)
        worse = _GRAVITY[one.status] > _GRAVITY[stood]
        crossed.append((held.budget_id, one if worse else replace(one, status="ok")))
    return crossed


_GRAVITY = {"ok": 0, "warning": 1, "exceeded": 2}


def _wanted(held: Held, days: Sequence[dt.date]) -> Wanted:
    """From the first period that matters to the end of the last."""
    periods = [found for day in days if (found := period_at(held.terms, day)) is not None]
    first = min((one.first for one in periods), default=DATE_MAX)
    begins = [carried_since(held.terms, one.first) or first for one in periods]
    since = min([first, *begins])
    last = max((one.last for one in periods), default=DATE_MIN)
    return Wanted(held, borders_since(held, since, first), last, DATE_MAX)


def _statuses(
    held: Held, spending: Spending, days: Sequence[dt.date], today: dt.date
) -> Iterator[BudgetStatus]:
    if any(term.rollover != "none" for term in held.terms):
        own = {found.first for day in days if (found := period_at(held.terms, day)) is not None}
        for one in statuses_since(held.terms, spending, days[0], days[-1]):
            # What is carried into a period that is to come is told when it comes.
            if one.period.first <= today or one.period.first in own:
                yield one
        return
    seen: set[dt.date] = set()
    for day in days:
        if term_at(held.terms, day) is None:
            continue
        status = status_at(held.terms, spending, day)
        if status is not None and status.period.first not in seen:
            seen.add(status.period.first)
            yield status
