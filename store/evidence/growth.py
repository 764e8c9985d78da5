"""Grows the trees of shards: reads what is new in the log and keeps each tile that gets full.

Every event is checked to follow from the one before by the chain: a tree never grows over an event
that was changed behind its back, nor over one that is missing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

from psycopg import AsyncConnection

from mintflow.domain.core.errors import Conflict
from mintflow.store.chain import first_hash, link_hash
from mintflow.store.evidence.merkle import joined
from mintflow.store.evidence.tiles import TRAIL, WIDTH, Leaf, Part, read_leaves, read_roots
from mintflow.store.evidence.verifier import node_hash, tree_root

# Hashing this many takes about a millisecond, in which the event loop does nothing else.
_CHUNK = 256
# So many are kept at once, half a megabyte: each time is one fsync more for those who append.
_TILES_MAX = 64
_CHAIN = "select hash from log.event where shard = %s and position = %s"
_TRAIL_CHAIN = "select hash from audit.trail where shard = %s and position = %s"


# Rows that were there before are compared; where one says something else, nothing of its shard is
# written, so that nobody begins behind it.
_KEEP = (
    "with given as (select * from unnest("
    "%s::int[], %s::int[], %s::bigint[], %s::bytea[], %s::bytea[]"
    ") as g (shard, level, number, root, hashes)),"
    " other as (select g.shard, g.level, g.number from given g"
    " join audit.tile t using (shard, level, number) where t.root <> g.root),"
    " kept as (insert into audit.tile (shard, level, number, root, hashes)"
    " select * from given where shard not in (select shard from other)"
    " on conflict (shard, level, number) do nothing)"
    " select shard, level, number from other"
)


class LogDoesNotContinue(Conflict):
    """The log does not follow from what was signed before: it was changed, cut or replaced."""

    code = "log_does_not_continue"


class Tile(NamedTuple):
    """A whole tile, as a row of `audit.tile`."""

    shard: int
    level: int
    number: int
    root: bytes
    hashes: bytes


class ShardTree:
    """The tree of a shard up to `size` events, ready to grow."""

    def __init__(self, shard: int) -> None:
        self.shard = shard
        self.size = 0
        self.chain = first_hash(shard)
        # Per level of tiles what is not a whole tile yet: leaf hashes, then roots of tiles.
        self._open: list[list[bytes]] = [[]]

    @classmethod
    async def load(cls, conn: AsyncConnection[Any], shard: int) -> Self:
        """Begin behind the last whole tile that is kept. Raises LogDoesNotContinue."""
        tree = cls(shard)
        cursor = await conn.execute(
            "select coalesce(max(number) + 1, 0) from audit.tile where shard = %s and level = 0",
            [shard],
        )
        row = await cursor.fetchone()
        tiles, level = (row[0] if row else 0), 0
        tree.size = tiles * WIDTH
        while tiles:
            begin = tiles // WIDTH * WIDTH
            roots = await read_roots(conn, shard, level, begin, tiles)
            if len(roots) != tiles - begin:
                raise LogDoesNotContinue("tiles of the tree are missing", shard=shard)
            tree._open.append(roots)
            tiles, level = tiles // WIDTH, level + 1
        if tree.size:
            sql = _TRAIL_CHAIN if shard == TRAIL else _CHAIN
            cursor = await conn.execute(sql, [shard, tree.size])
            row = await cursor.fetchone()
            if row is None:
                raise LogDoesNotContinue(
                    "the log ends before its tree does", shard=shard, position=tree.size
                )
            tree.chain = bytes(row[0])
        return tree

    def follow(self, read: Iterable[Leaf], until: int) -> list[Tile]:
        """Take in what was read behind its end, up to a position; the tiles that got whole.

        Raises LogDoesNotContinue, with the first place; then the tree is of no more use.
        """
        leaves, chain = [], self.chain
        for place, (position, leaf, hashed) in enumerate(read, self.size + 1):
            chain = link_hash(chain, leaf)
            if position != place or chain != hashed:
                raise LogDoesNotContinue(
                    "an event does not follow from the one before",
                    shard=self.shard,
                    position=place,
                )
            leaves.append(leaf)
        self.chain = chain
        tiles = self.take(leaves)
        if self.size != until:
            raise LogDoesNotContinue("events are missing", shard=self.shard, position=self.size + 1)
        return tiles

    def take(self, leaves: Sequence[bytes]) -> list[Tile]:
        """Add leaves that are known to come next; the tiles that got whole."""
        tiles: list[Tile] = []
        at = 0
        while at < len(leaves):
            taken = leaves[at : at + WIDTH - len(self._open[0])]
            self._open[0] += taken
            at += len(taken)
            self.size += len(taken)
            self._close(tiles)
        return tiles

    def root(self) -> bytes:
        """The root over all leaves."""
        root: bytes | None = None
        for hashes in self._open:
            whole = _peaks(hashes)
            if root is not None:
                whole.append(root)
            if whole:
                root = joined(whole)
        return root if root is not None else tree_root([])

    def _close(self, tiles: list[Tile]) -> None:
        level, number = 0, self.size
        while len(row := self._open[level]) == WIDTH:
            number //= WIDTH
            root = tree_root(row)
            tiles.append(Tile(self.shard, level, number - 1, root, b"".join(row)))
            row.clear()
            level += 1
            if level == len(self._open):
                self._open.append([])
            self._open[level].append(root)


async def grow(
    conn: AsyncConnection[Any], trees: Sequence[ShardTree], until: Mapping[int, int]
) -> dict[int, LogDoesNotContinue]:
    """Take in the events of each shard up to a position, and keep the tiles that get whole.

    Tiles are durable when it returns. Returns shard -> why its tree did not grow; that tree is of
    no more use, and none is where this raises.
    """
    refused: dict[int, LogDoesNotContinue] = {}
    waiting = deque(tree for tree in trees if tree.size < until[tree.shard])
    tiles: list[Tile] = []
    while waiting:
        step = list(_step(waiting, until))
        read = await read_leaves(conn, [part for _, part in step])
        for tree, part in step:
            try:
                tiles += tree.follow(read[part.shard], part.until)
            except LogDoesNotContinue as refusal:
                refused[part.shard] = refusal
        if len(tiles) >= _TILES_MAX:
            refused |= await keep(conn, tiles)
            tiles = []
        # All but the last tree of a step were read to their end.
        while waiting and (
            waiting[0].shard in refused or waiting[0].size == until[waiting[0].shard]
        ):
            waiting.popleft()
    return refused | await keep(conn, tiles)


def _step(
    waiting: Iterable[ShardTree], until: Mapping[int, int]
) -> Iterator[tuple[ShardTree, Part]]:
    """What is read next: the rest of as many trees as there is room for."""
    room = _CHUNK
    for tree in waiting:
        if not room:
            return
        end = min(until[tree.shard], tree.size + room)
        room -= end - tree.size
        yield tree, Part(tree.shard, tree.size, end)


async def keep(conn: AsyncConnection[Any], tiles: Sequence[Tile]) -> dict[int, LogDoesNotContinue]:
    """Keep whole tiles; durable when it returns. Returns the refusals of shards that have a tile
    there already that says something else: of those none is kept."""
    refused: dict[int, LogDoesNotContinue] = {}
    if tiles:
        columns = [list(column) for column in zip(*tiles, strict=True)]
        cursor = await conn.execute(_KEEP, columns, prepare=True, binary=True)
        other = [
            (shard, _first_of(level, number)) for shard, level, number in await cursor.fetchall()
        ]
        for shard, position in sorted(other, reverse=True):
            refused[shard] = LogDoesNotContinue(
                "a tile says something else than the log", shard=shard, position=position
            )
    return refused


def _first_of(level: int, number: int) -> int:
    """The position of the first event below a tile."""
    return int(number * WIDTH ** (level + 1) + 1)


def _peaks(hashes: list[bytes]) -> list[bytes]:
    """The complete subtrees over hashes that stand beside each other, the largest first."""
    found, at = [], 0
    while at < len(hashes):
        width = 1 << (len(hashes) - at).bit_length() - 1
        row = hashes[at : at + width]
        while len(row) > 1:
            row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
        found.append(row[0])
        at += width
    return found
