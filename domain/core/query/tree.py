"""What a query means, as a tree: conditions at its leaves, and, or and not between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

# Fields of which a transaction has one text, or several (tags, the parts of a split, an account's
# name and id); a condition holds if it holds of one of them.
TextField = Literal[
    "text", "description", "merchant", "notes", "memo", "account", "tag", "category", "status"
]
# below: the category itself or anything under it.
TextOperator = Literal["contains", "equals", "starts", "pattern", "below"]


@dataclass(frozen=True, slots=True)
class TextIs:
    """One of the field's texts fits one of the values. values: folded, but for patterns."""

    field: TextField
    operator: TextOperator
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AmountIs:
    """low <= amount <= high; None asks nothing. strict: < in place of <=. size: without sign."""

    low: Decimal | None
    high: Decimal | None
    strict: bool = False
    size: bool = False


@dataclass(frozen=True, slots=True)
class DateIs:
    """first <= date <= last; None asks nothing."""

    first: dt.date | None
    last: dt.date | None


@dataclass(frozen=True, slots=True)
class WeekdayIs:
    """days: 1 for Monday to 7 for Sunday."""

    days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All hold; none at all always holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    part: Node


Leaf = TextIs | AmountIs | DateIs | WeekdayIs
Node = Leaf | And | Or | Not


def leaves(node: Node) -> Iterator[Leaf]:
    """Every condition of a query."""
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield node
