"""The loop of the relay: read what is new, give it to Kafka, record what Kafka acknowledged.

A ring of the doorbell starts a look at once; polling, slower the longer nothing came, is the truth.
What Kafka acknowledged is recorded a few times a second, for nobody waits for it: a relay that is
gone before that leaves the ends of its topics, where the next one looks. It outlives every fault of
the database and of Kafka: each begins anew from the checkpoints.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection

from mintflow.domain.core.errors import Conflict, MintFlowError
from mintflow.domain.core.ids import SHARDS
from mintflow.streams.core.background import ended, rest
from mintflow.streams.core.doorbell import Doorbell
from mintflow.streams.core.relay.delivery import Delivery, KafkaTarget
from mintflow.streams.core.relay.errors import (
    KafkaUnreachable,
    LogHasAGap,
    MessageTooLarge,
    TopicBeginsLate,
)
from mintflow.streams.core.relay.lanes import Lane, enter
from mintflow.streams.core.relay.last import last_messages, topic_ids
from mintflow.streams.core.relay.leases import Connect, Leases
from mintflow.streams.core.relay.sources import LogSource, Source
from mintflow.streams.core.relay.watching import watching

log = structlog.get_logger(__name__)

# Events per read, and messages that may wait for Kafka before the next read.
CYCLE_EVENTS = 2_000
UNDER_WAY_MAX = 20_000
POLL_S_MIN, POLL_S_MAX = 0.005, 0.25
# While no more may be under way, room is looked for this often.
ROOM_S = 0.005
RECORD_S = 0.05
RETRY_S_MIN, RETRY_S_MAX = 0.1, 5.0
STOP_S_MAX = 5.0
# What waits for longer is given up and read again, perhaps by a relay that Kafka answers.
STALL_S_MAX = 30.0
LEASE_S = 4.0
# Instead of a fault, until Kafka and the database were reached for the first time.
_STARTING = "starting"

# A checkpoint that a crash of the database takes back costs a look at the ends of the topics.
_RECORDS_DO_NOT_WAIT = "set synchronous_commit = off"
_CHECKPOINTS = """
select shard, source, topic_id, position from relay.checkpoint where target = %s
"""


class _LeaseLost(Exception):
    """A shard is another relay's: what is under way for it must not be sent any more."""


class _Found(IntEnum):
    """What a look at the sources came to; of several looks the greatest counts."""

    NOTHING = 0
    ALL = 1
    MORE = 2
    """There is more than was read."""
    NO_ROOM = 3
    """Too much is under way to give more to the producer."""


class Relay:
    """One per process; any number of processes share the shards of a target."""

    def __init__(
        self,
        connect: Connect,
        target: KafkaTarget,
        doorbell: Doorbell,
        member: UUID,
        *,
        sources: Sequence[Source] = (LogSource(),),
        lease_s: float = LEASE_S,
        cycle_events: int = CYCLE_EVENTS,
    ) -> None:
        """connect: opens an autocommit connection of the product's role. member: a new id."""
        self._connect = connect
        self._target = target
        self._doorbell = doorbell
        self._sources = sources
        self._leases = Leases(connect, target.prefix, member, lease_s)
        self._cycle_events = cycle_events
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._lanes: dict[int, list[Lane]] = {}
        self._recorded_at = 0.0
        self._refused: dict[tuple[str, int], MessageTooLarge] = {}
        self.acknowledged_total = 0
        """Messages that Kafka acknowledged since the start."""
        self.restarts_total = 0
        """Times that it began anew after a fault or a lost lease."""
        self.fault: str | None = _STARTING
        """The code or name of what the last attempt failed with, `starting` before the first one
        came so far as to relay; None while all is well."""

    async def start(self) -> None:
        """Begin to relay; returns at once."""
        self._stopping.clear()
        self.fault = _STARTING
        self._task = asyncio.create_task(self._run(), name="relay")

    async def stop(self) -> None:
        """End: what is under way is waited for, a little, and the shards are given back."""
        self._stopping.set()
        self._doorbell.ring()
        await ended(self._task, 3 * STOP_S_MAX)
        self._task = None

    @property
    def alive(self) -> bool:
        """Whether it relays now: it runs and its last attempt did not fail."""
        return self._task is not None and not self._task.done() and self.fault is None

    @property
    def shards(self) -> tuple[int, ...]:
        """The shards that it relays at the moment."""
        return tuple(sorted(self._lanes))

    def blocked(self) -> dict[int, str]:
        """Shard -> the code of what it can not get past; the other shards go on."""
        lanes = (lane for lanes in self._lanes.values() for lane in lanes)
        return {lane.shard: lane.blocked for lane in lanes if lane.blocked is not None}

    def filling(self) -> dict[str, list[int]]:
        """Topic -> the shards of which it does not have yet what the others have."""
        found: dict[str, list[int]] = {}
        for shard, lanes in sorted(self._lanes.items()):
            for topic in (topic for lane in lanes if lane.filling for topic in lane.lines):
                found.setdefault(topic, []).append(shard)
        return found

    async def _run(self) -> None:
        retry_s = RETRY_S_MIN
        while not self._stopping.is_set():
            conn: AsyncConnection[Any] | None = None
            began_well = False
            try:
                conn = await self._connect()
                await conn.execute(_RECORDS_DO_NOT_WAIT)
                await self._follow(conn)
            except _LeaseLost:
                log.warning("relay_lost_a_shard")
                began_well = True
            except Exception as fault:
                began_well = self.fault in (None, _STARTING)
                self.fault = (
                    fault.code if isinstance(fault, MintFlowError) else type(fault).__name__
                )
                expected = isinstance(fault, MintFlowError | psycopg.Error)
                told = {"details": fault.details} if isinstance(fault, MintFlowError) else {}
                log.warning(
                    "relay_retries", error=self.fault, exc_info=not expected, retry_in_s=retry_s,
                    **told,
                )  # fmt: skip
            finally:
                await self._leave(conn)
            if self._stopping.is_set():
                return
            self.restarts_total += 1
            retry_s = RETRY_S_MIN if began_well else min(retry_s * 2, RETRY_S_MAX)
            await rest(self._stopping, retry_s)

    async def _leave(self, conn: AsyncConnection[Any] | None) -> None:
        """Give back at the end; after a fault keep the leases' rows, but begin them anew."""
        self._lanes = {}
        try:
            await self._leases.stop(conn if self._stopping.is_set() else None)
        except psycopg.Error:
            log.warning("relay_left_its_leases")  # they run out by themselves
        finally:
            if conn is not None:
                await conn.close()

    async def _follow(self, conn: AsyncConnection[Any]) -> None:
        """Relay until stopped. Raises what the database, Kafka or a lost lease raises."""
        names = [name for source in self._sources for name in source.topics]
        ids = await asyncio.to_thread(topic_ids, self._target, names, SHARDS)
        delivery = Delivery(self._target)
        try:
            await asyncio.to_thread(delivery.connect)
            loop = asyncio.get_running_loop()
            delivery.listen(partial(loop.call_soon_threadsafe, delivery.take_reports))
            # Only now: a relay that can not reach Kafka must not keep shards from one that can.
            await self._leases.start()
            async with watching(self._target, ids) as check:
                await self._cycles(conn, delivery, ids, check)
            await asyncio.to_thread(delivery.flush, STOP_S_MAX)
            delivery.poll()
            await self._record(conn)
        finally:
            await asyncio.to_thread(delivery.close)
            # The next attempt leaves those shards alone, so that the others go on.
            self._refused |= delivery.refused

    async def _cycles(
        self,
        conn: AsyncConnection[Any],
        delivery: Delivery,
        ids: Mapping[str, str],
        check: Callable[[], None],
    ) -> None:
        idle_s, look_at, acknowledged = POLL_S_MIN, 0.0, 0
        rung, moved_at = True, time.monotonic()
        while not self._stopping.is_set():
            delivery.poll()
            check()
            now = time.monotonic()
            if delivery.acknowledged > acknowledged or not delivery.waiting:
                moved_at = now
            elif now - moved_at > STALL_S_MAX:
                raise KafkaUnreachable("Kafka acknowledges nothing", seconds=STALL_S_MAX)
            self.acknowledged_total += delivery.acknowledged - acknowledged
            acknowledged = delivery.acknowledged
            await self._keep(conn, ids)
            if now - self._recorded_at >= RECORD_S:
                await self._record(conn)
            if rung or now >= look_at:
                found = await self._send(conn, delivery)
                self.fault = None
                if found in (_Found.MORE, _Found.NO_ROOM):
                    await asyncio.sleep(ROOM_S if found is _Found.NO_ROOM else 0)
                    rung = True
                    continue
                quiet = found is _Found.NOTHING and not rung
                idle_s = min(idle_s * 2, POLL_S_MAX) if quiet else POLL_S_MIN
                look_at = time.monotonic() + idle_s
            wait_s = max(0.0, look_at - time.monotonic())
            rung = await self._doorbell.wait(min(wait_s, RECORD_S) if self._unrecorded else wait_s)

    @property
    def _unrecorded(self) -> bool:
        return any(not lane.drained for lanes in self._lanes.values() for lane in lanes)

    async def _keep(self, conn: AsyncConnection[Any], ids: Mapping[str, str]) -> None:
        """Have lanes for exactly the shards that are held. Raises _LeaseLost."""
        held = self._leases.held()
        if any(held.get(shard) != lanes[0].epoch for shard, lanes in self._lanes.items()):
            raise _LeaseLost
        new = {shard: epoch for shard, epoch in held.items() if shard not in self._lanes}
        if new:
            await self._enter(conn, ids, new)
        done = {
            shard
            for shard in self._leases.unwanted() & self._lanes.keys()
            if all(lane.drained for lane in self._lanes[shard])
        }
        if done:
            for shard in done:
                del self._lanes[shard]
            await self._leases.give_back(conn, done)

    async def _enter(
        self, conn: AsyncConnection[Any], ids: Mapping[str, str], new: Mapping[int, int]
    ) -> None:
        """Begin shards where their checkpoints and the ends of their partitions say."""
        cursor = await conn.execute(_CHECKPOINTS, [self._target.prefix])
        kept = {(shard, source): (id_, at) for shard, source, id_, at in await cursor.fetchall()}
        for source in self._sources:
            ends = await asyncio.to_thread(
                last_messages, self._target, list(source.topics), list(new)
            )
            positions = {place: end.position for place, end in ends.items()}
            for shard, epoch in new.items():
                lanes = enter(source, shard, epoch, ids, kept, positions)
                self._lanes.setdefault(shard, []).extend(lanes)
                for lane in lanes:
                    for topic in lane.lines:
                        if (refusal := self._refused.get((topic, shard))) is not None:
                            _block(lane, refusal)
                end = ends.get((source.topics[0], shard))
                if end is not None:
                    try:
                        await source.check_last(conn, shard, end.position, end.headers)
                        if not end.whole:
                            raise TopicBeginsLate(
                                "the topic lacks the beginning of the history",
                                topic=self._target.topic(source.topics[0]), shard=shard,
                            )  # fmt: skip
                    except Conflict as conflict:
                        for lane in lanes:
                            # What the topic ends with is none of this log: it is not noted here.
                            lane.recorded = lane.sent
                            _block(lane, conflict)
        log.info("relay_took_shards", shards=sorted(new))

    async def _record(self, conn: AsyncConnection[Any]) -> None:
        """Move the checkpoints to what was acknowledged. Raises _LeaseLost."""
        lanes = [lane for lanes in self._lanes.values() for lane in lanes]
        moved = [(lane, marks) for lane in lanes if (marks := lane.marks())]
        if not moved:
            return
        self._recorded_at = time.monotonic()
        if await self._leases.record(conn, [mark for _, marks in moved for mark in marks]):
            raise _LeaseLost
        for lane, marks in moved:
            lane.settle(marks)

    async def _send(self, conn: AsyncConnection[Any], delivery: Delivery) -> _Found:
        """Read what the lanes have next and give it to the producer."""
        found = _Found.NOTHING
        for source in self._sources:
            carrying = self._of(source, filling=False)
            if carrying:
                heads = await source.heads(conn)
                found = max(found, await self._give(conn, delivery, source, carrying, heads))
            filling = self._of(source, filling=True)
            if filling:
                ends = {shard: lane.sent for shard, lane in carrying.items()}
                found = max(found, await self._give(conn, delivery, source, filling, ends))
                self._join(carrying, filling)
        return found

    def _of(self, source: Source, *, filling: bool) -> dict[int, Lane]:
        return {
            shard: lane
            for shard, found in self._lanes.items()
            if shard not in self._leases.unwanted()
            for lane in found
            if lane.source is source and lane.filling is filling and lane.blocked is None
        }

    def _join(self, carrying: Mapping[int, Lane], filling: Mapping[int, Lane]) -> None:
        for shard, lane in filling.items():
            if shard in carrying and lane.sent >= carrying[shard].sent:
                carrying[shard].join(lane)
                self._lanes[shard].remove(lane)
                log.info("relay_filled_topics", shard=shard, topics=sorted(lane.lines))

    async def _give(
        self,
        conn: AsyncConnection[Any],
        delivery: Delivery,
        source: Source,
        lanes: Mapping[int, Lane],
        heads: Mapping[int, int],
    ) -> _Found:
        """Bring lanes of one source nearer to these positions."""
        behind = {shard for shard, lane in lanes.items() if heads.get(shard, 0) > lane.sent}
        if not behind:
            return _Found.NOTHING
        if delivery.waiting >= UNDER_WAY_MAX:
            return _Found.NO_ROOM
        room = max(1, self._cycle_events // len(behind))
        batches = await source.read(
            conn, {shard: lanes[shard].sent for shard in behind}, dict.fromkeys(behind, room)
        )
        for shard, batch in batches.items():
            try:
                if not lanes[shard].send(delivery, batch):
                    return _Found.NO_ROOM
            except Conflict as refusal:
                _block(lanes[shard], refusal)
        for shard in behind - batches.keys():
            # An event and the head that counts it are committed together.
            at = lanes[shard].sent
            _block(lanes[shard], LogHasAGap("the end is missing", shard=shard, after=at))
        more = any(len(batch) >= room for batch in batches.values())
        return _Found.MORE if more else _Found.ALL


def _block(lane: Lane, refusal: Conflict) -> None:
    lane.blocked = refusal.code
    log.error("relay_shard_is_blocked", code=refusal.code, **refusal.details)
