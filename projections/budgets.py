"""Budgets: what may be spent, and how a month stands.

The status of a budget is never stored: it is the pure rule `mintflow.domain.budgets.status_of` over
the terms and the monthly totals of the category's subtree, both of which events move. So it can not
be stale after a category moved or a month was corrected (docs/decisions/0004).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.budgets import BudgetTerm, status_of
from mintflow.domain.core.money import exact_amount
from mintflow.domain.core.time import DATE_MAX, Month
from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.reading import Row, Rows, positioned, read
from mintflow.projections.core.tables import Column, Table
from mintflow.store.mapper import RecordedEvent

BUDGETS = Table(
    "budgets",
    (
        Column("ledger_id", "uuid"),
        Column("category_id", "text"),
        Column("currency", "text"),
        Column("period", "text"),
        Column("set_seq", "bigint"),
    ),
    key=("ledger_id", "category_id"),
)
# One row per term, keyed by the month in which it begins ("" for one without a beginning), because
# an event has only its own term and the terms that were there before must not be needed.
BUDGET_TERMS = Table(
    "budget_terms",
    (
        Column("ledger_id", "uuid"),
        Column("category_id", "text"),
        Column("start", "text"),
        Column("amount", "numeric", null=True),
        Column("rollover", "text"),
        Column("alert_threshold", "numeric"),
        Column("carry_from", "text"),
    ),
    key=("ledger_id", "category_id", "start"),
)


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    for event in batch:
        if event.type not in ("budget.set", "budget.changed", "budget.archived"):
            continue
        data, ledger_id = event.data, event.envelope["ledger_id"]
        if event.type == "budget.set":
            changes.insert(
                BUDGETS,
                [
                    ledger_id,
                    data["category_id"],
                    data["currency"],
                    data["period"],
                    str(event.ledger_seq),
                ],
            )
        term = data["term"]
        changes.upsert(
            BUDGET_TERMS,
            [
                ledger_id,
                data["category_id"],
                term["start"],
                term["amount"],
                term["rollover"],
                term["alert_threshold"],
                term["carry_from"],
            ],
        )


PROJECTION = Projection("budgets", 1, (BUDGETS, BUDGET_TERMS), fold)


async def list_budgets(conn: AsyncConnection[Any], ledger_id: UUID) -> tuple[Rows, int]:
    """All budgets in order of category, and the position.

    [{category_id, category, currency, period, amount, start, rollover, alert_threshold, terms}].
    amount to alert_threshold are those of the last term; terms: all of them in order of start.
    amount None: the budget ends there. start None: it holds for every month before too.
    """
    rows, position = await read(conn, _LIST, ledger_id, {})
    return [_shown(row) for row in rows], position


async def budget_status(
    conn: AsyncConnection[Any], ledger_id: UUID, month: Month, *, as_of: dt.date | None = None
) -> tuple[Rows, int]:
    """How each budget that holds in a month stands, in order of category, and the position.

    [{category, budgeted, carried_in, spent, remaining, ratio, status, currency, period, rollover}].
    spent: of the category with all below it, in the budget's currency; refunds lower it. ratio:
    spent / (budgeted + carried_in) with four digits, or None. as_of: spending until that day.
    """
    args = {"until": as_of or DATE_MAX, "month": month.first}
    sql = _STATUS if as_of is None or as_of >= month.last else _STATUS_UNTIL
    rows, position = await read(conn, sql, ledger_id, args)
    found: Rows = []
    for row in rows:
        terms = _terms(row)
        spent = {text: Decimal(amount) for text, amount in (row["spent"] or {}).items()}
        status = status_of(terms, spent, month)
        if status is None:
            continue
        held = [term for term in terms if term.start <= str(month)][-1]
        found.append(
            {
                "category": row["category"],
                **{name: exact_amount(getattr(status, name), row["currency"]) for name in _MONEY},
                "ratio": status.ratio,
                "status": status.status,
                "currency": row["currency"],
                "period": row["period"],
                "rollover": held.rollover,
            }
        )
    return found, position


_MONEY = ("budgeted", "carried_in", "spent", "remaining")


def _terms(row: Row) -> list[BudgetTerm]:
    return [
        BudgetTerm(
            start=term["start"],
            amount=None if term["amount"] is None else Decimal(term["amount"]),
            rollover=term["rollover"],
            alert_threshold=Decimal(term["alert_threshold"]),
            carry_from=term["carry_from"],
        )
        for term in row["terms"] or ()
    ]


def _shown(row: Row) -> Row:
    terms = [
        {
            "start": term.start or None,
            "amount": term.amount,
            "rollover": term.rollover,
            "alert_threshold": term.alert_threshold,
        }
        for term in _terms(row)
    ]
    del row["terms"]
    return row | terms[-1] | {"terms": terms}


_TERMS = """
    (select jsonb_agg(jsonb_build_object(
        'start', t.start, 'amount', t.amount::text, 'rollover', t.rollover,
        'alert_threshold', t.alert_threshold::text, 'carry_from', t.carry_from
    ) order by t.start collate "C")
    from budget_terms t where t.ledger_id = b.ledger_id and t.category_id = b.category_id)
"""
_LIST = positioned(
    f"""
    select b.category_id, coalesce(c.path, b.category_id) as category, b.currency, b.period,
        {_TERMS} as terms
    from budgets b
    left join categories c on c.ledger_id = b.ledger_id and c.category_id = b.category_id
    where b.ledger_id = %(ledger_id)s
    order by coalesce(c.path, b.category_id) collate "C", b.category_id collate "C"
    """,  # noqa: S608 - constants only
    "budgets",
    "categories",
)


def _status(table: str, day: str) -> str:
    """Months before the asked one count only where a leftover is carried, from where it is."""
    return positioned(
        f"""
        select coalesce(c.path, b.category_id) as category, b.currency, b.period,
            {_TERMS} as terms,
            (
                select jsonb_object_agg(m.month, m.spent::text) from (
                    select to_char(d.{day}::timestamp, 'YYYY-MM') as month, -sum(d.amount) as spent
                    from categories s
                    join {table} d on d.ledger_id = s.ledger_id and d.category_id = s.category_id
                    where s.ledger_id = b.ledger_id and d.currency = b.currency
                        and (s.path = c.path or starts_with(s.path, c.path || '.'))
                        and d.{day} >= least(%(month)s, (
                            select min(t.carry_from) || '-01' from budget_terms t
                            where t.ledger_id = b.ledger_id and t.category_id = b.category_id
                                and t.rollover = 'surplus'
                        )::date)
                        and d.{day} < (%(month)s::date + interval '1 month')::date
                        and d.{day} <= %(until)s
                    group by 1
                ) m
            ) as spent
        from budgets b
        left join categories c on c.ledger_id = b.ledger_id and c.category_id = b.category_id
        where b.ledger_id = %(ledger_id)s order by coalesce(c.path, b.category_id) collate "C"
        """,  # noqa: S608 - constants only
        "budgets",
        "categories",
    )


_STATUS = _status("category_months", "month")
# Where a day within the months is the last that counts.
_STATUS_UNTIL = _status("category_days", "date")
