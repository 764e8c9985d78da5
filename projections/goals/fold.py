"""The tables of goals and how events move them. How a goal stands is reckoned in the query."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from mintflow.domain.core.money import EXACT
from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection, array_text, json_text, private
from mintflow.projections.core.tables import Column, Table
from mintflow.store.mapper import RecordedEvent

GOALS = Table(
    "goals",
    (
        Column("ledger_id", "uuid"),
        Column("goal_id", "uuid"),
        Column("name", "text"),
        Column("note", "text"),
        Column("kind", "text"),
        Column("currency", "text"),
        Column("target", "numeric", null=True),
        Column("months", "integer", null=True),
        Column("due", "date", null=True),
        Column("priority", "integer"),
        Column("account_ids", "text[]"),
        Column("saving", "jsonb", null=True),
        Column("started_on", "date"),
        Column("archived", "boolean"),
        Column("reached_at", "timestamptz", null=True),
        Column("created_seq", "bigint"),
    ),
    key=("ledger_id", "goal_id"),
)
# What each day set aside; what is earmarked on a day is the sum of all days up to it.
GOAL_EARMARK_DAYS = Table(
    "goal_earmark_days",
    (
        Column("ledger_id", "uuid"),
        Column("goal_id", "uuid"),
        Column("account_id", "uuid"),
        Column("date", "date"),
        Column("amount", "numeric"),
    ),
    key=("ledger_id", "goal_id", "account_id", "date"),
    fill=80,
)
GOAL_PLEDGES = Table(
    "goal_pledges",
    (
        Column("ledger_id", "uuid"),
        Column("goal_id", "uuid"),
        Column("pledge_id", "uuid"),
        Column("from_account_id", "uuid"),
        Column("to_account_id", "uuid"),
        Column("amount", "numeric"),
        Column("date", "date"),
        Column("until", "date"),
        Column("transaction_id", "uuid", null=True),
        Column("transfer_id", "uuid", null=True),
        Column("met_on", "date", null=True),
        Column("withdrawn", "boolean"),
    ),
    key=("ledger_id", "goal_id", "pledge_id"),
)


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    for event in batch:
        topic = event.type
        if not topic.startswith("goal."):
            continue
        ledger_id: str = event.envelope["ledger_id"]
        key, data = (ledger_id, event.stream_id), event.data
        if "delta" in data:
            _earmark(changes, key, data["account_id"], data["date"], data["delta"])
        if topic.startswith("goal.pledge"):
            _pledge(changes, topic, key, data)
        elif topic == "goal.created":
            _create(changes, event, key)
        elif topic == "goal.changed":
            changes.patch(GOALS, key, {**_named(event), **_terms(data["terms"])})
        elif topic == "goal.restored":
            archived = "true" if data["archived"] else "false"
            columns = {**_named(event), **_terms(data["terms"]), "archived": archived}
            changes.patch(GOALS, key, columns)
            for one in data["earmarks"]:
                _earmark(changes, key, one["account_id"], data["date"], one["delta"])
        elif topic == "goal.archived":
            changes.patch(GOALS, key, {"archived": "true"})
        elif topic == "goal.reached":
            changes.patch(GOALS, key, {"reached_at": event.recorded_at.isoformat()})
        elif topic == "goal.fell_short":
            changes.patch(GOALS, key, {"reached_at": None})


def _create(changes: Changes, event: RecordedEvent, key: tuple[str, str]) -> None:
    data = event.data
    held = {
        "ledger_id": key[0],
        "goal_id": key[1],
        **_named(event),
        **_terms(data["terms"]),
        "kind": data["terms"]["kind"],
        "currency": data["currency"],
        "started_on": data["started_on"],
        "archived": "false",
        "reached_at": None,
        "created_seq": str(event.ledger_seq),
    }
    changes.insert(GOALS, [held[name] for name in GOALS.names])


def _named(event: RecordedEvent) -> dict[str, str | None]:
    said = private(event)
    return {"name": said.get("name", ""), "note": said.get("note", "")}


def _terms(terms: dict[str, Any]) -> dict[str, str | None]:
    months, saving = terms["months"], terms["saving"]
    return {
        "target": terms["target"],
        "months": None if months is None else str(months),
        "due": terms["due"],
        "priority": str(terms["priority"]),
        "account_ids": array_text(terms["account_ids"]),
        "saving": None if saving is None else json_text(saving),
    }


def _earmark(changes: Changes, key: tuple[str, str], account_id: str, day: str, delta: str) -> None:
    sums = changes.sums(GOAL_EARMARK_DAYS)
    held = sums.get((*key, account_id, day))
    if held is None:
        sums[(*key, account_id, day)] = [Decimal(delta)]
    else:
        held[0] = EXACT.add(held[0], Decimal(delta))


def _pledge(changes: Changes, topic: str, key: tuple[str, str], data: dict[str, Any]) -> None:
    own = (*key, data["pledge_id"])
    if topic == "goal.pledged":
        said = [data[name] for name in GOAL_PLEDGES.names[3:9]]
        changes.insert(GOAL_PLEDGES, [*own, *said, None, None, "false"])
    elif topic == "goal.pledge_met":
        met = {"transfer_id": data["transfer_id"], "met_on": data["date"]}
        changes.patch(GOAL_PLEDGES, own, met)
    elif topic == "goal.pledge_reopened":
        changes.patch(GOAL_PLEDGES, own, {"transfer_id": None, "met_on": None})
    elif topic == "goal.pledge_restored":
        changes.patch(GOAL_PLEDGES, own, {"withdrawn": "false"})
    else:
        changes.patch(GOAL_PLEDGES, own, {"withdrawn": "true"})


PROJECTION = Projection(
    "goals", 1, (GOALS, GOAL_EARMARK_DAYS, GOAL_PLEDGES), fold, topics=("goal.",)
)
