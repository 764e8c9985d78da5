"""Proofs in a Merkle tree after RFC 9162, from its complete subtrees: which are needed, and in what
order they are combined.

A node is (level, index): the root over the leaves index·2^level up to (index+1)·2^level, all of
them there. A complete subtree never changes again, so it can be kept; what is at the ragged right
edge of a tree is combined from complete ones. Checking proofs is the verifier's (`verifier.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mintflow.store.evidence.verifier import node_hash, tree_root

Node = tuple[int, int]
Range = tuple[int, int]
NodeHash = Callable[[Node], bytes]


def nodes_of(part: Range) -> list[Node]:
    """The complete subtrees of a range of leaves that begins where one of its size may."""
    begin, end = part
    found = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        found.append((level, begin >> level))
        begin += 1 << level
    return found


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose roots prove leaf `index` (from 0), from the leaf upwards."""
    begin, end, found = 0, size, []
    while end - begin > 1:
        middle = begin + _left_half(end - begin)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    return found[::-1]


def consistency_ranges(first: int, second: int) -> list[Range]:
    """The ranges whose roots prove that `first` leaves are the beginning of `second`."""
    if first in (0, second):
        return []
    begin, end, whole, found = 0, second, True, []
    while end != first:
        middle = begin + _left_half(end - begin)
        if first <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin, whole = middle, False
    if not whole:
        found.append((begin, end))
    return found[::-1]


def root_of(part: Range, node: NodeHash) -> bytes:
    """The root of a range from its complete subtrees."""
    hashes = [node(one) for one in nodes_of(part)]
    return joined(hashes)


def joined(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees that stand beside each other, the largest first."""
    if not hashes:
        return tree_root([])
    root = hashes[-1]
    for one in hashes[-2::-1]:
        root = node_hash(one, root)
    return root


class Growing:
    """A tree that only grows: the roots of its complete subtrees, the largest first."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """One more leaf, by its hash."""
        peaks, size = self._peaks, self.size
        while size & 1:
            leaf = node_hash(peaks.pop(), leaf)
            size >>= 1
        peaks.append(leaf)
        self.size += 1

    def peaks(self) -> list[bytes]:
        """The complete subtrees, the largest first."""
        return list(self._peaks)

    def root(self) -> bytes:
        return joined(self._peaks)


def _left_half(size: int) -> int:
    """The largest power of two that is smaller."""
    return 1 << (size - 1).bit_length() - 1
