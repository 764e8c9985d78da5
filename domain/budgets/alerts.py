"""The alerts of a budget: that a period came to its threshold, fell below it, was seen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from mintflow.domain.core.aggregates import Event

if TYPE_CHECKING:
    from mintflow.domain.budgets.budget import Budget

AlertLevel = Literal["warning", "exceeded"]
LEVELS = ("ok", "warning", "exceeded")


@dataclass(frozen=True, slots=True)
class Alert:
    """The newest alert of a period. level: where the period stood when last looked at."""

    alert_id: UUID
    level: Literal["ok", "warning", "exceeded"]
    dismissed: bool = False


class BudgetAlertRaised(Event):
    """A budget came to its threshold, or beyond what there is to spend, in one of its periods.

    spent and to_spend: as they were then.
    """

    TOPIC = "budget.alert_raised"

    alert_id: UUID
    category_ids: tuple[str, ...]
    currency: str
    first: dt.date
    last: dt.date
    level: AlertLevel
    spent: Decimal
    to_spend: Decimal

    def apply(self, aggregate: Budget) -> None:
        alert = Alert(self.alert_id, self.level)
        aggregate.alerts = {**aggregate.alerts, self.first: alert}


class BudgetAlertCleared(Event):
    """A period that an alert was raised for fell below its level again; level: what it is now."""

    TOPIC = "budget.alert_cleared"

    alert_id: UUID
    first: dt.date
    level: Literal["ok", "warning"]

    def apply(self, aggregate: Budget) -> None:
        held = aggregate.alerts[self.first]
        aggregate.alerts = {**aggregate.alerts, self.first: replace(held, level=self.level)}


class BudgetAlertDismissed(Event):
    """A person has seen an alert and does not want to see it again."""

    TOPIC = "budget.alert_dismissed"

    alert_id: UUID

    def apply(self, aggregate: Budget) -> None:
        aggregate.alerts = {
            first: replace(alert, dismissed=alert.dismissed or alert.alert_id == self.alert_id)
            for first, alert in aggregate.alerts.items()
        }


class BudgetAlertShownAgain(Event):
    """An alert that was dismissed is in the list again."""

    TOPIC = "budget.alert_shown_again"

    alert_id: UUID

    def apply(self, aggregate: Budget) -> None:
        aggregate.alerts = {
            first: replace(alert, dismissed=alert.dismissed and alert.alert_id != self.alert_id)
            for first, alert in aggregate.alerts.items()
        }
