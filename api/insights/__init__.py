"""Routes of insights."""

from mintflow.api.insights.ahead import router as ahead
from mintflow.api.insights.findings import router as findings
from mintflow.api.insights.flows import router as flows
from mintflow.api.insights.spending import router as spending

ROUTERS = (findings, spending, flows, ahead)

__all__ = ["ROUTERS"]
