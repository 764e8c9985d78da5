"""The tables of rules and corrections and how events move them.

A correction is a row of one category that the user gave a payee's transaction; saying it anew
takes its place, and a split or a category of another payee takes it away.
"""

from __future__ import annotations

from collections.abc import Sequence

from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection, json_text, private
from mintflow.projections.core.tables import Column, Index, Table
from mintflow.store.mapper import RecordedEvent

RULES = Table(
    "rules",
    (
        Column("ledger_id", "uuid"),
        Column("rule_id", "uuid"),
        Column("stage", "text"),
        # The ledger_seq at which it came to its stage, or its number in an order that was given:
        # those that come later stand behind all of these.
        Column("place", "bigint"),
        Column("name", "text"),
        Column("condition", "text"),
        Column("actions", "jsonb"),
        Column("source", "text"),
        Column("enabled", "boolean"),
        Column("added_seq", "bigint"),
        Column("changed_at", "timestamptz"),
    ),
    key=("ledger_id", "rule_id"),
    topics=("rule.",),
)
CORRECTIONS = Table(
    "corrections",
    (
        Column("ledger_id", "uuid"),
        Column("transaction_id", "uuid"),
        Column("payee", "text"),
        Column("category_id", "text"),
        Column("money_out", "boolean"),
        Column("seq", "bigint"),
        # Whether it was not undone: then nothing is learned from it, until that is undone too.
        Column("counts", "boolean"),
    ),
    key=("ledger_id", "transaction_id"),
    # By a digest, for a payee's text may be longer than an index takes.
    indexes=(Index("corrections_of_payee", "ledger_id, md5(lower(payee)), seq desc"),),
)


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    for event in batch:
        topic = event.type
        if topic == "transaction.categorized":
            _corrected(event, changes)
        elif topic == "transaction.restored":
            _restored(event, changes)
        elif topic in ("transaction.split", "transaction.voided"):
            key = (event.envelope["ledger_id"], event.envelope["stream_id"])
            if topic == "transaction.voided" or event.data["source"] == "user":
                changes.delete(CORRECTIONS, key)
        elif topic.startswith("rule."):
            _rule(event, changes)


def _corrected(event: RecordedEvent, changes: Changes) -> None:
    data = event.data
    if data["source"] != "user":
        return
    # A category that went where another was merged keeps what was said of its payee: the learned
    # rule follows the merge by itself.
    payee = private(event).get("payee", "")
    ledger_id, transaction_id = event.envelope["ledger_id"], event.envelope["stream_id"]
    if not payee:
        return
    booking = data["after"]
    changes.upsert(
        CORRECTIONS,
        [
            ledger_id,
            transaction_id,
            payee,
            booking["allocations"][0]["category_id"],
            "true" if booking["amount"].startswith("-") else "false",
            str(event.ledger_seq),
            "true",
        ],
    )


def _restored(event: RecordedEvent, changes: Changes) -> None:
    """An undoing: the user's word that counts now, if it is one of a single category."""
    data, booking = event.data, event.data["after"]
    if "category" not in data["fields"]:
        return
    counts = (
        data["category_source"] == "user"
        and booking is not None
        and len(booking["allocations"]) == 1
    )
    columns: dict[str, str | None] = {"counts": "true" if counts else "false"}
    if counts:
        columns["category_id"] = booking["allocations"][0]["category_id"]
    key = (event.envelope["ledger_id"], event.envelope["stream_id"])
    changes.patch(CORRECTIONS, key, columns)


def _rule(event: RecordedEvent, changes: Changes) -> None:
    ledger_id: str = event.envelope["ledger_id"]
    data = event.data
    if event.type == "rule.reordered":
        for place, rule_id in enumerate(data["rule_ids"]):
            changes.patch(RULES, (ledger_id, rule_id), {"place": str(place)})
        return
    key = (ledger_id, data["rule_id"])
    match event.type:
        case "rule.added":
            sealed, seq = private(event), str(event.ledger_seq)
            changes.insert(
                RULES,
                [
                    *key,
                    data["stage"],
                    seq,
                    sealed.get("name", ""),
                    sealed.get("condition", ""),
                    json_text(sealed.get("actions", {})),
                    data["source"],
                    "true" if data["enabled"] else "false",
                    seq,
                    event.recorded_at.isoformat(),
                ],
            )
        case "rule.changed":
            sealed = private(event)
            columns: dict[str, str | None] = {
                "stage": data["stage"],
                "name": sealed.get("name", ""),
                "condition": sealed.get("condition", ""),
                "actions": json_text(sealed.get("actions", {})),
                "source": data["source"],
                "changed_at": event.recorded_at.isoformat(),
            }
            if data["stage_before"] != data["stage"]:
                columns["place"] = str(event.ledger_seq)
            changes.patch(RULES, key, columns)
        case "rule.switched":
            changes.patch(RULES, key, {"enabled": "true" if data["enabled"] else "false"})
        case "rule.removed":
            changes.delete(RULES, key)


PROJECTION = Projection(
    "rules",
    2,
    (RULES, CORRECTIONS),
    fold,
    topics=(
        "transaction.categorized",
        "transaction.split",
        "transaction.voided",
        "transaction.restored",
        "rule.",
    ),
)
