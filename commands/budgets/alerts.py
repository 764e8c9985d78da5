"""Commands on the alerts of budgets: look whether one is due, and dismiss one."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from mintflow.commands.core.command import Command, Handler
from mintflow.commands.core.ports import Books
from mintflow.commands.core.unit import Unit
from mintflow.domain.budgets import AlertNotFound, Budget, BudgetNotFound


class CheckBudgets(Command):
    """Look at the periods of these days and of today: one alert for each that came to its
    threshold or beyond its limit, none where one was raised already. said: those of the days that
    a person or a client spoke of; the others came with a bank's file or a run of rules."""

    days: tuple[dt.date, ...] = ()
    said: tuple[dt.date, ...] = ()


class DismissAlert(Command):
    """Take an alert out of the list; it is not raised again for what it told."""

    alert_id: UUID
    budget_id: UUID


def check_budgets(books: Books) -> Handler:
    """The handler of CheckBudgets, which asks the read models how the budgets stand.

    What they answer may be a moment old: whatever came after it leads to another look.
    """

    async def handle(command: CheckBudgets, unit: Unit) -> dict[str, Any]:
        today = unit.now.date()
        raised = 0
        found = await books.budgets_standing(unit.ledger_id, command.days, command.said, today)
        for one in found:
            held = await unit.find(Budget, one.budget_id, guard=False)
            if held is None or (one.level == "ok" and one.first not in held.alerts):
                continue
            budget = await unit.change(Budget, one.budget_id, BudgetNotFound)
            before = budget.version
            period = (one.first, one.last)
            budget.observe(period, one.level, one.spent, one.to_spend, unit.now)
            raised += budget.version > before
        return {"alerts": raised}

    return handle


async def dismiss_alert(command: DismissAlert, unit: Unit) -> dict[str, Any]:
    """Raises AlertNotFound."""
    budget = await unit.change(Budget, command.budget_id, AlertNotFound)
    budget.dismiss(command.alert_id, unit.now)
    return {"alert_id": str(command.alert_id), "dismissed": True}
