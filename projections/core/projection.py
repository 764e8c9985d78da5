"""What a projection is: a name, a version, tables, and a pure fold from events to changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
import psycopg

from mintflow.projections.core.changes import Changes
from mintflow.projections.core.tables import Table, View
from mintflow.store.mapper import RecordedEvent

# What an event itself can be to blame for: its facts do not fit the fold, or its values the tables.
# Everything else (no connection, no table, no key store) is a fault around it and is tried again.
POISON = (
    LookupError, ValueError, TypeError, AttributeError, ArithmeticError, AssertionError,
    psycopg.DataError, psycopg.IntegrityError,
)  # fmt: skip

Fold = Callable[[Sequence[RecordedEvent], Changes], None]


@dataclass(frozen=True)
class Projection:
    """A fold reads nothing but the events of its batch and writes nothing but `changes`.

    It knows no clock, no randomness and no earlier batch, so that any cut of the log into batches
    gives the same rows. It passes over event types that it does not name. version: raised when
    fold or tables change; the read models of a new version come from a rebuild. group: those of
    one are folded in one transaction by one agent on Kafka; a slow one has a group of its own, so
    that the others do not wait for it. topics: the event types that the fold names, so that nobody
    calls it with others; one that ends with a dot stands for all that begin with it, and none at
    all for every type there is.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    fold: Fold
    views: tuple[View, ...] = ()
    group: str = "books"
    topics: tuple[str, ...] = ()

    def names(self, types: Collection[str]) -> Collection[str]:
        """Those of some event types that the fold names."""
        if not self.topics:
            return types
        whole, begun = self._whole, self._begun
        return {one for one in types if one in whole or one.startswith(begun)}

    @cached_property
    def _whole(self) -> frozenset[str]:
        return frozenset(self.topics)

    @cached_property
    def _begun(self) -> tuple[str, ...]:
        return tuple(one for one in self.topics if one.endswith("."))


def types_of(events: Sequence[RecordedEvent]) -> frozenset[str]:
    """The types that there are among some events."""
    return frozenset([event.type for event in events])


def fold_named(
    projection: Projection,
    events: Sequence[RecordedEvent],
    types: Collection[str],
    changes: Changes,
) -> None:
    """Fold those of the events that the projection names. types: those of the events.

    Most projections name few types and most batches have few, so most folds are not called at all.
    """
    named = projection.names(types)
    if len(named) == len(types):
        projection.fold(events, changes)
    elif named:
        projection.fold([event for event in events if event.type in named], changes)


def private(event: RecordedEvent) -> Mapping[str, Any]:
    """The sealed facts; none where they were empty or the ledger's key was destroyed."""
    return event.private() or {}


def told(event: RecordedEvent, name: str, empty: Any = None) -> Any:
    """A fact that is sealed, and that an older version of the event had in the open."""
    sealed = private(event)
    return sealed[name] if name in sealed else event.data.get(name, empty)


def json_text(value: Any) -> str:
    """The SQL text of a jsonb column."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def array_text(values: Sequence[str]) -> str:
    """The SQL text of a text[] column."""
    if not values:
        return "{}"
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return '{"' + '","'.join(quoted) + '"}'
