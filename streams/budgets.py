"""Reactions of budgets: whatever may move what was spent leads to a look at the budgets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from mintflow.commands.budgets import CheckBudgets
from mintflow.projections.core.bookings import MONEY_TYPES
from mintflow.store.mapper import RecordedEvent
from mintflow.streams.core.reactions import Reaction

# What makes the same bookings stand otherwise: by its terms, by the tree, by a rate.
_PLANS = frozenset(
    {
        "budget.set", "budget.changed", "budget.restored", "category.moved", "category.merged",
        "transaction.budgeted", "rate.recorded", "rate.added", "rate.withdrawn",
    }
)  # fmt: skip


def check_budgets(events: Sequence[RecordedEvent]) -> CheckBudgets:
    """The days that were touched; today's periods are looked at in any case."""
    days: set[dt.date] = set()
    said: set[dt.date] = set()
    for event in events:
        if event.type not in MONEY_TYPES:
            continue
        touched = {
            dt.date.fromisoformat(booking["date"])
            for booking in (event.data["before"], event.data["after"])
            if booking is not None and booking["status"] == "posted"
        }
        days |= touched
        if event.data.get("origin") == "manual" or event.data.get("source") == "user":
            said |= touched
    return CheckBudgets(days=tuple(sorted(days)), said=tuple(sorted(said)))


ALERTS = Reaction(
    name="budget_alerts",
    types=MONEY_TYPES | _PLANS,
    ledgers="budgets",
    after=("budgets", "categories", "fx", "transactions"),
    decide=check_budgets,
    # An alert that was raised is in the budget; an answer kept for every look would be a row each.
    repeatable=True,
)
