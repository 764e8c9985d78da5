"""Complete subtrees of a shard's tree, from rows of 256 hashes.

Tile (0, n) is 256 leaf hashes; tile (k, n) the roots of 256 tiles of the level below. Whole tiles
are kept in `audit.tile` and never change; what is missing at the right edge is read from the log
and from the roots of whole tiles. So one proof in a shard of a million events reads three rows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

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
_PLACE = itemgetter(0, 1)

# The limit tells the planner to go by the index, position after position.
_LEAVES = (
    "select e.shard, e.position, uuid_send(e.ledger_id), e.ledger_seq,"
    " (extract(epoch from e.recorded_at) * 1000000)::bigint, e.record, e.sealed, e.hash"
    " from unnest(%s::int[], %s::bigint[], %s::bigint[]) as part (shard, after, until)"
    " cross join lateral ("
    "select * from log.event l where l.shard = part.shard and l.position > part.after"
    " and l.position <= part.until order by l.position limit part.until - part.after"
    ") e"
)
_TRAIL_LEAVES = (
    "select shard, position, decode(repeat('00', 16), 'hex'), position,"
    " (extract(epoch from recorded_at) * 1000000)::bigint, record, sealed, hash"
    " from audit.trail where shard = %s and position > %s and position <= %s order by position"
)
_TILES = (
    "select level, number, hashes from audit.tile where shard = %s"
    " and (level, number) in (select * from unnest(%s::int[], %s::bigint[]))"
)
_ROOTS = (
    "select root from audit.tile where shard = %s and level = %s and number >= %s and number < %s"
    " order by number"
)


class Part(NamedTuple):
    """Events of a shard, or entries of the TRAIL: those after a position, up to another one."""

    shard: int
    after: int
    until: int


# (position, leaf hash, hash in the chain as it stands in the log)
Leaf = tuple[int, bytes, bytes]


async def read_leaves(conn: AsyncConnection[Any], parts: Sequence[Part]) -> dict[int, list[Leaf]]:
    """Shard -> its leaves by position, for at most one part of each; without what is missing.

    All shards in one answer: asking costs as much as some fifty leaves. The leaf is computed here
    from the stored bytes, not asked of the database, which takes longer to make a SHA-256.
    """
    found: dict[int, list[Leaf]] = {part.shard: [] for part in parts}
    rows: list[tuple[Any, ...]] = []
    logged = [part for part in parts if part.shard != TRAIL]
    if logged:
        args = [list(column) for column in zip(*logged, strict=True)]
        cursor = await conn.execute(_LEAVES, args, prepare=True, binary=True)
        rows = await cursor.fetchall()
        # They come in this order, but nothing in the query promises it.
        rows.sort(key=_PLACE)
    for part in parts:
        if part.shard == TRAIL:
            cursor = await conn.execute(_TRAIL_LEAVES, part, prepare=True, binary=True)
            rows += await cursor.fetchall()
    for shard, position, ledger, seq, recorded_us, record, sealed, hashed in rows:
        leaf = leaf_hash(shard, position, ledger, seq, recorded_us, record, sealed)
        found[shard].append((position, leaf, hashed))
    return found


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
        part = Part(self._shard, begin, begin + WIDTH)
        return [leaf for _, leaf, _ in (await read_leaves(self._conn, [part]))[self._shard]]


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
