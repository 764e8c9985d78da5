"""Aggregates from their streams, with a cache of those that many commands read.

A cached aggregate may be behind another process; that is safe, because every command guards what it
read by version and the append refuses a guard that has moved; a refusal, which appends nothing, is
decided again if it was decided on what is no more (docs/concepts/commands.md).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from mintflow.domain.accounts import Account
from mintflow.domain.budgets import Budget
from mintflow.domain.budgets.envelopes import Envelopes
from mintflow.domain.categories import CategoryTree
from mintflow.domain.core.aggregates import Aggregate
from mintflow.domain.ledgers import Ledger
from mintflow.domain.rules import RuleSet
from mintflow.store.arrays import Int4Array, UuidArray
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.reader import read_ledger, read_operation, read_streams
from mintflow.store.sealing import Sealer

A = TypeVar("A", bound=Aggregate)

# Aggregates that are read over and over; a transaction is read once and not kept.
_CACHED = (Ledger, Account, CategoryTree, Budget, Envelopes, RuleSet)
# Of these it is remembered too that there is none: every new row would ask for it again.
_MISSED = (RuleSet,)
_CACHE_MAX = 50_000
_CHUNK = 5_000


class Repository:
    """Loads aggregates of one ledger at a time; a stream of another ledger is not there."""

    def __init__(self, pool: AsyncConnectionPool[Any], mapper: Mapper, sealer: Sealer) -> None:
        self.pool = pool
        self.mapper = mapper
        self.sealer = sealer
        self._cache: OrderedDict[tuple[UUID, UUID], Aggregate] = OrderedDict()
        self._missing: OrderedDict[tuple[UUID, UUID], None] = OrderedDict()

    async def find(self, ledger_id: UUID, kind: type[A], stream_id: UUID) -> A | None:
        """The aggregate at its newest version, or None; shared, not to be changed (copy it)."""
        cached = self.cached(ledger_id, stream_id)
        if cached is not None:
            return cached if isinstance(cached, kind) else None
        if (ledger_id, stream_id) in self._missing:
            return None
        found = (await self.find_many(ledger_id, kind, [stream_id])).get(stream_id)
        if found is None and kind in _MISSED:
            self._missing[ledger_id, stream_id] = None
            if len(self._missing) > _CACHE_MAX:
                self._missing.popitem(last=False)
        return found

    def cached(self, ledger_id: UUID, stream_id: UUID) -> Aggregate | None:
        """What `find` would give without asking the log; maybe behind another process."""
        cached = self._cache.get((ledger_id, stream_id))
        if cached is not None and not self.sealer.holds(ledger_id):
            self.forget(ledger_id)
            cached = None
        if self.sealer.gone:
            self._drop_erased()
        return cached

    def _drop_erased(self) -> None:
        """Names of a ledger that was erased, perhaps by another process, are not to be kept."""
        while self.sealer.gone:
            self.forget(self.sealer.gone.pop())

    def forget(self, ledger_id: UUID) -> None:
        """Drop all that is cached of a ledger."""
        for held in (self._cache, self._missing):
            for key in [key for key in held if key[0] == ledger_id]:
                del held[key]

    async def moved_on(self, ledger_id: UUID, seen: Mapping[UUID, int]) -> bool:
        """Whether one of these streams is further than the version seen."""
        async with self.pool.connection() as conn:
            cursor = await conn.execute(
                "select 1 from unnest(%s, %s) as seen (stream_id, version) join log.event e"
                " on e.ledger_id = %s and e.stream_id = seen.stream_id"
                " and e.stream_version = seen.version + 1 limit 1",
                [UuidArray.of([*seen]), Int4Array.of([*seen.values()]), ledger_id],
                prepare=True,
            )
            return await cursor.fetchone() is not None

    async def find_many(
        self, ledger_id: UUID, kind: type[A], stream_ids: Sequence[UUID]
    ) -> dict[UUID, A]:
        """As `find`, for many; those not there, or of another kind, are absent."""
        found: dict[UUID, A] = {}
        for start in range(0, len(stream_ids), _CHUNK):
            chunk = stream_ids[start : start + _CHUNK]
            async with self.pool.connection() as conn:
                streams = await read_streams(conn, self.mapper, ledger_id, chunk)
            for stream_id, events in streams.items():
                aggregate = self._replay(events)
                if isinstance(aggregate, kind):
                    found[stream_id] = aggregate
                    self.put(ledger_id, aggregate)
        self._drop_erased()
        return found

    async def histories(
        self, ledger_id: UUID, stream_ids: Sequence[UUID]
    ) -> dict[UUID, list[RecordedEvent]]:
        """Stream -> all its events, in order; those not there are absent."""
        found: dict[UUID, list[RecordedEvent]] = {}
        for start in range(0, len(stream_ids), _CHUNK):
            chunk = stream_ids[start : start + _CHUNK]
            async with self.pool.connection() as conn:
                found |= await read_streams(conn, self.mapper, ledger_id, chunk)
        return found

    async def taken_back(self, ledger_id: UUID, stream_ids: Sequence[UUID]) -> list[UUID]:
        """Which of these transactions an undo has taken back at some time."""
        return await self._with_event(ledger_id, stream_ids, "transaction.taken_back")

    async def aliases(self, ledger_id: UUID, stream_ids: Sequence[UUID]) -> list[UUID]:
        """Which of these streams are only another name of a transaction."""
        return await self._with_event(ledger_id, stream_ids, "transaction.aliased")

    async def _with_event(
        self, ledger_id: UUID, stream_ids: Sequence[UUID], kind: str
    ) -> list[UUID]:
        if not stream_ids:
            return []
        async with self.pool.connection() as conn:
            cursor = await conn.execute(
                "select distinct stream_id from log.event where ledger_id = %s"
                " and stream_id = any(%s) and type = %s",
                [ledger_id, UuidArray.of(stream_ids), kind],
                prepare=True,
                binary=True,
            )
            return [row[0] for row in await cursor.fetchall()]

    async def operation(self, ledger_id: UUID, operation_id: UUID) -> list[RecordedEvent]:
        """The events of a ledger with this correlation id, in order."""
        async with self.pool.connection() as conn:
            return await read_operation(conn, self.mapper, ledger_id, operation_id)

    async def at_seq(self, ledger_id: UUID, ledger_seq: int) -> RecordedEvent | None:
        """One event of a ledger by its sync number."""
        async with self.pool.connection() as conn:
            found = await read_ledger(conn, self.mapper, ledger_id, ledger_seq - 1, 1)
        return found[0] if found and found[0].ledger_seq == ledger_seq else None

    def typed(self, events: Sequence[RecordedEvent]) -> list[Any]:
        """The events as the domain knows them."""
        return [self.mapper.domain_event(event) for event in events]

    async def existing(self, ledger_id: UUID, stream_ids: Sequence[UUID]) -> set[UUID]:
        """Which of these streams have a first event."""
        found: set[UUID] = set()
        async with self.pool.connection() as conn:
            for start in range(0, len(stream_ids), _CHUNK):
                cursor = await conn.execute(
                    "select stream_id from log.event"
                    " where ledger_id = %s and stream_id = any(%s) and stream_version = 1",
                    [ledger_id, UuidArray.of(stream_ids[start : start + _CHUNK])],
                    prepare=True,
                    binary=True,
                )
                found.update(row[0] for row in await cursor.fetchall())
        return found

    def put(self, ledger_id: UUID, aggregate: Aggregate) -> None:
        """Keep an aggregate for the next reader, if it is of a kind that is read often."""
        if isinstance(aggregate, _CACHED) and self.sealer.holds(ledger_id):
            aggregate.pending_events.clear()
            self._cache[ledger_id, aggregate.id] = aggregate
            self._missing.pop((ledger_id, aggregate.id), None)
            if len(self._cache) > _CACHE_MAX:
                self._cache.popitem(last=False)

    def evict(self, ledger_id: UUID, stream_id: UUID) -> None:
        """Forget what is cached of a stream."""
        self._cache.pop((ledger_id, stream_id), None)
        self._missing.pop((ledger_id, stream_id), None)

    def _replay(self, events: Sequence[RecordedEvent]) -> Aggregate | None:
        aggregate: Aggregate | None = None
        for event in events:
            aggregate = self.mapper.domain_event(event).mutate(aggregate)
        return aggregate
