"""Budgets: what may be spent in one or several categories per period, and what was said when.

A change of a budget begins with a period; periods before keep what they had, so closed periods stay
closed. Spending counts each category with everything below it, once; refunds lower it; pending rows
and transfers do not count. How a budget stands is in status.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID, uuid5

from mintflow.domain.budgets.alerts import (
    LEVELS,
    Alert,
    BudgetAlertCleared,
    BudgetAlertDismissed,
    BudgetAlertRaised,
    BudgetAlertShownAgain,
)
from mintflow.domain.budgets.periods import Cycle
from mintflow.domain.budgets.terms import (
    BudgetTerm,
    Rollover,
    carried_since,
    first_day_of_change,
    term_at,
    with_term,
)
from mintflow.domain.core.aggregates import Aggregate, Created, Event
from mintflow.domain.core.errors import Invalid, NotFound
from mintflow.domain.core.ids import budget_id
from mintflow.domain.core.money import CurrencyMustMatch, exact_amount

WARNING_AT = Decimal("0.8")
THRESHOLD_DIGITS_MAX = 6
# A budget over more of the tree than this is one over everything but a few.
CATEGORIES_MAX = 50


class BudgetNotFound(NotFound):
    """The category has no budget."""

    code = "budget_not_found"


class BudgetAmountNotUsable(Invalid):
    """A budget is zero or more."""

    code = "budget_amount_not_usable"


class AlertThresholdNotUsable(Invalid):
    """The share of a budget at which it warns lies above 0 and is at most 1."""

    code = "alert_threshold_not_usable"


class RolloverCapNotUsable(Invalid):
    """A capped rollover, and no other, has a cap of zero or more."""

    code = "rollover_cap_not_usable"


class AlertNotFound(NotFound):
    """There is no such alert in this ledger."""

    code = "alert_not_found"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a budget shall be from a day on. start: None means from now on."""

    amount: Decimal | str
    currency: str
    cycle: Cycle
    rollover: Rollover = "none"
    cap: Decimal | str | None = None
    alert_threshold: Decimal = WARNING_AT
    start: dt.date | None = None


class BudgetSet(Created):
    """The first budget of these categories; `term` says from which day it holds."""

    TOPIC = "budget.set"
    SCHEMA_VERSION = 2

    category_ids: tuple[str, ...]
    currency: str
    term: BudgetTerm

    def apply(self, aggregate: Budget) -> None:
        aggregate.category_ids, aggregate.currency = self.category_ids, self.currency
        aggregate.terms = (self.term,)
        aggregate.alerts = {}


class BudgetChanged(Event):
    """Another budget from the first day of `term` on; periods before keep what they had."""

    TOPIC = "budget.changed"
    SCHEMA_VERSION = 2

    category_ids: tuple[str, ...]
    currency: str
    term: BudgetTerm

    def apply(self, aggregate: Budget) -> None:
        aggregate.terms = with_term(aggregate.terms, self.term)


class BudgetArchived(Event):
    """No budget from the first day of `term` on, whose amount is null."""

    TOPIC = "budget.archived"
    SCHEMA_VERSION = 2

    category_ids: tuple[str, ...]
    currency: str
    term: BudgetTerm

    def apply(self, aggregate: Budget) -> None:
        aggregate.terms = with_term(aggregate.terms, self.term)


class BudgetRestored(Event):
    """The terms are again what they were without an operation that was undone. gone: the first
    days of terms that are no more."""

    TOPIC = "budget.restored"

    category_ids: tuple[str, ...]
    currency: str
    terms: tuple[BudgetTerm, ...]
    gone: tuple[str, ...]

    def apply(self, aggregate: Budget) -> None:
        aggregate.terms = self.terms


class Budget(Aggregate):
    """What may be spent in some categories, in one currency."""

    TOPIC = "budget"
    category_ids: tuple[str, ...]
    currency: str
    terms: tuple[BudgetTerm, ...]
    alerts: Mapping[dt.date, Alert]

    def __init__(self) -> None:
        """Attributes come from BudgetSet."""

    @classmethod
    def set(cls, ledger_id: UUID, category_ids: Sequence[str], wish: Wish, now: datetime) -> Self:
        """A first budget. Without a start it holds for every period, past ones too, but leftovers
        are carried from the period in which it was made.

        Raises TooManyDigits, BudgetAmountNotUsable, AlertThresholdNotUsable, RolloverCapNotUsable.
        """
        first = first_day_of_change((), wish.cycle, wish.start or now.date())
        always = wish.start is None and wish.cycle.period != "custom"
        ids = tuple(sorted(category_ids))
        return cls._create(
            BudgetSet,
            id=budget_stream(ledger_id, ids),
            timestamp=now,
            category_ids=ids,
            currency=wish.currency,
            term=_term(wish, "" if always else first.isoformat(), first.isoformat()),
        )

    def change(self, wish: Wish, now: datetime) -> BudgetTerm:
        """From the period of `start` (now if None) on, another budget; the term that then holds.

        Raises as `set`, and CurrencyMustMatch.
        """
        if wish.currency != self.currency:
            raise CurrencyMustMatch(
                "the budget is kept in another currency",
                currency=wish.currency,
                budget_currency=self.currency,
            )
        day = wish.start or now.date()
        first = first_day_of_change(self.terms, wish.cycle, day)
        held = term_at(self.terms, first)
        term = _term(wish, first.isoformat(), first.isoformat())
        since = carried_since(with_term(self.terms, term), first)
        if since is not None:
            term = replace(term, carry_from=since.isoformat())
        if held is None or _said(held) != _said(term):
            self._trigger(BudgetChanged, term, now)
            return term
        return held

    def archive(self, start: dt.date | None, now: datetime) -> BudgetTerm:
        """From the period of `start` (now if None) on, no budget. Raises BudgetNotFound."""
        day = start or now.date()
        held = term_at(self.terms, day)
        if held is None or held.amount is None:
            raise BudgetNotFound("the category has no budget then", start=day.isoformat())
        # A custom period that is over or running ends where it began: there is only one of it.
        first = first_day_of_change(self.terms, held.cycle, day).isoformat()
        term = replace(held, start=first, amount=None, rollover="none", carry_from=first, cap=None)
        self._trigger(BudgetArchived, term, now)
        return term

    def restore(self, terms: Sequence[BudgetTerm], now: datetime) -> bool:
        """Have these terms; says whether that changes anything."""
        if tuple(terms) == self.terms:
            return False
        kept = {term.start for term in terms}
        self.trigger_event(
            BudgetRestored,
            timestamp=now,
            category_ids=self.category_ids,
            currency=self.currency,
            terms=tuple(terms),
            gone=tuple(term.start for term in self.terms if term.start not in kept),
        )
        return True

    def observe(
        self, period: tuple[dt.date, dt.date], level: str, spent: Decimal, to_spend: Decimal,
        now: datetime,
    ) -> None:  # fmt: skip
        """How a period stands now: raises one alert where it came up to a level, none otherwise."""
        first, last = period
        held = self.alerts.get(first)
        before = held.level if held is not None else "ok"
        if LEVELS.index(level) > LEVELS.index(before):
            self.trigger_event(
                BudgetAlertRaised,
                timestamp=now,
                alert_id=uuid5(self.id, f"alert:{first}:{self.version}"),
                category_ids=self.category_ids,
                currency=self.currency,
                first=first,
                last=last,
                level=level,
                spent=spent,
                to_spend=to_spend,
            )
        elif held is not None and level != before:
            self.trigger_event(
                BudgetAlertCleared, timestamp=now, alert_id=held.alert_id, first=first, level=level
            )

    def dismiss(self, alert_id: UUID, now: datetime) -> None:
        """Nothing happens where it was dismissed already. Raises AlertNotFound."""
        for alert in self.alerts.values():
            if alert.alert_id == alert_id:
                if not alert.dismissed:
                    self.trigger_event(BudgetAlertDismissed, timestamp=now, alert_id=alert_id)
                return
        raise AlertNotFound("there is no such alert", alert_id=str(alert_id))

    def show_alert(self, alert_id: UUID, shown: bool, now: datetime) -> None:
        """Have an alert of this budget in the list or not, also one that a newer one followed."""
        happens = BudgetAlertShownAgain if shown else BudgetAlertDismissed
        self.trigger_event(happens, timestamp=now, alert_id=alert_id)

    def _trigger(self, event: type[Event], term: BudgetTerm, now: datetime) -> None:
        self.trigger_event(
            event,
            timestamp=now,
            category_ids=self.category_ids,
            currency=self.currency,
            term=term,
        )


def budget_stream(ledger_id: UUID, category_ids: Sequence[str]) -> UUID:
    """The one budget of these categories: which they are is what a budget is known by."""
    return budget_id(ledger_id, ",".join(sorted(category_ids)))


def _term(wish: Wish, start: str, carry_from: str) -> BudgetTerm:
    if (wish.cap is not None) != (wish.rollover == "capped"):
        raise RolloverCapNotUsable("a capped rollover, and no other, has a cap")
    return BudgetTerm(
        start=start,
        amount=check_budget(wish.amount, wish.currency),
        rollover=wish.rollover,
        alert_threshold=check_threshold(wish.alert_threshold),
        carry_from=carry_from,
        cycle=wish.cycle,
        cap=None if wish.cap is None else check_cap(wish.cap, wish.currency),
    )


def _said(term: BudgetTerm) -> tuple[object, ...]:
    return (term.amount, term.rollover, term.alert_threshold, term.cycle, term.cap)


def check_cap(amount: Decimal | str, currency: str) -> Decimal:
    """Raises RolloverCapNotUsable below zero, TooManyDigits."""
    exact = exact_amount(amount, currency)
    if exact < 0:
        raise RolloverCapNotUsable("a cap is zero or more", currency=currency)
    return exact


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
