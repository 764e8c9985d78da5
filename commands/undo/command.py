"""The command: find the operation, decide what counts without it, bring everything to that."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from mintflow.commands.core.command import Command, example
from mintflow.commands.core.unit import Unit
from mintflow.commands.undo import (
    bills,
    categories,
    connections,
    goals,
    rules,
    settings,
    transactions,
    words,
)
from mintflow.commands.undo.course import LISTED_MAX, Course
from mintflow.commands.undo.settings import Undo
from mintflow.commands.undo.stays import COMPENSATED, FOLLOWED, STAYS, Stays
from mintflow.domain.undo import (
    NothingToUndo,
    OperationIsUndone,
    OperationNotFound,
    UndoLog,
    undo_log_id,
)
from mintflow.store.mapper import RecordedEvent


class UndoOperation(Command):
    """Undo all that one request did: an import, a sync, a run of rules, a merge, or any command.

    Say which by operation_id (the correlation id of its events), by the import_id that an import or
    a sync answered, or by the ledger_seq of any of its events. dry_run: say exactly what would
    change, keep nothing. discard_edits: what came in goes even where the user has changed it since.
    To undo an undo, give the operation_id that the undo answered.
    """

    model_config = example(import_id="01999999-0000-7000-8000-000000000003", dry_run=True)

    operation_id: UUID | None = None
    import_id: UUID | None = None
    ledger_seq: int | None = Field(None, ge=1, le=2**62)
    dry_run: bool = False
    discard_edits: bool = False

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        given = [self.operation_id, self.import_id, self.ledger_seq]
        if sum(one is not None for one in given) != 1:
            raise ValueError("give one of operation_id, import_id, ledger_seq")
        return self


async def undo_operation(command: UndoOperation, unit: Unit) -> dict[str, Any]:
    """Raises OperationNotFound, OperationIsUndone, NothingToUndo."""
    log = await unit.find_to_change(UndoLog, undo_log_id(unit.ledger_id))
    asked = await _asked_for(command, unit)
    by = unit.context.correlation_id
    operation_id = log.by.get(asked, asked) if log is not None else asked
    undone: frozenset[UUID] = log.undone if log is not None else frozenset()
    if operation_id == asked and operation_id in undone:
        raise OperationIsUndone(
            "the operation is undone; undo the undoing to have it back",
            operation_id=str(operation_id),
        )
    redo = operation_id in undone
    course = Course(
        unit,
        operation_id,
        undone - {operation_id} if redo else undone | {operation_id},
        log.by if log is not None else {},
        command.discard_edits,
    )
    events = await unit.log.operation(unit.ledger_id, operation_id)
    if command.import_id is not None and (
        operation_id != asked or not any(one.type in _BROUGHT_BY for one in events)
    ):
        raise _no_such_import(command.import_id)
    if not events:
        raise OperationNotFound("there is no such operation", operation_id=str(operation_id))
    await _carry_out(course, events)
    if course.stays.total() == len(events):
        raise NothingToUndo(
            "nothing of this operation can be undone",
            operation_id=str(operation_id),
            types=dict(Counter(event.type for event in events)),
            why=_why(course),
        )
    if log is None:
        unit.add(UndoLog.begin(unit.ledger_id, operation_id, by, unit.now))
    elif redo:
        log.redo(operation_id, by, unit.now)
    else:
        log.undo(operation_id, by, unit.now)
    if command.dry_run:
        unit.discard()
    return _answer(course, events, None if command.dry_run else by)


async def _asked_for(command: UndoOperation, unit: Unit) -> UUID:
    """The operation that is meant; whether there is one of this id shows when its events are read,
    which reads the ledger through and so is done once. Raises OperationNotFound."""
    found: RecordedEvent | None = None
    if command.import_id is not None:
        histories = await unit.log.histories(unit.ledger_id, [command.import_id])
        found = next(iter(histories.get(command.import_id, [])), None)
        if found is None:
            return command.import_id  # A sync answers the id of its operation.
        if found.type not in _BROUGHT_BY:
            raise _no_such_import(command.import_id)
    elif command.ledger_seq is not None:
        found = await unit.log.at_seq(unit.ledger_id, command.ledger_seq)
        if found is None:
            raise OperationNotFound("there is no such event", ledger_seq=command.ledger_seq)
    if found is not None:
        return UUID(found.correlation_id)
    assert command.operation_id is not None
    return command.operation_id


def _no_such_import(import_id: UUID) -> OperationNotFound:
    return OperationNotFound("there is no such import", import_id=str(import_id))


async def _carry_out(course: Course, events: Sequence[RecordedEvent]) -> None:
    by_kind: dict[str, list[RecordedEvent]] = defaultdict(list)
    for event in events:
        if event.type in STAYS:
            course.stays[event.type] += 1
        else:
            # One that nobody here knows of is a mistake, and nothing to pass over.
            assert event.type in COMPENSATED or event.type in FOLLOWED, event.type
            kind = "pair" if event.type in _PAIRS else event.type.partition(".")[0]
            by_kind[kind].append(event)
    for kind, undo in _KINDS.items():
        if found := by_kind.pop(kind, None):
            await undo(course, found)
    moved = {kind: by_kind.pop(kind) for kind in transactions.KINDS if kind in by_kind}
    if moved:
        await transactions.undo(course, moved)
    assert not by_kind


def _why(course: Course) -> dict[str, str]:
    return {kind: str(STAYS.get(kind, Stays.FOLLOWS_FROM_THE_BOOKS)) for kind in course.stays}


def _answer(course: Course, events: Sequence[RecordedEvent], by: UUID | None) -> dict[str, Any]:
    first = events[0]
    return {
        "operation_id": None if by is None else str(by),
        "undoes": str(course.operation_id),
        "redo": course.redo,
        "dry_run": by is None,
        "of": {
            "actor": first.actor,
            "recorded_at": first.recorded_at.isoformat(),
            "first_seq": first.ledger_seq,
            "events": dict(Counter(event.type for event in events)),
        },
        "changed": course.changed,
        "changes": course.changes,
        "conflicting": course.conflicting,
        "conflicts": course.conflicts,
        "stays": dict(course.stays),
        "why": _why(course),
        "listed_max": LISTED_MAX,
    }


_BROUGHT_BY = ("import.completed", "connection.synced")
_PAIRS = ("transfer.pair_rejected", "transfer.pair_rejected_again", "transfer.pair_allowed")
# The tree first: a merge that is undone gives its category back before anything is put there.
_KINDS: Mapping[str, Undo] = {
    "category": categories.undo,
    **settings.KINDS,
    "rule": rules.undo,
    "bill": bills.undo,
    "connection": connections.undo,
    "envelopes": words.envelopes,
    "insight": words.insights,
    "recurring": words.judgements,
    "rate": words.rates,
    "pair": words.rejections,
    "goal": goals.undo,
}

HANDLERS = {UndoOperation: undo_operation}
