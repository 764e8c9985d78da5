"""Budgets: what may be spent, how a period stands, and what it warned of."""

from mintflow.projections.budgets.alerts import ALERTS_MAX, alert_budget, list_alerts
from mintflow.projections.budgets.fold import PROJECTION
from mintflow.projections.budgets.queries import budget_status, left_out, list_budgets
from mintflow.projections.budgets.standing import budgets_standing

__all__ = [
    "ALERTS_MAX",
    "PROJECTION",
    "alert_budget",
    "budget_status",
    "budgets_standing",
    "left_out",
    "list_alerts",
    "list_budgets",
]
