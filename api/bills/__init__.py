"""Routes of bills: recurring streams, what is due, subscriptions."""

from mintflow.api.bills import recurring

ROUTERS = (recurring.router,)

__all__ = ["ROUTERS"]
