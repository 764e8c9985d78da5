"""Insights: what was spent and earned, money over time, what is owned and owed."""

from mintflow.projections.insights.flows import cash_flow, net_worth, trends
from mintflow.projections.insights.spending import Dimension, spending, summary

__all__ = ["Dimension", "cash_flow", "net_worth", "spending", "summary", "trends"]
