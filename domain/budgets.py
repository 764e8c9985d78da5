"""Budgets: what may be spent in a category per month, and what is left of it.

A change of a budget begins at a month; months before keep what they had, so closed periods stay
closed. Spending counts a category with everything below it; refunds lower it; pending rows and
transfers do not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from typing import Literal, Self
from uuid import UUID

from mintflow.domain.core.aggregates import Aggregate, Created, Event
from mintflow.domain.core.errors import Invalid, NotFound
from mintflow.domain.core.ids import budget_id
from mintflow.domain.core.money import EXACT, ZERO, CurrencyMustMatch, exact_amount
from mintflow.domain.core.time import Month

Rollover = Literal["none", "surplus"]
WARNING_AT = Decimal("0.8")
THRESHOLD_DIGITS_MAX = 6
RATIO_DIGITS = Decimal("0.0001")
# A ratio is not money: it may round, and must not fail for the smallest of limits.
_RATIO = Context(prec=60)


class BudgetNotFound(NotFound):
    """The category has no budget."""

    code = "budget_not_found"


class BudgetAmountNotUsable(Invalid):
    """A budget is zero or more."""

    code = "budget_amount_not_usable"


class AlertThresholdNotUsable(Invalid):
    """The share of a budget at which it warns lies above 0 and is at most 1."""

    code = "alert_threshold_not_usable"


@dataclass(frozen=True, slots=True)
class BudgetTerm:
    """What holds from a month on, until the next term.

    start: first month as "2025-03"; "" for a budget that holds for every month before as well.
    amount: None where the budget was archived from this month on.
    carry_from: the first month whose leftover can be carried on.
    """

    start: str
    amount: Decimal | None
    rollover: str
    alert_threshold: Decimal
    carry_from: str


class BudgetSet(Created):
    """The first budget of a category; `term` says from which month it holds."""

    TOPIC = "budget.set"

    category_id: str
    currency: str
    period: str
    term: BudgetTerm

    def apply(self, aggregate: Budget) -> None:
        aggregate.category_id, aggregate.currency = self.category_id, self.currency
        aggregate.terms = (self.term,)


class BudgetChanged(Event):
    """Another budget from the month of `term` on; months before keep what they had."""

    TOPIC = "budget.changed"

    category_id: str
    currency: str
    term: BudgetTerm

    def apply(self, aggregate: Budget) -> None:
        aggregate.terms = with_term(aggregate.terms, self.term)


class BudgetArchived(Event):
    """No budget from the month of `term` on, whose amount is null."""

    TOPIC = "budget.archived"

    category_id: str
    currency: str
    term: BudgetTerm

    def apply(self, aggregate: Budget) -> None:
        aggregate.terms = with_term(aggregate.terms, self.term)


class Budget(Aggregate):
    """The budget of one category in one currency; periods are calendar months."""

    TOPIC = "budget"
    category_id: str
    currency: str
    terms: tuple[BudgetTerm, ...]

    def __init__(self) -> None:
        """Attributes come from BudgetSet."""

    @classmethod
    def set(
        cls,
        ledger_id: UUID,
        category_id: str,
        amount: Decimal | str,
        currency: str,
        now: datetime,
        *,
        start: Month | None,
        rollover: Rollover,
        alert_threshold: Decimal = WARNING_AT,
    ) -> Self:
        """A first budget. Without a start it holds for every month, past ones too, but leftovers
        are carried from the month in which it was made.

        Raises TooManyDigits, BudgetAmountNotUsable, AlertThresholdNotUsable.
        """
        term = BudgetTerm(
            start=str(start) if start else "",
            amount=check_budget(amount, currency),
            rollover=rollover,
            alert_threshold=check_threshold(alert_threshold),
            carry_from=str(start or Month.of(now.date())),
        )
        return cls._create(
            BudgetSet,
            id=budget_id(ledger_id, category_id),
            timestamp=now,
            category_id=category_id,
            currency=currency,
            period="month",
            term=term,
        )

    def change(
        self,
        amount: Decimal | str,
        currency: str,
        now: datetime,
        *,
        start: Month | None,
        rollover: Rollover,
        alert_threshold: Decimal = WARNING_AT,
    ) -> None:
        """From `start` (this month if None) on, another budget. As `set`; CurrencyMustMatch."""
        if currency != self.currency:
            raise CurrencyMustMatch(
                "the budget is kept in another currency",
                currency=currency,
                budget_currency=self.currency,
            )
        first = str(start or Month.of(now.date()))
        held = term_of(self.terms, first)
        term = BudgetTerm(
            start=first,
            amount=check_budget(amount, currency),
            rollover=rollover,
            alert_threshold=check_threshold(alert_threshold),
            carry_from=held.carry_from if held and held.rollover == rollover else first,
        )
        if held is None or (held.amount, held.rollover, held.alert_threshold) != (
            term.amount,
            term.rollover,
            term.alert_threshold,
        ):
            self.trigger_event(
                BudgetChanged,
                timestamp=now,
                category_id=self.category_id,
                currency=self.currency,
                term=term,
            )

    def archive(self, start: Month | None, now: datetime) -> None:
        """From `start` (this month if None) on, no budget. Raises BudgetNotFound."""
        first = str(start or Month.of(now.date()))
        held = term_of(self.terms, first)
        if held is None or held.amount is None:
            raise BudgetNotFound("the category has no budget then", month=first)
        term = BudgetTerm(first, None, "none", held.alert_threshold, first)
        self.trigger_event(
            BudgetArchived,
            timestamp=now,
            category_id=self.category_id,
            currency=self.currency,
            term=term,
        )


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """One month of one budget; all amounts in its currency.

    spent: 0 or more when money went out, below zero when refunds outweigh.
    remaining = budgeted + carried_in - spent. ratio: spent / (budgeted + carried_in), four digits,
    or None where nothing was budgeted.
    """

    budgeted: Decimal
    carried_in: Decimal
    spent: Decimal
    remaining: Decimal
    ratio: Decimal | None
    status: Literal["ok", "warning", "exceeded"]


def status_of(
    terms: Sequence[BudgetTerm], spent: Mapping[str, Decimal], month: Month
) -> BudgetStatus | None:
    """What a budget looks like in a month, or None where none holds then.

    terms: in order of start. spent: month "2025-03" -> spending of the whole subtree, positive is
    out; a month without spending is absent.
    """
    term = term_of(terms, str(month))
    if term is None or term.amount is None:
        return None
    carried = carried_into(terms, spent, month) if term.rollover == "surplus" else ZERO
    used = spent.get(str(month), ZERO)
    limit = EXACT.add(term.amount, carried)
    remaining = EXACT.subtract(limit, used)
    ratio = _RATIO.divide(used, limit).quantize(RATIO_DIGITS, context=_RATIO) if limit else None
    status: Literal["ok", "warning", "exceeded"] = "ok"
    if used > limit:
        status = "exceeded"
    elif used > 0 and used >= EXACT.multiply(limit, term.alert_threshold):
        status = "warning"
    return BudgetStatus(term.amount, carried, used, remaining, ratio, status)


def carried_into(
    terms: Sequence[BudgetTerm], spent: Mapping[str, Decimal], month: Month
) -> Decimal:
    """What earlier months left over: never below zero, because `surplus` forgives overspending."""
    term = term_of(terms, str(month))
    if term is None:
        return ZERO
    carried = ZERO
    for earlier in Month.parse(term.carry_from).until(month):
        held = term_of(terms, str(earlier))
        if held is None or held.amount is None or held.rollover != "surplus":
            carried = ZERO
            continue
        left = EXACT.subtract(EXACT.add(held.amount, carried), spent.get(str(earlier), ZERO))
        carried = max(left, ZERO)
    return carried


def term_of(terms: Sequence[BudgetTerm], month: str) -> BudgetTerm | None:
    """The term that holds in a month: the last one that begins in it or before."""
    held = None
    for term in terms:
        if term.start <= month:
            held = term
    return held


def with_term(terms: tuple[BudgetTerm, ...], term: BudgetTerm) -> tuple[BudgetTerm, ...]:
    """The terms with one set or replaced; terms that begin later stay."""
    return tuple(
        sorted((*(t for t in terms if t.start != term.start), term), key=lambda t: t.start)
    )


def check_budget(amount: Decimal | str, currency: str) -> Decimal:
    """Raises BudgetAmountNotUsable below zero, TooManyDigits."""
    exact = exact_amount(amount, currency)
    if exact < 0:
        raise BudgetAmountNotUsable("a budget is zero or more", currency=currency)
    return exact


def check_threshold(threshold: Decimal) -> Decimal:
    """Raises AlertThresholdNotUsable; more than six digits do not fit beside the largest sums."""
    if (
        not threshold.is_finite()
        or not 0 < threshold <= 1
        or threshold != round(threshold, THRESHOLD_DIGITS_MAX)
    ):
        raise AlertThresholdNotUsable(
            "an alert threshold lies above 0 and is at most 1",
            digits_max=THRESHOLD_DIGITS_MAX,
        )
    return threshold
