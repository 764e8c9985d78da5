"""Transactions, and what makes two of them one: matches and transfers.

Pairs that the operation made are parted before anything is settled, and pairs that it parted are
made again after it, because a transaction in a pair keeps what the pair needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from mintflow.commands.undo.course import Course, Histories
from mintflow.domain.core.aggregates import Aggregate
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.money import money_text
from mintflow.domain.core.postings import Allocation
from mintflow.domain.transactions import Transaction
from mintflow.domain.transactions.restored import TransactionTakenBack
from mintflow.domain.transactions.settling import CATEGORY, STANDING, Settled, settle, spoken_of
from mintflow.domain.transfers import Transfer
from mintflow.store.mapper import RecordedEvent

KINDS = ("transaction", "transfer")

A = TypeVar("A", bound=Aggregate)


async def undo(course: Course, events: Mapping[str, Sequence[RecordedEvent]]) -> None:
    """Bring every transaction of the operation to what counts."""
    transfers = await _transfers(course, events.get("transfer", []))
    touched = [UUID(one.stream_id) for one in events.get("transaction", [])]
    legs = [
        leg
        for transfer in transfers
        for leg in (transfer.from_transaction_id, transfer.to_transaction_id)
    ]
    partners = [
        UUID(event.data[name])
        for event in events.get("transaction", [])
        for name in ("imported_id", "absorbed_by")
        if name in event.data
    ]
    ids = list(dict.fromkeys([*touched, *legs, *partners]))
    histories = await course.unit.log.histories(course.unit.ledger_id, ids)
    found = _replayed(course, histories)
    matches = [
        (UUID(event.stream_id), UUID(event.data["imported_id"]), event.type)
        for event in events.get("transaction", [])
        if event.type in ("transaction.matched", "transaction.unmatched")
    ]
    parted = "transaction.unmatched" if course.redo else "transaction.matched"
    for mine, theirs, what in matches:
        if what == parted:
            _try(course, "match", mine, partial(_unmatch, course, found, mine, theirs))
    standing = await _standing(course, transfers, found)
    for transfer in transfers:
        now = standing.get(transfer.id)
        if now is not None and not _shall_stand(course, transfer, events):
            _try(course, "transfer", now.id, partial(_end, course, found, now))
    for stream_id in dict.fromkeys([*touched, *legs]):
        if stream_id in found:
            _settle(course, found[stream_id], histories[stream_id])
    for transfer in transfers:
        if transfer.id not in standing and _shall_stand(course, transfer, events):
            _try(course, "transfer", transfer.id, partial(_relink, course, found, transfer))
    for mine, theirs, what in matches:
        if what != parted:
            _try(course, "match", mine, partial(_match, course, found, mine, theirs))


def _settle(course: Course, transaction: Transaction, history: Sequence[RecordedEvent]) -> None:
    unit = course.unit
    typed = unit.log.typed(history)
    said = [
        (event, UUID(recorded.correlation_id))
        for event, recorded in zip(typed, history, strict=True)
    ]
    settled = settle(said, course.undone, course.undoing)
    fields = spoken_of(said, course.operation_id)
    later = sorted(
        name
        for name in fields - {STANDING}
        if settled.values[name].operation not in (course.operation_id, settled.recorded_by)
        and _spoke_before(said, course.operation_id, settled.values[name].operation)
    )
    if later:
        course.conflict("transaction", transaction.id, "changed since", later)
    edited = settled.edited_by_user()
    paired = transaction.transfer_id is not None or transaction.absorbed_by is not None
    if STANDING not in fields and not paired and transaction.matched_with is None:
        _follow_the_edit(course, transaction, history, settled, fields)
    goes = STANDING in fields and not settled.values[STANDING].value
    # Edits keep a row that nobody says any more, and none that somebody voided.
    came_in = settled.values[STANDING].operation == settled.recorded_by
    kept = goes and came_in and edited and not course.discard_edits
    if kept and transaction.booking is not None:
        course.conflict("transaction", transaction.id, "edited by the user since", edited)
        return
    if goes and paired and transaction.booking is not None:
        course.conflict("transaction", transaction.id, "a leg of a transfer", [STANDING])
        return
    meanwhile = {name for by in {*course.undoing.values()} for name in spoken_of(said, by)}
    changed = transaction.settle_to(settled, fields, unit.now, meanwhile)
    if changed:
        course.change("transaction", transaction.id, {
            name: (_shown(name, was), _shown(name, now)) for name, (was, now) in changed.items()
        })  # fmt: skip


def _follow_the_edit(
    course: Course,
    transaction: Transaction,
    history: Sequence[RecordedEvent],
    settled: Settled,
    fields: set[str],
) -> None:
    """What stood only for the user's edits goes with the last of them, and comes with its redo."""
    said = settled.values[STANDING]
    if said.value or said.operation != settled.recorded_by:
        return
    if not course.redo and transaction.booking is not None and not settled.edited_by_user():
        fields.add(STANDING)
    taken = [one for one in history if one.type == TransactionTakenBack.TOPIC]
    if course.redo and transaction.booking is None and taken:
        by = UUID(taken[-1].correlation_id)
        if course.undoing.get(by) == course.operation_id:
            fields.add(STANDING)
            settled.values[STANDING] = replace(said, value=True)


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


async def _transfers(course: Course, events: Sequence[RecordedEvent]) -> list[Transfer]:
    ids = list(dict.fromkeys(UUID(event.stream_id) for event in events))
    found = await course.unit.prefetch(Transfer, ids)
    return [found[one] for one in ids if one in found]


async def _standing(
    course: Course, transfers: Sequence[Transfer], found: Mapping[UUID, Transaction]
) -> dict[UUID, Transfer]:
    """Transfer -> the one that links its legs now: itself, or one that a redo put in its place."""
    standing = {transfer.id: transfer for transfer in transfers if not transfer.ended}
    for transfer in transfers:
        leg = found.get(transfer.from_transaction_id)
        if transfer.id in standing or leg is None or leg.transfer_id is None:
            continue
        history = await course.unit.log.histories(course.unit.ledger_id, [leg.transfer_id])
        started = history[leg.transfer_id][0]
        if UUID(started.correlation_id) in course.undoing:
            again = await course.unit.prefetch(Transfer, [leg.transfer_id])
            standing[transfer.id] = again[leg.transfer_id]
    return standing


def _shall_stand(
    course: Course, transfer: Transfer, events: Mapping[str, Sequence[RecordedEvent]]
) -> bool:
    """Whether it is to link its legs now: as the operation left it, or the opposite."""
    last = [one for one in events["transfer"] if one.stream_id == str(transfer.id)][-1]
    started = last.type == "transfer.started"
    return started if course.redo else not started


def _replayed(course: Course, histories: Histories) -> dict[UUID, Transaction]:
    """The transactions, to be changed; what is only another name of one is left out."""
    found = {}
    for stream_id, history in histories.items():
        aggregate: Any = None
        for event in course.unit.log.typed(history):
            aggregate = event.mutate(aggregate)
        if isinstance(aggregate, Transaction):
            found[stream_id] = course.unit.adopt(aggregate)
    return found


def _try(course: Course, kind: str, subject: UUID, act: Callable[[], None]) -> None:
    try:
        act()
    except MintFlowError as refusal:
        course.refused(kind, subject, refusal)


def _unmatch(course: Course, found: Mapping[UUID, Transaction], mine: UUID, theirs: UUID) -> None:
    if found[mine].matched_with == theirs:
        found[mine].unmatch(found[theirs], course.unit.now)
        course.change("match", mine, {"matched_with": (str(theirs), None)})


def _match(course: Course, found: Mapping[UUID, Transaction], mine: UUID, theirs: UUID) -> None:
    if found[mine].matched_with is None:
        found[mine].match(found[theirs], course.unit.now)
        course.change("match", mine, {"matched_with": (None, str(theirs))})


def _end(course: Course, found: Mapping[UUID, Transaction], transfer: Transfer) -> None:
    now = course.unit.now
    legs = [found[transfer.from_transaction_id], found[transfer.to_transaction_id]]
    transfer.end("voided" if transfer.origin == "made" else "unlinked", now)
    for leg in legs:
        if leg.transfer_id == transfer.id:
            leg.unlink(transfer.id, now)
    course.change("transfer", transfer.id, {STANDING: (True, False)})


def _relink(course: Course, found: Mapping[UUID, Transaction], transfer: Transfer) -> None:
    """A transfer that ended does not begin again: another one takes its place."""
    unit = course.unit
    legs = [found[transfer.from_transaction_id], found[transfer.to_transaction_id]]
    again = Transfer.start(unit.new_id(), legs[0].id, legs[1].id, transfer.origin, unit.now)
    for leg in legs:
        leg.link(again.id, unit.now)
    unit.add(again)
    course.change("transfer", again.id, {STANDING: (False, True)})
