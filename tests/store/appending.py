"""What the tests of the log append with: small events, and connections of the product's role."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import psycopg

from mintflow.domain.core.ids import shard_of
from mintflow.store.append import (
    APPEND_SQL,
    KEEP_ANSWER_SQL,
    Commit,
    EncodedEvent,
    Idempotency,
    Outcome,
    append_args,
    lock_order,
    outcomes,
)
from mintflow.store.arrays import register_arrays

Conn = psycopg.Connection[Any]
NOON_US = 1_700_000_000_000_000


def as_app(url: str) -> str:
    """The URL with the role that the product runs as."""
    joined = "&" if "?" in url else "?"
    return f"{url}{joined}options={quote('-c role=mintflow_app')}"


def connect(url: str) -> Conn:
    """An autocommit connection of the product's role that can send packed arrays."""
    conn = psycopg.connect(as_app(url), autocommit=True)
    register_arrays(conn)
    return conn


def event(
    stream_id: UUID | None = None,
    version: int = 1,
    *,
    record: bytes | None = None,
    sealed: bytes = b"",
    recorded_us: int = NOON_US,
) -> EncodedEvent:
    """An event of bytes that nobody decodes."""
    stream_id = stream_id or uuid4()
    return EncodedEvent(
        stream_id,
        version,
        "test.happened",
        recorded_us,
        record if record is not None else f'{{"event_id":"{uuid4()}"}}'.encode(),
        sealed,
    )


def commit(ledger_id: UUID, *events: EncodedEvent, **facts: Any) -> Commit:
    """A commit to the ledger's own shard; facts: guards, idempotency, expected_seq."""
    return Commit(shard_of(ledger_id), ledger_id, events or (event(),), **facts)


def keyed(key: str, request: str = "ask", response: str = "{}", *, scope: UUID) -> Idempotency:
    """An idempotency key with what was asked and answered under it."""
    asked = hashlib.sha256(request.encode()).digest()
    return Idempotency(scope, key, asked, response.encode())


def append(conn: Conn, *commits: Commit) -> list[Outcome]:
    """Append in one statement; the outcomes in the order of the arguments."""
    order = sorted(range(len(commits)), key=lambda i: lock_order(commits[i]))
    rows = conn.execute(APPEND_SQL, append_args([commits[i] for i in order]), binary=True)
    found = outcomes(rows.fetchall())
    return [found[order.index(i)] for i in range(len(commits))]


def keep_answer(conn: Conn, kept: Idempotency) -> tuple[bytes, bytes, bool]:
    """Keep an answer without events; what is kept, and whether it is this one."""
    args = [kept.scope_id, kept.key, kept.request, kept.response]
    row = conn.execute(KEEP_ANSWER_SQL, args).fetchone()
    assert row is not None
    return bytes(row[0]), bytes(row[1]), row[2]


def ledger_in(shard: int, *others: UUID) -> UUID:
    """A new ledger that lives in the shard, none of the others."""
    while True:
        ledger_id = uuid4()
        if shard_of(ledger_id) == shard and ledger_id not in others:
            return ledger_id


def positions(conn: Conn, shard: int) -> list[int]:
    """The positions of a shard's events, in order."""
    found = conn.execute(
        "select position from log.event where shard = %s order by position", [shard]
    )
    return [row[0] for row in found]


def assert_whole(conn: Conn) -> None:
    """No gap anywhere: positions per shard, ledger_seq per ledger, heads equal the last row."""
    for sql in (_BROKEN_SHARDS, _BROKEN_LEDGERS):
        broken: Sequence[Any] = conn.execute(sql.encode()).fetchall()
        assert not broken, broken


_BROKEN_SHARDS = """
select h.shard, h.position, count(e.*), max(e.position), bool_and(e.recorded_at >= e.before)
from log.shard_head h
left join (
    select *, coalesce(lag(recorded_at) over (partition by shard order by position), recorded_at)
        as before
    from log.event
) e on e.shard = h.shard
group by h.shard, h.position, h.hash
having count(e.*) <> h.position or coalesce(max(e.position), 0) <> h.position
    or not coalesce(bool_and(e.recorded_at >= e.before), true)
    or (h.position > 0 and h.hash <> (
        select hash from log.event l where l.shard = h.shard and l.position = h.position))
"""

_BROKEN_LEDGERS = """
select l.ledger_id, h.ledger_seq, count(*), max(l.ledger_seq)
from (
    select ledger_id, ledger_seq, shard,
        ledger_seq > coalesce(lag(ledger_seq) over (partition by ledger_id order by position), 0)
            as in_order
    from log.event
) l left join log.ledger_head h on h.ledger_id = l.ledger_id
group by l.ledger_id, h.ledger_seq
having count(*) <> max(l.ledger_seq) or h.ledger_seq is distinct from max(l.ledger_seq)
    or count(distinct l.shard) <> 1 or not bool_and(l.in_order)
"""
