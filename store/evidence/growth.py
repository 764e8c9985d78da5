"""Grows the tree of one shard: reads what is new in the log and keeps each tile that gets full.

Every event is checked to follow from the one before by the chain: a tree never grows over an event
that was changed behind its back, nor over one that is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from psycopg import AsyncConnection

from mintflow.domain.core.errors import Conflict
from mintflow.store.chain import first_hash, link_hash
from mintflow.store.evidence.merkle import joined
from mintflow.store.evidence.tiles import TRAIL, WIDTH, read_leaves, read_roots
from mintflow.store.evidence.verifier import node_hash, tree_root

# Hashing this many takes about a millisecond, in which the event loop does nothing else.
_CHUNK = 128
_CHAIN = "select hash from log.event where shard = %s and position = %s"
_TRAIL_CHAIN = "select hash from audit.trail where shard = %s and position = %s"


class LogDoesNotContinue(Conflict):
    """The log does not follow from what was signed before: it was changed, cut or replaced."""

    code = "log_does_not_continue"


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

    async def grow(self, conn: AsyncConnection[Any], target: int) -> None:
        """Take in the events up to a position. Raises LogDoesNotContinue, with the first place."""
        while self.size < target:
            rows = await read_leaves(conn, self.shard, self.size, min(_CHUNK, target - self.size))
            if not rows:
                raise LogDoesNotContinue(
                    "events are missing", shard=self.shard, position=self.size + 1
                )
            leaves = []
            for place, (position, leaf, hashed) in enumerate(rows, self.size + 1):
                if position != place or link_hash(self.chain, leaf) != hashed:
                    raise LogDoesNotContinue(
                        "an event does not follow from the one before",
                        shard=self.shard,
                        position=place,
                    )
                self.chain = bytes(hashed)
                leaves.append(leaf)
            await self.take(conn, leaves)

    async def take(self, conn: AsyncConnection[Any], leaves: Sequence[bytes]) -> None:
        """Add leaves that are known to come next, and keep the tiles that get whole."""
        tiles: list[tuple[int, int, bytes, bytes]] = []
        for leaf in leaves:
            self.size += 1
            self._add(leaf, tiles)
        await self._keep(conn, tiles)

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

    def _add(self, leaf: bytes, tiles: list[tuple[int, int, bytes, bytes]]) -> None:
        level, hashed, number = 0, leaf, self.size
        while True:
            if level == len(self._open):
                self._open.append([])
            row = self._open[level]
            row.append(hashed)
            number //= WIDTH
            if len(row) < WIDTH:
                return
            hashed = tree_root(row)
            tiles.append((level, number - 1, hashed, b"".join(row)))
            row.clear()
            level += 1

    async def _keep(
        self, conn: AsyncConnection[Any], tiles: list[tuple[int, int, bytes, bytes]]
    ) -> None:
        for level, number, root, hashes in tiles:
            cursor = await conn.execute(
                "insert into audit.tile (shard, level, number, root, hashes)"
                " values (%s, %s, %s, %s, %s)"
                " on conflict (shard, level, number) do nothing returning 1",
                [self.shard, level, number, root, hashes],
                prepare=True,
                binary=True,
            )
            if await cursor.fetchone() is None:
                cursor = await conn.execute(
                    "select root from audit.tile where shard = %s and level = %s and number = %s",
                    [self.shard, level, number],
                )
                kept = await cursor.fetchone()
                if kept is None or bytes(kept[0]) != root:
                    raise LogDoesNotContinue(
                        "a tile says something else than the log",
                        shard=self.shard,
                        position=number * WIDTH ** (level + 1) + 1,
                    )


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
