"""Budgets: what may be spent, how a period stands, and what it warned of."""

from mintflow.projections.budgets.alerts import list_alerts
from mintflow.projections.budgets.fold import PROJECTION
from mintflow.projections.budgets.queries import budget_status, list_budgets

__all__ = ["PROJECTION", "budget_status", "list_alerts", "list_budgets"]
