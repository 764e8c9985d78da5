"""Insights: periods that are compared."""

from mintflow.domain.insights.periods import (
    Interval,
    Span,
    SpanNotUsable,
    begin_of,
    change,
    checked_span,
    intervals,
    ratio,
)

__all__ = [
    "Interval",
    "Span",
    "SpanNotUsable",
    "begin_of",
    "change",
    "checked_span",
    "intervals",
    "ratio",
]
