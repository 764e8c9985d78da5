"""The tree of RFC 9162: known answers, every leaf of trees of 1 to 300, every bit of a proof."""

from __future__ import annotations

import random
from hashlib import sha256

import pytest
from store.evidence.reference import leaf, mth, path, proof, root_by_path, roots_by_proof

from mintflow.store.evidence.merkle import (
    Growing,
    Node,
    consistency_ranges,
    inclusion_ranges,
    root_of,
)
from mintflow.store.evidence.verifier import consistency_holds, inclusion_holds, tree_root

# The inputs and answers that implementations of Certificate Transparency are tested with.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
# (leaf from 0, size, proof), and (first, second, proof).
INCLUSIONS = [
    (0, 1, []),
    (0, 8, [A, B, C]),
    (5, 8, [D, E, ROOTS[4]]),
    (2, 3, [ROOTS[2]]),
    (1, 5, [ROOTS[1], B, D]),
]
CONSISTENCIES = [
    (1, 1, []),
    (1, 8, [A, B, C]),
    (6, 8, [F, E, ROOTS[4]]),
    (2, 5, [B, D]),
]
SIZE_MAX = 300


def _leaves(count: int) -> list[bytes]:
    return [leaf(number.to_bytes(4, "big")) for number in range(count)]


LEAVES = _leaves(SIZE_MAX)


def _node_of(leaves: list[bytes]):  # type: ignore[no-untyped-def]
    kept: dict[Node, bytes] = {}

    def node(one: Node) -> bytes:
        if one not in kept:
            level, index = one
            part = leaves[index << level : (index + 1) << level]
            assert len(part) == 1 << level, "only complete subtrees are asked for"
            kept[one] = mth(part)
        return kept[one]

    return node


NODE = _node_of(LEAVES)


def _inclusion(index: int, size: int) -> list[bytes]:
    return [root_of(part, NODE) for part in inclusion_ranges(index, size)]


def _consistency(first: int, second: int) -> list[bytes]:
    return [root_of(part, NODE) for part in consistency_ranges(first, second)]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_known_ones(size: int) -> None:
    leaves = [leaf(data) for data in INPUTS[:size]]
    growing = Growing()
    for one in leaves:
        growing.add(one)
    assert tree_root(leaves).hex() == growing.root().hex() == mth(leaves).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "known"), INCLUSIONS)
def test_inclusion_proofs_are_the_known_ones(index: int, size: int, known: list[str]) -> None:
    leaves = [leaf(data) for data in INPUTS]
    steps = [root_of(part, _node_of(leaves)) for part in inclusion_ranges(index, size)]
    assert [step.hex() for step in steps] == known
    assert inclusion_holds(leaves[index], index, size, steps, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("first", "second", "known"), CONSISTENCIES)
def test_consistency_proofs_are_the_known_ones(first: int, second: int, known: list[str]) -> None:
    leaves = [leaf(data) for data in INPUTS]
    steps = [root_of(part, _node_of(leaves)) for part in consistency_ranges(first, second)]
    assert [step.hex() for step in steps] == known
    roots = [bytes.fromhex(ROOTS[size]) for size in (first, second)]
    assert consistency_holds(first, roots[0], second, roots[1], steps)


def test_every_leaf_of_every_tree_up_to_300_is_proven() -> None:
    growing = Growing()
    for size in range(1, SIZE_MAX + 1):
        growing.add(LEAVES[size - 1])
        root = tree_root(LEAVES[:size])
        assert growing.root() == root == root_of((0, size), NODE)
        for index in range(size):
            steps = _inclusion(index, size)
            assert inclusion_holds(LEAVES[index], index, size, steps, root), (index, size)
            assert root_by_path(LEAVES[index], index, size, steps) == root


def test_proofs_are_those_of_the_definition() -> None:
    chance = random.Random(9162)
    for size in (1, 2, 3, 7, 8, 64, 65, 257, 300):
        for index in {0, size - 1, chance.randrange(size), chance.randrange(size)}:
            assert _inclusion(index, size) == path(index, LEAVES[:size])
            assert _consistency(index + 1, size) == proof(index + 1, LEAVES[:size])


def test_every_tree_up_to_100_grows_out_of_every_smaller_one() -> None:
    roots = [tree_root(LEAVES[:size]) for size in range(101)]
    for second in range(1, 101):
        for first in range(second + 1):
            steps = _consistency(first, second)
            assert consistency_holds(first, roots[first], second, roots[second], steps)
            if first:
                known = roots_by_proof(first, second, steps, roots[first])
                assert known == (roots[first], roots[second])


def test_another_leaf_index_size_or_root_is_refused() -> None:
    for size in range(1, 40):
        root = tree_root(LEAVES[:size])
        for index in range(size):
            steps = _inclusion(index, size)
            assert not inclusion_holds(LEAVES[index + 1], index, size, steps, root)
            assert not inclusion_holds(LEAVES[index], index, size, steps, sha256(root).digest())
            assert not inclusion_holds(LEAVES[index], index, size, [*steps, root], root)
            assert not inclusion_holds(LEAVES[index], -1, size, steps, root)
            for other in range(size + 2):
                if other != index:
                    assert not inclusion_holds(LEAVES[index], other, size, steps, root)
            if steps:
                assert not inclusion_holds(LEAVES[index], index, size, steps[1:], root)
                assert not inclusion_holds(LEAVES[index], index, size, steps[:-1], root)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 13, 100, 257, 300])
def test_every_bit_of_an_inclusion_proof_counts(size: int) -> None:
    root = tree_root(LEAVES[:size])
    for index in {0, size // 3, size - 1}:
        steps = _inclusion(index, size)
        hashes = [LEAVES[index], root, *steps]
        for changed in _one_bit_changed(hashes):
            assert not inclusion_holds(changed[0], index, size, changed[2:], changed[1])


@pytest.mark.parametrize(("first", "second"), [(1, 2), (3, 7), (4, 8), (8, 13), (256, 300)])
def test_every_bit_of_a_consistency_proof_counts(first: int, second: int) -> None:
    roots = [tree_root(LEAVES[:size]) for size in (first, second)]
    steps = _consistency(first, second)
    for changed in _one_bit_changed([*roots, *steps]):
        assert not consistency_holds(first, changed[0], second, changed[1], changed[2:])
    assert not consistency_holds(first, roots[0], second, roots[1], steps[1:])
    assert not consistency_holds(first, roots[0], second, roots[1], [*steps, roots[0]])
    assert not consistency_holds(second, roots[1], first, roots[0], steps)


def test_nothing_is_consistent_with_a_wrong_empty_tree() -> None:
    assert consistency_holds(0, tree_root([]), 5, tree_root(LEAVES[:5]), [])
    assert not consistency_holds(0, bytes(32), 5, tree_root(LEAVES[:5]), [])
    assert not consistency_holds(5, bytes(32), 5, tree_root(LEAVES[:5]), [])


def _one_bit_changed(hashes: list[bytes]):  # type: ignore[no-untyped-def]
    for place, hashed in enumerate(hashes):
        for bit in range(256):
            wrong = bytearray(hashed)
            wrong[bit // 8] ^= 1 << bit % 8
            yield [*hashes[:place], bytes(wrong), *hashes[place + 1 :]]
