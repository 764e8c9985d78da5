"""What another model would say of rows that are categorized already: tried before it is used.

Pure: rows in, counts and differences out. Nothing is changed by trying.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mintflow.ml.categorize import Categorizer, Row, Suggestion

# Whose word a model never changes.
STRONGER = frozenset({"user", "rule", "learned", "bank"})


@dataclass(frozen=True, slots=True)
class Booked:
    """A row as it stands in the books. category: None where it is uncategorized."""

    key: str
    row: Row
    category: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Change:
    """A row that would get another category than it has. before: what it has."""

    booked: Booked
    after: Suggestion


@dataclass(slots=True)
class Comparison:
    """looked_at: all rows. kept: those whose category a stronger one said. unchanged: the others
    that the candidate agrees with. right_*: of the rows that the user categorized himself, how many
    each of the two would have categorized so."""

    looked_at: int = 0
    kept: int = 0
    unchanged: int = 0
    said_by_user: int = 0
    right_now: int = 0
    right_then: int = 0
    changes: list[Change] = field(default_factory=list)


def compare(books: Sequence[Booked], current: Categorizer, candidate: Categorizer) -> Comparison:
    """Try a candidate on rows that stand in the books."""
    rows = [one.row for one in books]
    found = Comparison(looked_at=len(books))
    now, then = current.suggest(rows), candidate.suggest(rows)
    for booked, old, new in zip(books, now, then, strict=True):
        if booked.source == "user":
            found.said_by_user += 1
            found.right_now += old.category == booked.category
            found.right_then += new.category == booked.category
        if booked.source in STRONGER:
            found.kept += 1
        elif new.category == booked.category:
            found.unchanged += 1
        else:
            found.changes.append(Change(booked, new))
    return found
