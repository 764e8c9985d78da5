"""Commands that are decided and never appended: what would happen if.

The same handlers decide, on the same aggregates; a later command sees what the earlier ones would
have done. What they would have appended comes back as events, for a fold into scratch tables.
Nothing here has an appender, so nothing can be written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from mintflow.commands.core.bus import Authorizer
from mintflow.commands.core.command import Command, Context, Handler
from mintflow.commands.core.ports import Clock, IdSource
from mintflow.commands.core.repository import Repository
from mintflow.commands.core.unit import Unit
from mintflow.domain.core.aggregates import Aggregate
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.moments import Moment

A = TypeVar("A", bound=Aggregate)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class ImaginedRepository(Repository):
    """The aggregates of the log, with what was imagined on top; its cache is its own."""

    def __init__(self, real: Repository) -> None:
        super().__init__(real.pool, real.mapper, real.sealer)
        self._imagined: dict[UUID, Aggregate] = {}

    async def find(self, ledger_id: UUID, kind: type[A], stream_id: UUID) -> A | None:
        imagined = self._imagined.get(stream_id)
        if imagined is not None:
            return imagined if isinstance(imagined, kind) else None
        return await super().find(ledger_id, kind, stream_id)

    async def find_many(
        self, ledger_id: UUID, kind: type[A], stream_ids: Sequence[UUID]
    ) -> dict[UUID, A]:
        real = [one for one in stream_ids if one not in self._imagined]
        found = await super().find_many(ledger_id, kind, real)
        for one in stream_ids:
            imagined = self._imagined.get(one)
            if isinstance(imagined, kind):
                found[one] = imagined
        return found

    async def existing(self, ledger_id: UUID, stream_ids: Sequence[UUID]) -> set[UUID]:
        imagined = {one for one in stream_ids if one in self._imagined}
        real = [one for one in stream_ids if one not in imagined]
        return imagined | await super().existing(ledger_id, real)

    def imagine(self, aggregates: Sequence[Aggregate]) -> None:
        for aggregate in aggregates:
            aggregate.pending_events.clear()
            self._imagined[aggregate.id] = aggregate


class Imagination:
    """One course of things that did not happen, in one ledger."""

    def __init__(
        self,
        handlers: Mapping[type[Command], Handler],
        repository: Repository,
        mapper: Mapper,
        authorizer: Authorizer,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._handlers = handlers
        self._repository = ImaginedRepository(repository)
        self._mapper = mapper
        self._authorizer = authorizer
        self._clock = clock
        self._ids = ids

    async def decide(
        self, command: Command, context: Context, after: Moment
    ) -> tuple[Any, list[RecordedEvent]]:
        """What the command would answer, and the events it would append after a moment.

        Raises the refusals of its capability.
        """
        await self._authorizer.authorize(command, context)
        unit = Unit(self._repository, self._mapper, context, self._clock, self._ids)
        data = await self._handlers[type(command)](command, unit)
        commit = unit.commit(None)
        events = [
            self._mapper.recorded(
                commit.shard,
                after.position + number,
                commit.ledger_id,
                after.ledger_seq + number,
                _EPOCH + dt.timedelta(microseconds=event.recorded_us),
                event.record,
                event.sealed,
            )
            for number, event in enumerate(commit.events, 1)
        ]
        self._repository.imagine(unit.changed)
        return data, events
