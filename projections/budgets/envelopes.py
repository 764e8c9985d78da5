"""Envelopes: what was assigned, and how they stand after what the accounts on budget moved.

What is ready to assign is reckoned from the flows by the rule of the domain; the cash beside it is
read from the accounts, another way. That the two agree is the promise of envelopes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.budgets.envelopes import ON_BUDGET_KINDS, Flows, envelopes_in
from mintflow.domain.core.money import EXACT, ZERO, exact_figure, exact_sum, negated
from mintflow.domain.core.time import Month
from mintflow.projections.core.changes import Changes, Delta, Key
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.reading import Row, positioned, read
from mintflow.projections.core.tables import Column, Table
from mintflow.store.mapper import RecordedEvent

ASSIGNED = Table(
    "envelope_assigned",
    (
        Column("ledger_id", "uuid"),
        Column("category_id", "text"),
        Column("month", "date"),
        Column("currency", "text"),
        Column("amount", "numeric"),
        # Assignments that count: where all were undone, there is no envelope in this month.
        Column("times", "bigint"),
    ),
    key=("ledger_id", "category_id", "month", "currency"),
    topics=("envelopes.",),
)


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    assigned = changes.sums(ASSIGNED)
    for event in batch:
        if event.type == "envelopes.assigned":
            _assign(event, assigned, {**event.data, "times": 1})
        elif event.type == "envelopes.moved":
            data = {**event.data, "times": 1}
            left = negated(Decimal(data["amount"]))
            _assign(event, assigned, {**data, "category_id": data["from_category_id"]}, left)
            _assign(event, assigned, {**data, "category_id": data["to_category_id"]})
        elif event.type == "envelopes.restored":
            for one in event.data["taken"]:
                _assign(event, assigned, one)


def _assign(
    event: RecordedEvent,
    assigned: dict[Key, list[Delta]],
    data: dict[str, Any],
    amount: Decimal | None = None,
) -> None:
    key = (event.envelope["ledger_id"], data["category_id"], data["month"], data["currency"])
    held = assigned.setdefault(key, [ZERO, 0])
    if amount is None:
        amount = Decimal(data["amount"])
    held[0] = EXACT.add(Decimal(held[0]), amount)
    held[1] += data["times"]


PROJECTION = Projection(
    "envelopes",
    3,
    (ASSIGNED,),
    fold,
    topics=("envelopes.",),
)


async def envelopes(
    conn: AsyncConnection[Any], ledger_id: UUID, month: Month, *, as_of: dt.date | None = None
) -> tuple[list[Row], int]:
    """How the envelopes stand at the end of a month, per currency, and the position.

    [{currency, month, cash, ready_to_assign, available, assigned, activity, overspent,
    overdrawn_before, assigned_later, inflow, envelopes}]. cash: of the accounts on budget; it is
    always available + ready_to_assign. overspent: of the envelopes below zero now.
    overdrawn_before: what months before overdrew. inflow: [{kind, amount}] of what came in, or
    went out without an envelope, until now. envelopes: [{category, carried_in, assigned, activity,
    available}] in order of path. as_of: bookings until that day.
    """
    until = month.last if as_of is None else min(month.last, as_of)
    month = min(month, Month.of(until))
    args = {"month": month.first, "until": until, "last": month.last, "kinds": [*ON_BUDGET_KINDS]}
    rows, position = await read(conn, _FLOWS, ledger_id, args)
    paths = {row["category_id"]: row["path"] for row in rows if row["what"] == "category"}
    kinds = {row["category_id"]: row["kind"] for row in rows if row["what"] == "category"}
    flows: dict[str, Flows] = {}
    cash: dict[str, Decimal] = {}
    for row in rows:
        if row["what"] == "cash":
            cash[row["currency"]] = row["amount"]
        elif row["what"] != "category":
            own = flows.setdefault(row["currency"], Flows(paths, kinds))
            place = (row["category_id"], row["month"])
            held = own.assigned if row["what"] == "assigned" else own.booked
            held[place] = EXACT.add(held.get(place, ZERO), row["amount"])
    return [
        _shown(currency, month, flows.get(currency, Flows(paths, kinds)), cash.get(currency, ZERO))
        for currency in sorted({*flows, *cash})
    ], position


def _shown(currency: str, month: Month, flows: Flows, cash: Decimal) -> Row:
    found = envelopes_in(flows, month)
    held = found.envelopes

    def money(amount: Decimal) -> Decimal:
        return exact_figure(amount, currency)

    rows = [
        {
            "category": flows.paths.get(category_id, category_id),
            "category_id": category_id,
            **{name: money(getattr(one, name)) for name in _MONEY},
        }
        for category_id, one in held.items()
    ]
    return {
        "currency": currency,
        "month": str(month),
        "cash": money(cash),
        "ready_to_assign": money(found.ready_to_assign),
        "available": money(exact_sum(one.available for one in held.values())),
        "assigned": money(exact_sum(one.assigned for one in held.values())),
        "activity": money(exact_sum(one.activity for one in held.values())),
        "overspent": money(negated(exact_sum(min(one.available, ZERO) for one in held.values()))),
        "overdrawn_before": money(found.overdrawn),
        "assigned_later": money(found.assigned_later),
        "inflow": [
            {"kind": kind, "amount": money(found.inflow[kind])} for kind in sorted(found.inflow)
        ],
        "envelopes": sorted(rows, key=lambda row: (row["category"], row["category_id"])),
    }


_MONEY = ("carried_in", "assigned", "activity", "available")
# A month that ends before its last day loses what is booked on the days after.
_FLOWS = positioned(
    """
    with on_budget as (
        select a.account_id, a.currency, a.opening_balance, a.opening_date from accounts a
        where a.ledger_id = %(ledger_id)s and a.kind = any(%(kinds)s)
    )
    select 'category' as what, c.category_id, c.path, c.kind, null::date as month,
        null as currency, null::numeric as amount
    from categories c where c.ledger_id = %(ledger_id)s
    union all
    select 'assigned', e.category_id, null, null, e.month, e.currency, e.amount
    from envelope_assigned e where e.ledger_id = %(ledger_id)s and e.times > 0
    union all
    select 'booked', m.category_id, null, null, m.month, m.currency, sum(m.amount)
    from category_months m join on_budget o on o.account_id = m.account_id
    where m.ledger_id = %(ledger_id)s and m.month <= %(month)s
    group by m.category_id, m.month, m.currency
    union all
    select 'booked', coalesce(p.category_id, t.category_ids[1]), null, null, %(month)s, t.currency,
        -coalesce(p.amount, t.amount)
    from transactions t join on_budget o on o.account_id = t.account_id
    left join lateral (
        select part ->> 'category_id' as category_id, (part ->> 'amount')::numeric as amount
        from jsonb_array_elements(t.allocations) as part
    ) p on t.allocations is not null
    where t.ledger_id = %(ledger_id)s and t.status = 'posted'
        and t.date > %(until)s and t.date <= %(last)s
    union all
    select 'booked', 'equity.opening_balance', null, null, %(month)s, o.currency,
        -o.opening_balance
    from on_budget o where o.opening_date > %(until)s and o.opening_date <= %(last)s
    union all
    select 'cash', null, null, null, null, o.currency, sum(d.posted)
    from account_days d join on_budget o on o.account_id = d.account_id
    where d.ledger_id = %(ledger_id)s and d.date <= %(until)s
    group by o.currency
    """,
    "envelopes",
    "categories",
    "accounts",
    "transactions",
)
