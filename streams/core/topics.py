"""The topics: how each is kept, and which events go where beside `ledger.events`, which has all.

Pure: nothing here talks to Kafka. What a public topic gets is decided from an event's type and its
open facts alone, so it is the same whenever and by whomever it is relayed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mintflow.domain.core.postings import TRANSFER, UNCATEGORIZED

_DAY_MS = 86_400_000
FOR_EVER_MS = -1
# The largest record that a topic takes; no event comes near it (`EVENT_BYTES_MAX` of the store).
MESSAGE_BYTES_MAX = 16_777_216

EVENTS = "ledger.events"
CREATED = "transaction.created"
UPDATED = "transaction.updated"
CATEGORIZED = "expense.categorized"
PORTFOLIO = "portfolio.updated"
ALERT = "alert.triggered"
AUDIT = "audit.log"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. types: event types that go there, a name or all below a prefix that ends in `.`.

    Never compacted: a message is a fact and not the newest state of its key, so to keep only the
    last of a key would lose history.
    """

    name: str
    meaning: str
    types: tuple[str, ...]
    retention_ms: int
    only: str = ""

    def configuration(self) -> dict[str, str]:
        """The settings that `mintflow topics apply` sees to."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(MESSAGE_BYTES_MAX),
            "compression.type": "producer",
        }

    def takes(self, event_type: str) -> bool:
        return any(
            event_type.startswith(one) if one.endswith(".") else event_type == one
            for one in self.types
        )


TOPICS: tuple[Topic, ...] = (
    Topic(
        EVENTS,
        "Every event of every ledger: the whole history, in the order of the log.",
        (),
        FOR_EVER_MS,
    ),
    Topic(CREATED, "A transaction is new.", ("transaction.recorded",), 30 * _DAY_MS),
    Topic(
        UPDATED,
        "A transaction changed after it was new.",
        (
            *("transaction.posted", "transaction.amended", "transaction.categorized"),
            *("transaction.split", "transaction.tagged", "transaction.noted"),
            *("transaction.matched", "transaction.unmatched", "transaction.absorbed"),
            *("transaction.released", "transaction.linked", "transaction.unlinked"),
            *("transaction.voided", "transaction.reinstated", "transaction.budgeted"),
            *("transaction.merchant_named", "transaction.taken_back", "transaction.restored"),
        ),
        30 * _DAY_MS,
    ),
    Topic(
        CATEGORIZED,
        "Money that went out got a category, at once or later, or another one.",
        ("transaction.",),
        30 * _DAY_MS,
        "where `after` is money out of the account whose categories are known and not those of "
        "`before`; a leg of a transfer is no expense",
    ),
    Topic(PORTFOLIO, "What is held, or what it is worth, changed.", ("holding.",), 30 * _DAY_MS),
    Topic(ALERT, "Somebody is to be told.", ("alert.", "budget.alert_raised"), 30 * _DAY_MS),
    Topic(
        AUDIT,
        "Evidence about the log: signed tree heads and the trail of what was asked.",
        (),
        FOR_EVER_MS,
    ),
)
BY_NAME: Mapping[str, Topic] = {topic.name: topic for topic in TOPICS}
# The public topics that events go to by their type alone, and the one that looks into the facts.
_BY_TYPE = tuple(topic for topic in TOPICS if topic.types and not topic.only)


def topics_of(event_type: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    """The public topics of an event, beside `ledger.events`. data: its open facts as stored."""
    found = _routes.get(event_type)
    if found is None:
        found = tuple(topic.name for topic in _BY_TYPE if topic.takes(event_type))
        _routes[event_type] = found
    if event_type.startswith("transaction.") and _categorizes(data):
        return (*found, CATEGORIZED)
    return found


def _categorizes(data: Mapping[str, Any]) -> bool:
    """Whether an expense has categories after this that it did not have before."""
    after = data.get("after")
    if after is None or not after["amount"].startswith("-"):
        return False
    categories = _categories(after)
    before = data.get("before")
    if before is not None and _categories(before) == categories:
        return False
    return not categories <= {UNCATEGORIZED, TRANSFER}


def _categories(booking: Mapping[str, Any]) -> set[str]:
    return {part["category_id"] for part in booking["allocations"]}


# As many entries as there are event types.
_routes: dict[str, tuple[str, ...]] = {}
