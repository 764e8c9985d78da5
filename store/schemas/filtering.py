"""The types of events that a filter may name: those of today, and those that were ever released.

A misspelt type would fit nothing, and an empty answer would be taken for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache

from mintflow.domain.catalogue import event_types
from mintflow.domain.core.errors import Invalid
from mintflow.store.schemas import kept_schemas

NAMED_MAX = 10
_NAME_LENGTH_MAX = 100
_NEAR_MAX = 3


class EventTypeNotKnown(Invalid):
    """The filter names a type that no event ever had; `near` lists those that are called so."""

    code = "event_type_not_known"


def checked_types(wanted: Sequence[str]) -> list[str]:
    """The types themselves. Raises EventTypeNotKnown, with the first ten that nobody knows."""
    known = known_types()
    unknown = [one[:_NAME_LENGTH_MAX] for one in dict.fromkeys(wanted) if one not in known]
    if unknown:
        named = unknown[:NAMED_MAX]
        raise EventTypeNotKnown(
            "there is no such type of events",
            types=named,
            near={one: get_close_matches(one, sorted(known), _NEAR_MAX) for one in named},
        )
    return list(wanted)


@cache
def known_types() -> frozenset[str]:
    """Every type that an event can have, in logs of any age."""
    return frozenset(event_types()) | {event_type for event_type, _ in kept_schemas()}
