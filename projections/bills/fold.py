"""The tables of bills: which there are, what was said of single times, reminders, judgements.

What is due when is never stored: it follows from a bill's schedule, the day and the transactions.
"""

from __future__ import annotations

from collections.abc import Sequence

from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection, json_text, private
from mintflow.projections.core.tables import Column, Index, Table
from mintflow.store.mapper import RecordedEvent

BILLS = Table(
    "bills",
    (
        Column("ledger_id", "uuid"),
        Column("bill_id", "uuid"),
        Column("name", "text"),
        Column("payee", "text"),
        Column("amount", "numeric"),
        Column("currency", "text"),
        Column("variable", "boolean"),
        Column("schedule", "jsonb"),
        Column("account_id", "uuid", null=True),
        Column("category_id", "text", null=True),
        Column("remind_days", "bigint"),
        Column("stream_id", "uuid", null=True),
        Column("transaction_id", "uuid", null=True),
        Column("last_day", "date", null=True),
        Column("added_on", "date"),
        Column("added_seq", "bigint"),
        # Whoever wrote it down undid that; what was said of it is kept, for the undoing's undoing.
        Column("gone", "boolean"),
    ),
    key=("ledger_id", "bill_id"),
)
BILL_MARKS = Table(
    "bill_marks",
    (
        Column("ledger_id", "uuid"),
        Column("bill_id", "uuid"),
        Column("due", "date"),
        Column("mark", "text"),
        Column("transaction_id", "uuid", null=True),
    ),
    key=("ledger_id", "bill_id", "due"),
)
BILL_REMINDERS = Table(
    "bill_reminders",
    (
        Column("ledger_id", "uuid"),
        Column("bill_id", "uuid"),
        Column("due", "date"),
        Column("days_ahead", "bigint"),
        Column("amount", "numeric"),
        Column("currency", "text"),
        Column("reminded_at", "timestamptz"),
        Column("reminded_seq", "bigint"),
    ),
    key=("ledger_id", "bill_id", "due"),
    indexes=(Index("bill_reminders_newest", "ledger_id, reminded_seq desc"),),
)
JUDGEMENTS = Table(
    "recurring_judgements",
    (
        Column("ledger_id", "uuid"),
        Column("judgement_id", "uuid"),
        Column("stream_id", "uuid"),
        Column("transaction_id", "uuid"),
        Column("verdict", "text"),
        Column("name", "text"),
    ),
    key=("ledger_id", "judgement_id"),
)


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    for event in batch:
        topic = event.type
        if topic.startswith("bill."):
            _bill(event, changes)
        elif topic.startswith("recurring."):
            _judgement(event, changes)


def _bill(event: RecordedEvent, changes: Changes) -> None:
    data = event.data
    key = (event.envelope["ledger_id"], event.stream_id)
    match event.type:
        case "bill.added":
            changes.insert(
                BILLS,
                [
                    *key,
                    *_terms(event).values(),
                    data["stream_id"],
                    data["transaction_id"],
                    None,
                    event.recorded_at.date().isoformat(),
                    str(event.ledger_seq),
                    "false",
                ],
            )
        case "bill.restored":
            gone = "true" if data["gone"] else "false"
            columns = {**_terms(event), "last_day": data["last_day"], "gone": gone}
            changes.patch(BILLS, key, columns)
            for one in data["marks"]:
                changes.upsert(BILL_MARKS, [*key, one["due"], one["mark"], one["transaction_id"]])
        case "bill.changed":
            changes.patch(BILLS, key, _terms(event))
        case "bill.ended":
            changes.patch(BILLS, key, {"last_day": data["last_day"]})
        case "bill.marked":
            changes.upsert(BILL_MARKS, [*key, data["due"], data["mark"], data["transaction_id"]])
        case "bill.reminded":
            changes.upsert(
                BILL_REMINDERS,
                [
                    *key,
                    data["due"],
                    str(data["days_ahead"]),
                    data["amount"],
                    data["currency"],
                    event.recorded_at.isoformat(),
                    str(event.ledger_seq),
                ],
            )


def _terms(event: RecordedEvent) -> dict[str, str | None]:
    """Columns from name to remind_days, in the order of the table."""
    terms, sealed = event.data["terms"], private(event)
    return {
        "name": sealed.get("name", ""),
        "payee": sealed.get("payee", ""),
        "amount": terms["amount"],
        "currency": terms["currency"],
        "variable": "true" if terms["variable"] else "false",
        "schedule": json_text(terms["schedule"]),
        "account_id": terms["account_id"],
        "category_id": terms["category_id"],
        "remind_days": str(terms["remind_days"]),
    }


def _judgement(event: RecordedEvent, changes: Changes) -> None:
    data, name = event.data, private(event).get("name", "")
    key = (event.envelope["ledger_id"], event.stream_id)
    said = {"transaction_id": data["transaction_id"], "verdict": data["verdict"], "name": name}
    if event.type == "recurring.judged":
        changes.insert(JUDGEMENTS, [*key, data["stream_id"], *said.values()])
    elif event.type == "recurring.judged_again":
        changes.patch(JUDGEMENTS, key, said)


PROJECTION = Projection(
    "bills",
    2,
    (BILLS, BILL_MARKS, BILL_REMINDERS, JUDGEMENTS),
    fold,
    topics=("bill.", "recurring."),
)
