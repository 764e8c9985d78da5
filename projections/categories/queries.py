"""What was spent and earned, by category; and the tree itself."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.core.money import EXACT, ZERO
from mintflow.domain.core.time import Month
from mintflow.projections.core.reading import Row, Rows, positioned, read


async def list_categories(conn: AsyncConnection[Any], ledger_id: UUID) -> tuple[Rows, int]:
    """The tree in order of path: [{category_id, category, kind, archived, merged_into}].

    category: its path now. merged_into: the path of the one it went to, or None.
    """
    return await read(conn, _LIST, ledger_id, {})


async def category_totals(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    *,
    start: dt.date,
    end: dt.date,
    as_of: dt.date | None = None,
) -> tuple[Rows, int]:
    """What was posted in each category from start to end, both counted, and the position.

    [{category, amount, currency, transactions}] in order of path: each category's own bookings,
    without those below it (`subtree_totals` adds these up). amount: from the account's side,
    spending is negative, income positive. Transfers and opening balances are neither and are left
    out; a category in which nothing was booked is absent.
    """
    whole_months = start == Month.of(start).first and end == Month.of(end).last
    if whole_months and (as_of is None or as_of >= end):
        return await read(conn, _BY_MONTHS, ledger_id, {"start": start, "end": end})
    last = end if as_of is None else min(end, as_of)
    return await read(conn, _BY_DAYS, ledger_id, {"start": start, "end": last})


def subtree_totals(totals: Rows) -> Rows:
    """The totals of `category_totals` with each category holding all below it as well.

    Categories that only hold others appear too. transactions: a split counts in each of its parts.
    """
    sums: dict[tuple[str, str], Row] = {}
    for row in totals:
        parts = row["category"].split(".")
        for depth in range(1, len(parts) + 1):
            path = ".".join(parts[:depth])
            held = sums.setdefault(
                (path, row["currency"]),
                {"category": path, "amount": ZERO, "currency": row["currency"], "transactions": 0},
            )
            held["amount"] = EXACT.add(held["amount"], row["amount"])
            held["transactions"] += row["transactions"]
    return [sums[key] for key in sorted(sums)]


_LIST = positioned(
    """
    select c.category_id, c.path as category, c.kind, c.archived, m.path as merged_into
    from categories c
    left join categories m on m.ledger_id = c.ledger_id and m.category_id = c.merged_into
    where c.ledger_id = %(ledger_id)s
    order by c.path collate "C", c.archived, c.category_id
    """,
    "categories",
)


def _totals(table: str, day: str) -> str:
    return positioned(
        f"""
        select coalesce(c.path, t.category_id) as category, sum(t.amount) as amount, t.currency,
            sum(t.transactions)::bigint as transactions
        from {table} t
        left join categories c on c.ledger_id = t.ledger_id and c.category_id = t.category_id
        where t.ledger_id = %(ledger_id)s and t.{day} between %(start)s and %(end)s
            and coalesce(c.kind, '') not in ('transfer', 'equity')
        group by coalesce(c.path, t.category_id), t.currency
        having sum(t.amount) <> 0 or sum(t.transactions) <> 0
        order by coalesce(c.path, t.category_id) collate "C", t.currency
        """,  # noqa: S608 - constants only
        "categories",
    )


_BY_MONTHS, _BY_DAYS = _totals("category_months", "month"), _totals("category_days", "date")
