"""What a rule is: phrases, a category, and in which direction the money must flow."""

from __future__ import annotations

from typing import Literal, NamedTuple

Direction = Literal["in", "out", "any"]


class Rule(NamedTuple):
    """Phrases that mean one category.

    category: a path of the default tree, or None for phrases that look like another one and are
    not sure of any. direction: money in, money out, or any: a refund of a shop belongs to what was
    spent there. weight: 1 for what the row is ("payroll"), which outranks who it is with.
    """

    category: str | None
    phrases: tuple[str, ...]
    direction: Direction = "any"
    weight: int = 0


def rule(category: str | None, phrases: str, direction: Direction = "any", weight: int = 0) -> Rule:
    """A rule from phrases with commas between; line breaks are spaces."""
    parts = tuple(" ".join(one.split()) for one in phrases.split(","))
    return Rule(category, tuple(one for one in parts if one), direction, weight)
