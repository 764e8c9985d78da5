"""Who relays which shard: a lease per shard, fenced by an epoch, shared fairly among live relays.

A relay that stops renewing loses its shards after the lease's length; whoever takes one raises its
epoch, and what the earlier holder would still record is refused in the same statement. Only the
database's clock counts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection

from mintflow.store.arrays import Int4Array, Int8Array, TextArray
from mintflow.streams.core.background import cut_off

log = structlog.get_logger(__name__)

Connect = Callable[[], Awaitable[AsyncConnection[Any]]]
# Renewals per lease: one may be late and one may fail before a shard is lost.
_RENEWALS = 4

_MAKE = """
insert into relay.lease (shard, target) select shard, %s from log.shard_head on conflict do nothing
"""
_SEEN = """
insert into relay.member values (%s, %s, clock_timestamp() + make_interval(secs => %s))
on conflict (target, member) do update set seen_until = excluded.seen_until
"""
_FORGET = """
delete from relay.member where target = %s and seen_until < clock_timestamp() - interval '1 hour'
"""
# What is held and was not taken by another is renewed, even if it had run out.
_RENEW = """
update relay.lease set held_until = clock_timestamp() + make_interval(secs => %s)
where target = %s and holder = %s returning shard, epoch
"""
_SHARE = """
select ceil((select count(*) from relay.lease where target = %s)::numeric
    / greatest(1, count(*)))::int
from relay.member where target = %s and seen_until > clock_timestamp()
"""
_TAKE = """
update relay.lease l
set holder = %s, epoch = l.epoch + 1, held_until = clock_timestamp() + make_interval(secs => %s)
from (
    select shard from relay.lease
    where target = %s and (holder is null or held_until < clock_timestamp())
    order by shard limit %s for update skip locked
) as free
where l.shard = free.shard and l.target = %s returning l.shard, l.epoch
"""
_GIVE_BACK = """
update relay.lease set holder = null, held_until = '-infinity'
where target = %s and holder = %s and shard = any(%s)
"""
_LEAVE = "delete from relay.member where target = %s and member = %s"

# The lease rows are locked against a taker while the checkpoints move: either this comes first and
# the taker sees the new position, or the taker does and this changes nothing.
_RECORD = """
with given as (
    select * from unnest(%s, %s, %s, %s, %s) as g (shard, epoch, source, topic_id, position)
), mine as (
    select l.shard, l.epoch from relay.lease l
    where l.target = %s and l.holder = %s and l.shard in (select g.shard from given g)
    for share
)
insert into relay.checkpoint as c (shard, target, source, topic_id, position)
select g.shard, %s, g.source, g.topic_id, g.position
from given g join mine m on m.shard = g.shard and m.epoch = g.epoch
on conflict (shard, target, source) do update
set topic_id = excluded.topic_id,
    position = case when c.topic_id = excluded.topic_id then greatest(c.position, excluded.position)
        else excluded.position end
returning shard
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one source of a shard was acknowledged, by the topic of that id."""

    shard: int
    epoch: int
    source: str
    topic_id: str
    position: int


class Leases:
    """The leases of one relay on one target, renewed by a task on a connection of its own."""

    def __init__(self, connect: Connect, target: str, member: UUID, lease_s: float) -> None:
        self._connect = connect
        self._target, self._member, self._lease_s = target, member, lease_s
        self._held: dict[int, int] = {}
        self._good_until = 0.0
        self._task: asyncio.Task[None] | None = None
        self._conn: AsyncConnection[Any] | None = None
        self._unwanted: set[int] = set()
        # A round that began before shards were given back must not remember them as held.
        self._turn = asyncio.Lock()

    def held(self) -> Mapping[int, int]:
        """Shard -> epoch of what this relay may send now; nothing where its renewal is late."""
        return self._held if time.monotonic() < self._good_until else {}

    def unwanted(self) -> set[int]:
        """Shards that others should have: `give_back` them when nothing of them is under way."""
        return self._unwanted

    async def start(self) -> None:
        """Take part; returns after the first round. Raises what the database raises."""
        self._conn = await self._connect()
        await self._conn.execute(_MAKE, [self._target])
        await self._round(self._conn)
        self._task = asyncio.create_task(self._renew(), name="leases")

    async def stop(self, conn: AsyncConnection[Any] | None) -> None:
        """Stop renewing; with a connection, give everything back so that others need not wait."""
        await cut_off(self._task)
        # One that does not end may be in a query, and to hang up under it would crash the process.
        if self._task is None or self._task.done():
            await self._hang_up()
        self._task = None
        if conn is not None:
            await self.give_back(conn, set(self._held))
            await conn.execute(_LEAVE, [self._target, self._member])
        self._held, self._good_until = {}, 0.0

    async def give_back(self, conn: AsyncConnection[Any], shards: set[int]) -> None:
        """Let others have shards, of which nothing may be under way any more."""
        async with self._turn:
            self._unwanted -= shards
            self._held = {one: epoch for one, epoch in self._held.items() if one not in shards}
            await conn.execute(_GIVE_BACK, [self._target, self._member, Int4Array.of([*shards])])

    async def record(self, conn: AsyncConnection[Any], marks: list[Mark]) -> set[int]:
        """Move checkpoints forward; the shards that are no longer this relay's, moved nothing."""
        cursor = await conn.execute(
            _RECORD,
            [
                Int4Array.of([one.shard for one in marks]),
                Int8Array.of([one.epoch for one in marks]),
                TextArray.of([one.source for one in marks]),
                TextArray.of([one.topic_id for one in marks]),
                Int8Array.of([one.position for one in marks]),
                self._target,
                self._member,
                self._target,
            ],
            prepare=True,
        )
        return {one.shard for one in marks} - {row[0] for row in await cursor.fetchall()}

    async def _renew(self) -> None:
        """Rounds until cancelled, with a new connection after every fault."""
        while True:
            await asyncio.sleep(self._lease_s / _RENEWALS)
            try:
                if self._conn is None:
                    self._conn = await self._connect()
                async with asyncio.timeout(self._lease_s), self._turn:
                    await self._round(self._conn)
            except (psycopg.Error, OSError, TimeoutError) as fault:
                log.warning("relay_lease_not_renewed", error=type(fault).__name__)
                await self._hang_up()

    async def _hang_up(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            await conn.close()

    async def _round(self, conn: AsyncConnection[Any]) -> None:
        began = time.monotonic()
        target, member, lease_s = self._target, self._member, self._lease_s
        await conn.execute(_SEEN, [target, member, lease_s])
        await conn.execute(_FORGET, [target])
        cursor = await conn.execute(_RENEW, [lease_s, target, member])
        held = dict(await cursor.fetchall())
        share = await (await conn.execute(_SHARE, [target, target])).fetchone()
        assert share is not None
        if len(held) < share[0]:
            cursor = await conn.execute(
                _TAKE, [member, lease_s, target, share[0] - len(held), target]
            )
            held |= dict(await cursor.fetchall())
        surplus = max(0, len(held) - share[0])
        self._unwanted = set(sorted(held)[len(held) - surplus :])
        self._held = held
        # Counted from before the database was asked, so it ends here before it ends there.
        self._good_until = began + lease_s
