"""Events of a large commit, encoded when they are asked for: one part while another is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

from mintflow.domain.core.aggregates import Event
from mintflow.store.append import EncodedEvent


class LateEvents(Sequence[EncodedEvent]):
    """Behaves like the list of encoded events. Each is encoded once, so its bytes stay the same."""

    def __init__(self, events: Sequence[Event], encode: Callable[[Event], EncodedEvent]) -> None:
        self._events = events
        self._encode = encode
        self._encoded: list[EncodedEvent | None] = [None] * len(events)

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, index: int) -> EncodedEvent: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[EncodedEvent]: ...
    def __getitem__(self, index: int | slice) -> EncodedEvent | Sequence[EncodedEvent]:
        if isinstance(index, slice):
            return [self._at(one) for one in range(*index.indices(len(self._events)))]
        return self._at(index)

    def _at(self, index: int) -> EncodedEvent:
        encoded = self._encoded[index]
        if encoded is None:
            encoded = self._encoded[index] = self._encode(self._events[index])
        return encoded
