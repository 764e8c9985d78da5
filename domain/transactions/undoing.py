"""Bringing a transaction to what it is without the operations that were undone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from mintflow.domain.core.postings import Allocation, Booking
from mintflow.domain.transactions import events as e
from mintflow.domain.transactions.parts import resized
from mintflow.domain.transactions.restored import TransactionRestored, TransactionTakenBack
from mintflow.domain.transactions.settling import CATEGORY, STANDING, TEXTS, Settled
from mintflow.domain.transactions.state import TransactionState


class Undoable(TransactionState):
    """Take back, bring back, restore."""

    def settle_to(
        self,
        settled: Settled,
        fields: Collection[str],
        now: dt.datetime,
        *,
        stands: bool,
        unsaid: bool,
        lifted: bool,
    ) -> dict[str, tuple[Any, Any]]:
        """Bring these fields to what counts; field -> (was, is now) of what that changed.

        A leg of a transfer keeps its amount and its category, and one that a match absorbed stands
        for nothing of its own: both are settled once they are not paired any more. stands: whether
        it is to count; unsaid: if not, because nobody says any more that it came in. lifted: it
        counts for the moment and did not before.
        """
        changed: dict[str, tuple[Any, Any]] = {}
        if self.absorbed_by is not None:
            return changed
        if self.booking is None and (stands or self.taken_back != unsaid):
            # Why it does not stand is another reason now, by which it comes back or does not.
            self.trigger_event(
                e.TransactionReinstated, timestamp=now, before=None, after=self.withdrawn
            )
            lifted = True
        if self.booking is not None:
            changed |= self._restore(settled, fields, now)
            if lifted and stands:
                changed = {STANDING: (False, True), **changed}
        if self.booking is not None and not stands and self.transfer_id is None:
            kind = TransactionTakenBack if unsaid else e.TransactionVoided
            self.trigger_event(kind, timestamp=now, before=self.booking, after=None)
            return {} if lifted else {STANDING: (True, False)}
        return changed

    def bring_back(self, now: dt.datetime) -> bool:
        """The row that brought it in came again; says whether it stands again by that."""
        if not self.taken_back or self.booking is not None:
            return False
        self.trigger_event(
            e.TransactionReinstated, timestamp=now, before=None, after=self.withdrawn
        )
        return True

    def _restore(
        self, settled: Settled, wanted: Collection[str], now: dt.datetime
    ) -> dict[str, tuple[Any, Any]]:
        booking = self.booking
        assert booking is not None
        linked = {CATEGORY, "amount"} if self.transfer_id is not None else set()
        said = {
            name: one
            for name, one in settled.values.items()
            if name in wanted and name not in linked and name != STANDING
        }
        is_now = self._values(booking)
        shall = is_now | {name: one.value for name, one in said.items()}
        held, *held_why = is_now[CATEGORY]
        parts, *why = shall[CATEGORY]
        if "amount" in said:
            # What they were before an amount does not follow from what it made of them.
            counts = settled.values[CATEGORY].value[0]
            parts = counts if _categories(counts) == _categories(parts) else parts
        parts = resized(parts, shall["amount"], booking.currency)
        shall[CATEGORY] = (parts, *why)
        # That the parts follow the amount is no change of category.
        follows = (
            shall["amount"] != is_now["amount"]
            if CATEGORY not in said
            else parts == resized(held, shall["amount"], booking.currency)
            or held == resized(parts, booking.amount, booking.currency)
        )
        was = is_now | {CATEGORY: (parts if follows else held, *held_why)}
        fields = [name for name, value in was.items() if shall[name] != value]
        owned = {name for name, one in said.items() if one.own}
        user_fields = (self.user_fields - set(said)) | owned
        if not fields and user_fields == self.user_fields:
            return {}
        allocations, source, reason, confidence, rule_id = shall[CATEGORY]
        self.trigger_event(
            TransactionRestored,
            timestamp=now,
            before=booking,
            after=replace(
                booking,
                status=shall["status"],
                date=shall["date"],
                amount=shall["amount"],
                allocations=allocations,
            ),
            fields=tuple(fields),
            tags=tuple(shall["tags"]),
            category_source=source,
            reason=reason,
            confidence=confidence,
            rule_id=rule_id,
            budgeted=shall["budgeted"],
            user_fields=tuple(sorted(user_fields)),
            **{name: shall[name] for name in TEXTS},
        )
        return {name: (is_now[name], shall[name]) for name in fields}

    def _values(self, booking: Booking) -> dict[str, Any]:
        """As `settle` has them."""
        return {
            "status": booking.status,
            "date": booking.date,
            "amount": booking.amount,
            CATEGORY: (
                booking.allocations,
                self.category_source,
                self.reason,
                self.confidence,
                self.rule_id,
            ),
            **{name: getattr(self, name) for name in TEXTS},
            "tags": self.tags,
            "budgeted": self.budgeted,
        }


def _categories(parts: tuple[Allocation, ...]) -> list[str]:
    return [part.category_id for part in parts]
