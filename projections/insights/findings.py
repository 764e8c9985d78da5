"""Insights: what stands out in this month and the one before, worked out when it is asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.core.money import EXACT
from mintflow.domain.insights.dismissal import InsightNotFound, insight_id_of
from mintflow.ml.anomalies import Charge, Finding, anomalies, first_day_needed
from mintflow.projections.core.reading import Row, Rows, positioned, read
from mintflow.projections.insights.parts import ONE_SPAN, PARTS


async def insights(
    conn: AsyncConnection[Any], ledger_id: UUID, today: dt.date, *, dismissed: bool = False
) -> tuple[Rows, int]:
    """What stands out, the gravest and newest first, and the position.

    [{insight_id, kind, severity, reason, date, currency, amount, category, merchant, figures,
    transactions, about, dismissed_at}]. today: later bookings do not count. transactions: ids of
    what explains it, whose histories are its events. dismissed: also those that were.
    """
    args = {"first": first_day_needed(today), "last": today, "as_of": None}
    rows, position = await read(conn, _CHARGES, ledger_id, args)
    seen, _ = await read(conn, _DISMISSED, ledger_id, {})
    hidden = {row["insight_id"]: row["dismissed_at"] for row in seen}
    found = []
    for one in anomalies(charges_of(rows), today):
        insight_id = insight_id_of(ledger_id, one.about)
        at = hidden.get(insight_id)
        if at is None or dismissed:
            found.append(_shown(one, insight_id, at))
    return found, position


async def about_of(
    conn: AsyncConnection[Any], ledger_id: UUID, insight_id: UUID, today: dt.date
) -> tuple[str, ...]:
    """What an insight is about: one that was dismissed once, or that the books show now. Raises
    InsightNotFound."""
    known, _ = await read(conn, _ABOUT, ledger_id, {"insight_id": insight_id})
    if not known:
        known, _ = await insights(conn, ledger_id, today, dismissed=True)
    for row in known:
        if row["insight_id"] == insight_id:
            return tuple(row["about"])
    raise InsightNotFound("there is no such insight", insight_id=str(insight_id))


def charges_of(rows: Iterable[Row]) -> list[Charge]:
    """The parts of each transaction together; rows come transaction by transaction."""
    found: list[Charge] = []
    for row in rows:
        parts = {row["category_id"]: (row["category"], row["spent"])}
        amount = row["spent"]
        if found and found[-1].transaction_id == row["transaction_id"]:
            before = found.pop()
            known = before.parts.get(row["category_id"])
            if known is not None:
                parts[row["category_id"]] = (row["category"], EXACT.add(known[1], amount))
            parts = {**before.parts, **parts}
            amount = EXACT.add(before.amount, amount)
        found.append(
            Charge(
                row["transaction_id"],
                row["date"],
                row["account_id"],
                row["currency"],
                amount,
                row["name"].strip().lower(),
                row["name"].strip(),
                parts,
            )
        )
    return found


def _shown(one: Finding, insight_id: UUID, dismissed_at: dt.datetime | None) -> Row:
    return {
        "insight_id": insight_id,
        "kind": one.kind,
        "severity": one.severity,
        "reason": one.reason,
        "date": one.date,
        "currency": one.currency,
        "amount": one.amount,
        "category": one.category,
        "merchant": one.merchant,
        "figures": dict(one.figures),
        "transactions": list(one.transactions),
        "about": list(one.about),
        "dismissed_at": dismissed_at,
    }


_CHARGES = positioned(
    f"""
    select p.transaction_id, p.date, p.account_id, p.currency, p.category_id, p.category, p.spent,
        coalesce(nullif(p.merchant, ''), nullif(p.counterparty, ''), p.description) as name
    from ({PARTS.format(spans=ONE_SPAN)}) p
    where p.spent is not null
    order by p.date, p.transaction_id
    """,  # noqa: S608 - constants only
    "transactions",
    "categories",
    "insights",
)
_ABOUT = positioned(
    """
    select insight_id, about from dismissed_insights
    where ledger_id = %(ledger_id)s and insight_id = %(insight_id)s
    """,
    "insights",
)
_DISMISSED = positioned(
    """
    select insight_id, dismissed_at from dismissed_insights
    where ledger_id = %(ledger_id)s and dismissed_at is not null
    """,
    "insights",
)
