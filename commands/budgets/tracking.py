"""Commands on budgets: set, change and end what may be spent in categories per period."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from mintflow.commands.core.command import (
    Amount,
    CategoryPath,
    Command,
    Currency,
    Day,
    Proportion,
    example,
)
from mintflow.commands.core.unit import Unit
from mintflow.domain.budgets import (
    CATEGORIES_MAX,
    WARNING_AT,
    Budget,
    BudgetNotFound,
    BudgetTerm,
    Wish,
    budget_stream,
    cycle_of,
)
from mintflow.domain.categories import Category, CategoryNotFound, CategoryTree
from mintflow.domain.core.ids import category_tree_id
from mintflow.domain.core.money import money_text
from mintflow.domain.core.time import Month, MonthNotReadable, check_date
from mintflow.domain.ledgers import Ledger, LedgerNotFound

StartText = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}(-\d{2})?$")]
Categories = Annotated[tuple[CategoryPath, ...], Field(min_length=1, max_length=CATEGORIES_MAX)]


class _OfCategories(Command):
    """What names a budget: one category, or several that have one together."""

    category: CategoryPath | None = None
    categories: Categories | None = None

    @model_validator(mode="after")
    def _one_or_several(self) -> _OfCategories:
        if (self.category is None) == (self.categories is None):
            raise ValueError("say either category or categories")
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        return self.categories or (self.category or "",)


class SetBudget(_OfCategories):
    """From the period of `start` on (a month like 2025-03 or a day in it), so much per period.

    Without a start a first budget holds for every period, and a change begins with the one that
    is running: periods that are over keep what they had. anchor: a day on which a period begins,
    e.g. pay-day; where not given, weeks begin on Mondays, months on the first. until: the last day
    of a custom period, which comes once, from anchor on. cap: the most that a capped rollover
    carries on. currency: where not given, the budget's, of a first one the ledger's. categories:
    several that have one budget together; each counts with all below it, and nothing counts twice.
    """

    model_config = example(
        category="food_dining", amount="400.00", period="month", start="2025-03", rollover="surplus"
    )

    amount: Amount
    period: Literal[
        "day", "week", "two_weeks", "four_weeks", "month", "monthly", "quarter", "year", "custom"
    ] = "month"
    anchor: Day | None = None
    until: Day | None = None
    start: StartText | None = None
    rollover: Literal["none", "surplus", "both", "capped"] = "none"
    cap: Amount | None = None
    alert_threshold: Proportion = Field(default=WARNING_AT, gt=0, le=1)
    currency: Currency | None = None


class ArchiveBudget(_OfCategories):
    """From the period of `start` (the running one where not given) on, no budget."""

    start: StartText | None = None


async def set_budget(command: SetBudget, unit: Unit) -> dict[str, Any]:
    """Raises MonthNotReadable, DateOutOfRange, BudgetPeriodNotUsable, CategoryNotFound,
    CategoryIsArchived, BudgetAmountNotUsable, AlertThresholdNotUsable, RolloverCapNotUsable,
    TooManyDigits, CurrencyMustMatch."""
    start = day_of(command.start)
    cycle = cycle_of(
        "month" if command.period == "monthly" else command.period, command.anchor, command.until
    )
    ledger = await unit.read(Ledger, unit.ledger_id, LedgerNotFound, guard=False)
    tree = await unit.read(CategoryTree, category_tree_id(unit.ledger_id), CategoryNotFound)
    nodes = _distinct(tree.resolve(path) for path in command.paths)
    ids = [node.category_id for node in nodes]
    budget = await unit.find_to_change(Budget, budget_stream(unit.ledger_id, ids))
    wish = Wish(
        amount=command.amount,
        currency=command.currency or (ledger.currency if budget is None else budget.currency),
        cycle=cycle,
        rollover=command.rollover,
        cap=command.cap,
        alert_threshold=command.alert_threshold,
        start=start,
    )
    if budget is None:
        budget = unit.add(Budget.set(unit.ledger_id, ids, wish, unit.now))
        return _answer(budget, nodes, budget.terms[0])
    return _answer(budget, nodes, budget.change(wish, unit.now))


async def archive_budget(command: ArchiveBudget, unit: Unit) -> dict[str, Any]:
    """Raises MonthNotReadable, CategoryNotFound, BudgetNotFound."""
    start = day_of(command.start)
    tree = await unit.read(CategoryTree, category_tree_id(unit.ledger_id), CategoryNotFound)
    nodes = _distinct(tree.find(path) for path in command.paths)
    stream_id = budget_stream(unit.ledger_id, [node.category_id for node in nodes])
    budget = await unit.change(Budget, stream_id, BudgetNotFound)
    return _answer(budget, nodes, budget.archive(start, unit.now))


def day_of(text: str | None) -> dt.date | None:
    """The first of a month like 2025-03, or the day itself. Raises MonthNotReadable."""
    if text is None:
        return None
    if len(text) == 7:
        return Month.parse(text).first
    try:
        return check_date(dt.date.fromisoformat(text))
    except ValueError:
        raise MonthNotReadable("a start is like 2025-03 or 2025-03-31", month=text) from None


def _distinct(nodes: Any) -> list[Category]:
    """Each category once, in order of path."""
    found = {node.category_id: node for node in nodes}
    return sorted(found.values(), key=lambda node: node.path)


def _answer(budget: Budget, nodes: list[Category], term: BudgetTerm) -> dict[str, Any]:
    calendar = term.cycle.is_calendar_month
    return {
        "budget_id": str(budget.id),
        "category": " + ".join(node.path for node in nodes),
        "categories": [node.path for node in nodes],
        "amount": _text(term.amount),
        "currency": budget.currency,
        "period": term.cycle.period,
        "start": term.start_shown,
        "rollover": term.rollover,
        "cap": _text(term.cap),
        "alert_threshold": money_text(Decimal(term.alert_threshold)),
        "anchor": None if calendar else term.cycle.anchor.isoformat(),
        "until": None if term.cycle.until is None else term.cycle.until.isoformat(),
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else money_text(amount)
