"""The batching appender: commands that are in flight together are committed together.

Whatever has queued while the last commit ran goes into the next one, so a lone command waits for
nothing and a crowd shares one fsync. Two commands of a batch never touch one stream or one key; the
later one waits for the next batch. A conflict is told to its own command only.

When the connection is lost, a commit may or may not have happened. Every event's bytes hold an id
of its own, so the log is asked which of them it has, and only the others are appended again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection

from mintflow.domain.core.errors import Unavailable
from mintflow.store.append import (
    APPEND_SQL,
    KEEP_ANSWER_SQL,
    Commit,
    Idempotency,
    Outcome,
    append_args,
    lock_order,
    outcomes,
)

log = structlog.get_logger(__name__)

# Larger batches gain nothing (measured: 25k/s at 128, 25k/s at 1,000) and make neighbours wait.
BATCH_EVENTS_MAX = 512
# A commit of more events than this goes alone, on a connection of its own, in parts.
PART_EVENTS = 5_000
RETRY_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0)

Connect = Callable[[], Awaitable[AsyncConnection[Any]]]


class StoreUnavailable(Unavailable):
    """The event store does not answer. Whether the command was kept is not known: ask again under
    the same idempotency key, which gives the first answer if it was."""

    code = "store_unavailable"


class GroupCommit:
    """One per process. `append` may be called from any number of tasks of one event loop."""

    def __init__(self, connect: Connect, after_commit: Callable[[], None]) -> None:
        """connect: opens an autocommit connection of the product's role. after_commit: wakes the
        readers of the log; it must not block."""
        self._connect = connect
        self._after_commit = after_commit
        self._queue: deque[tuple[Commit, asyncio.Future[Outcome]]] = deque()
        self._queued = asyncio.Event()
        self._busy_shards: dict[int, int] = {}
        self._conn: AsyncConnection[Any] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and begin to take commits."""
        self._conn = await self._connect()
        self._task = asyncio.create_task(self._run(), name="group-commit")

    async def stop(self) -> None:
        """End after the batch under way; what still waits is refused as unavailable."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        while self._queue:
            _, future = self._queue.popleft()
            if not future.done():
                future.set_exception(StoreUnavailable("the host is stopping"))
        if self._conn is not None:
            await self._conn.close()

    async def append(self, commit: Commit) -> Outcome:
        """Durable when it returns. Raises StoreUnavailable, and what the database refuses."""
        if len(commit.events) > BATCH_EVENTS_MAX:
            return await self._append_alone(commit)
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.append((commit, future))
        self._queued.set()
        return await future

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

    async def _run(self) -> None:
        while True:
            await self._queued.wait()
            batch = self._take()
            if not batch:
                self._queued.clear()
                continue
            commits = [commit for commit, _ in batch]
            try:
                results = await self._append_batch(commits)
            except asyncio.CancelledError:
                _settle(batch, StoreUnavailable("the host is stopping"))
                raise
            except psycopg.Error as refused:
                log.warning("batch_failed", error=type(refused).__name__, commits=len(batch))
                _settle(batch, StoreUnavailable("the event store does not answer"))
            except (AssertionError, ValueError, OverflowError) as fault:
                log.error("batch_faulty", error=type(fault).__name__, commits=len(batch))
                _settle(batch, fault)
            else:
                self._after_commit()
                for (_, future), result in zip(batch, results, strict=True):
                    if future.done():
                        continue
                    if isinstance(result, Outcome):
                        future.set_result(result)
                    else:
                        future.set_exception(result)

    def _take(self) -> list[tuple[Commit, asyncio.Future[Outcome]]]:
        """The next batch, sorted for the locks; what would meet itself stays for the one after."""
        written: set[tuple[UUID, UUID]] = set()
        guarded: set[tuple[UUID, UUID]] = set()
        keys: set[tuple[UUID, str]] = set()
        taken: list[tuple[Commit, asyncio.Future[Outcome]]] = []
        left: list[tuple[Commit, asyncio.Future[Outcome]]] = []
        events = 0
        while self._queue and events < BATCH_EVENTS_MAX:
            commit, future = item = self._queue.popleft()
            if future.done():
                continue
            ledger_id, kept = commit.ledger_id, commit.idempotency
            writes = {(ledger_id, event.stream_id) for event in commit.events}
            reads = {(ledger_id, stream_id) for stream_id, _ in commit.guards}
            key = {(kept.scope_id, kept.key)} if kept is not None else set()
            if (
                commit.shard in self._busy_shards
                or not written.isdisjoint(writes)
                or not written.isdisjoint(reads)
                or not guarded.isdisjoint(writes)
                or not keys.isdisjoint(key)
                or (
                    commit.expected_seq is not None
                    and any(c.ledger_id == ledger_id for c, _ in taken)
                )
            ):
                left.append(item)
                continue
            written |= writes
            guarded |= reads
            keys |= key
            events += len(commit.events)
            taken.append(item)
        self._queue.extendleft(reversed(left))
        taken.sort(key=lambda item: lock_order(item[0]))
        return taken

    async def _append_batch(self, commits: Sequence[Commit]) -> Sequence[Outcome | Exception]:
        for wait_s in (*RETRY_S, None):
            try:
                if self._conn is None or self._conn.closed or self._conn.broken:
                    self._conn = await self._connect()
                    return await _append_missing(self._conn, commits)
                return await _append(self._conn, commits)
            except psycopg.OperationalError:
                if wait_s is None:
                    raise
                log.warning("store_connection_lost", retry_in_s=wait_s)
                if self._conn is not None and not self._conn.closed:
                    await self._conn.close()
                self._conn = None
                await asyncio.sleep(wait_s)
            except psycopg.Error:
                # One commit of the batch is refused by the database itself (say, a race for one
                # key from two shards): nothing was kept, so each is tried by itself.
                if len(commits) == 1:
                    raise
                return [await self._append_one(commit) for commit in commits]
        raise AssertionError("unreachable")

    async def _append_one(self, commit: Commit) -> Outcome | Exception:
        assert self._conn is not None
        try:
            return (await _append(self._conn, [commit]))[0]
        except psycopg.OperationalError:
            raise
        except psycopg.Error as refused:
            return StoreUnavailable(f"the event store refused: {type(refused).__name__}")

    async def _append_alone(self, commit: Commit) -> Outcome:
        """A large commit in parts, in one transaction; others of its shard wait meanwhile."""
        self._busy_shards[commit.shard] = self._busy_shards.get(commit.shard, 0) + 1
        try:
            async with await self._connect() as conn:
                outcome = await append_in_parts(conn, commit)
        except psycopg.OperationalError as lost:
            async with await self._connect() as conn:
                found = await _find_committed(conn, commit)
            if found is None:
                raise StoreUnavailable("the event store does not answer") from lost
            outcome = found
        finally:
            self._busy_shards[commit.shard] -= 1
            if not self._busy_shards[commit.shard]:
                del self._busy_shards[commit.shard]
            self._queued.set()
        self._after_commit()
        return outcome


async def append_in_parts(conn: AsyncConnection[Any], commit: Commit) -> Outcome:
    """Append a commit of any size, all or nothing, a part of its events at a time."""
    parts = [
        commit.events[start : start + PART_EVENTS]
        for start in range(0, len(commit.events), PART_EVENTS)
    ]
    last: Outcome | None = None
    async with conn.transaction():
        for number, part in enumerate(parts):
            first, final = number == 0, number == len(parts) - 1
            piece = Commit(
                commit.shard,
                commit.ledger_id,
                part,
                commit.guards if first else (),
                commit.idempotency if final else None,
                commit.expected_seq if first else None,
            )
            last = (await _append(conn, [piece]))[0]
            if last.kind != "appended":
                raise psycopg.Rollback
    assert last is not None
    return last


async def _append(conn: AsyncConnection[Any], commits: Sequence[Commit]) -> list[Outcome]:
    cursor = await conn.execute(APPEND_SQL, append_args(commits), prepare=True, binary=True)
    return outcomes(await cursor.fetchall())


async def _append_missing(conn: AsyncConnection[Any], commits: Sequence[Commit]) -> list[Outcome]:
    """Append what the log does not hold yet, after a connection was lost in the middle."""
    found = [await _find_committed(conn, commit) for commit in commits]
    missing = [commit for commit, there in zip(commits, found, strict=True) if there is None]
    appended = iter(await _append(conn, missing) if missing else [])
    return [there if there is not None else next(appended) for there in found]


async def _find_committed(conn: AsyncConnection[Any], commit: Commit) -> Outcome | None:
    """The outcome of a commit whose acknowledgement was lost, if it happened."""
    if not commit.events:
        return None
    last = commit.events[-1]
    cursor = await conn.execute(
        "select position, ledger_seq from log.event where ledger_id = %s and stream_id = %s"
        " and stream_version = %s and record = %s",
        [commit.ledger_id, last.stream_id, last.stream_version, last.record],
    )
    row = await cursor.fetchone()
    return Outcome("appended", row[0], row[1], None, None) if row else None


def _settle(batch: Sequence[tuple[Commit, asyncio.Future[Outcome]]], fault: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(fault)
