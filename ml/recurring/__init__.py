"""Recurring streams: what comes again and again in a history; pure, without a clock."""

from mintflow.ml.recurring.payments import Payment, is_habit
from mintflow.ml.recurring.streams import PriceChange, RecurringStream, recurring_streams

__all__ = ["Payment", "PriceChange", "RecurringStream", "is_habit", "recurring_streams"]
