"""Routes of budgets: limits and how they stand, envelopes, alerts."""

from mintflow.api.budgets import alerts, envelopes, tracking

ROUTERS = (tracking.router, envelopes.router, alerts.router)

__all__ = ["ROUTERS"]
