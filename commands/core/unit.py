"""The unit of work: what one command read, changed and made, on its way to one append.

`read` is for deciding and adds a guard: if that stream moves before the append, the command is
decided again. `change` is for streams that the command appends to. Nothing is written here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from mintflow.commands.core.command import Context
from mintflow.commands.core.late import LateEvents
from mintflow.commands.core.ports import Clock, IdSource
from mintflow.commands.core.repository import Repository
from mintflow.domain.core.aggregates import Aggregate
from mintflow.domain.core.errors import NotFound
from mintflow.domain.core.ids import shard_of
from mintflow.store.append import BATCH_EVENTS_MAX, Commit, EncodedEvent, Idempotency
from mintflow.store.mapper import Mapper, Provenance
from mintflow.store.traces import TracedRequest

A = TypeVar("A", bound=Aggregate)


class Unit:
    """One attempt at one command; a retry gets a new one."""

    def __init__(
        self,
        repository: Repository,
        mapper: Mapper,
        context: Context,
        clock: Clock,
        ids: IdSource,
        attempt: int = 0,
    ) -> None:
        self._repository = repository
        self._mapper = mapper
        self._guards: dict[UUID, int] = {}
        self._changed: dict[UUID, Aggregate] = {}
        self._remembered: dict[UUID, int] = {}
        self.context = context
        self.now: dt.datetime = clock()
        self.attempt = attempt
        self.new_id = ids
        self.expected_seq: int | None = None
        self._ledger_id = context.ledger_id

    @property
    def ledger_id(self) -> UUID:
        """The ledger that this command is about."""
        assert self._ledger_id is not None
        return self._ledger_id

    def open_ledger(self, ledger_id: UUID) -> None:
        """Make a new ledger the one that this command is about; its key is durable after this."""
        self._repository.sealer.prepare(ledger_id)
        self._ledger_id = ledger_id

    async def find(self, kind: type[A], stream_id: UUID, *, guard: bool = True) -> A | None:
        """The aggregate to decide on, or None; not to be changed."""
        changed = self._changed.get(stream_id)
        if changed is not None:
            return changed if isinstance(changed, kind) else None
        return await self._load(kind, stream_id, guard=guard)

    async def read(
        self, kind: type[A], stream_id: UUID, missing: type[NotFound], *, guard: bool = True
    ) -> A:
        """As `find`; raises `missing` where there is none in this ledger."""
        found = await self.find(kind, stream_id, guard=guard)
        if found is None:
            raise missing(_no_such(missing), **{f"{kind.TOPIC}_id": str(stream_id)})
        return found

    async def find_to_change(self, kind: type[A], stream_id: UUID) -> A | None:
        """The aggregate to append to, or None."""
        changed = self._changed.get(stream_id)
        if changed is None:
            # Guarded too: a stream that is read to be changed and then is not was still decided on.
            found = await self._load(kind, stream_id, guard=True)
            if found is None:
                return None
            changed = self._changed[stream_id] = found.copy()
        return changed if isinstance(changed, kind) else None

    async def change(self, kind: type[A], stream_id: UUID, missing: type[NotFound]) -> A:
        """As `find_to_change`; raises `missing` where there is none in this ledger."""
        found = await self.find_to_change(kind, stream_id)
        if found is None:
            raise missing(_no_such(missing), **{f"{kind.TOPIC}_id": str(stream_id)})
        return found

    async def exist(self, stream_ids: list[UUID]) -> set[UUID]:
        """Which of these streams have events already. Unguarded: a new one is a conflict anyway."""
        return await self._repository.existing(self.ledger_id, stream_ids)

    async def prefetch(self, kind: type[A], stream_ids: list[UUID]) -> dict[UUID, A]:
        """Many aggregates to change, read in one round trip; those not there are absent."""
        wanted = [one for one in stream_ids if one not in self._changed]
        for stream_id, found in (
            await self._repository.find_many(self.ledger_id, kind, wanted)
        ).items():
            self._changed[stream_id] = found.copy()
        return {
            one: aggregate
            for one in stream_ids
            if isinstance(aggregate := self._changed.get(one), kind)
        }

    @property
    def log(self) -> Repository:
        """For commands that decide on events rather than on what became of them."""
        return self._repository

    def adopt(self, aggregate: A) -> A:
        """An aggregate to change that the command has replayed itself."""
        held = self._changed.setdefault(aggregate.id, aggregate)
        assert isinstance(held, type(aggregate))
        return held

    def add(self, aggregate: A) -> A:
        """A new aggregate, made by this command."""
        self._changed[aggregate.id] = aggregate
        return aggregate

    def discard(self) -> None:
        """Append nothing after all: the command only wanted to know."""
        self._changed.clear()
        self._guards.clear()

    def commit(self, idempotency: Idempotency | None) -> Commit:
        """All that is to be appended, maybe nothing. Many are encoded while they are written."""
        provenance = Provenance(
            self.ledger_id,
            self.context.principal.actor,
            self.context.correlation_id,
            self.context.causation_id,
        )
        encode, new_id = self._mapper.encode, self.new_id
        pending: list[Any] = [
            event for aggregate in self._changed.values() for event in aggregate.pending_events
        ]
        events: Sequence[EncodedEvent]
        if len(pending) <= BATCH_EVENTS_MAX:
            events = [encode(event, new_id(), provenance) for event in pending]
        else:
            events = LateEvents(pending, lambda event: encode(event, new_id(), provenance))
        written = {event.originator_id for event in pending}
        guards = [one for one in self._guards.items() if one[0] not in written]
        return Commit(
            shard_of(self.ledger_id),
            self.ledger_id,
            events,
            guards,
            idempotency,
            self.expected_seq,
            self._traced(),
        )

    def _traced(self) -> TracedRequest | None:
        trace = self.context.trace
        if trace is None:
            return None
        return TracedRequest(self.context.correlation_id, self.ledger_id, trace)

    @property
    def changed(self) -> list[Aggregate]:
        """What the command appended to, as it would then stand."""
        return list(self._changed.values())

    def keep(self) -> None:
        """After the append: what was changed is what the next command may read."""
        for aggregate in self._changed.values():
            self._repository.put(self.ledger_id, aggregate)

    def forget(self) -> None:
        """After a conflict: read everything anew."""
        for stream_id in (*self._guards, *self._changed, *self._remembered):
            self._repository.evict(self.ledger_id, stream_id)

    async def is_behind(self) -> bool:
        """Whether something was decided on a cached aggregate that is not the newest any more.

        An append finds that out by itself; a refusal, or what changes nothing, has to ask.
        """
        if not self._remembered:
            return False
        return await self._repository.moved_on(self.ledger_id, self._remembered)

    async def _load(self, kind: type[A], stream_id: UUID, *, guard: bool) -> A | None:
        found: A | None
        cached = self._repository.cached(self.ledger_id, stream_id)
        if cached is None:
            found = await self._repository.find(self.ledger_id, kind, stream_id)
        else:
            self._remembered.setdefault(stream_id, cached.version)
            found = cached if isinstance(cached, kind) else None
        if guard:
            # The first version that was read is the one that must not have moved.
            self._guards.setdefault(stream_id, found.version if found is not None else 0)
        return found


def _no_such(missing: type[NotFound]) -> str:
    return (missing.__doc__ or "not found").splitlines()[0].rstrip(".")
