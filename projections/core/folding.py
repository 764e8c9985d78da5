"""From events to the SQL that writes what they change: all of a batch's work that needs no server.

Whoever does it needs the events as they stand in the log, the projections, and the keys of sealed
facts; so it may be another process than the one that has the connection.
"""

from __future__ import annotations

from collections.abc import Sequence

from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection, fold_named, types_of
from mintflow.projections.core.statements import Copy, Statement, operations
from mintflow.store.mapper import RecordedEvent

Work = tuple[Sequence[RecordedEvent], list[Projection]]
"""Events, and the projections that have not applied them."""

# So many are folded by all projections, one after the other: the objects of more events do not stay
# in the processor's cache from one projection to the next (2 of 27 µs an event).
PART_EVENTS = 100


def written(work: Sequence[Work], copy_rows: int | None) -> list[Statement | Copy]:
    """What writes the events, made to the last byte by who folds them: the rows are in the cache of
    that processor, and who sends them has only to send. copy_rows: as of `operations`."""
    changes = Changes()
    for events, projections in work:
        for start in range(0, len(events), PART_EVENTS):
            part = events[start : start + PART_EVENTS]
            types = types_of(part)
            for projection in projections:
                fold_named(projection, part, types, changes)
    return list(operations(changes, copy_rows=copy_rows))
