"""One transaction of an undoing: what counts of it, whether it stands by that, what follows.

What it is in a pair with is told to it (pairs.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from mintflow.commands.undo.course import Course
from mintflow.domain.core.aggregates import Event
from mintflow.domain.core.money import money_text
from mintflow.domain.core.postings import Allocation
from mintflow.domain.transactions import Transaction
from mintflow.domain.transactions import events as e
from mintflow.domain.transactions.settling import (
    CATEGORY,
    STANDING,
    Settled,
    settle,
    spoken_of,
)


@dataclass(slots=True)
class Row:
    """said: its events with their operations. pairs: kinds of pairs that hold it. stood: whether it
    counted before this undoing, lifted: it was made to only so that a pair could be parted or made.
    """

    transaction: Transaction
    said: Sequence[tuple[Event, UUID]]
    settled: Settled
    fields: set[str]
    stood: bool
    was_absorbed: bool
    lifted: bool = False
    pairs: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls, course: Course, transaction: Transaction, said: Sequence[tuple[Event, UUID]]
    ) -> Row:
        """fields: those of which the operation spoke, and any that was undone or redone before:
        what could not be done then is done now."""
        toggled = {*course.undoing.values()} & {by for _, by in said}
        spoken = {name for by in toggled for name in spoken_of(said, by)}
        return cls(
            transaction,
            said,
            settle(said, course.undone, course.undoing),
            spoken | spoken_of(said, course.operation_id),
            transaction.booking is not None,
            transaction.absorbed_by is not None,
        )

    @property
    def unsaid(self) -> bool:
        """Whether what brought it in does not count, and nobody said since whether it stands."""
        standing = self.settled.values[STANDING]
        return not standing.value and standing.operation == self.settled.recorded_by

    def discarded(self, course: Course) -> bool:
        """Whether the user's edits are not to keep it."""
        return course.discard_edits and course.operation_id == self.settled.recorded_by

    def kept_by_edits(self, course: Course) -> bool:
        """Edits keep a row that nobody says any more, and none that somebody voided."""
        return bool(self.settled.edited_by_user()) and not self.discarded(course)

    def stands(self, course: Course) -> bool:
        """Whether it is to count."""
        if self.pairs & {"transfer", "absorbed"} or self.settled.values[STANDING].value:
            return True
        if not self.unsaid or not self.kept_by_edits(course):
            return False
        if self.stood or self.was_absorbed or "match" in self.pairs:
            return True
        # It was taken back: with what the user said of it it comes again, and with a void undone.
        own = spoken_of(self.said, course.operation_id)
        if course.operation_id == self.settled.recorded_by:
            return False
        edits = {one.operation for one in self.settled.values.values() if one.own}
        return course.operation_id in edits or STANDING in own

    def keep_amount(self, linked: e.TransactionLinked, at: int) -> None:
        """A leg has the amount with which it was linked, unless a bank said another one since."""
        amount = self.settled.values["amount"]
        assert linked.after is not None
        if amount.at < at:
            self.settled.values["amount"] = replace(amount, value=linked.after.amount)
            self.fields.add("amount")

    def lift(self, now: dt.datetime) -> None:
        """Have it count for a moment, for what only one that counts can do."""
        if self.transaction.booking is None and self.transaction.absorbed_by is None:
            self.transaction.reinstate(now)
            self.lifted = True

    def set_down(self, course: Course) -> None:
        """One that was lifted for a pair counts no more than it did."""
        if self.lifted and self.transaction.booking is not None and not self.stands(course):
            self.transaction.void(course.unit.now)

    def settle(self, course: Course) -> None:
        """Bring it to what counts, and note what that changes and what is kept."""
        self._conflicts(course)
        changed = self.transaction.settle_to(
            self.settled, self.fields, course.unit.now,
            stands=self.stands(course), unsaid=self.unsaid, lifted=self.lifted,
        )  # fmt: skip
        if changed:
            course.change("transaction", self.transaction.id, {
                name: (_shown(name, was), _shown(name, now))
                for name, (was, now) in changed.items()
            })  # fmt: skip

    def _conflicts(self, course: Course) -> None:
        own = spoken_of(self.said, course.operation_id)
        later = sorted(
            name
            for name in own - {STANDING}
            if self.settled.values[name].operation
            not in (course.operation_id, self.settled.recorded_by)
            and _spoke_before(self.said, course.operation_id, self.settled.values[name].operation)
        )
        subject = self.transaction.id
        if later:
            course.conflict("transaction", subject, "changed since", later)
        held = sorted((own & {CATEGORY, "amount"}) - {*later})
        if held and "transfer" in self.pairs and self.transaction.transfer_id is not None:
            # It has them again once it is unlinked.
            course.conflict("transaction", subject, "a leg of a transfer", held)
        if STANDING not in own or self.settled.values[STANDING].value or not self.stood:
            return
        if "transfer" in self.pairs:
            course.conflict("transaction", subject, "a leg of a transfer", [STANDING])
        elif self.stands(course):
            edited = self.settled.edited_by_user()
            course.conflict("transaction", subject, "edited by the user since", edited)


def _spoke_before(said: Sequence[tuple[Any, UUID]], first: UUID, then: UUID) -> bool:
    """Whether one operation last spoke before another one did."""
    order = [by for _, by in said]
    return len(order) - 1 - order[::-1].index(then) > order.index(first)


def _shown(name: str, value: Any) -> Any:
    """A field's value as an answer says it."""
    if name == CATEGORY:
        parts: tuple[Allocation, ...] = value[0]
        return {
            "source": value[1],
            "parts": [
                {"category_id": one.category_id, "amount": money_text(one.amount)} for one in parts
            ],
        }
    if name == "amount":
        return money_text(value)
    if name == "date":
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
