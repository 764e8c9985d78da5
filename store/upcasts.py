"""How an event of an older schema version reads today. Stored bytes are never rewritten.

When an event's shape changes, its class gets `SCHEMA_VERSION = n + 1`, the step from n stands here,
and a sample of the old bytes stays in tests/store/samples/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Data = dict[str, Any]
# (type, version) -> the step to version + 1, over open and sealed facts together.
UPCASTS: Mapping[tuple[str, int], Callable[[Data], Data]] = {}


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
