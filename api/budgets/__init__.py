"""Routes of budgets: limits and how they stand, envelopes, alerts."""

from mintflow.api.budgets import alerts, envelopes, planning, tracking

ROUTERS = (tracking.router, planning.router, envelopes.router, alerts.router)

__all__ = ["ROUTERS"]
