"""The alerts of budgets, newest first."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.budgets import AlertNotFound
from mintflow.projections.core.reading import Rows, positioned, read, read_one

ALERTS_MAX = 1_000


async def list_alerts(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    *,
    dismissed: bool = False,
    limit: int = 100,
    as_of: dt.date | None = None,
) -> tuple[Rows, int]:
    """The newest alerts, and the position.

    [{alert_id, kind, level, category, categories, currency, start, end, spent, to_spend, raised_at,
    cleared_at, dismissed_at}]. kind: always "budget" here. spent and to_spend: as they were when it
    was raised. cleared_at: when the period fell below its level again. dismissed: also those that
    were dismissed. as_of: only of periods that had begun by then.
    """
    asked = {"dismissed": dismissed, "limit": limit, "as_of": as_of}
    return await read(conn, _LIST, ledger_id, asked)


async def alert_budget(conn: AsyncConnection[Any], ledger_id: UUID, alert_id: UUID) -> UUID:
    """Which budget an alert is of. Raises AlertNotFound."""
    missing = AlertNotFound("there is no such alert", alert_id=str(alert_id))
    row, _ = await read_one(conn, _BUDGET, ledger_id, {"alert_id": alert_id}, missing)
    found: UUID = row["budget_id"]
    return found


_BUDGET = positioned(
    "select budget_id from budget_alerts"
    " where ledger_id = %(ledger_id)s and alert_id = %(alert_id)s",
    "budgets",
)
_LIST = positioned(
    """
    select a.alert_id, 'budget' as kind, a.level,
        (select string_agg(coalesce(c.path, k.id), ' + ' order by c.path collate "C")
            from unnest(a.category_ids) as k(id)
            left join categories c on c.ledger_id = a.ledger_id and c.category_id = k.id
        ) as category,
        a.currency, a.first as start, a.last as end, a.spent, a.to_spend, a.raised_at,
        a.cleared_at, a.dismissed_at
    from budget_alerts a
    where a.ledger_id = %(ledger_id)s and (a.dismissed_at is null or %(dismissed)s)
        and (a.first <= %(as_of)s::date or %(as_of)s::date is null)
    order by a.raised_seq desc limit %(limit)s
    """,
    "budgets",
    "categories",
)
