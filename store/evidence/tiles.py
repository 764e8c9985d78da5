"""Complete subtrees of a shard's tree, from rows of 256 hashes.

Tile (0, n) is 256 leaf hashes; tile (k, n) the roots of 256 tiles of the level below. Whole tiles
are kept in `audit.tile` and never change; what is missing at the right edge is read from the log
and from the roots of whole tiles. So one proof in a shard of a million events reads three rows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from psycopg import AsyncConnection

from mintflow.store.chain import leaf_hash
from mintflow.store.evidence.merkle import Node, Range, nodes_of, root_of
from mintflow.store.evidence.verifier import node_hash

# 256 hashes make one row of 8 kB, a page of the database; a proof recomputes at most 255 of them.
HEIGHT = 8
WIDTH = 1 << HEIGHT
HASH_BYTES = 32
# The shard number under which the trail has its own tree.
TRAIL = -1
_KEPT_TILES_MAX = 64

_COLUMNS = (
    "position, uuid_send(ledger_id), ledger_seq,"
    " (extract(epoch from recorded_at) * 1000000)::bigint, record, sealed, hash"
)
_LEAVES = (
    f"select {_COLUMNS} from log.event where shard = %s and position > %s"  # noqa: S608
    " order by position limit %s"
)
_TRAIL_LEAVES = (
    "select position, decode(repeat('00', 16), 'hex'), position,"
    " (extract(epoch from recorded_at) * 1000000)::bigint, record, sealed, hash"
    " from audit.trail where shard = %s and position > %s order by position limit %s"
)
_TILES = (
    "select level, number, hashes from audit.tile where shard = %s"
    " and (level, number) in (select * from unnest(%s::int[], %s::bigint[]))"
)
_ROOTS = (
    "select root from audit.tile where shard = %s and level = %s and number >= %s and number < %s"
    " order by number"
)


async def read_leaves(
    conn: AsyncConnection[Any], shard: int, after: int, limit: int
) -> list[tuple[int, bytes, bytes]]:
    """(position, leaf hash, chain hash) of the events after a position; shard TRAIL: its entries.

    The leaf is computed here from the stored bytes, not asked of the database.
    """
    sql = _TRAIL_LEAVES if shard == TRAIL else _LEAVES
    cursor = await conn.execute(sql, [shard, after, limit], prepare=True, binary=True)
    return [
        (position, leaf_hash(shard, position, ledger, seq, recorded_us, record, sealed), hashed)
        for position, ledger, seq, recorded_us, record, sealed, hashed in await cursor.fetchall()
    ]


async def read_roots(
    conn: AsyncConnection[Any], shard: int, level: int, begin: int, end: int
) -> list[bytes]:
    """The roots of whole tiles of a level, from number `begin` up to `end`."""
    cursor = await conn.execute(_ROOTS, [shard, level, begin, end], prepare=True, binary=True)
    return [row[0] for row in await cursor.fetchall()]


class TreeReader:
    """Nodes of one shard's tree. Load what is needed, then ask."""

    def __init__(self, conn: AsyncConnection[Any], shard: int) -> None:
        self._conn = conn
        self._shard = shard
        # (level, number) -> the rows of hashes of a tile, from its lowest upwards.
        self._tiles: OrderedDict[tuple[int, int], list[list[bytes]]] = OrderedDict()

    async def roots(self, ranges: Iterable[Range]) -> list[bytes]:
        """The root of each range of leaves. Ranges lie within what has whole tiles or is logged."""
        wanted = list(ranges)
        await self._load({_tile_of(node) for part in wanted for node in nodes_of(part)})
        return [root_of(part, self._node) for part in wanted]

    def _node(self, node: Node) -> bytes:
        level, index = node
        within = level % HEIGHT
        rows = self._tiles[_tile_of(node)]
        place = index - (_tile_of(node)[1] << HEIGHT - within)
        return rows[within][place]

    async def _load(self, wanted: set[tuple[int, int]]) -> None:
        for key in wanted & self._tiles.keys():
            self._tiles.move_to_end(key)
        missing = sorted(wanted - self._tiles.keys())
        if not missing:
            return
        cursor = await self._conn.execute(
            _TILES,
            [self._shard, [level for level, _ in missing], [number for _, number in missing]],
            prepare=True,
            binary=True,
        )
        found = {(row[0], row[1]): row[2] for row in await cursor.fetchall()}
        for key in missing:
            hashes = _split(found[key]) if key in found else await self._partial(*key)
            self._tiles[key] = _rows_of(hashes)
        while len(self._tiles) > max(_KEPT_TILES_MAX, len(wanted)):
            self._tiles.popitem(last=False)

    async def _partial(self, level: int, number: int) -> list[bytes]:
        begin = number * WIDTH
        if level:
            return await read_roots(self._conn, self._shard, level - 1, begin, begin + WIDTH)
        return [leaf for _, leaf, _ in await read_leaves(self._conn, self._shard, begin, WIDTH)]


def _tile_of(node: Node) -> tuple[int, int]:
    level, index = node
    return level // HEIGHT, index << level % HEIGHT >> HEIGHT


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def _rows_of(hashes: list[bytes]) -> list[list[bytes]]:
    rows = [hashes]
    for _ in range(HEIGHT - 1):
        below = rows[-1]
        rows.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return rows
