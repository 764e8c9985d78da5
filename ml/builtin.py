"""The categorizer that ships with the product: what words and merchants mean, wherever one lives.

Last in the order of those who answer: the user's own value, his rules and what was learned from
his ledger go first (docs/reference/categorizer.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from mintflow.ml.categorize import Row, Suggestion, band_of, nothing
from mintflow.ml.merchants import KeywordSuggester

_SURE = 0.95
_OUT = Decimal(-1)


class BuiltIn:
    """A `Categorizer`; made once and shared."""

    def __init__(self) -> None:
        self._words = KeywordSuggester()

    def suggest(self, rows: Sequence[Row]) -> list[Suggestion]:
        return [self._one(row) for row in rows]

    def _one(self, row: Row) -> Suggestion:
        amount = _OUT if row.amount is None else row.amount
        found = self._words.suggest(row.description, row.counterparty, row.memo, amount)
        merchant = row.counterparty or None
        if found is None:
            return nothing("no word of it is sure of a category", merchant)
        category, reason = found
        return Suggestion(category, merchant, _SURE, band_of(_SURE), "merchant", reason, "words-1")
