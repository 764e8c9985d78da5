"""A Faust worker in this process: the application, an agent per group of projections, and what is
known of them. It shares the partitions of the topic with every worker of the same group.

It waits for a broker and a topic that are not there yet; an application that breaks down for good
ends the worker, and whoever runs the process starts another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
import structlog
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from confluent_kafka import TopicCollection, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.ids import SHARDS
from mintflow.streams.core.background import cut_off, rest
from mintflow.streams.core.faust.app import App, make_app
from mintflow.streams.core.faust.credentials import credentials
from mintflow.streams.core.faust.follower import Connect
from mintflow.streams.core.faust.lanes import Lanes
from mintflow.streams.core.faust.offsets import ReadFrom, load_offsets
from mintflow.streams.core.relay.asking import FAULTS, Admin, is_unknown
from mintflow.streams.core.relay.delivery import KafkaTarget
from mintflow.streams.core.relay.errors import TopicsNotReady
from mintflow.streams.core.relay.last import offsets

log = structlog.get_logger(__name__)

MakeLanes = Callable[[UUID], Sequence[Lanes]]

ASK_S = 5.0
RETRY_S_MIN, RETRY_S_MAX = 0.1, 5.0
# A server that crashed takes the last commits of read models back: seen after this at the latest.
LOOK_S = 1.0
STOP_S = 20.0


class Worker:
    """Start it once, in a running event loop."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        group: str,
        connect: Connect,
        make: MakeLanes,
        options: Mapping[str, str] | None = None,
    ) -> None:
        """group: the workers that share the partitions. make: the followers of this process, for
        a topic by its id, in lanes; each Lanes becomes an agent. options: of librdkafka, for TLS
        and accounts."""
        self.followers: Sequence[Lanes] = ()
        self.assigned: frozenset[int] = frozenset()
        self.rebalances = 0
        self._bootstrap, self._topic, self._group = bootstrap, topic, group
        self._connect, self._make = connect, make
        self._options = dict(options or {})
        self._topic_id: UUID | None = None
        self._waits_for = "NotConnected"
        self._app: App | None = None
        self._stopping = asyncio.Event()
        # Set while it is not known of some assigned shard where its partition begins.
        self._begins_unknown = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def fault(self) -> str | None:
        """What keeps it from work; None while all is well."""
        if self._app is None or not self._app.started:
            return self._waits_for
        if self._app.crashed:
            return type(self._app.crash_reason).__name__
        return next((one.fault for one in self.followers if one.fault is not None), None)

    async def run(self) -> None:
        """Work until `stop`. Raises what the application broke down with."""
        try:
            if not await self._patiently(self._find_topic) or self._topic_id is None:
                return
            self.followers = self._make(self._topic_id)
            if not await self._patiently(self._start_app):
                return
            self._tasks = [
                asyncio.create_task(self._look(), name="worker_looks"),
                asyncio.create_task(self._ask_again(), name="worker_asks"),
                *(asyncio.create_task(one.run(), name=one.name) for one in self.followers),
            ]
            await self._until_over()
        finally:
            await self._end()

    def stop(self) -> None:
        """Have `run` end after the transactions under way."""
        self._stopping.set()

    async def _patiently(self, step: Callable[[], Awaitable[None]]) -> bool:
        """Try a step of the start until it works; False if it was stopped before."""
        wait_s = RETRY_S_MIN
        while not self._stopping.is_set():
            try:
                await step()
            except (MintFlowError, KafkaError, OSError, psycopg.Error) as fault:
                self._waits_for = type(fault).__name__
                told: dict[str, Any] = {}
                if isinstance(fault, MintFlowError):
                    self._waits_for, told = fault.code, {"details": fault.details}
                log.warning("worker_waits", error=self._waits_for, retry_in_s=wait_s, **told)
                await rest(self._stopping, wait_s)
                wait_s = min(wait_s * 2, RETRY_S_MAX)
            else:
                return True
        return False

    async def _find_topic(self) -> None:
        self._topic_id = await asyncio.to_thread(
            topic_id, self._bootstrap, self._topic, self._options
        )

    async def _start_app(self) -> None:
        app = make_app(
            self._group,
            self._bootstrap,
            self._read_from,
            broker_credentials=credentials(self._options),
        )
        source = app.topic(
            self._topic, key_serializer="raw", value_type=None, value_serializer="raw"
        )
        for follower in self.followers:
            app.agent(source, name=follower.name, concurrency=1)(_agent(follower))
        self._app = app
        try:
            await app.start()
            if app.crashed:
                raise app.crash_reason or RuntimeError("Faust did not start")
        except BaseException:
            await _stop_app(app)
            raise

    async def _until_over(self) -> None:
        app = self._app
        assert app is not None
        over = asyncio.create_task(app.wait_until_stopped())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({over, stopping, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cut_off(over, stopping)
        if self._stopping.is_set():
            return
        for task in self._tasks:
            if task.done():
                task.result()
        if app.crashed:
            raise app.crash_reason or RuntimeError("Faust broke down")

    async def _end(self) -> None:
        self._stopping.set()
        for follower in self.followers:
            await follower.stop()
        await cut_off(*self._tasks)
        if self._app is not None:
            await _stop_app(self._app)

    async def _read_from(self, shards: Iterable[int]) -> Mapping[int, int]:
        """Offsets for newly assigned shards; waits for the database and never raises."""
        wanted = frozenset(shards)
        found: Mapping[int, ReadFrom] = {}
        # An assignment does not wait for Kafka: the group would go on without this worker.
        wait_s, begins = RETRY_S_MIN, await self._begins(wanted)
        while not self._stopping.is_set():
            try:
                found = await self._known(wanted, begins or {})
                break
            except (psycopg.Error, OSError) as fault:
                log.warning("worker_waits", error=type(fault).__name__, retry_in_s=wait_s)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, RETRY_S_MAX)
        if wanted != self.assigned:
            self.assigned, self.rebalances = wanted, self.rebalances + 1
            log.info("partitions_assigned", group=self._group, shards=sorted(wanted))
        for follower in self.followers:
            follower.assigned(found, wanted)
        if begins is None:
            self._begins_unknown.set()
        else:
            self._begins_unknown.clear()
        return {shard: found[shard].offset if shard in found else 0 for shard in wanted}

    async def _known(
        self, shards: frozenset[int], begins: Mapping[int, int]
    ) -> Mapping[int, ReadFrom]:
        """From where shards are read. Raises psycopg.Error, OSError."""
        assert self._topic_id is not None
        names = [follower.name for follower in self.followers]
        async with await self._connect() as conn:
            return await load_offsets(conn, self._topic_id, names, shards, begins)

    async def _ask_again(self) -> None:
        """Where Kafka did not tell at an assignment what retention has taken, find it out: in a
        shard to which nothing new comes, nothing else would show that events are missing."""
        while True:
            await self._begins_unknown.wait()
            wait_s = RETRY_S_MIN
            while self._begins_unknown.is_set():
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, RETRY_S_MAX)
                shards = self.assigned
                begins = await self._begins(shards)
                if begins is None:
                    continue
                try:
                    found = await self._known(shards, begins)
                except (psycopg.Error, OSError):
                    continue
                # An assignment that came meanwhile has asked for itself.
                if shards == self.assigned and self._begins_unknown.is_set():
                    for follower in self.followers:
                        follower.assigned(found, shards)
                    self._begins_unknown.clear()

    async def _begins(self, shards: Iterable[int]) -> Mapping[int, int] | None:
        """The first offsets that the topic still has; None where Kafka does not tell them."""
        try:
            return await asyncio.to_thread(
                first_offsets, self._bootstrap, self._topic, self._options, list(shards)
            )
        except MintFlowError as fault:
            log.warning("first_offsets_not_known", error=fault.code, details=fault.details)
            return None

    async def _look(self) -> None:
        while True:
            for follower in self.followers:
                await follower.look()
            await asyncio.sleep(LOOK_S)


def topic_id(bootstrap: str, topic: str, options: Mapping[str, str]) -> UUID:
    """Kafka's own id of a topic: another one after it was deleted and made again.

    Raises TopicsNotReady, KafkaUnreachable, KafkaRefusesUs, KafkaOptionsRefused.
    """
    admin = Admin(KafkaTarget(bootstrap, "", options))
    try:
        described = admin.describe_topics(TopicCollection([topic]), request_timeout=ASK_S)
        told = admin.answer(described[topic], ASK_S)
    except FAULTS as fault:
        if is_unknown(fault):
            raise TopicsNotReady("run: mintflow topics apply", topics=[topic]) from fault
        raise admin.fault(fault) from fault
    if len(told.partitions) < SHARDS:
        # A broker that makes topics by itself gives them too few.
        raise TopicsNotReady("run: mintflow topics apply", topics=[topic])
    found = told.topic_id
    high, low = found.get_most_significant_bits(), found.get_least_significant_bits()
    return UUID(int=((high & (2**64 - 1)) << 64) | (low & (2**64 - 1)))


def first_offsets(
    bootstrap: str, topic: str, options: Mapping[str, str], shards: Sequence[int]
) -> dict[int, int]:
    """Shard -> the first offset that its partition still has; retention moves it on.

    Raises KafkaUnreachable, KafkaRefusesUs, KafkaOptionsRefused.
    """
    admin = Admin(KafkaTarget(bootstrap, "", options))
    partitions = [TopicPartition(topic, shard) for shard in shards]
    try:
        found = offsets(admin, partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
    except FAULTS as fault:
        raise admin.fault(fault) from fault
    return {shard: offset for (_, shard), offset in found.items()}


def _agent(follower: Lanes) -> Callable[[Any], Awaitable[None]]:
    async def work(stream: Any) -> None:
        async for event in stream.noack().events():
            # Waits while an inbox is full, which holds back the fetching.
            await follower.put(event)

    work.__name__ = follower.name
    return work


async def _stop_app(app: App) -> None:
    """Stop Faust, which after a breakdown may never come to an end by itself."""
    stopping = asyncio.create_task(app.stop(), name="faust_stops")
    await asyncio.wait({stopping}, timeout=STOP_S)
    await cut_off(stopping)
