"""The chain computed here is the chain computed in the database, to the byte."""

from __future__ import annotations

import random
from uuid import UUID

from store.appending import connect

from mintflow.domain.core.ids import SHARDS
from mintflow.store.chain import first_hash, leaf_hash


def test_leaves_equal_those_of_the_database(database_url: str) -> None:
    chance = random.Random(7)
    with connect(database_url) as conn:
        for _ in range(300):
            shard, position = chance.randint(0, 2**31 - 1), chance.randint(0, 2**63 - 1)
            ledger_id = UUID(int=chance.getrandbits(128))
            seq, us = chance.randint(0, 2**63 - 1), chance.randint(-(2**63), 2**63 - 1)
            record = chance.randbytes(chance.choice([0, 1, 55, 56, 64, 700]))
            sealed = chance.randbytes(chance.choice([0, 1, 200]))
            row = conn.execute(
                "select log.leaf_hash(%s::int, %s, %s, %s, %s, %s, %s)",
                [shard, position, ledger_id, seq, us, record, sealed],
            ).fetchone()
            assert row == (leaf_hash(shard, position, ledger_id.bytes, seq, us, record, sealed),)


def test_every_shard_begins_with_its_own_hash(database_url: str) -> None:
    with connect(database_url) as conn:
        heads = conn.execute("select hash from log.shard_head order by shard").fetchall()
    assert [row[0] for row in heads] == [first_hash(shard) for shard in range(SHARDS)]
    assert len({row[0] for row in heads}) == SHARDS


def test_where_the_record_ends_is_part_of_what_is_hashed() -> None:
    ledger = bytes(16)
    assert leaf_hash(1, 1, ledger, 1, 1, b"ab", b"c") != leaf_hash(1, 1, ledger, 1, 1, b"a", b"bc")
