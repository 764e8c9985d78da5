"""What every categorizer takes and answers: rows in, one suggestion per row out, many at once.

The shapes only. What a ledger's user said, its rules and what was learned from it answer before
the knowledge and the model that ship with the product (ml/builtin.py); all of them speak this.
A suggestion never overwrites what a user set: who asks sees to that.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

Band = Literal["VERY_HIGH", "HIGH", "MEDIUM", "LOW", "UNKNOWN"]
# Strongest first; "none" is the answer where nothing is sure enough.
SuggestionSource = Literal["user", "rule", "learned", "merchant", "model", "none"]

# What a suggestion is at least this likely to be right for; UNKNOWN is no suggestion.
BANDS: tuple[tuple[float, Band], ...] = ((0.98, "VERY_HIGH"), (0.90, "HIGH"), (0.75, "MEDIUM"))


@dataclass(frozen=True, slots=True)
class Row:
    """A bank row as far as it is known. amount: signed from the account's side, money out is
    negative; None where only the words are known. country: ISO 3166 alpha-2 of the bank, where
    the currency does not say it. counterparty, memo: where the bank keeps them apart. mcc: the
    merchant category code of a card payment, four digits."""

    description: str
    amount: Decimal | None = None
    currency: str | None = None
    date: dt.date | None = None
    account_kind: str | None = None
    country: str | None = None
    counterparty: str = ""
    memo: str = ""
    mcc: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An answer about one row.

    category: a path, None where nothing is sure enough. merchant: its usual name, None where the
    row names none. confidence: how likely the category is right, 0 to 1, measured and not felt
    (docs/reference/categorizer.md). reason: in words, for people; quotes nothing of the row but
    words that are no secret. version: of the knowledge or model that answered.
    """

    category: str | None
    merchant: str | None
    confidence: float
    band: Band
    source: SuggestionSource
    reason: str
    version: str = ""


class Categorizer(Protocol):
    """Suggests categories. Knows no database and no network; may be shared between threads."""

    def suggest(self, rows: Sequence[Row]) -> list[Suggestion]:
        """One suggestion per row, in order; source "none" where it would be a guess in the dark."""


def band_of(confidence: float) -> Band:
    """The word for a confidence of a suggestion that was made."""
    return next((band for least, band in BANDS if confidence > least), "LOW")


def nothing(reason: str, merchant: str | None = None) -> Suggestion:
    """The answer that suggests no category."""
    return Suggestion(None, merchant, 0.0, "UNKNOWN", "none", reason)


class Silent:
    """A `Categorizer` that suggests nothing: for books that want no suggestions, and for tests."""

    def suggest(self, rows: Sequence[Row]) -> list[Suggestion]:
        return [nothing("suggestions are switched off")] * len(rows)
