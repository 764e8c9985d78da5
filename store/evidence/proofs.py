"""Inclusion and consistency proofs, and the signed heads that they are against."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

from mintflow.domain.core.ids import SHARDS
from mintflow.store.evidence.merkle import consistency_ranges, inclusion_ranges
from mintflow.store.evidence.tiles import TRAIL, TreeReader


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head as it was signed. note: what the signature is over, with it."""

    shard: int
    size: int
    root: bytes
    signed_at: dt.datetime
    note: str
    publication: int


_HEAD = "select h.shard, h.size, h.root, h.signed_at, h.note, h.publication from audit.head h"


async def covering_head(conn: AsyncConnection[Any], shard: int, position: int) -> SignedHead | None:
    """The newest head of a shard, if it covers a position."""
    cursor = await conn.execute(
        f"{_HEAD} where shard = %s order by size desc limit 1", [shard], prepare=True
    )
    row = await cursor.fetchone()
    return SignedHead(*row) if row is not None and row[1] >= position else None


async def head_of_size(conn: AsyncConnection[Any], shard: int, size: int) -> SignedHead | None:
    """The head that was signed at exactly this size."""
    cursor = await conn.execute(f"{_HEAD} where shard = %s and size = %s", [shard, size])
    row = await cursor.fetchone()
    return SignedHead(*row) if row is not None else None


async def newest_heads(conn: AsyncConnection[Any]) -> list[SignedHead]:
    """The newest head of each shard that has one; the trail's is of shard -1."""
    cursor = await conn.execute(
        f"select h.* from generate_series({TRAIL}, {SHARDS - 1}) as s (shard)"  # noqa: S608
        f" cross join lateral ({_HEAD} where h.shard = s.shard order by h.size desc limit 1) h"
        " order by h.shard"
    )
    return [SignedHead(*row) for row in await cursor.fetchall()]


async def earlier_heads(
    conn: AsyncConnection[Any], shard: int, size: int, limit: int
) -> list[SignedHead]:
    """Heads of a shard that are smaller, the nearest first."""
    cursor = await conn.execute(
        f"{_HEAD} where shard = %s and size < %s order by size desc limit %s", [shard, size, limit]
    )
    return [SignedHead(*row) for row in await cursor.fetchall()]


async def inclusion_proof(reader: TreeReader, position: int, size: int) -> list[bytes]:
    """What proves the event of a position in the tree of the first `size` events."""
    return await reader.roots(inclusion_ranges(position - 1, size))


async def consistency_proof(reader: TreeReader, first: int, second: int) -> list[bytes]:
    """What proves that the tree of `first` events is the beginning of that of `second`."""
    return await reader.roots(consistency_ranges(first, second))
