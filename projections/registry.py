"""The one list of the read models."""

from __future__ import annotations

from mintflow.projections import (
    accounts,
    bills,
    budgets,
    categories,
    connections,
    erasure,
    fx,
    goals,
    imports,
    insights,
    ledgers,
    rules,
    transactions,
    transfers,
)
from mintflow.projections.budgets import envelopes
from mintflow.projections.core.projection import Projection

PROJECTIONS: tuple[Projection, ...] = (
    ledgers.PROJECTION,
    accounts.PROJECTION,
    transactions.PROJECTION,
    categories.PROJECTION,
    budgets.PROJECTION,
    envelopes.PROJECTION,
    goals.PROJECTION,
    imports.PROJECTION,
    rules.PROJECTION,
    transfers.PROJECTION,
    connections.PROJECTION,
    bills.PROJECTION,
    fx.PROJECTION,
    insights.PROJECTION,
    erasure.PROJECTION,
)
