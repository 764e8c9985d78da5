"""What waits for a follower: batches of records, some times as many as it takes at once.

A log that is read from its beginning comes faster than it is applied. What is held costs memory,
and every object of it is looked at by Python's garbage collector again and again: with all of a log
of 60,000 events in hand, decoded, that was a tenth of a worker's time.
"""

from __future__ import annotations

import asyncio
from typing import Any


class Inbox(asyncio.Queue[Any]):
    """Faust's events, each with the records of one partition as its value.

    Full when `records_max` records wait; a batch that comes before that goes in whole.
    """

    def __init__(self, records_max: int) -> None:
        self._records_max = records_max
        self._records = 0
        super().__init__()

    def full(self) -> bool:
        return self._records >= self._records_max

    def _put(self, item: Any) -> None:
        super()._put(item)
        self._records += len(item.value)

    def _get(self) -> Any:
        item = super()._get()
        self._records -= len(item.value)
        return item
