"""`known_at`: from what a caller writes to a moment of the ledger's log.

    2025            a position of the shard, as `meta.position` gave it
    seq:117         an event of this ledger by its ledger_seq
    2026-03-31      the end of that day in UTC; today: now
    2026-03-31T09:30:00+01:00    what was recorded until then; the zone must be said

A position says exactly what was known; a time leaves out what was being appended just then.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.core.errors import Invalid
from mintflow.domain.core.ids import shard_of
from mintflow.domain.ledgers import LedgerNotFound
from mintflow.store.moments import (
    Moment,
    position_at,
    position_of,
    recorded_at,
    sequence_at,
    shard_head,
)

NUMBER_MAX = 2**62
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)([Zz]|[ +-]\d{2}:\d{2})",
    re.ASCII,
)
_END_OF_DAY = dt.time(23, 59, 59, 999_999, tzinfo=dt.UTC)
KNOWN_AT_PARAMETER = {
    "name": "known_at",
    "in": "query",
    "description": "What was known then: a position as `meta.position` gave it, `seq:` and a "
    "ledger_seq, a time with its zone, or a day, whose end in UTC is meant.",
    "schema": {
        "type": "string",
        "maxLength": 40,
        "examples": ["2025", "seq:117", "2026-03-31", "2026-03-31T09:30:00Z"],
    },
}


class KnownAtNotReadable(Invalid):
    """`known_at` is a position, `seq:` and a ledger_seq, a day, or a time with its zone."""

    code = "known_at_not_readable"


class KnownAtInFuture(Invalid):
    """Nobody knows yet what will be known then: the position or the time is still to come."""

    code = "known_at_in_future"


async def read_known_at(
    conn: AsyncConnection[Any], ledger_id: UUID, text: str, now: dt.datetime
) -> Moment:
    """The moment that is meant. Raises KnownAtNotReadable, KnownAtInFuture, and LedgerNotFound for
    one before the ledger was opened."""
    shard = shard_of(ledger_id)
    at: dt.datetime | None = None
    if text.startswith("seq:"):
        found = await position_of(conn, ledger_id, _number(text[4:]))
        if found is None:
            raise KnownAtInFuture("the ledger has no event of this ledger_seq yet")
        position = found
    elif text.isascii() and text.isdigit():
        position = _number(text)
        head = await shard_head(conn, shard)
        if position > head:
            raise KnownAtInFuture("the log has not come to this position yet", head=head)
    else:
        at = _time(text, now)
        if at > now:
            raise KnownAtInFuture("this time is still to come", now=now.isoformat())
        position = await position_at(conn, shard, at)
    ledger_seq = await sequence_at(conn, ledger_id, position)
    if not ledger_seq:
        raise LedgerNotFound("there was no such ledger then", ledger_id=str(ledger_id))
    if at is None:
        at = await recorded_at(conn, shard, position)
        assert at is not None, "the position is that of an event"
    return Moment(position, ledger_seq, at)


def _number(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 19 and 0 <= int(text) <= NUMBER_MAX:
        return int(text)
    raise _not_readable()


def _time(text: str, now: dt.datetime) -> dt.datetime:
    try:
        if _DAY.fullmatch(text):
            day = dt.date.fromisoformat(text)
            return now if day == now.date() else dt.datetime.combine(day, _END_OF_DAY)
        parts = _TIME.fullmatch(text)
        if parts is not None:
            # A plus that was not escaped arrives as a space.
            zone = parts[3].replace(" ", "+").upper()
            return dt.datetime.fromisoformat(f"{parts[1]}T{parts[2]}{zone}").astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass
    raise _not_readable()


def _not_readable() -> KnownAtNotReadable:
    return KnownAtNotReadable(
        "known_at is a position, seq: and a ledger_seq, a day like 2026-03-31, or a time with its"
        " zone like 2026-03-31T09:30:00Z"
    )
