"""A query as a function over the facts of one transaction.

Texts are compared folded: each character in lower case by itself, as Postgres does it, so that a
rule and a search that say the same mean the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]

from mintflow.domain.core.query.errors import QueryNotReadable
from mintflow.domain.core.query.tree import (
    AmountIs,
    And,
    DateIs,
    Node,
    Not,
    Or,
    TextField,
    TextIs,
    WeekdayIs,
)

PATTERN_LENGTH_MAX = 300
_PATTERN_MEMORY = 1 << 20  # Bytes of one compiled pattern; what needs more is refused.


class Facts:
    """What a query can ask of one transaction.

    categories: paths, several where it is split. account: (name, id). status: as shown.
    """

    __slots__ = (
        "_folded", "account", "amount", "categories", "counterparty", "date", "description", "memo",
        "merchant", "notes", "status", "tags",
    )  # fmt: skip

    def __init__(
        self,
        *,
        description: str,
        amount: Decimal,
        date: dt.date,
        account: tuple[str, ...] = (),
        counterparty: str = "",
        merchant: str = "",
        memo: str = "",
        notes: str = "",
        tags: Iterable[str] = (),
        categories: Iterable[str] = (),
        status: str = "posted",
    ) -> None:
        self.description, self.counterparty, self.memo = description, counterparty, memo
        self.merchant, self.notes = merchant, notes
        self.amount, self.date, self.account, self.status = amount, date, account, status
        self.tags, self.categories = tuple(tags), tuple(categories)
        self._folded: dict[str, tuple[str, ...]] = {}

    def texts(self, field: TextField) -> tuple[str, ...]:
        """The texts of a field as they are written."""
        match field:
            case "text":
                parts = (self.description, self.counterparty, self.memo, self.notes, self.merchant)
                return (" ".join(parts),)
            case "merchant":
                return (self.merchant or self.counterparty,)
            case "tag":
                return self.tags
            case "category":
                return self.categories
            case "account":
                return self.account
        text: str = getattr(self, field)
        return (text,)

    def folded(self, field: TextField) -> tuple[str, ...]:
        """The texts of a field as they are compared."""
        found = self._folded.get(field)
        if found is None:
            found = self._folded[field] = tuple(folded(text) for text in self.texts(field))
        return found

    def change(self, **facts: Any) -> None:
        """Set fields anew, as a rule does for the rules after it."""
        for name, value in facts.items():
            setattr(self, name, value)
        self._folded.clear()


Predicate = Callable[[Facts], bool]


def predicate(node: Node) -> Predicate:
    """Whether the query holds of given facts."""
    match node:
        case And(parts):
            return _all([predicate(part) for part in parts])
        case Or(parts):
            tests = [predicate(part) for part in parts]
            return lambda facts: any(test(facts) for test in tests)
        case Not(part):
            inner = predicate(part)
            return lambda facts: not inner(facts)
        case TextIs():
            return _text(node)
        case AmountIs():
            return _amount(node)
        case DateIs(first, last):
            low, high = first or dt.date.min, last or dt.date.max
            return lambda facts: low <= facts.date <= high
        case WeekdayIs(days):
            return lambda facts: facts.date.isoweekday() in days


# Fields of which a transaction may have several texts, or none.
_SEVERAL = frozenset({"account", "tag", "category"})


def _all(tests: list[Predicate]) -> Predicate:
    """Written as a loop: every rule asks it of every row, and a generator costs twice as much."""

    def holds(facts: Facts) -> bool:
        for test in tests:  # noqa: SIM110
            if not test(facts):
                return False
        return True

    return holds


def _text(node: TextIs) -> Predicate:
    field, values = node.field, node.values
    match node.operator:
        case "contains":
            if len(values) == 1:
                value = values[0]
                if field not in _SEVERAL:
                    return lambda facts: value in facts.folded(field)[0]
                return lambda facts: any(value in text for text in facts.folded(field))
            return lambda facts: any(v in text for text in facts.folded(field) for v in values)
        case "equals":
            wanted = frozenset(values)
            return lambda facts: not wanted.isdisjoint(facts.folded(field))
        case "starts":
            return lambda facts: any(text.startswith(values) for text in facts.folded(field))
        case "below":
            wanted, below = frozenset(values), tuple(value + "." for value in values)
            return lambda facts: any(
                text in wanted or text.startswith(below) for text in facts.folded(field)
            )
        case "pattern":
            patterns = [pattern_of(value, 0) for value in values]
            if len(patterns) == 1 and field not in _SEVERAL:
                search = patterns[0].search
                return lambda facts: search(facts.texts(field)[0]) is not None
            return lambda facts: any(
                one.search(text) is not None for text in facts.texts(field) for one in patterns
            )


def _amount(node: AmountIs) -> Predicate:
    low, high, size = node.low, node.high, node.size
    if node.strict:
        if low is not None:
            least = low
            return lambda facts: (facts.amount.copy_abs() if size else facts.amount) > least
        assert high is not None
        most = high
        return lambda facts: (facts.amount.copy_abs() if size else facts.amount) < most
    bottom, top = low, high

    def holds(facts: Facts) -> bool:
        amount = facts.amount.copy_abs() if size else facts.amount
        return (bottom is None or amount >= bottom) and (top is None or amount <= top)

    return holds


@lru_cache(maxsize=4_096)
def pattern_of(text: str, at: int) -> Any:
    """The compiled pattern, case ignored. Raises QueryNotReadable."""
    if len(text) > PATTERN_LENGTH_MAX:
        raise QueryNotReadable("the pattern is too long", at, length_max=PATTERN_LENGTH_MAX)
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY
    try:
        return re2.compile(text, options)
    except re2.error:
        raise QueryNotReadable("the pattern is none that RE2 knows", at) from None


def folded(text: str) -> str:
    """The text as it is compared: every character in lower case by itself."""
    if text.isascii():
        return text.lower()
    return "".join([char.lower()[:1] for char in text])
