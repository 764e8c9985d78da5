"""Insights: what was spent and earned, what stands out in it, money over time."""

from mintflow.projections.insights.ahead import forecasts, predictions
from mintflow.projections.insights.findings import about_of, insights
from mintflow.projections.insights.flows import cash_flow, net_worth, trends
from mintflow.projections.insights.fold import PROJECTION
from mintflow.projections.insights.spending import Dimension, spending, summary

__all__ = [
    "PROJECTION",
    "Dimension",
    "about_of",
    "cash_flow",
    "forecasts",
    "insights",
    "net_worth",
    "predictions",
    "spending",
    "summary",
    "trends",
]
