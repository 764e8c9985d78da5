"""Bills: recurring streams over the transactions read model, what is due, and what came."""

from mintflow.projections.bills.due import (
    REMINDERS_MAX,
    ledgers_with_bills,
    list_bills,
    list_due,
    list_reminders,
    to_remind,
)
from mintflow.projections.bills.fold import PROJECTION
from mintflow.projections.bills.recurring import (
    LOOK_BACK_DAYS,
    Detected,
    RecurringNotFound,
    detected_streams,
    list_recurring,
    stream_of,
)
from mintflow.projections.bills.subscriptions import list_subscriptions

__all__ = [
    "LOOK_BACK_DAYS",
    "PROJECTION",
    "REMINDERS_MAX",
    "Detected",
    "RecurringNotFound",
    "detected_streams",
    "ledgers_with_bills",
    "list_bills",
    "list_due",
    "list_recurring",
    "list_reminders",
    "list_subscriptions",
    "stream_of",
    "to_remind",
]
