"""Bills: recurring streams over the transactions read model, what is due, and what came."""

from mintflow.projections.bills.recurring import (
    LOOK_BACK_DAYS,
    Detected,
    detected_streams,
    list_recurring,
)

__all__ = ["LOOK_BACK_DAYS", "Detected", "detected_streams", "list_recurring"]
