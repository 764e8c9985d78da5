"""What a transaction is called and counted as: category, merchant, tags, note, budgets.

Whoever says a field owns it: what the user said no rule, bank or suggestion changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from mintflow.domain.core.postings import Allocation, Booking
from mintflow.domain.transactions import events as e
from mintflow.domain.transactions.errors import TransactionIsLinked
from mintflow.domain.transactions.parts import check_texts
from mintflow.domain.transactions.state import TransactionState

# Who may overwrite whom: the stronger the weaker, and each itself.
_STRENGTH: dict[e.CategorySource, int] = {
    "none": 0, "model": 1, "merchant": 2, "bank": 3, "learned": 4, "rule": 5, "user": 6,
}  # fmt: skip

# Words for how likely a suggestion is right; the same that every categorizer speaks.
_BANDS = ((Decimal("0.98"), "VERY_HIGH"), (Decimal("0.90"), "HIGH"), (Decimal("0.75"), "MEDIUM"))


def band_of(confidence: Decimal | None) -> str | None:
    """The word for a confidence; None where nothing was suggested."""
    if confidence is None:
        return None
    return next((word for least, word in _BANDS if confidence > least), "LOW")


def may_overwrite(source: e.CategorySource, held: e.CategorySource) -> bool:
    """Whether what one says of a category goes over what another said."""
    return _STRENGTH[source] >= _STRENGTH[held]


class Labelled(TransactionState):
    """Categorize, split, name the merchant, tag, note, leave out of budgets."""

    def categorize(
        self,
        allocations: tuple[Allocation, ...],
        source: e.CategorySource,
        now: dt.datetime,
        reason: str = "",
        *,
        confidence: Decimal | None = None,
        rule_id: UUID | None = None,
        payee: str = "",
    ) -> bool:
        """Give it one category or several; says whether anything changed.

        The weaker never overwrites the stronger: user, rule, learned, bank, merchant, model.
        reason: in words. confidence: 0 to 1, of a suggestion. rule_id: the rule that said it.
        payee: who it was with when the user said it, from which is learned. Raises
        TransactionIsVoided, TransactionIsLinked, PostingsMustSumToZero.
        """
        booking = self._standing()
        if not self.may_be_categorized_by(source):
            return False
        self.must_take_a_category()
        after = replace(booking, allocations=allocations)
        if after == booking and source == self.category_source:
            return False
        kind = e.TransactionSplit if len(allocations) > 1 else e.TransactionCategorized
        self._book(
            kind,
            now,
            after,
            source=source,
            reason=reason,
            confidence=confidence,
            rule_id=rule_id,
            payee=payee,
            source_before=self.category_source,
        )
        return True

    def may_be_categorized_by(self, source: e.CategorySource) -> bool:
        """Whether nobody stronger said the category."""
        if source != "user" and "category" in self.user_fields:
            return False
        return may_overwrite(source, self.category_source)

    def must_take_a_category(self) -> Booking:
        """What is booked, if it can be categorized. Raises TransactionIsVoided,
        TransactionIsLinked."""
        booking = self._standing()
        if self.transfer_id is not None:
            raise TransactionIsLinked(
                "a leg of a transfer has no category", transaction_id=str(self.id)
            )
        return booking

    def name_merchant(self, merchant: str, now: dt.datetime, by: e.Teller = "user") -> None:
        """Say who it was with; "" forgets it. Raises TransactionIsVoided, TextTooLong."""
        self._standing()
        check_texts(merchant)
        if merchant != self.merchant and self._may_say("merchant", by):
            self.trigger_event(e.TransactionMerchantNamed, timestamp=now, merchant=merchant, by=by)

    def tag(self, tags: Sequence[str], now: dt.datetime, by: e.Teller = "user") -> None:
        """Set its tags: the user's own, or with those that a rule adds. Raises
        TransactionIsVoided, TextTooLong."""
        self._standing()
        after = tuple(dict.fromkeys(tags))
        check_texts(tags=after)
        if after != self.tags and self._may_say("tags", by):
            self.trigger_event(
                e.TransactionTagged, timestamp=now, before=self.tags, after=after, by=by
            )

    def note(self, notes: str, now: dt.datetime, by: e.Teller = "user") -> None:
        """Set its note; "" removes it. Raises TransactionIsVoided, TextTooLong."""
        self._standing()
        check_texts(notes)
        if notes != self.notes and self._may_say("notes", by):
            self.trigger_event(e.TransactionNoted, timestamp=now, notes=notes, by=by)

    def budget(self, budgeted: bool, now: dt.datetime, by: e.Teller = "user") -> None:
        """Count it in budgets, or not. Raises TransactionIsVoided."""
        self._standing()
        if budgeted != self.budgeted and self._may_say("budgeted", by):
            self.trigger_event(e.TransactionBudgeted, timestamp=now, budgeted=budgeted, by=by)

    def _may_say(self, field: str, by: e.Teller) -> bool:
        return by == "user" or field not in self.user_fields
