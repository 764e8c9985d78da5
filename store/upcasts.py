"""How an event of an older schema version reads today. Stored bytes are never rewritten.

When an event's shape changes, its class gets `SCHEMA_VERSION = n + 1`, the step from n stands here,
and a sample of the old bytes stays in tests/store/samples/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Data = dict[str, Any]
Step = Callable[[Data], Data]


def adding(**facts: Any) -> Step:
    """The step of a version that only knows more: what the older one meant without saying."""
    return lambda data: {**facts, **data}


def _budget_of_months(data: Data) -> Data:
    """Version 1 knew one category and calendar months; 2 knows several, and any period."""
    term = data["term"]
    return {
        "category_ids": [data["category_id"]],
        "currency": data["currency"],
        "term": {
            **term,
            "start": term["start"] and term["start"] + "-01",
            "carry_from": term["carry_from"] + "-01",
            "cycle": {"period": "month", "anchor": "1904-01-01", "until": None},
            "cap": None,
        },
    }


_CATEGORIZED = adding(source_before=None, confidence=None, rule_id=None)
# (type, version) -> the step to version + 1, over the open facts; sealed ones that an older version
# did not have are empty.
UPCASTS: Mapping[tuple[str, int], Step] = {
    ("transaction.recorded", 1): adding(confidence=None, rule_id=None, budgeted=True),
    # What these had in the open is sealed from the next version on; old ones keep it in `data`.
    ("transaction.recorded", 2): adding(),
    ("transaction.posted", 1): adding(),
    ("transaction.tagged", 2): adding(),
    ("transaction.aliased", 1): adding(),
    ("transaction.restored", 1): adding(),
    ("transaction.categorized", 1): _CATEGORIZED,
    ("transaction.split", 1): _CATEGORIZED,
    ("transaction.tagged", 1): adding(by="user"),
    ("transaction.noted", 1): adding(by="user"),
    # Version 2 may say of its origin that it was found.
    ("transfer.started", 1): adding(),
    ("budget.set", 1): _budget_of_months,
    ("budget.changed", 1): _budget_of_months,
    ("budget.archived", 1): _budget_of_months,
}


def upcast(
    topic: str,
    version: int,
    data: Data,
    steps: Mapping[tuple[str, int], Callable[[Data], Data]] = UPCASTS,
) -> Data:
    """The data as the newest version has it."""
    while (step := steps.get((topic, version))) is not None:
        data, version = step(data), version + 1
    return data
