"""One batch, or one large commit, on one connection: appended once, whatever was lost before.

Every event's bytes hold an id of its own. After a lost connection the log is asked which commits it
has, and only the others are appended again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import AsyncConnection

from mintflow.domain.core.errors import Unavailable
from mintflow.store.append import (
    APPEND_SQL,
    Commit,
    EncodedEvent,
    Outcome,
    append_args,
    outcomes,
)
from mintflow.store.traces import note_traces

# Events that a large commit sends at once: the next part is encoded meanwhile.
PART_EVENTS = 2_000


class StoreUnavailable(Unavailable):
    """The event store does not answer. Whether the command was kept is not known: ask again under
    the same idempotency key, which gives the first answer if it was."""

    code = "store_unavailable"


async def append_in_parts(conn: AsyncConnection[Any], commit: Commit) -> Outcome:
    """Append a commit of any size, all or nothing, a part of its events at a time."""
    starts = range(0, len(commit.events), PART_EVENTS)
    last: Outcome | None = None
    part = await _part(commit, 0)
    async with conn.transaction():
        for start in starts:
            first, final = start == 0, start == starts[-1]
            # The next part is encoded in another thread while the database works on this one.
            ahead = asyncio.create_task(_part(commit, start + PART_EVENTS))
            piece = Commit(
                commit.shard,
                commit.ledger_id,
                part,
                commit.guards if first else (),
                commit.idempotency if final else None,
                commit.expected_seq if first else None,
                commit.traced if first else None,
            )
            try:
                last = (await append(conn, [piece]))[0]
            finally:
                part = await ahead
            if last.kind != "appended":
                raise psycopg.Rollback
    assert last is not None
    return last


async def _part(commit: Commit, start: int) -> Sequence[EncodedEvent]:
    return await asyncio.to_thread(commit.events.__getitem__, slice(start, start + PART_EVENTS))


async def append(conn: AsyncConnection[Any], commits: Sequence[Commit]) -> list[Outcome]:
    if any(commit.traced for commit in commits):
        async with conn.transaction():
            found = await _append(conn, commits)
            pairs = zip(commits, found, strict=True)
            await note_traces(
                conn,
                [one.traced for one, what in pairs if one.traced and what.kind == "appended"],
            )
        return found
    return await _append(conn, commits)


async def _append(conn: AsyncConnection[Any], commits: Sequence[Commit]) -> list[Outcome]:
    cursor = await conn.execute(APPEND_SQL, append_args(commits), prepare=True, binary=True)
    return outcomes(await cursor.fetchall())


async def append_all(
    conn: AsyncConnection[Any], commits: Sequence[Commit], *, apart: bool, unsure: bool
) -> Sequence[Outcome | Exception]:
    """Append a batch. apart: each by itself. unsure: some may be in the log already, or get there
    while this waits for their locks, because a connection was lost in the middle."""
    if not unsure:
        return await _append_each(conn, commits) if apart else await append(conn, commits)
    found: list[Outcome | Exception | None] = [
        await find_committed(conn, commit) for commit in commits
    ]
    places = [place for place, there in enumerate(found) if there is None]
    missing = [commits[place] for place in places]
    results: Sequence[Outcome | Exception] = []
    if missing:
        results = await _append_each(conn, missing) if apart else await append(conn, missing)
    for place, result in zip(places, results, strict=True):
        if isinstance(result, Outcome) and result.kind != "appended":
            # What it met may be itself: the lost session went on and committed meanwhile.
            found[place] = await find_committed(conn, commits[place]) or result
        else:
            found[place] = result
    return [result for result in found if result is not None]


async def _append_each(
    conn: AsyncConnection[Any], commits: Sequence[Commit]
) -> list[Outcome | Exception]:
    return [await _append_one(conn, commit) for commit in commits]


async def _append_one(conn: AsyncConnection[Any], commit: Commit) -> Outcome | Exception:
    for raced in (False, True):
        try:
            return (await append(conn, [commit]))[0]
        except psycopg.OperationalError:
            raise
        except psycopg.Error as refused:
            # Two that keep an answer under one key at once: the second try gives the first's.
            if raced or not isinstance(refused, psycopg.errors.UniqueViolation):
                return StoreUnavailable(f"the event store refused: {type(refused).__name__}")
    raise AssertionError("unreachable")


async def find_committed(conn: AsyncConnection[Any], commit: Commit) -> Outcome | None:
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
