"""Which budgets there are, and how they stand.

The status of a budget is never stored: it is the pure rule of `mintflow.domain.budgets` over its
terms and the sums of its categories, both of which events move. So it can not be stale after a
category moved or a day was corrected (docs/decisions/0004).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.budgets import (
    BudgetTerm,
    carried_since,
    pace_of,
    period_at,
    status_at,
    term_at,
)
from mintflow.domain.core.money import EXACT, ZERO, digits_of, exact_figure
from mintflow.domain.core.time import DATE_MAX, Month
from mintflow.projections.budgets.held import Held, held_budgets
from mintflow.projections.budgets.spent import Found, Wanted, borders_since, spending_of
from mintflow.projections.core.reading import Row, Rows
from mintflow.store.arrays import TextArray


async def list_budgets(
    conn: AsyncConnection[Any], ledger_id: UUID, *, as_of: dt.date | None = None
) -> tuple[Rows, int]:
    """All budgets in order of category, and the position.

    [{budget_id, category_id, category, categories, currency, period, amount, start, rollover,
    alert_threshold, cap, anchor, until, terms}]. period to until are those of the last term;
    terms: all of them in order of start. amount None: the budget ends there. start None: it holds
    for every period before too; of calendar months it is the month. category_id None: several.
    as_of: only the terms that had begun by then. A budget none of whose terms has an amount is not
    among them: whatever set it was undone, or has not begun.
    """
    held, position = await held_budgets(conn, ledger_id)
    until = (as_of or DATE_MAX).isoformat()
    found = []
    for one in held:
        terms = [_shown(term) for term in one.terms if term.start <= until]
        if all(term["amount"] is None for term in terms):
            continue
        single = one.category_ids[0] if len(one.category_ids) == 1 else None
        found.append(
            {
                "budget_id": one.budget_id,
                "category_id": single,
                "category": one.category,
                "categories": list(one.categories),
                "currency": one.currency,
                **terms[-1],
                "terms": terms,
            }
        )
    return found, position


async def left_out(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    category_ids: list[str],
    start: dt.date,
    end: dt.date,
    currency: str,
) -> Decimal:
    """What was spent in these categories that somebody said budgets do not count."""
    cursor = await conn.execute(
        """
        select coalesce(-sum(x.amount), 0) from not_budgeted x
        where x.ledger_id = %s and x.category_id = any(%s) and x.date between %s and %s
            and x.currency = %s
        """,
        [ledger_id, TextArray.of(category_ids), start, end, currency],
    )
    row = await cursor.fetchone()
    return row[0] if row else ZERO


async def budget_status(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    when: Month | dt.date,
    *,
    period: str | None = None,
    as_of: dt.date | None = None,
    today: dt.date | None = None,
) -> tuple[Rows, int]:
    """How each budget stands that holds then, in order of category, and the position.

    when: a month gives the budgets by month, each with its period that begins in it; a day gives
    every budget with its period of that day. period: only budgets of this kind. as_of: spending
    until that day. today: the day that a pace is reckoned from; None gives no pace.

    [{category, budgeted, carried_in, spent, remaining, ratio, status, currency, period, rollover,
    start, end, cap, adjustments, complete, unconverted, pace, budget_id, categories}]. spent: of
    the categories with all below them, in the budget's currency; refunds lower it. ratio: spent /
    (budgeted + carried_in) with four digits, or None. adjustments: how much of spent was recorded
    after the period was over. unconverted: [{currency, amount}] spent in other currencies on days
    without a known rate, which no figure holds; complete: there is none of it, nor in the periods
    that leftovers are carried from.
    """
    only, day = (period or "month", when.last) if isinstance(when, Month) else (period, when)
    until = as_of or DATE_MAX
    held, position = await held_budgets(conn, ledger_id)
    while True:
        wanted = [
            want
            for one in held
            if (want := _wanted(one, day)) is not None and (only is None or _kind(one, day) == only)
        ]
        found, reached = await spending_of(conn, ledger_id, wanted, until)
        if reached == position:
            break
        # The log moved between the two statements: they fit if the budgets did not.
        before, (held, position) = held, await held_budgets(conn, ledger_id)
        if held == before:
            position = reached
            break
    pace_day = None if today is None else min(today, until)
    return [
        _row(want, spent, day, pace_day) for want, spent in zip(wanted, found, strict=True)
    ], position


def _wanted(held: Held, day: dt.date) -> Wanted | None:
    """Which days count; None where no budget holds on the day."""
    term, period = term_at(held.terms, day), period_at(held.terms, day)
    if term is None or term.amount is None or period is None:
        return None
    since = min(period.first, carried_since(held.terms, period.first) or period.first)
    closed_on = max(period.last, held.set_on)
    return Wanted(held, borders_since(held, since, period.first), period.last, closed_on)


def _kind(held: Held, day: dt.date) -> str | None:
    term = term_at(held.terms, day)
    return None if term is None else term.cycle.period


def _row(want: Wanted, found: Found, day: dt.date, today: dt.date | None) -> Row:
    held, currency = want.held, want.held.currency
    spending = found.spending
    status = status_at(held.terms, spending, day)
    assert status is not None
    other, first = [one for one in found.other if one[2]], status.period.first.toordinal()
    row: Row = {
        "category": held.category,
        **{name: exact_figure(getattr(status, name), currency) for name in _MONEY},
        "ratio": status.ratio,
        "status": status.status,
        "currency": currency,
        "period": status.term.cycle.period,
        "rollover": status.term.rollover,
        "start": status.period.first,
        "end": status.period.last,
        "cap": status.term.cap,
        "adjustments": exact_figure(found.late, currency),
        "complete": not other,
        "unconverted": _by_currency(one for one in other if one[0] >= first),
        "pace": None,
        "budget_id": held.budget_id,
        "categories": list(held.categories),
    }
    if today is not None:
        pace = pace_of(status, spending, today, Decimal(1).scaleb(-digits_of(currency)))
        if pace is not None:
            row["pace"] = {name: getattr(pace, name) for name in pace.__slots__}
    return row


_MONEY = ("budgeted", "carried_in", "spent", "remaining")


def _by_currency(days: Iterable[tuple[int, str, Decimal]]) -> Rows:
    sums: dict[str, Decimal] = {}
    for _, currency, spent in days:
        sums[currency] = EXACT.add(sums.get(currency, ZERO), spent)
    return [{"currency": code, "amount": sums[code]} for code in sorted(sums)]


def _shown(term: BudgetTerm) -> Row:
    calendar = term.cycle.is_calendar_month
    return {
        "period": term.cycle.period,
        "amount": term.amount,
        "start": term.start_shown,
        "rollover": term.rollover,
        "alert_threshold": term.alert_threshold,
        "cap": term.cap,
        "anchor": None if calendar else term.cycle.anchor,
        "until": term.cycle.until,
    }
