"""Reactions of goals: what may be income, move the accounts or a goal leads to a look at them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from mintflow.commands.goals import TendGoals
from mintflow.projections.core.bookings import MONEY_TYPES, OPENING_TYPES
from mintflow.store.mapper import RecordedEvent
from mintflow.streams.core.reactions import Reaction

# What moves a goal, but for what tending itself says of one that was reached.
_GOALS = frozenset(
    {
        "goal.created", "goal.changed", "goal.contributed", "goal.released", "goal.set_aside",
        "goal.pledged", "goal.pledge_withdrawn", "goal.pledge_met", "goal.pledge_reopened",
        "goal.pledge_restored",
        "goal.archived", "goal.restored",
    }
)  # fmt: skip
_MOVES = frozenset({"transfer.started", "transfer.ended"})


def tend_goals(events: Sequence[RecordedEvent]) -> TendGoals:
    """The transactions in which something was earned, before or after what happened."""
    found = {
        UUID(event.stream_id): None
        for event in events
        if event.type in MONEY_TYPES
        and event.type not in OPENING_TYPES
        and any(_earns(booking) for booking in (event.data["before"], event.data["after"]))
    }
    return TendGoals(transactions=tuple(found))


def _earns(booking: dict[str, Any] | None) -> bool:
    return (
        booking is not None
        and booking["status"] == "posted"
        and any(Decimal(part["amount"]) > 0 for part in booking["allocations"])
    )


TENDING = Reaction(
    name="goals",
    types=MONEY_TYPES | _GOALS | _MOVES,
    ledgers="goals",
    after=("goals", "accounts", "categories", "transactions"),
    decide=tend_goals,
    # What was set aside, met or reached is in the goal: looking again appends nothing.
    repeatable=True,
)
