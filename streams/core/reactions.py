"""Reactions: what happened leads to a command, once the read models have seen it.

A reaction names event types and turns those of one ledger into a command, which goes over the bus
like any other. Its checkpoint is its own: a rebuild does not move it, so nothing is sent again. A
reaction that begins on a log that is there already begins at its end. What was sent just before a
kill is sent again afterwards, and is done once: by a key made of its cause, or by its own nature.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection

from mintflow.commands.core.command import Command, ConcurrentChange, Context
from mintflow.commands.core.ports import Principal
from mintflow.domain.core.errors import MintFlowError
from mintflow.store.arrays import Int4Array, Int8Array
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.streams.core.background import ended, rest

log = structlog.get_logger(__name__)

Connect = Callable[[], Awaitable[AsyncConnection[Any]]]
Send = Callable[[Command, Context], Awaitable[Any]]
OwnerOf = Callable[[UUID], Awaitable[UUID | None]]

# Of a shard, in one go.
CYCLE_EVENTS = 2_000
# Nobody waits for a reaction as for an answer; less costs a worker more than it folds meanwhile.
POLL_S_MIN, POLL_S_MAX = 0.1, 0.5
RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Reaction:
    """types: event types that it looks at. ledgers: a table of those that it concerns at all.
    after: projections that must have applied an event first. decide: the command that events of
    one ledger, in order, lead to; None where they lead to nothing. repeatable: the command does
    nothing the second time by itself; any other is kept under a key made of what caused it, so that
    it is done once, whatever is sent again."""

    name: str
    types: frozenset[str]
    ledgers: str
    after: tuple[str, ...]
    decide: Callable[[Sequence[RecordedEvent]], Command | None]
    repeatable: bool = False


class Reactor:
    """Runs reactions in this process; several processes may, and one at a time does the work."""

    def __init__(
        self, connect: Connect, mapper: Mapper, reactions: Sequence[Reaction], send: Send,
        owner_of: OwnerOf,
    ) -> None:  # fmt: skip
        """connect: opens an autocommit connection whose search path names the read models.
        owner_of: in whose name a command of a ledger is sent; None where there is nobody."""
        self._connect = connect
        self._mapper = mapper
        self._reactions = reactions
        self._send = send
        self._owner_of = owner_of
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to react; returns once every reaction has its place in the log."""
        self._stopping.clear()
        conn = await self._connect()
        async with conn:
            for reaction in self._reactions:
                await conn.execute(_BEGIN, [reaction.name])
        self._task = asyncio.create_task(self._run(), name="reactor")

    async def stop(self) -> None:
        """End after the command under way; one that hangs is cut off."""
        self._stopping.set()
        await ended(self._task)
        self._task = None

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                conn = await self._connect()
                async with conn:
                    await self._follow(conn)
            except Exception as fault:
                expected = isinstance(
                    fault, psycopg.OperationalError | psycopg.InterfaceError | MintFlowError
                )
                log.warning("reactor_retries", error=type(fault).__name__, exc_info=not expected)
                await rest(self._stopping, RETRY_S)

    async def _follow(self, conn: AsyncConnection[Any]) -> None:
        """Cycle until stopped. Raises what the database or an unavailable bus raises."""
        idle_s = POLL_S_MIN
        while not self._stopping.is_set():
            worked = False
            for reaction in self._reactions:
                worked |= await self.react(conn, reaction)
            idle_s = POLL_S_MIN if worked else min(idle_s * 2, POLL_S_MAX)
            await rest(self._stopping, idle_s)

    async def react(self, conn: AsyncConnection[Any], reaction: Reaction) -> bool:
        """One step of one reaction: says whether there was anything to look at."""
        async with conn.transaction():
            cursor = await conn.execute(
                _PLACES, {"reaction": reaction.name, "after": list(reaction.after)}, prepare=True
            )
            places = await cursor.fetchall()
            if not places:
                return False
            found = await self._events(conn, reaction, places)
            for events in found.values():
                by_ledger: dict[UUID, list[RecordedEvent]] = {}
                for event in events:
                    by_ledger.setdefault(event.ledger_id, []).append(event)
                for ledger_id, own in by_ledger.items():
                    await self._answer(reaction, ledger_id, own)
            seen = {shard: reached for shard, _, reached in places} | {
                shard: events[-1].position
                for shard, events in found.items()
                if len(events) >= CYCLE_EVENTS
            }
            await conn.execute(
                _MOVE,
                [Int4Array.of([*seen]), Int8Array.of([*seen.values()]), reaction.name],
                prepare=True,
            )
        return True

    async def _events(
        self,
        conn: AsyncConnection[Any],
        reaction: Reaction,
        places: Sequence[tuple[int, int, int]],
    ) -> dict[int, list[RecordedEvent]]:
        """By shard, what the reaction looks at between two positions of each."""
        cursor = await conn.execute(
            _EVENTS.replace("CONCERNED", reaction.ledgers).encode(),
            [
                Int4Array.of([shard for shard, _, _ in places]),
                Int8Array.of([position for _, position, _ in places]),
                Int8Array.of([reached for _, _, reached in places]),
                list(reaction.types),
                CYCLE_EVENTS,
            ],
            prepare=True,
            binary=True,
        )
        found: dict[int, list[RecordedEvent]] = {}
        for row in await cursor.fetchall():
            found.setdefault(row[0], []).append(self._mapper.recorded(*row))
        return found

    async def _answer(
        self, reaction: Reaction, ledger_id: UUID, events: Sequence[RecordedEvent]
    ) -> None:
        """Send what the events lead to. A refusal is noted: the next event is another chance."""
        command, owner = reaction.decide(events), await self._owner_of(ledger_id)
        if command is None or owner is None:
            return
        last = events[-1]
        context = Context(
            Principal(owner, f"reaction:{reaction.name}"),
            ledger_id,
            UUID(last.correlation_id),
            UUID(last.event_id),
            None if reaction.repeatable else f"reaction:{reaction.name}:{last.event_id}",
        )
        try:
            await self._send(command, context)
        except ConcurrentChange:
            raise
        except MintFlowError as refusal:
            if refusal.kind == "unavailable":
                raise
            log.warning("reaction_refused", reaction=reaction.name, code=refusal.code)


_BEGIN = """
    insert into reaction (shard, reaction, position)
    select shard, %s, position from log.shard_head on conflict do nothing
"""
_PLACES = """
    select r.shard, r.position, c.reached
    from reaction r
    cross join lateral (
        select min(c.position) as reached from checkpoint c
        where c.shard = r.shard and c.projection = any(%(after)s)
    ) c
    where r.reaction = %(reaction)s and r.position < c.reached
    order by r.shard for update of r skip locked
"""
_EVENTS = """
    select e.shard, e.position, e.ledger_id, e.ledger_seq, e.recorded_at, e.record, e.sealed
    from unnest(%s, %s, %s) as p (shard, position, reached)
    cross join lateral (
        select * from log.event e
        where e.shard = p.shard and e.position > p.position and e.position <= p.reached
            and e.type = any(%s)
            and exists (select from CONCERNED k where k.ledger_id = e.ledger_id)
        order by e.position limit %s
    ) e
    order by e.shard, e.position
"""
_MOVE = """
    update reaction r set position = u.position from unnest(%s, %s) as u (shard, position)
    where r.shard = u.shard and r.reaction = %s
"""
