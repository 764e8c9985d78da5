"""Routes of bills: recurring streams, what is due, subscriptions."""

from mintflow.api.bills import due, recurring, subscriptions

ROUTERS = (recurring.router, due.router, subscriptions.router)

__all__ = ["ROUTERS"]
