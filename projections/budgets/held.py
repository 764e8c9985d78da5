"""Budgets with their terms, and their categories as the tree is now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.budgets import BudgetTerm, Cycle
from mintflow.projections.core.reading import Row, positioned, read


@dataclass(frozen=True, slots=True)
class Held:
    """A budget as the read models have it. categories: paths as they are now, in order."""

    budget_id: UUID
    category_ids: tuple[str, ...]
    categories: tuple[str, ...]
    currency: str
    set_on: dt.date
    terms: tuple[BudgetTerm, ...]

    @property
    def category(self) -> str:
        """What it is called: its category's path, or all of them."""
        return " + ".join(self.categories)


async def held_budgets(conn: AsyncConnection[Any], ledger_id: UUID) -> tuple[list[Held], int]:
    """All budgets in order of their categories, and the position."""
    rows, position = await read(conn, _HELD, ledger_id, {})
    return [_held(row) for row in rows], position


def _held(row: Row) -> Held:
    return Held(
        row["budget_id"],
        tuple(row["category_ids"]),
        tuple(row["paths"]),
        row["currency"],
        row["set_on"],
        tuple(_term(term) for term in row["terms"] or ()),
    )


def _term(term: Row) -> BudgetTerm:
    until = term["until"]
    return BudgetTerm(
        start=term["start"],
        amount=None if term["amount"] is None else Decimal(term["amount"]),
        rollover=term["rollover"],
        alert_threshold=Decimal(term["alert_threshold"]),
        carry_from=term["carry_from"],
        cycle=Cycle(
            term["period"],
            dt.date.fromisoformat(term["anchor"]),
            None if until is None else dt.date.fromisoformat(until),
        ),
        cap=None if term["cap"] is None else Decimal(term["cap"]),
    )


_HELD = positioned(
    """
    select b.budget_id, b.category_ids, p.paths, b.currency, b.set_on, t.terms
    from budgets b
    cross join lateral (
        select array_agg(coalesce(c.path, k.id) order by coalesce(c.path, k.id) collate "C")
            as paths
        from unnest(b.category_ids) as k(id)
        left join categories c on c.ledger_id = b.ledger_id and c.category_id = k.id
    ) p
    cross join lateral (
        select jsonb_agg(jsonb_build_object(
            'start', t.start, 'amount', t.amount::text, 'rollover', t.rollover,
            'alert_threshold', t.alert_threshold::text, 'carry_from', t.carry_from,
            'period', t.period, 'anchor', t.anchor, 'until', t.until, 'cap', t.cap::text
        ) order by t.start collate "C") as terms
        from budget_terms t where t.ledger_id = b.ledger_id and t.budget_id = b.budget_id
    ) t
    where b.ledger_id = %(ledger_id)s
    order by array_to_string(p.paths, ' + ') collate "C", b.budget_id
    """,
    "budgets",
    "categories",
)
