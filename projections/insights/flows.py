"""Money over time: income and spending, cash flow, and net worth, gap-free per interval.

Currencies stand apart and are never summed up: what one is worth in another is not known here.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.core.money import EXACT, ZERO, exact_figure
from mintflow.domain.core.time import DATE_MAX, DATE_MIN
from mintflow.domain.insights import Interval, Span, begin_of, intervals
from mintflow.projections.core.reading import Row, Rows, positioned, read
from mintflow.projections.insights.parts import ONE_SPAN, PARTS, TRANSACTIONS
from mintflow.projections.insights.spending import saved

_LIABILITIES = ("credit_card", "loan")


async def trends(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    span: Span,
    interval: Interval,
    *,
    category: str | None = None,
    as_of: dt.date | None = None,
) -> tuple[Rows, int]:
    """Income and spending of every interval that the span touches, per currency, in order.

    [{start, end, currency, income, spent, saved, saving_rate, transactions}]; intervals are whole,
    one without any has zeros, and a currency is there if it has any in the span. category: only
    that one with all below it.
    """
    args = _whole(span, interval) | {"category": category, "as_of": as_of, "interval": interval}
    rows, position = await read(conn, _TRENDS, ledger_id, args)
    found = []
    for currency, one, row in _gap_free(rows, span, interval):
        found.append({"start": one.first, "end": one.last, "currency": currency}
                     | saved(currency, row))  # fmt: skip
    return found, position


async def cash_flow(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    span: Span,
    interval: Interval,
    *,
    account_id: UUID | None = None,
    as_of: dt.date | None = None,
) -> tuple[Rows, int]:
    """Money in and out of the accounts in every interval that the span touches, per currency.

    [{start, end, currency, money_in, money_out, net, transactions}]. Transfers between own accounts
    and opening balances are left out; a refund is money in. money_out is positive; net = money_in -
    money_out. account_id: of that account alone.
    """
    args = _whole(span, interval) | {"account_id": account_id, "as_of": as_of, "interval": interval}
    rows, position = await read(conn, _CASH_FLOW, ledger_id, args)
    found = []
    for currency, one, row in _gap_free(rows, span, interval):
        money_in = exact_figure(row["money_in"] if row else ZERO, currency)
        money_out = exact_figure(row["money_out"] if row else ZERO, currency)
        found.append(
            {
                "start": one.first,
                "end": one.last,
                "currency": currency,
                "money_in": money_in,
                "money_out": money_out,
                "net": EXACT.subtract(money_in, money_out),
                "transactions": row["transactions"] if row else 0,
            }
        )
    return found, position


async def net_worth(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    span: Span,
    interval: Interval,
    *,
    as_of: dt.date | None = None,
) -> tuple[Rows, int]:
    """Assets and liabilities at the end of each interval that the span touches, per currency.

    [{date, currency, assets, liabilities, net_worth}] in order of date, none left out; date: the
    last day of the interval. liabilities: what is owed on credit cards and loans, positive;
    net_worth = assets - liabilities. Every other account is an asset, an overdrawn one too. Only
    what is posted counts, and of an investment account its cash.
    """
    args = _whole(span, interval) | {"as_of": as_of, "interval": interval}
    rows, position = await read(conn, _NET_WORTH, ledger_id, args)
    steps: dict[str, dict[dt.date, Row]] = {}
    for row in rows:
        steps.setdefault(row["currency"], {})[row["begun"]] = row
    spans = list(intervals(span, interval))
    found: Rows = []
    for currency, own in steps.items():
        assets = owed = ZERO
        before = own.pop(dt.date.min, None)
        if before is not None:
            assets, owed = before["assets"], before["liabilities"]
        for one in spans:
            row = own.get(one.first, {})
            assets = EXACT.add(assets, row.get("assets", ZERO))
            owed = EXACT.add(owed, row.get("liabilities", ZERO))
            figures = [exact_figure(figure, currency) for figure in (assets, owed)]
            found.append(
                {
                    "date": one.last,
                    "currency": currency,
                    "assets": figures[0],
                    "liabilities": figures[1],
                    "net_worth": EXACT.subtract(*figures),
                }
            )
    found.sort(key=lambda row: (row["date"], row["currency"]))
    return found, position


def _whole(span: Span, interval: Interval) -> Row:
    """The bounds of the intervals that the span touches."""
    first, last = begin_of(span.first, interval), span.last
    for one in intervals(Span(begin_of(last, interval), last), interval):
        last = one.last
    return {"first": max(first, DATE_MIN), "last": min(last, DATE_MAX)}


def _gap_free(
    rows: Rows, span: Span, interval: Interval
) -> list[tuple[str, Span, Row | None]]:  # fmt: skip
    held = {(row["currency"], row["begun"]): row for row in rows}
    currencies = sorted({row["currency"] for row in rows})
    return [
        (currency, one, held.get((currency, one.first)))
        for one in intervals(span, interval)
        for currency in currencies
    ]


_PARTS = PARTS.format(spans=ONE_SPAN)
_BEGUN = "date_trunc(%(interval)s, {day}::timestamp)::date"
_TRENDS = positioned(
    f"""
    select {_BEGUN.format(day="p.date")} as begun, p.currency,
        coalesce(sum(p.earned), 0) as earned, coalesce(sum(p.spent), 0) as spent,
        {TRANSACTIONS}::bigint as transactions
    from ({_PARTS}) p
    where %(category)s::text is null or p.category = %(category)s
        or starts_with(p.category, %(category)s || '.')
    group by 1, 2
    """,  # noqa: S608 - constants only
    "transactions",
    "categories",
)
_CASH_FLOW = positioned(
    f"""
    select {_BEGUN.format(day="p.date")} as begun, p.currency,
        coalesce(sum(p.amount) filter (where p.amount > 0), 0) as money_in,
        coalesce(-sum(p.amount) filter (where p.amount < 0), 0) as money_out,
        count(*)::bigint as transactions
    from (
        select p.transaction_id, p.date, p.currency, sum(p.amount) as amount
        from ({_PARTS}) p
        where %(account_id)s::uuid is null or p.account_id = %(account_id)s
        group by p.transaction_id, p.date, p.currency
    ) p group by 1, 2
    """,  # noqa: S608 - constants only
    "transactions",
    "categories",
)
# What each interval added; everything before the first one is one row, dated `date.min`.
_NET_WORTH = positioned(
    f"""
    select case when d.date < %(first)s then date '0001-01-01'
            else {_BEGUN.format(day="d.date")} end as begun,
        a.currency,
        coalesce(sum(d.posted) filter (where a.kind not in {_LIABILITIES}), 0) as assets,
        coalesce(-sum(d.posted) filter (where a.kind in {_LIABILITIES}), 0) as liabilities
    from accounts a
    left join account_days d on d.ledger_id = a.ledger_id and d.account_id = a.account_id
        and d.date <= least(%(last)s, coalesce(%(as_of)s::date, %(last)s))
    where a.ledger_id = %(ledger_id)s
    group by 1, 2
    order by a.currency
    """,  # noqa: S608 - constants only
    "accounts",
)
