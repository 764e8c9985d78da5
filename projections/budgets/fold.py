"""The tables of budgets: what was said, and the alerts; and how events move them.

The status of a budget is never stored (docs/decisions/0004).
"""

from __future__ import annotations

from collections.abc import Sequence

from mintflow.projections.core.bookings import (
    Json,
)
from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection, array_text
from mintflow.projections.core.tables import Column, Index, Table
from mintflow.store.mapper import RecordedEvent

BUDGETS = Table(
    "budgets",
    (
        Column("ledger_id", "uuid"),
        Column("budget_id", "uuid"),
        Column("category_ids", "text[]"),
        Column("currency", "text"),
        Column("set_on", "date"),
        Column("set_seq", "bigint"),
    ),
    key=("ledger_id", "budget_id"),
    topics=("budget.",),
)
# One row per term, keyed by the day on which it begins ("" for one without a beginning), because
# an event has only its own term and the terms that were there before must not be needed.
BUDGET_TERMS = Table(
    "budget_terms",
    (
        Column("ledger_id", "uuid"),
        Column("budget_id", "uuid"),
        Column("start", "text"),
        Column("amount", "numeric", null=True),
        Column("rollover", "text"),
        Column("alert_threshold", "numeric"),
        Column("carry_from", "text"),
        Column("period", "text"),
        Column("anchor", "date"),
        Column("until", "date", null=True),
        Column("cap", "numeric", null=True),
    ),
    key=("ledger_id", "budget_id", "start"),
    topics=("budget.",),
)
BUDGET_ALERTS = Table(
    "budget_alerts",
    (
        Column("ledger_id", "uuid"),
        Column("alert_id", "uuid"),
        Column("budget_id", "uuid"),
        Column("category_ids", "text[]"),
        Column("currency", "text"),
        Column("first", "date"),
        Column("last", "date"),
        Column("level", "text"),
        Column("spent", "numeric"),
        Column("to_spend", "numeric"),
        Column("raised_at", "timestamptz"),
        Column("raised_seq", "bigint"),
        Column("cleared_at", "timestamptz", null=True),
        Column("dismissed_at", "timestamptz", null=True),
    ),
    key=("ledger_id", "alert_id"),
    topics=("budget.",),
    indexes=(Index("budget_alerts_newest", "ledger_id, raised_seq desc"),),
)


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    for event in batch:
        topic = event.type
        if topic.startswith("budget.alert_"):
            _alert(event, changes)
        elif topic in ("budget.set", "budget.changed", "budget.archived"):
            _term(event, changes)
        elif topic == "budget.restored":
            key = (event.envelope["ledger_id"], event.stream_id)
            for start in event.data["gone"]:
                changes.delete(BUDGET_TERMS, (*key, start))
            for term in event.data["terms"]:
                changes.upsert(BUDGET_TERMS, _term_row(key, term))


def _term(event: RecordedEvent, changes: Changes) -> None:
    data, ledger_id = event.data, event.envelope["ledger_id"]
    if event.type == "budget.set":
        changes.insert(
            BUDGETS,
            [
                ledger_id,
                event.stream_id,
                array_text(data["category_ids"]),
                data["currency"],
                event.recorded_at.date().isoformat(),
                str(event.ledger_seq),
            ],
        )
    changes.upsert(BUDGET_TERMS, _term_row((ledger_id, event.stream_id), data["term"]))


def _term_row(key: tuple[str, str], term: Json) -> list[str | None]:
    return [
        *key,
        term["start"],
        term["amount"],
        term["rollover"],
        term["alert_threshold"],
        term["carry_from"],
        term["cycle"]["period"],
        term["cycle"]["anchor"],
        term["cycle"]["until"],
        term["cap"],
    ]


def _alert(event: RecordedEvent, changes: Changes) -> None:
    data: Json = event.data
    ledger_id = event.envelope["ledger_id"]
    key, at = (ledger_id, data["alert_id"]), event.recorded_at.isoformat()
    if event.type == "budget.alert_raised":
        changes.insert(
            BUDGET_ALERTS,
            [
                *key,
                event.stream_id,
                array_text(data["category_ids"]),
                data["currency"],
                data["first"],
                data["last"],
                data["level"],
                data["spent"],
                data["to_spend"],
                at,
                str(event.ledger_seq),
                None,
                None,
            ],
        )
    elif event.type == "budget.alert_cleared":
        changes.patch(BUDGET_ALERTS, key, {"cleared_at": at})
    elif event.type == "budget.alert_dismissed":
        changes.patch(BUDGET_ALERTS, key, {"dismissed_at": at})
    elif event.type == "budget.alert_shown_again":
        changes.patch(BUDGET_ALERTS, key, {"dismissed_at": None})


PROJECTION = Projection(
    "budgets",
    3,
    (BUDGETS, BUDGET_TERMS, BUDGET_ALERTS),
    fold,
    topics=("budget.",),
)
