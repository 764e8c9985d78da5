"""Undo: which operations were undone. What that changed stands in the streams it changed.

An operation is all events of one request, found by their correlation id: an import, a sync, a run
of rules, a merge, or any single command. To undo one is to let what it said count no more, and to
undo that again is to let it count. So operations can be undone in any order: each thing has the
value that was said last by an operation that still counts (transactions/settling.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Self
from uuid import UUID, uuid5

from mintflow.domain.core.aggregates import Aggregate, Created, Event
from mintflow.domain.core.errors import Conflict, NotFound


class OperationNotFound(NotFound):
    """There is no such operation in this ledger."""

    code = "operation_not_found"


class NothingToUndo(Conflict):
    """Nothing of this operation can be undone; details say of which kinds its events are."""

    code = "nothing_to_undo"


class OperationIsUndone(Conflict):
    """The operation was undone before; undo the undoing to have it back."""

    code = "operation_is_undone"


class OperationUndone(Created):
    """The first operation of a ledger was undone, by the events of operation `by`."""

    TOPIC = "undo.begun"

    operation_id: UUID
    by: UUID

    def apply(self, aggregate: UndoLog) -> None:
        aggregate.undone, aggregate.by = (
            frozenset({self.operation_id}),
            {self.by: self.operation_id},
        )


class AnotherOperationUndone(Event):
    """An operation was undone, by the events of operation `by`."""

    TOPIC = "undo.done"

    operation_id: UUID
    by: UUID

    def apply(self, aggregate: UndoLog) -> None:
        aggregate.undone = aggregate.undone | {self.operation_id}
        aggregate.by = {**aggregate.by, self.by: self.operation_id}


class OperationRedone(Event):
    """An undone operation counts again, by the events of operation `by`."""

    TOPIC = "undo.undone"

    operation_id: UUID
    by: UUID

    def apply(self, aggregate: UndoLog) -> None:
        aggregate.undone = aggregate.undone - {self.operation_id}
        aggregate.by = {**aggregate.by, self.by: self.operation_id}


class UndoLog(Aggregate):
    """One per ledger. undone: operations that do not count now. by: the operations that undid or
    redid one, each with that one."""

    TOPIC = "undo_log"
    undone: frozenset[UUID]
    by: Mapping[UUID, UUID]

    def __init__(self) -> None:
        """Attributes come from OperationUndone."""

    @classmethod
    def begin(cls, ledger_id: UUID, operation_id: UUID, by: UUID, now: datetime) -> Self:
        """Note the first operation that is undone."""
        return cls._create(
            OperationUndone,
            id=undo_log_id(ledger_id),
            timestamp=now,
            operation_id=operation_id,
            by=by,
        )

    def undo(self, operation_id: UUID, by: UUID, now: datetime) -> None:
        """Raises OperationIsUndone."""
        if operation_id in self.undone:
            raise OperationIsUndone("the operation is undone", operation_id=str(operation_id))
        self.trigger_event(AnotherOperationUndone, timestamp=now, operation_id=operation_id, by=by)

    def redo(self, operation_id: UUID, by: UUID, now: datetime) -> None:
        """Let it count again; nothing happens where it does."""
        if operation_id in self.undone:
            self.trigger_event(OperationRedone, timestamp=now, operation_id=operation_id, by=by)


def undo_log_id(ledger_id: UUID) -> UUID:
    """The one undo log of a ledger."""
    return uuid5(ledger_id, "undo-log")
