"""Commands that set several budgets at once: accepted recommendations, and templates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from mintflow.commands.budgets.envelopes import AssignMoney, MonthText, assign_money
from mintflow.commands.budgets.tracking import Categories, SetBudget, set_budget
from mintflow.commands.core.command import (
    Amount,
    CategoryPath,
    Command,
    Handler,
    Proportion,
    example,
)
from mintflow.commands.core.ports import Books
from mintflow.commands.core.unit import Unit
from mintflow.domain.budgets import (
    CATEGORIES_MAX,
    MONTHLY,
    Budget,
    BudgetTerm,
    budget_stream,
    period_at,
    term_at,
)
from mintflow.domain.budgets.advice import TemplateNotUsable, from_template
from mintflow.domain.categories import Category, CategoryNotFound, CategoryTree
from mintflow.domain.core.errors import NotFound
from mintflow.domain.core.ids import category_tree_id
from mintflow.domain.core.money import CurrencyMustMatch, money_text
from mintflow.domain.core.time import Month
from mintflow.domain.ledgers import Ledger, LedgerNotFound


class RecommendationNotFound(NotFound):
    """There is no recommendation for this category: too little of it is known."""

    code = "recommendation_not_found"


class AcceptRecommendations(Command):
    """Set what is recommended, from the running period on; of these categories, or all of them.

    A budget over several categories is named as its status shows it, with " + " between them.
    """

    model_config = example(categories=["food_dining"])

    categories: Categories | None = None


class Template(Command):
    """How one amount comes about.

    copy_last: as the month before. average: of the spending of the last `months`. fixed: `amount`.
    income_percent: `percent` of the income of the month before. goal: what is missing of `amount`,
    spread over the months until `by`.
    """

    category: CategoryPath
    kind: Literal["copy_last", "average", "fixed", "income_percent", "goal"]
    amount: Amount | None = None
    percent: Proportion | None = None
    months: int = Field(default=3, ge=1, le=12)
    by: MonthText | None = None


class ApplyTemplates(Command):
    """Set budgets of a month, or assign money in it, by templates; all of them or none.

    to: budget sets monthly limits from this month on and leaves all else of a budget as it is; one
    by another period or in another currency is refused. envelope assigns the amounts in it.
    dry_run: says what would be set and why, and keeps nothing.
    """

    model_config = example(
        templates=[{"category": "food_dining", "kind": "average", "months": 3}],
        month="2025-03",
        dry_run=True,
    )

    templates: Annotated[tuple[Template, ...], Field(min_length=1, max_length=CATEGORIES_MAX)]
    month: MonthText | None = None
    to: Literal["budget", "envelope"] = "budget"
    dry_run: bool = False


def accept_recommendations(books: Books) -> Handler:
    """The handler of AcceptRecommendations: what it sets is what the books say at that moment."""

    async def handle(command: AcceptRecommendations, unit: Unit) -> list[dict[str, Any]]:
        """Raises RecommendationNotFound, and as set_budget."""
        unit.expected_seq = await books.caught_up(unit.ledger_id)
        found = await books.budget_recommendations(unit.ledger_id, unit.now.date())
        by_name = {row["category"]: row for row in found}
        wanted = list(command.categories) if command.categories else [*by_name]
        answers = []
        for name in dict.fromkeys(wanted):
            row = by_name.get(name)
            if row is None:
                raise RecommendationNotFound("nothing is recommended for it", category=name)
            wish = SetBudget(
                categories=tuple(row["categories"]),
                amount=row["amount"],
                currency=row["currency"],
                period=row["period"],
                anchor=row["anchor"],
                start=row["start"].isoformat(),
                rollover=row["rollover"],
                cap=row["cap"],
                alert_threshold=row["alert_threshold"],
            )
            answers.append({**await set_budget(wish, unit), "reason": row["reason"]})
        return answers

    return handle


def apply_templates(books: Books) -> Handler:
    """The handler of ApplyTemplates."""

    async def handle(command: ApplyTemplates, unit: Unit) -> list[dict[str, Any]]:
        """Raises MonthNotReadable, CategoryNotFound, CurrencyMustMatch, TemplateNotUsable, and as
        set_budget or assign_money."""
        month = Month.parse(command.month) if command.month else Month.of(unit.now.date())
        unit.expected_seq = await books.caught_up(unit.ledger_id)
        ledger = await unit.read(Ledger, unit.ledger_id, LedgerNotFound, guard=False)
        tree = await unit.read(CategoryTree, category_tree_id(unit.ledger_id), CategoryNotFound)
        nodes = [tree.resolve(template.category) for template in command.templates]
        known = await books.budget_figures(
            unit.ledger_id,
            month,
            [node.category_id for node in nodes],
            of_envelopes=command.to == "envelope",
        )
        answers = []
        for template, node in zip(command.templates, nodes, strict=True):
            limit = None
            if command.to == "budget":
                limit = await _Limit.of(node, month, ledger.currency, unit)
            amount, reason = from_template(
                template.kind,
                known[node.category_id],
                month,
                ledger.currency,
                amount=template.amount,
                percent=template.percent,
                months=template.months,
                by=Month.parse(template.by) if template.by else None,
            )
            if limit is not None:
                await set_budget(limit.command(amount), unit)
            elif amount:
                wish = AssignMoney(category=node.path, amount=amount, month=str(month))
                await assign_money(wish, unit)
            answers.append(
                {
                    "category": node.path,
                    "kind": template.kind,
                    "amount": money_text(amount),
                    "currency": ledger.currency,
                    "month": str(month),
                    "reason": reason,
                    "kept": not command.dry_run,
                }
            )
        if command.dry_run:
            unit.discard()
            unit.expected_seq = None
        return answers

    return handle


@dataclass(frozen=True, slots=True)
class _Limit:
    """A limit to be set from a month on: what it is besides its amount."""

    path: str
    start: dt.date
    term: BudgetTerm | None

    @classmethod
    async def of(cls, node: Category, month: Month, currency: str, unit: Unit) -> _Limit:
        """As the budget of the category is in that month. An amount of a month says nothing of
        another period, and a budget whose kind of period changes forgets what it carries.

        Raises CurrencyMustMatch, TemplateNotUsable.
        """
        budget = await unit.find_to_change(
            Budget, budget_stream(unit.ledger_id, [node.category_id])
        )
        if budget is None:
            return cls(node.path, month.first, None)
        if budget.currency != currency:
            raise CurrencyMustMatch(
                "templates reckon in the ledger's currency, the budget is kept in another one",
                category=node.path,
                currency=currency,
                budget_currency=budget.currency,
            )
        other = _other_period(budget.terms, month)
        if other is not None:
            raise TemplateNotUsable(
                "templates set limits by the month, the budget is by another period",
                category=node.path,
                period=other,
            )
        term = term_at(budget.terms, month.last)
        monthly = term is not None and term.cycle.period == "month"
        cycle = term.cycle if term is not None and monthly else MONTHLY
        running = cycle.containing(month.last)
        assert running is not None
        return cls(node.path, running.first, None if term is None else replace(term, cycle=cycle))

    def command(self, amount: Decimal) -> SetBudget:
        start, term = self.start.isoformat(), self.term
        if term is None:
            return SetBudget(category=self.path, amount=amount, start=start)
        return SetBudget(
            category=self.path,
            amount=amount,
            start=start,
            anchor=None if term.cycle.is_calendar_month else term.cycle.anchor,
            rollover=term.rollover,  # type: ignore[arg-type]
            cap=term.cap,
            alert_threshold=term.alert_threshold,
        )


def _other_period(terms: Sequence[BudgetTerm], month: Month) -> str | None:
    """The kind of the period, other than the month, by which a budget is within a month. A custom
    period that is over holds no more."""
    first, last = month.first.isoformat(), month.last.isoformat()
    within = [dt.date.fromisoformat(term.start) for term in terms if first < term.start <= last]
    for day in (month.first, *within):
        term, period = term_at(terms, day), period_at(terms, day)
        if term is None or term.amount is None or period is None:
            continue
        if term.cycle.period != "month":
            return term.cycle.period
    return None
