"""The trace that a request belongs to, where its caller named one: kept beside the log.

It says which work in other programs led to an event, so it goes to those who watch such work, with
the event's messages. It is no part of the history: no hash covers it, nothing is folded from it,
and what is exported does without it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.store.rows import StoredRow

# Of version 00, and the beginning of any later one: https://www.w3.org/TR/trace-context/
_TRACEPARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_SAMPLED = 1
_CORRELATION = b'"correlation_id":"'
_NOTE = """
insert into log.trace (correlation_id, ledger_id, trace_id, sampled)
select * from unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::boolean[]) on conflict do nothing
"""
_ANY = "select exists (select from log.trace)"
_FIND = """
select correlation_id, trace_id, sampled from log.trace
join unnest(%s::uuid[], %s::uuid[]) as asked (ledger_id, correlation_id)
using (ledger_id, correlation_id)
"""


class Trace(NamedTuple):
    """sampled: whether the caller keeps what belongs to it."""

    trace_id: UUID
    sampled: bool


class TracedRequest(NamedTuple):
    """Whose events share this correlation belong to the trace: also those that reactions add."""

    correlation_id: UUID
    ledger_id: UUID
    trace: Trace


def trace_of(traceparent: str) -> Trace | None:
    """The trace that a `traceparent` names; None for what is none, as the standard has it."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None or (found["version"] == "00" and found["more"]):
        return None
    return Trace(UUID(found["trace"]), bool(int(found["flags"], 16) & _SAMPLED))


async def note_traces(conn: AsyncConnection[Any], traced: Sequence[TracedRequest]) -> None:
    """Keep traces, in the transaction that appends their events: who reads those finds these."""
    if traced:
        rows = [(one.correlation_id, one.ledger_id, *one.trace) for one in traced]
        await conn.execute(_NOTE, [list(column) for column in zip(*rows, strict=True)])


class Traces:
    """For one reader of the log: most installations never keep a trace, and pay little for it."""

    def __init__(self) -> None:
        self._any = False

    async def of(self, conn: AsyncConnection[Any], rows: Collection[StoredRow]) -> dict[str, Trace]:
        """Correlation -> trace, of rows that were read before."""
        if not self._any and rows:
            found = await (await conn.execute(_ANY)).fetchone()
            self._any = found is not None and found[0]
        if not self._any or not rows:
            return {}
        asked = {(row.ledger_id, _correlation_of(row.record)) for row in rows}
        ledgers, correlations = zip(*asked, strict=True)
        cursor = await conn.execute(_FIND, [[*ledgers], [*correlations]])
        return {str(found): Trace(*trace) for found, *trace in await cursor.fetchall()}


def _correlation_of(record: bytes) -> str:
    """Cut out of the bytes as the mapper writes them, where no quoted text can look like it: what
    is decoded before its turn is not in the processor's cache when that comes."""
    start = record.index(_CORRELATION) + len(_CORRELATION)
    return record[start : start + 36].decode()
