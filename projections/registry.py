"""The one list of the read models."""

from __future__ import annotations

from mintflow.projections import (
    accounts,
    budgets,
    categories,
    connections,
    fx,
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
    imports.PROJECTION,
    rules.PROJECTION,
    transfers.PROJECTION,
    connections.PROJECTION,
<<<<<<< HEAD
    fx.PROJECTION,
=======
    insights.PROJECTION,
>>>>>>> 01a4fe5 (insights: what stands out, with severity, reason and the transactions behind it)
)
