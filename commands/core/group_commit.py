"""The batching appender: commands that are in flight together are committed together.

Whatever has queued while the lanes were busy goes into the next batch, so a lone command waits for
nothing and a crowd shares one fsync. Two commands that touch one stream or one key are never under
way together; the later one waits. A conflict is told to its own command only.

When the connection is lost, a commit may or may not have happened. Every event's bytes hold an id
of its own, so the log is asked which of them it has, and only the others are appended again.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection

from mintflow.commands.core.batches import (
    StoreUnavailable,
    append_all,
    append_in_parts,
    find_committed,
)
from mintflow.store.append import (
    BATCH_EVENTS_MAX,
    KEEP_ANSWER_SQL,
    Commit,
    Idempotency,
    Outcome,
    lock_order,
)

log = structlog.get_logger(__name__)

# While one batch is being committed the next one is made ready and sent on the other connection;
# the locks of the shards keep their order. A third lane gained nothing.
LANES = 2
# Fewer commits than this are not shared out between lanes: one fsync for all costs less.
SHARED_FROM = 4
RETRY_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0)

Connect = Callable[[], Awaitable[AsyncConnection[Any]]]
Committed = Callable[[Collection[int]], None]


class GroupCommit:
    """One per process. `append` may be called from any number of tasks of one event loop."""

    def __init__(self, connect: Connect, after_commit: Committed) -> None:
        """connect: opens an autocommit connection of the product's role. after_commit: wakes the
        readers of the log, of these shards; it must not block."""
        self._connect = connect
        self._after_commit = after_commit
        self._queue: deque[Waiting] = deque()
        self._free: list[Lane] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._written: set[int] = set()
        self._guards: Counter[int] = Counter()
        self._keys: set[tuple[int, str]] = set()
        self._busy_shards: dict[int, int] = {}
        self._stopping = False
        self._rung = False

    async def start(self) -> None:
        """Connect and begin to take commits."""
        self._free = [Lane(await self._connect()) for _ in range(LANES)]

    async def stop(self) -> None:
        """End after the batches under way; what still waits is refused as unavailable."""
        self._stopping = True
        while self._queue:
            waiting = self._queue.popleft()
            if not waiting.future.done():
                waiting.future.set_exception(StoreUnavailable("the host is stopping"))
        if self._tasks:
            await asyncio.wait(self._tasks)
        for lane in self._free:
            await lane.close()

    async def append(self, commit: Commit) -> Outcome:
        """Durable when it returns. Raises StoreUnavailable, and what the database refuses."""
        if self._stopping:
            raise StoreUnavailable("the host is stopping")
        if len(commit.events) > BATCH_EVENTS_MAX:
            return await self._append_alone(commit)
        waiting = Waiting(commit)
        self._queue.append(waiting)
        self._ring()
        return await waiting.future

    async def keep_answer(self, kept: Idempotency) -> tuple[Idempotency, bool]:
        """Keep an answer without events under its key.

        Returns what is kept and whether it is this one: it may be an earlier answer.
        """
        for wait_s in (*RETRY_S, None):
            try:
                async with await self._connect() as conn:
                    args = [kept.scope_id, kept.key, kept.request, kept.response]
                    row = await (await conn.execute(KEEP_ANSWER_SQL, args)).fetchone()
                    assert row is not None
                    return Idempotency(kept.scope_id, kept.key, row[0], row[1]), row[2]
            except psycopg.OperationalError as lost:
                if wait_s is None:
                    raise StoreUnavailable("the event store does not answer") from lost
                await asyncio.sleep(wait_s)
        raise AssertionError("unreachable")

    def _ring(self) -> None:
        """Pump once every task that is ready now has run: those that were answered together come
        back together, and the first of them shall not go alone."""
        if self._free and not self._rung:
            self._rung = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        """Give what waits to the lanes that are free."""
        self._rung = False
        while self._free and self._queue and not self._stopping:
            batch = self._take(max(-(-len(self._queue) // len(self._free)), SHARED_FROM))
            if not batch:
                return
            lane = self._free.pop()
            task = asyncio.create_task(self._commit(lane, batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _take(self, commits_max: int) -> list[Waiting]:
        """The next batch, sorted for the locks; what would meet another one under way waits."""
        taken: list[Waiting] = []
        left: list[Waiting] = []
        whole_ledgers: set[int] = set()
        events = 0
        while self._queue and events < BATCH_EVENTS_MAX and len(taken) < commits_max:
            waiting = self._queue.popleft()
            if waiting.future.done():
                continue
            commit = waiting.commit
            if (
                commit.shard in self._busy_shards
                or not self._written.isdisjoint(waiting.writes)
                or not self._written.isdisjoint(waiting.reads)
                or not self._guards.keys().isdisjoint(waiting.writes)
                or (waiting.key is not None and waiting.key in self._keys)
                or (commit.expected_seq is not None and commit.ledger_id.int in whole_ledgers)
            ):
                left.append(waiting)
                continue
            self._written.update(waiting.writes)
            self._guards.update(waiting.reads)
            if waiting.key is not None:
                self._keys.add(waiting.key)
            whole_ledgers.add(commit.ledger_id.int)
            events += len(commit.events)
            taken.append(waiting)
        self._queue.extendleft(reversed(left))
        if len(taken) > 1:
            taken.sort(key=lambda waiting: lock_order(waiting.commit))
        return taken

    async def _commit(self, lane: Lane, batch: list[Waiting]) -> None:
        """One batch on one lane. Whatever happens, everyone who waits is told and the lane is free
        again: a fault in here would otherwise be silence for ever."""
        results: Sequence[Outcome | Exception] = [
            StoreUnavailable("the event store does not answer")
        ] * len(batch)
        try:
            results = await self._append_batch(lane, [waiting.commit for waiting in batch])
            self._after_commit({waiting.commit.shard for waiting in batch})
        except psycopg.Error as refused:
            log.warning("batch_failed", error=type(refused).__name__, commits=len(batch))
        finally:
            self._settle(lane, batch, results)

    def _settle(
        self, lane: Lane, batch: list[Waiting], results: Sequence[Outcome | Exception]
    ) -> None:
        for waiting, result in zip(batch, results, strict=True):
            self._written.difference_update(waiting.writes)
            if waiting.key is not None:
                self._keys.discard(waiting.key)
            if waiting.future.done():
                continue
            if isinstance(result, Outcome):
                waiting.future.set_result(result)
            else:
                waiting.future.set_exception(result)
        self._release_guards(batch)
        self._free.append(lane)
        self._ring()

    def _release_guards(self, batch: list[Waiting]) -> None:
        """A stream may be guarded by both batches under way; it stays while one reads it."""
        for waiting in batch:
            for stream in waiting.reads:
                self._guards[stream] -= 1
                if not self._guards[stream]:
                    del self._guards[stream]

    async def _append_batch(
        self, lane: Lane, commits: Sequence[Commit]
    ) -> Sequence[Outcome | Exception]:
        waits = iter(RETRY_S)
        apart = unsure = False
        while True:
            try:
                if lane.lost:
                    unsure = True
                    lane.conn = await self._connect()
                return await append_all(lane.conn, commits, apart=apart, unsure=unsure)
            except psycopg.OperationalError:
                unsure = True
                wait_s = next(waits, None)
                if wait_s is None:
                    raise
                log.warning("store_connection_lost", retry_in_s=wait_s)
                await lane.close()
                await asyncio.sleep(wait_s)
            except psycopg.Error:
                # One commit of the batch is refused by the database itself (say, a race for one
                # key from two shards): nothing was kept, so each is tried by itself.
                if apart:
                    raise
                apart = True

    async def _append_alone(self, commit: Commit) -> Outcome:
        """A large commit in parts, in one transaction; others of its shard wait meanwhile."""
        self._busy_shards[commit.shard] = self._busy_shards.get(commit.shard, 0) + 1
        try:
            outcome = await self._append_large(commit)
        finally:
            self._busy_shards[commit.shard] -= 1
            if not self._busy_shards[commit.shard]:
                del self._busy_shards[commit.shard]
            self._ring()
        self._after_commit({commit.shard})
        return outcome

    async def _append_large(self, commit: Commit) -> Outcome:
        try:
            for raced in (False, True):
                try:
                    async with await self._connect() as conn:
                        return await append_in_parts(conn, commit)
                except psycopg.errors.UniqueViolation:
                    # Another process keeps an answer under the key this very moment; asked
                    # again, the log gives that answer.
                    if raced:
                        raise
        except psycopg.OperationalError as lost:
            return await self._look_for(commit, lost)
        except psycopg.Error as refused:
            raise StoreUnavailable(
                f"the event store refused: {type(refused).__name__}"
            ) from refused
        raise AssertionError("unreachable")

    async def _look_for(self, commit: Commit, lost: psycopg.Error) -> Outcome:
        """The outcome of a large commit whose connection was lost, if it happened."""
        for wait_s in (*RETRY_S, None):
            try:
                async with await self._connect() as conn:
                    found = await find_committed(conn, commit)
                if found is not None:
                    return found
                break
            except psycopg.OperationalError:
                if wait_s is not None:
                    await asyncio.sleep(wait_s)
        raise StoreUnavailable("the event store does not answer") from lost


class Lane:
    """A connection that commits one batch at a time."""

    def __init__(self, conn: AsyncConnection[Any]) -> None:
        self.conn = conn

    @property
    def lost(self) -> bool:
        return self.conn.closed or self.conn.broken

    async def close(self) -> None:
        if not self.conn.closed:
            await self.conn.close()


class Waiting:
    """A commit in the queue, with what it must not meet. Streams are known by their number."""

    __slots__ = ("commit", "future", "key", "reads", "writes")

    def __init__(self, commit: Commit) -> None:
        self.commit = commit
        self.future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.writes = {event.stream_id.int for event in commit.events}
        self.reads = [stream_id.int for stream_id, _ in commit.guards]
        kept = commit.idempotency
        self.key = (kept.scope_id.int, kept.key) if kept is not None else None
