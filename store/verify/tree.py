"""The tree of a shard during an audit: computed anew, compared with its tiles and published heads.

The tiles lie in the same database as the log, so they show what was changed, exactly, as long as
nobody changed them too; published heads lie elsewhere and show that something was changed, and
between which two of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from mintflow.store.evidence.merkle import Growing, joined
from mintflow.store.evidence.tiles import HASH_BYTES, WIDTH
from mintflow.store.evidence.verifier import tree_root
from mintflow.store.verify.published import Published
from mintflow.store.verify.report import ShardReport

_TILES_AT_ONCE = 64
# Above it there is no position left.
_LEVEL_MAX = 7
# What is null is another one than any hashes.
_TILES = (
    "select number, coalesce(hashes, '') from audit.tile where shard = %s and level = 0"
    " and number >= %s and number < %s"
)
# The hashes of level 0 were compared leaf by leaf already.
_ROOTS = (
    "select level, number, root, case when level = 0 then ''::bytea else hashes end"
    " from audit.tile where shard = %s order by level, number"
)


class TreeCheck:
    """Append each leaf to `leaves` and count `left` down; call `stop` where it reaches 0."""

    def __init__(
        self, conn: psycopg.Connection[Any], report: ShardReport, heads: Sequence[Published]
    ) -> None:
        self._conn = conn
        self._report = report
        self._heads = [one for one in heads if one.size > 0]
        self._at = 0
        self._fits = 0
        self._tiles: dict[int, bytes] = {}
        self._tiles_until = 0
        self._whole = Growing()
        self._roots: list[bytes] = []
        self._broken: Published | None = None
        # Leaf hashes since the last whole tile.
        self.leaves: list[bytes] = []
        self._plan()

    def stop(self, chain: bytes) -> None:
        """A tile is whole, or a head was signed here. chain: the hash of the last event."""
        size = self._whole.size * WIDTH + len(self.leaves)
        while self._at < len(self._heads) and self._heads[self._at].size == size:
            self._compare(self._heads[self._at], chain)
            self._at += 1
        if len(self.leaves) == WIDTH:
            self._compare_tile()
            root = tree_root(self.leaves)
            self._whole.add(root)
            self._roots.append(root)
            self.leaves.clear()
        self._plan()

    def finish(self, last: int) -> None:
        """Heads beyond the end, and tiles that are not what they must be. last: the position."""
        report = self._report
        before = len(report.findings)
        beyond = self._heads[self._at :]
        if beyond and beyond[0].size > last:
            report.add("TRUNCATED", last + 1, f"{beyond[-1].source} says {beyond[-1].size} events")
        report.heads_compared += self._at
        # Whether the database itself says where events are missing; it may have been set back too.
        told = any(self._fits < one.position <= last + 1 for one in report.findings[:before])
        self._compare_rest(last)
        self._check_stored_roots()
        if self._broken is not None:
            self._tell_of(self._broken)
        elif len(report.findings) > before and not told and not report.tree_told:
            self._tell_of_loss(beyond[0], last)

    def _tell_of_loss(self, head: Published, last: int) -> None:
        """Fewer events than a head says: the end is missing, or the rest was numbered anew."""
        first = self._fits + 1
        self._report.add(
            "HEAD_MISMATCH",
            first,
            f"of positions {first} to {head.size} of {head.source} {head.size - last} are missing,"
            " at the end or in between",
        )

    def _tell_of(self, head: Published) -> None:
        """A head shows a stretch; where something else was found in it, that is the place."""
        first = self._fits + 1
        exact = [
            one.position for one in self._report.findings if first <= one.position <= head.size
        ]
        self._report.add(
            "HEAD_MISMATCH",
            min(exact, default=first),
            f"positions {first} to {head.size} are not what {head.source} says they were",
        )

    def _plan(self) -> None:
        size = self._whole.size * WIDTH + len(self.leaves)
        stop = (self._whole.size + 1) * WIDTH
        if self._at < len(self._heads):
            stop = min(stop, self._heads[self._at].size)
        # How many leaves are missing until `stop` is to be called.
        self.left = stop - size

    def _compare(self, head: Published, chain: bytes) -> None:
        same_root = head.root is None or head.root == self._root()
        if same_root and (head.chain is None or head.chain == chain):
            self._fits = head.size
        elif self._broken is None:
            self._broken = head

    def _root(self) -> bytes:
        rest = [tree_root(self.leaves)] if self.leaves else []
        return joined([*self._whole.peaks(), *rest])

    def _compare_tile(self) -> None:
        number = self._whole.size
        if number >= self._tiles_until:
            self._tiles_until = number + _TILES_AT_ONCE
            args = [self._report.shard, number, self._tiles_until]
            self._tiles = dict(self._conn.execute(_TILES, args, binary=True).fetchall())
        kept = self._tiles.get(number)
        if kept is not None and kept != b"".join(self.leaves):
            self._tell_of_leaf(number, kept)

    def _compare_rest(self, last: int) -> None:
        """The end of the log, where the tree has a whole tile that goes beyond it."""
        number = self._whole.size
        row = self._conn.execute(
            _TILES, [self._report.shard, number, number + 1], binary=True
        ).fetchone()
        if row is None or self._report.tree_told:
            return
        if row[1].startswith(b"".join(self.leaves)):
            self._report.tree_told = True
            self._report.add("TRUNCATED", last + 1, "the tree says more events")
        else:
            self._tell_of_leaf(number, row[1])

    def _tell_of_leaf(self, number: int, kept: bytes) -> None:
        if self._report.tree_told:
            return
        self._report.tree_told = True
        differing = (
            at
            for at, leaf in enumerate(self.leaves)
            if kept[at * HASH_BYTES : (at + 1) * HASH_BYTES] != leaf
        )
        # A tile that goes on behind its last hash differs behind its last event.
        differs = next(differing, len(self.leaves) - 1)
        self._report.add(
            "TREE_MISMATCH",
            number * WIDTH + differs + 1,
            "this is not the event that stands in the tree",
        )

    def _check_stored_roots(self) -> None:
        """Roots and upper tiles, against the roots computed here."""
        below: Sequence[bytes] = self._roots
        if self._report.tree_told:
            return
        found: dict[int, list[tuple[int, bytes, bytes]]] = {}
        rows = self._conn.execute(_ROOTS, [self._report.shard], binary=True)
        for row in rows:
            if None in row:
                self._report.tree_told = True
                self._report.add("TREE_MISMATCH", 0, "a column of a tile is null")
                return
            at, number, root, hashes = row
            found.setdefault(at, []).append((number, root, hashes))
        for level in sorted(found):
            upper: list[bytes] = []
            for number, root, hashes in found[level]:
                part = below[number * WIDTH : (number + 1) * WIDTH] if level else []
                wrong = bool(level) and hashes != b"".join(part)
                expected = tree_root(part) if level else _at(below, number)
                if wrong or root != expected or number != len(upper):
                    first = number * WIDTH ** (min(max(level, 0), _LEVEL_MAX) + 1) + 1
                    self._report.tree_told = True
                    self._report.add(
                        "TREE_MISMATCH", first, f"tile {number} of level {level} is another one"
                    )
                    return
                upper.append(root)
            if level:
                below = upper


def _at(roots: Sequence[bytes], number: int) -> bytes | None:
    return roots[number] if 0 <= number < len(roots) else None
