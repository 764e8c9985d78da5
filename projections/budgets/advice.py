"""What recommendations and templates rest on: what was spent in periods that are over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.budgets import (
    MONTHLY,
    WARNING_AT,
    BudgetTerm,
    Cycle,
    Period,
    term_at,
)
from mintflow.domain.budgets.advice import Figures, advise
from mintflow.domain.core.money import ZERO, exact_figure, exact_sum
from mintflow.domain.core.time import Month
from mintflow.projections.budgets.envelopes import envelopes
from mintflow.projections.budgets.held import Held, held_budgets
from mintflow.projections.budgets.spent import Wanted, spending_of
from mintflow.projections.categories import category_totals, list_categories
from mintflow.projections.core.reading import Row, Rows
from mintflow.projections.ledgers import get_ledger

YEARS = 4
_PER_YEAR = {"month": 12, "quarter": 4, "year": 0, "four_weeks": 13, "two_weeks": 26, "week": 52}


async def recommendations(
    conn: AsyncConnection[Any], ledger_id: UUID, day: dt.date
) -> tuple[Rows, int]:
    """What the period of a day could be given, per budget, and per branch of spending at the top of
    the tree that has none; in order of category, and the position.

    [{category, categories, amount, currency, period, anchor, start, basis, reason, used,
    budgeted}]. basis: median, trend or season. used: [{start, end, spent}] that it rests on.
    budgeted: what holds now, or None. Nothing where fewer than three periods are known.
    """
    held, _ = await held_budgets(conn, ledger_id)
    ledger, _ = await get_ledger(conn, ledger_id)
    tree, _ = await list_categories(conn, ledger_id)
    own = {one.category_ids for one in held}
    tops = [
        _imagined(row["category_id"], row["category"], ledger["currency"])
        for row in tree
        if "." not in row["category"] and row["kind"] == "expense" and not row["archived"]
        and (row["category_id"],) not in own
    ]  # fmt: skip
    known = sorted([*held, *tops], key=lambda one: one.category)
    histories, position = await _histories(conn, ledger_id, known, day)
    found: Rows = []
    for one, cycle, history in histories:
        advice = advise(history, _PER_YEAR.get(cycle.period, 0), one.currency)
        running = cycle.containing(day)
        if advice is None or running is None:
            continue
        term = term_at(one.terms, day)
        real = one.set_on != dt.date.min
        found.append(
            {
                "category": one.category,
                "categories": list(one.categories),
                "amount": exact_figure(advice.amount, one.currency),
                "currency": one.currency,
                "period": cycle.period,
                "anchor": None if cycle.is_calendar_month else cycle.anchor,
                "start": running.first,
                "basis": advice.basis,
                "reason": advice.reason,
                "used": [
                    {"start": period.first, "end": period.last, "spent": spent}
                    for period, spent in advice.used
                ],
                "budgeted": term.amount if term is not None and real else None,
                "rollover": term.rollover if term is not None else "none",
                "cap": None if term is None else term.cap,
                "alert_threshold": WARNING_AT if term is None else term.alert_threshold,
            }
        )
    return found, position


async def figures(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    month: Month,
    category_ids: Sequence[str],
    *,
    of_envelopes: bool,
) -> dict[str, Figures]:
    """What templates need to know of these categories before a month, in the ledger's currency."""
    ledger, _ = await get_ledger(conn, ledger_id)
    currency = ledger["currency"]
    before = Month.of(month.first - dt.timedelta(days=1))
    totals, _ = await category_totals(conn, ledger_id, start=before.first, end=before.last)
    tree, _ = await list_categories(conn, ledger_id)
    earned = {row["category"] for row in tree if row["kind"] == "income"}
    income = exact_sum(
        row["amount"] for row in totals if row["category"] in earned and row["currency"] == currency
    )
    wanted = [_imagined(one, one, currency) for one in category_ids]
    histories, _ = await _histories(conn, ledger_id, wanted, month.first)
    last: dict[str, Decimal | None] = {}
    saved: dict[str, Decimal] = {}
    if of_envelopes:
        rows, _ = await envelopes(conn, ledger_id, before)
        for row in rows:
            for one in row["envelopes"] if row["currency"] == currency else ():
                last[one["category_id"]] = one["assigned"]
                saved[one["category_id"]] = max(one["available"], ZERO)
    else:
        for budget in (await held_budgets(conn, ledger_id))[0]:
            term = term_at(budget.terms, before.last)
            if term is not None and len(budget.category_ids) == 1:
                last[budget.category_ids[0]] = term.amount
    return {
        one.category_ids[0]: Figures(
            last.get(one.category_ids[0]),
            [spent for _, spent in history],
            saved.get(one.category_ids[0], ZERO),
            income,
        )
        for one, _, history in histories
    }


def _imagined(category_id: str, path: str, currency: str) -> Held:
    """A monthly budget of nothing over a category that has none."""
    term = BudgetTerm("", ZERO, "none", WARNING_AT, "1900-01-01", MONTHLY)
    return Held(UUID(int=0), (category_id,), (path,), currency, dt.date.min, (term,))


async def _histories(
    conn: AsyncConnection[Any], ledger_id: UUID, held: Sequence[Held], day: dt.date
) -> tuple[list[tuple[Held, Cycle, list[tuple[Period, Decimal]]]], int]:
    """Of each budget its cycle and what its periods before the one of `day` took, in order, from
    the first in which anything was spent."""
    since = day.replace(year=day.year - YEARS, day=1)
    wanted, cycles = [], []
    for one in held:
        term = term_at(one.terms, day)
        cycle = term.cycle if term is not None and term.amount is not None else MONTHLY
        running = cycle.containing(day)
        if running is None:
            continue
        cycles.append(cycle)
        end = running.first - dt.timedelta(days=1)
        wanted.append(Wanted(one, _borders(cycle, since, running.first), end, end))
    found, position = await spending_of(conn, ledger_id, wanted, day)
    histories = []
    for want, cycle, spent in zip(wanted, cycles, found, strict=True):
        spending, history = spent.spending, []
        first = min(spent.own, default=want.borders[-1])
        period = cycle.containing(dt.date.fromordinal(first))
        while period is not None and period.last.toordinal() < want.borders[-1]:
            # The first period may have begun before what was read.
            if period.first >= since:
                history.append((period, spending.between(period.first, period.last)))
            period = cycle.containing(period.last + dt.timedelta(days=1))
        histories.append((want.held, cycle, history))
    return histories, position


def _borders(cycle: Cycle, since: dt.date, first: dt.date) -> Sequence[int]:
    """Periods of a cycle from a day, which may lie within one, to that which begins on `first`."""
    if since >= first:
        return (first.toordinal(),)
    whole = cycle.containing(since)
    if whole is None:
        return (since.toordinal(), first.toordinal())
    return (since.toordinal(), *cycle.borders(whole.last + dt.timedelta(days=1), first))


def for_templates(row: Row) -> Row:
    """A recommendation without what only a command needs."""
    return {k: v for k, v in row.items() if k not in ("rollover", "cap", "alert_threshold")}
