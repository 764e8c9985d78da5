"""One undoing under way: which operations count, and what it found to change, to keep, to leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from mintflow.commands.core.unit import Unit
from mintflow.domain.core.errors import MintFlowError
from mintflow.store.mapper import RecordedEvent

# More of them are counted and not listed.
LISTED_MAX = 500

Histories = Mapping[UUID, Sequence[RecordedEvent]]


@dataclass(slots=True)
class Course:
    """operation_id: what is undone, or redone. undone: all operations that do not count after
    this. undoing: those that undid or redid others, each with that one. discard_edits: what came
    in goes even where the user changed it since."""

    unit: Unit
    operation_id: UUID
    undone: frozenset[UUID]
    undoing: Mapping[UUID, UUID]
    discard_edits: bool
    changes: list[dict[str, Any]] = field(default_factory=list)
    conflicts: list[dict[str, Any]] = field(default_factory=list)
    stays: Counter[str] = field(default_factory=Counter)
    changed: int = 0
    conflicting: int = 0

    @property
    def redo(self) -> bool:
        """Whether the operation is to count again."""
        return self.operation_id not in self.undone

    def counts(self, event: RecordedEvent) -> bool:
        """Whether what this event says is a word that counts."""
        return self.counts_by(UUID(event.correlation_id))

    def counts_by(self, operation: UUID) -> bool:
        """Whether what an operation says counts."""
        return operation not in self.undone and operation not in self.undoing

    async def streams(self, events: Sequence[RecordedEvent]) -> Histories:
        """The whole history of every stream that these events are of."""
        ids = list(dict.fromkeys(UUID(one.stream_id) for one in events))
        found = await self.unit.log.histories(self.unit.ledger_id, ids)
        return {one: found[one] for one in ids}

    def own(self, history: Sequence[RecordedEvent]) -> list[RecordedEvent]:
        """What the operation itself said."""
        return [one for one in history if one.correlation_id == str(self.operation_id)]

    def last(self, words: Sequence[RecordedEvent]) -> RecordedEvent | None:
        """The last word that counts; None where none does."""
        return next((one for one in reversed(words) if self.counts(one)), None)

    def kept(
        self,
        kind: str,
        subject: object,
        name: str,
        words: Sequence[RecordedEvent],
        reason: str = "changed since",
    ) -> None:
        """Note as a conflict that a field keeps what another operation said of it later."""
        own, last = self.own(words), self.last(words)
        if own and last is not None and last.ledger_seq > own[-1].ledger_seq:
            self.conflict(kind, subject, reason, [name])

    def changed_fields(
        self, kind: str, subject: object, was: Mapping[str, Any], now: Mapping[str, Any]
    ) -> None:
        """Note what of these fields is another one now, if anything."""
        fields = {name: (was.get(name), now[name]) for name in now if was.get(name) != now[name]}
        if fields:
            self.change(kind, subject, fields)

    def change(self, kind: str, subject: object, fields: Mapping[str, tuple[Any, Any]]) -> None:
        """Note what is changed: field -> (is now, will be)."""
        self.changed += 1
        if len(self.changes) < LISTED_MAX:
            shown = {name: {"from": one, "to": other} for name, (one, other) in fields.items()}
            self.changes.append({"kind": kind, "id": str(subject), "fields": shown})

    def conflict(self, kind: str, subject: object, reason: str, fields: Sequence[str] = ()) -> None:
        """Note what is kept as it is, and why."""
        self.conflicting += 1
        if len(self.conflicts) < LISTED_MAX:
            self.conflicts.append(
                {"kind": kind, "id": str(subject), "reason": reason, "fields": list(fields)}
            )

    def refused(self, kind: str, subject: object, refusal: MintFlowError) -> None:
        """Note what a rule of the domain does not let be put back."""
        self.conflict(kind, subject, refusal.code)
