"""Which insights were dismissed: the one table of insights, and how events move it."""

from __future__ import annotations

from collections.abc import Sequence

from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection, array_text
from mintflow.projections.core.tables import Column, Table
from mintflow.store.mapper import RecordedEvent

DISMISSED_INSIGHTS = Table(
    "dismissed_insights",
    (
        Column("ledger_id", "uuid"),
        Column("insight_id", "uuid"),
        Column("about", "text[]"),
        # Null where it is shown again.
        Column("dismissed_at", "timestamptz", null=True),
    ),
    key=("ledger_id", "insight_id"),
)


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    for event in batch:
        key = (event.envelope["ledger_id"], event.stream_id)
        at = event.recorded_at.isoformat()
        if event.type == "insight.dismissed":
            row = [*key, array_text(event.data["about"]), at]
            changes.insert(DISMISSED_INSIGHTS, row)
        elif event.type == "insight.shown_again":
            changes.patch(DISMISSED_INSIGHTS, key, {"dismissed_at": None})
        elif event.type == "insight.dismissed_again":
            changes.patch(DISMISSED_INSIGHTS, key, {"dismissed_at": at})


PROJECTION = Projection("insights", 1, (DISMISSED_INSIGHTS,), fold, topics=("insight.",))
