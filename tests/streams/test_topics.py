"""Which events go where, and that every transaction's change goes somewhere."""

from __future__ import annotations

from typing import Any

import pytest

from mintflow.domain.catalogue import event_types
from mintflow.streams.core.topics import (
    ALERT,
    BY_NAME,
    CATEGORIZED,
    CREATED,
    EVENTS,
    TOPICS,
    UPDATED,
    topics_of,
)

# An alias only says that a second id is a transaction that there is already.
NOTHING_CHANGED = {"transaction.aliased"}


def booking(amount: str, *categories: str) -> dict[str, Any]:
    return {"amount": amount, "allocations": [{"category_id": one} for one in categories]}


def test_every_type_that_is_named_exists() -> None:
    named = {one for topic in TOPICS for one in topic.types if not one.endswith(".")}
    assert named <= event_types().keys()


def test_every_change_of_a_transaction_is_in_a_public_topic() -> None:
    for event_type in event_types():
        if event_type.startswith("transaction.") and event_type not in NOTHING_CHANGED:
            (topic,) = topics_of(event_type, {})
            assert topic in (CREATED, UPDATED), event_type


def test_a_public_topic_never_repeats_the_topic_of_everything() -> None:
    assert not BY_NAME[EVENTS].types
    assert EVENTS not in topics_of("transaction.recorded", {})


def test_an_alert_goes_to_its_topic() -> None:
    assert topics_of("budget.alert_raised", {}) == (ALERT,)


@pytest.mark.parametrize(
    ("before", "after", "is_one"),
    [
        (None, booking("-5.00", "food"), True),
        (None, booking("-5.00", "uncategorized"), False),
        (None, booking("5.00", "income"), False),
        (None, booking("-5.00", "transfer"), False),
        (None, booking("-5.00", "food", "uncategorized"), True),
        (booking("-5.00", "uncategorized"), booking("-5.00", "food"), True),
        (booking("-5.00", "food"), booking("-6.00", "food"), False),
        (booking("-5.00", "food"), booking("-5.00", "uncategorized"), False),
        (booking("-5.00", "food"), booking("-5.00", "food", "fun"), True),
        (booking("-5.00", "food"), None, False),
    ],
)
def test_what_is_a_categorized_expense(before: Any, after: Any, is_one: bool) -> None:
    found = topics_of("transaction.amended", {"before": before, "after": after})
    assert found == ((UPDATED, CATEGORIZED) if is_one else (UPDATED,))
