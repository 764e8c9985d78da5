"""Merkle trees as RFC 9162 defines them, word by word and slowly; beside no code of the product.

MTH, PATH and PROOF are the recursions of section 2.1; a proof is checked by finding out which
ranges its steps are for and computing the root from them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

Leaves = Sequence[bytes]


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def leaf(data: bytes) -> bytes:
    return sha(b"\x00" + data)


def mth(leaves: Leaves) -> bytes:
    """MTH over leaf hashes."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha(b"\x01" + mth(leaves[:k]) + mth(leaves[k:]))


def path(m: int, leaves: Leaves) -> list[bytes]:
    """PATH(m, D_n)."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m: int, leaves: Leaves) -> list[bytes]:
    """PROOF(m, D_n)."""
    return subproof(m, leaves, True)


def subproof(m: int, leaves: Leaves, whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def root_by_path(hashed: bytes, m: int, n: int, steps: list[bytes]) -> bytes | None:
    """The root that a path leads to, or None where it has too few or too many steps."""
    if n == 1:
        return hashed if not steps else None
    if not steps:
        return None
    k = split(n)
    below = root_by_path(hashed, m if m < k else m - k, k if m < k else n - k, steps[:-1])
    if below is None:
        return None
    return sha(b"\x01" + (below + steps[-1] if m < k else steps[-1] + below))


def roots_by_proof(
    m: int, n: int, steps: list[bytes], old: bytes | None
) -> tuple[bytes, bytes] | None:
    """(old root, new root) that a consistency proof leads to. old: of the part known whole."""
    if m == n:
        if old is not None:
            return (old, old) if not steps else None
        return (steps[0], steps[0]) if len(steps) == 1 else None
    if not steps:
        return None
    k = split(n)
    if m <= k:
        below = roots_by_proof(m, k, steps[:-1], old)
        return below and (below[0], sha(b"\x01" + below[1] + steps[-1]))
    below = roots_by_proof(m - k, n - k, steps[:-1], None)
    return below and (
        sha(b"\x01" + steps[-1] + below[0]),
        sha(b"\x01" + steps[-1] + below[1]),
    )


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k
