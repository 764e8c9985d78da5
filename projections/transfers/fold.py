"""The pairs that the user said are no transfer: while that stands, they never come back."""

from __future__ import annotations

from collections.abc import Sequence

from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.tables import Column, Table
from mintflow.store.mapper import RecordedEvent

REJECTIONS = Table(
    "transfer_rejections",
    (
        Column("ledger_id", "uuid"),
        Column("from_transaction_id", "uuid"),
        Column("to_transaction_id", "uuid"),
        Column("rejected_at", "timestamptz"),
    ),
    key=("ledger_id", "from_transaction_id", "to_transaction_id"),
)


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    for event in batch:
        data = event.data
        if event.type in ("transfer.pair_rejected", "transfer.pair_rejected_again"):
            changes.upsert(
                REJECTIONS,
                [
                    event.envelope["ledger_id"],
                    data["from_transaction_id"],
                    data["to_transaction_id"],
                    event.recorded_at.isoformat(),
                ],
            )
        elif event.type == "transfer.pair_allowed":
            legs = (data["from_transaction_id"], data["to_transaction_id"])
            changes.delete(REJECTIONS, (event.envelope["ledger_id"], *legs))


PROJECTION = Projection(
    "transfers",
    1,
    (REJECTIONS,),
    fold,
    topics=("transfer.pair_rejected", "transfer.pair_rejected_again", "transfer.pair_allowed"),
)
