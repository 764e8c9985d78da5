"""Transactions, and what makes two of them one: matches and transfers.

All that are in a pair with one that the operation touched are looked at together, and so are those
that were: what could not be done while one was linked, matched or did not stand is done once it
can. Pairs that do not hold are parted before anything is settled, and pairs that hold again are
made after it, because a transaction in a pair keeps what the pair needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from mintflow.commands.undo import pairs
from mintflow.commands.undo.course import Course
from mintflow.commands.undo.rows import Row
from mintflow.domain.core.aggregates import Event
from mintflow.domain.transactions import Transaction
from mintflow.domain.transfers import Transfer
from mintflow.store.mapper import RecordedEvent

KINDS = ("transaction", "transfer")
_MATCHED_BY = ("imported_id", "absorbed_by")

Rows = dict[UUID, Row]
Transfers = dict[UUID, Transfer]


async def undo(course: Course, events: Mapping[str, Sequence[RecordedEvent]]) -> None:
    """Bring every transaction of the operation to what counts."""
    transfers = await course.unit.prefetch(
        Transfer, list(dict.fromkeys(UUID(one.stream_id) for one in events.get("transfer", [])))
    )
    touched = [UUID(one.stream_id) for one in events.get("transaction", [])]
    legs = [leg for one in transfers.values() for leg in _legs(one)]
    await bring(course, [*touched, *legs])


async def bring(course: Course, transaction_ids: Sequence[UUID]) -> None:
    """Bring these, and what is in a pair with them, to what counts."""
    rows, transfers = await _together(course, transaction_ids)
    held = pairs.wanted(course, rows, transfers)
    pairs.part(course, rows, transfers, held)
    for row in rows.values():
        row.settle(course)
    pairs.join(course, rows, held)
    for row in rows.values():
        row.set_down(course)


async def _together(course: Course, wanted: Sequence[UUID]) -> tuple[Rows, Transfers]:
    """These transactions and all that are, or ever were, in a pair with one of them."""
    unit, rows, transfers = course.unit, Rows(), Transfers()
    seen: set[UUID] = set()
    while new := [one for one in dict.fromkeys(wanted) if one not in seen]:
        seen.update(new)
        histories = await unit.log.histories(unit.ledger_id, new)
        fresh = {one: row for one in new if (row := _row(course, histories.get(one, [])))}
        rows |= fresh
        events = [event for row in fresh.values() for event, _ in row.said]
        linked = {one for event in events if (one := getattr(event, "transfer_id", None))}
        more = await unit.prefetch(Transfer, sorted(linked - transfers.keys()))
        transfers |= more
        partners = [leg for one in more.values() for leg in _legs(one)]
        others = (getattr(one, name, None) for one in events for name in _MATCHED_BY)
        partners += [one for one in others if one is not None]
        wanted = partners
    return rows, transfers


def _row(course: Course, history: Sequence[RecordedEvent]) -> Row | None:
    """None for what is only another name of a transaction."""
    typed = course.unit.log.typed(history)
    aggregate: Any = None
    for event in typed:
        aggregate = event.mutate(aggregate)
    if not isinstance(aggregate, Transaction):
        return None
    transaction = course.unit.adopt(aggregate)
    said: list[tuple[Event, UUID]] = [
        (event, UUID(recorded.correlation_id))
        for event, recorded in zip(typed, history, strict=True)
    ]
    own: list[Any] = list(transaction.pending_events)
    said += [(event, course.unit.context.correlation_id) for event in own]
    return Row.of(course, transaction, said)


def _legs(transfer: Transfer) -> tuple[UUID, UUID]:
    return transfer.from_transaction_id, transfer.to_transaction_id
