"""Python's garbage collector, set for a process that makes many objects that are not garbage."""

from __future__ import annotations

import gc

# A worker that catches up has so many in hand, of batches that wait and of those that are folded.
WORKER_OBJECTS = 1_000_000


def tune_collector(objects: int = 200_000) -> None:
    """Look for cycles after so many new objects that are not freed, instead of 700.

    An import of 100,000 rows holds millions of live objects, and looking through them again and
    again took half of its time (measured: 24 against 12 µs a row in planning it). The price is
    about 50 MB of cycles that are found later; a worker, which makes few cycles and a hundred
    objects of every event, spends a tenth of its time on it with 200,000 and nothing with more.
    """
    gc.freeze()
    gc.set_threshold(objects, 20, 50)
