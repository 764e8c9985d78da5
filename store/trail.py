"""The trail: who was refused, who came in, what was taken out, which keys were used, what was read.

Entries are appended to a chained table of their own (`audit.trail`), which has a tree and signed
heads like a shard of the log. What is in the clear is ids, codes and counts; the address, which is
somebody's, is sealed under a key of its month, so that old ones can be forgotten by destroying it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

import orjson
from psycopg import AsyncConnection

from mintflow.store.keys import KeyStore
from mintflow.store.sealing import LedgerIsErased, Sealer

_KEYS_OF = UUID("7d1f3c5e-6f0b-5e5c-9a53-0f9a2f7f6a10")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_APPEND = "select audit.append_trail(%s::bigint[], %s::bytea[], %s::bytea[])"
_READ = (
    "select position, recorded_at, record, sealed from audit.trail"
    " where shard = -1 and position > %s and (%s::text is null or"
    " convert_from(record, 'UTF8')::json ->> 'actor' = %s) order by position limit %s"
)


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One thing, or several of the same within moments.

    what: e.g. "command.refused". at: when it happened first. actor: as in events; None where it is
    not known. reason: a code. route: the template of the address. count: how often.
    """

    what: str
    at: dt.datetime
    actor: str | None = None
    address: str | None = None
    reason: str | None = None
    route: str | None = None
    ledger_id: str | None = None
    count: int = 1


async def append_entries(
    conn: AsyncConnection[Any], keys: KeyStore, entries: Sequence[TrailEntry]
) -> int:
    """Append in one transaction; the position of the last one."""
    sealer = Sealer(keys)
    records = [_record(entry) for entry in entries]
    sealed = [
        _sealed(sealer, keys, entry, record) for entry, record in zip(entries, records, strict=True)
    ]
    times = [(entry.at - _EPOCH) // dt.timedelta(microseconds=1) for entry in entries]
    cursor = await conn.execute(_APPEND, [times, records, sealed])
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def read_trail(
    conn: AsyncConnection[Any], keys: KeyStore, after: int, limit: int, actor: str | None = None
) -> list[dict[str, Any]]:
    """Entries after a position, in order; with an actor only his.

    address: None where there was none, or its key is gone.
    """
    sealer = Sealer(keys)
    cursor = await conn.execute(_READ, [after, actor, actor, limit])
    found = []
    for position, recorded_at, record, sealed in await cursor.fetchall():
        entry = orjson.loads(record)
        opened = sealer.unseal(UUID(entry["key"]), _bound_to(record), sealed) if sealed else None
        del entry["key"]
        address = (opened or {}).get("address")
        found.append(
            {"position": position, "recorded_at": recorded_at, **entry, "address": address}
        )
    return found


def month_key(at: dt.datetime) -> UUID:
    """The name of the key under which addresses of a month are sealed, in the key store."""
    return uuid5(_KEYS_OF, f"{at:%Y-%m}")


def _record(entry: TrailEntry) -> bytes:
    return orjson.dumps(
        {
            "what": entry.what,
            "at": entry.at,
            "actor": entry.actor,
            "reason": entry.reason,
            "route": entry.route,
            "ledger_id": entry.ledger_id,
            "count": entry.count,
            "key": str(month_key(entry.at)),
        },
        option=orjson.OPT_UTC_Z,
    )


def _sealed(sealer: Sealer, keys: KeyStore, entry: TrailEntry, record: bytes) -> bytes:
    if entry.address is None:
        return b""
    month = month_key(entry.at)
    if keys.get(month) is None:
        sealer.prepare(month)
    try:
        return sealer.seal(month, _bound_to(record), {"address": entry.address})
    except LedgerIsErased:
        return b""


def _bound_to(record: bytes) -> bytes:
    return sha256(record).digest()[:20]
