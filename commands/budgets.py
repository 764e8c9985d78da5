"""Commands on budgets: set, change and end what may be spent in a category per month."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from mintflow.commands.core.command import Amount, CategoryPath, Command, Currency, example
from mintflow.commands.core.unit import Unit
from mintflow.domain.budgets import WARNING_AT, Budget, BudgetNotFound, term_of
from mintflow.domain.categories import CategoryNotFound, CategoryTree
from mintflow.domain.core.ids import budget_id, category_tree_id
from mintflow.domain.core.money import money_text
from mintflow.domain.core.time import Month
from mintflow.domain.ledgers import Ledger, LedgerNotFound

MonthText = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}(-\d{2})?$")]


class SetBudget(Command):
    """From `start` on (a month like 2025-03 or a day in it), so much per month.

    Without a start a first budget holds for every month, and a change begins this month: months
    that are over keep what they had. currency: the ledger's where not given.
    """

    model_config = example(
        category="food_dining", amount="400.00", period="month", start="2025-03", rollover="surplus"
    )

    category: CategoryPath
    amount: Amount
    period: Literal["month", "monthly"] = "month"
    start: MonthText | None = None
    rollover: Literal["none", "surplus"] = "none"
    alert_threshold: Amount = Field(default=WARNING_AT, gt=0, le=1)
    currency: Currency | None = None


class ArchiveBudget(Command):
    """From `start` (this month where not given) on, no budget."""

    category: CategoryPath
    start: MonthText | None = None


async def set_budget(command: SetBudget, unit: Unit) -> dict[str, Any]:
    """Raises CategoryNotFound, CategoryIsArchived, MonthNotReadable, BudgetAmountNotUsable,
    AlertThresholdNotUsable, TooManyDigits, CurrencyMustMatch."""
    start = Month.parse(command.start[:7]) if command.start else None
    ledger = await unit.read(Ledger, unit.ledger_id, LedgerNotFound, guard=False)
    tree = await unit.read(CategoryTree, category_tree_id(unit.ledger_id), CategoryNotFound)
    category = tree.resolve(command.category)
    stream_id = budget_id(unit.ledger_id, category.category_id)
    budget = await unit.find_to_change(Budget, stream_id)
    if budget is None:
        budget = unit.add(
            Budget.set(
                unit.ledger_id,
                category.category_id,
                command.amount,
                command.currency or ledger.currency,
                unit.now,
                start=start,
                rollover=command.rollover,
                alert_threshold=command.alert_threshold,
            )
        )
    else:
        budget.change(
            command.amount,
            command.currency or budget.currency,
            unit.now,
            start=start,
            rollover=command.rollover,
            alert_threshold=command.alert_threshold,
        )
    return _answer(budget, category.path, str(start or Month.of(unit.now.date())))


async def archive_budget(command: ArchiveBudget, unit: Unit) -> dict[str, Any]:
    """Raises CategoryNotFound, BudgetNotFound, MonthNotReadable."""
    start = Month.parse(command.start[:7]) if command.start else None
    tree = await unit.read(CategoryTree, category_tree_id(unit.ledger_id), CategoryNotFound)
    category = tree.find(command.category)
    stream_id = budget_id(unit.ledger_id, category.category_id)
    budget = await unit.change(Budget, stream_id, BudgetNotFound)
    budget.archive(start, unit.now)
    return _answer(budget, category.path, str(start or Month.of(unit.now.date())))


def _answer(budget: Budget, path: str, month: str) -> dict[str, Any]:
    term = term_of(budget.terms, month)
    assert term is not None
    return {
        "budget_id": str(budget.id),
        "category": path,
        "amount": money_text(term.amount) if term.amount is not None else None,
        "currency": budget.currency,
        "period": "month",
        "start": term.start or None,
        "rollover": term.rollover,
        "alert_threshold": money_text(Decimal(term.alert_threshold)),
    }


HANDLERS = {SetBudget: set_budget, ArchiveBudget: archive_budget}
