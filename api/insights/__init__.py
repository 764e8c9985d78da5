"""Routes of insights."""

from mintflow.api.insights.flows import router as flows
from mintflow.api.insights.spending import router as spending

ROUTERS = (spending, flows)

__all__ = ["ROUTERS"]
