"""The write side of the log: what a command wants appended, and the one statement that does it.

The rules (locks, gapless numbers, the chain, idempotency) are in the database function
`log.append`, migrations/sql/0001_log.sql; this file packs its arguments and reads its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from mintflow.store.arrays import ByteaArray, Int4Array, Int8Array, TextArray, UuidArray
from mintflow.store.traces import TracedRequest

APPEND_SQL = (
    "select * from log.append(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
KEEP_ANSWER_SQL = "select * from log.keep_answer(%s, %s, %s, %s)"


# Events of one batch of commands. Larger batches gain nothing (measured: 25k/s at 128, 25k/s at
# 1,000) and make neighbours wait.
BATCH_EVENTS_MAX = 512


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """One event as it will be stored. recorded_us: microseconds since 1970, UTC; the store keeps
    it from running backwards within a shard."""

    stream_id: UUID
    stream_version: int
    type: str
    recorded_us: int
    record: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The key a caller gave, what it asked (a hash) and what it will be answered for ever."""

    scope_id: UUID
    key: str
    request: bytes
    response: bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """What one command appends, all or nothing.

    guards: streams that were read, with the version read; a newer one is a conflict.
    expected_seq: the ledger_seq it was decided on, where it depends on the whole ledger.
    traced: where its caller named a trace.
    """

    shard: int
    ledger_id: UUID
    events: Sequence[EncodedEvent]
    guards: Sequence[tuple[UUID, int]] = ()
    idempotency: Idempotency | None = None
    expected_seq: int | None = None
    traced: TracedRequest | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one Commit. position and ledger_seq: of its last event.

    replayed: an answer is kept under this key; stored_request tells whether to the same question.
    stale: the ledger moved on since expected_seq. conflict: a stream did.
    """

    kind: Literal["appended", "replayed", "stale", "conflict"]
    position: int | None
    ledger_seq: int
    stored_request: bytes | None
    stored_response: bytes | None


def append_args(commits: Sequence[Commit]) -> tuple[Any, ...]:
    """The arguments of APPEND_SQL. commits: sorted by `lock_order`, no stream in two of them."""
    keys = [commit.idempotency for commit in commits]
    guards = [guard for commit in commits for guard in commit.guards]
    events = [event for commit in commits for event in commit.events]
    return (
        Int4Array.of([commit.shard for commit in commits]),
        UuidArray.of([commit.ledger_id for commit in commits]),
        UuidArray.of(
            [
                key.scope_id if key else commit.ledger_id
                for key, commit in zip(keys, commits, strict=True)
            ]
        ),
        TextArray.of([key.key if key else None for key in keys]),
        ByteaArray.of([key.request if key else None for key in keys]),
        ByteaArray.of([key.response if key else None for key in keys]),
        Int8Array.of([commit.expected_seq for commit in commits]),
        Int4Array.of([len(commit.events) for commit in commits]),
        Int4Array.of([len(commit.guards) for commit in commits]),
        UuidArray.of([stream_id for stream_id, _ in guards]),
        Int4Array.of([version for _, version in guards]),
        UuidArray.of([event.stream_id for event in events]),
        Int4Array.of([event.stream_version for event in events]),
        TextArray.of([event.type for event in events]),
        Int8Array.of([event.recorded_us for event in events]),
        ByteaArray.of([event.record for event in events]),
        ByteaArray.of([event.sealed for event in events]),
    )


def lock_order(commit: Commit) -> tuple[int, bytes]:
    """Sort key that makes every writer take the shard locks in one order."""
    return commit.shard, commit.ledger_id.bytes


def outcomes(rows: Sequence[tuple[Any, ...]]) -> list[Outcome]:
    """The rows of APPEND_SQL, in the order of the commits."""
    return [Outcome(*row) for row in rows]
