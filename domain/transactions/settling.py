"""What a transaction is without the operations that were undone.

Every event of its stream says something: its existence, its date, its category, a tag. What counts
is the last that was said by an operation that was not undone. The first event says everything, so
there is always an answer. Matches and transfers are about two transactions and are not settled
here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from mintflow.domain.core.aggregates import Event
from mintflow.domain.transactions import events as e
from mintflow.domain.transactions.parts import resized
from mintflow.domain.transactions.restored import TransactionRestored, TransactionTakenBack

STANDING, CATEGORY = "standing", "category"
TEXTS = ("description", "counterparty", "memo", "notes", "merchant")
FIELDS = (STANDING, "status", "date", "amount", CATEGORY, *TEXTS, "tags", "budgeted")

History = Sequence[tuple[Event, UUID]]
"""A transaction's events in order, each with its operation."""


@dataclass(frozen=True, slots=True)
class Said:
    """value: of a category (allocations, source, reason, confidence, rule_id). operation: whose
    word it is. own: it is the user's own, which nobody else may change. at: which of the
    transaction's events it is."""

    value: Any
    operation: UUID
    own: bool
    at: int


@dataclass(slots=True)
class Settled:
    """values: field -> what counts. recorded_by: the operation that brought it in."""

    values: dict[str, Said] = field(default_factory=dict)
    recorded_by: UUID | None = None

    def edited_by_user(self) -> list[str]:
        """The fields that are the user's own by a word later than the recording, in order."""
        return sorted(
            name
            for name, said in self.values.items()
            if said.own and said.operation != self.recorded_by
        )


def settle(history: History, undone: Collection[UUID], undoing: Collection[UUID]) -> Settled:
    """undone: operations that do not count. undoing: operations that undid or redid others; what
    they said was a consequence and no word of its own."""
    found = Settled()
    for at, (event, operation) in enumerate(history):
        first = isinstance(event, e.TransactionRecorded)
        if first:
            found.recorded_by = operation
        elif operation in undone or operation in undoing:
            continue
        for name, value, own in _said(event):
            held = found.values.get(name)
            # What the user owns stays his, whoever speaks of it after him.
            found.values[name] = Said(value, operation, own or (held is not None and held.own), at)
        _follow(found.values, event)
    if found.recorded_by in undone:
        standing = found.values[STANDING]
        if standing.operation == found.recorded_by:
            found.values[STANDING] = Said(False, standing.operation, own=False, at=0)
    return found


def _follow(values: dict[str, Said], event: Event) -> None:
    """The parts of a split go along with each amount in its turn: what they are after several
    depends on those between. What the event made of them then counts where nothing before it was
    undone, so an undo gives back exactly what was."""
    if not isinstance(event, e.TransactionPosted | e.TransactionAmended | e.TransactionCategorized):
        return
    before, after = event.before, event.after
    assert before is not None
    assert after is not None
    said, amount = values[CATEGORY], values["amount"].value
    parts, *why = said.value
    as_it_was = before.allocations == parts and after.amount == amount
    now = after.allocations if as_it_was else resized(parts, amount, after.currency)
    values[CATEGORY] = replace(said, value=(now, *why))


def spoken_of(history: History, operation: UUID) -> set[str]:
    """The fields that an operation said something about; of one that brought the transaction in
    only that it stands, for what it said first counts in any case."""
    found = {name for event, by in history if by == operation for name, _, _ in _said(event)}
    if isinstance(history[0][0], e.TransactionRecorded) and history[0][1] == operation:
        return {STANDING}
    return found


def _said(event: Event) -> list[tuple[str, Any, bool]]:
    """(field, value, whether it became the user's own) of an event."""
    match event:
        case e.TransactionRecorded():
            return _all(event)
        case e.TransactionCategorized():
            assert event.after is not None
            value = (
                event.after.allocations,
                event.source,
                event.reason,
                event.confidence,
                event.rule_id,
            )
            return [(CATEGORY, value, event.source == "user")]
        case e.TransactionPosted():
            return [("status", "posted", False), *_moved(event, own=event.origin == "manual")]
        case e.TransactionAmended():
            own = event.origin == "manual"
            texts = [(name, getattr(event, name), own) for name in TEXTS if name in event.fields]
            return [*_moved(event, own=own), *texts]
        case e.TransactionTagged():
            return [("tags", event.after, event.by == "user")]
        case e.TransactionNoted():
            return [("notes", event.notes, event.by == "user")]
        case e.TransactionMerchantNamed():
            return [("merchant", event.merchant, event.by == "user")]
        case e.TransactionBudgeted():
            return [("budgeted", event.budgeted, event.by == "user")]
        case e.TransactionVoided():
            return [(STANDING, False, False)]
        case e.TransactionReinstated():
            return [(STANDING, True, False)]
        case e.TransactionMatched():
            assert event.after is not None
            return [("status", event.after.status, False)]
        case TransactionTakenBack() | TransactionRestored():
            return []
    return []


def _all(event: e.TransactionRecorded) -> list[tuple[str, Any, bool]]:
    booking, own = event.after, set(event.user_fields)
    assert booking is not None
    category = (
        booking.allocations,
        event.category_source,
        event.reason,
        event.confidence,
        event.rule_id,
    )
    values = {
        STANDING: True,
        "status": booking.status,
        "date": booking.date,
        "amount": booking.amount,
        CATEGORY: category,
        **{name: getattr(event, name) for name in TEXTS},
        "tags": event.tags,
        "budgeted": event.budgeted,
    }
    return [(name, value, name in own) for name, value in values.items()]


def _moved(
    event: e.TransactionPosted | e.TransactionAmended, *, own: bool
) -> list[tuple[str, Any, bool]]:
    before, after = event.before, event.after
    assert before is not None
    assert after is not None
    return [
        (name, getattr(after, name), own)
        for name in ("date", "amount")
        if getattr(after, name) != getattr(before, name)
    ]
