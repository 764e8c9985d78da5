"""The audit of rows that no shard's events lead to, and of columns that hold nothing at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from store.appending import connect, ledger_in
from store.bookkeeping import Bookkeeper

from mintflow.store.arrays import register_arrays
from mintflow.store.evidence.tiles import TRAIL
from mintflow.store.keys import MemoryKeyStore
from mintflow.store.mapper import Mapper
from mintflow.store.reader import read_ledger
from mintflow.store.sealing import Sealer
from mintflow.store.verify import Looking, verify

SHARD = 11
_TILE = "insert into audit.tile select {shard}, {level}, 0, sha256(''), {hashes}"
_OF_LEAVES = (
    "(select string_agg(log.leaf_hash(shard, position, ledger_id, ledger_seq,"
    " (extract(epoch from recorded_at) * 1000000)::bigint, record, sealed), '' order by position)"
    " from log.event where shard = 11 and position <= 256)"
)


@pytest.fixture
def keys() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def log(database_url: str, keys: MemoryKeyStore) -> str:
    """A ledger with more events than a tile has leaves, and a trail of three entries."""
    sealer = Sealer(keys)
    with connect(database_url) as conn:
        ledger_id = ledger_in(SHARD)
        sealer.prepare(ledger_id)
        keeper = Bookkeeper(conn, Mapper(sealer), ledger_id, seed=1)
        keeper.open()
        while _size(conn) <= 256:
            keeper.live(50)
        for number in range(3):
            conn.execute(
                "select audit.append_trail(array[%s::bigint], array['{}'::bytea],"
                " array[''::bytea])",
                [1_700_000_000_000_000 + number],
            )
    return database_url


@pytest.fixture
def tamperer(log: str) -> Iterator[psycopg.Connection[Any]]:
    """A superuser who has removed what stands in his way."""
    with psycopg.connect(log, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")
        rows = owner.execute(
            "select conname, conrelid::regclass::text from pg_constraint where connamespace"
            " in ('log'::regnamespace, 'audit'::regnamespace) and contype in ('p', 'u', 'c')"
        ).fetchall()
        for name, table in rows:
            owner.execute(f"alter table {table} drop constraint {name}".encode())
        rows = owner.execute(
            "select table_schema || '.' || table_name, column_name from information_schema.columns"
            " where table_schema in ('log', 'audit') and is_nullable = 'NO'"
        ).fetchall()
        for table, column in rows:
            owner.execute(f"alter table {table} alter column {column} drop not null".encode())
        yield owner


def _size(conn: psycopg.Connection[Any]) -> int:
    row = conn.execute("select position from log.shard_head where shard = %s", [SHARD]).fetchone()
    assert row is not None
    return int(row[0])


def test_a_log_with_a_tile_and_a_trail_verifies(
    log: str, tamperer: psycopg.Connection[Any], keys: MemoryKeyStore
) -> None:
    report = verify(log, jobs=1, looking=Looking(keys=lambda: keys))
    assert report.ok, report.findings


@pytest.mark.parametrize("shard", [-7, -1, 32, 99])
def test_an_event_in_a_shard_that_there_is_not_is_found(
    log: str, tamperer: psycopg.Connection[Any], shard: int, keys: MemoryKeyStore
) -> None:
    """Who asks for the ledger is given it, so that the audit must not pass over it."""
    ledger_id, last = _slip_in(tamperer, shard)

    async def given() -> list[int]:
        async with await psycopg.AsyncConnection.connect(log) as conn:
            register_arrays(conn)
            events = await read_ledger(conn, Mapper(Sealer(keys)), ledger_id, last, 10)
            return [one.shard for one in events]

    assert asyncio.run(given()) == [shard]
    report = verify(log, jobs=1)
    assert [(one.code, one.shard, one.position) for one in report.findings] == [
        ("WRONG_SHARD", shard, 1)
    ]


def _slip_in(owner: psycopg.Connection[Any], shard: int) -> tuple[UUID, int]:
    row = owner.execute(
        "insert into log.event select %s, 1, ledger_id, ledger_seq + 1, stream_id,"
        " stream_version + 1, type, recorded_at, record, sealed, hash from log.event"
        " where shard = %s order by position desc limit 1 returning ledger_id, ledger_seq - 1",
        [shard, SHARD],
    ).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize(
    ("statement", "shard"),
    [
        ("update log.event set shard = null where shard = 11 and position = 257", 0),
        ("insert into log.shard_head values (99, 3, '', 0)", 99),
        ("insert into log.shard_head values (-1, 0, '', 0)", -1),
        ("insert into log.ledger_head values (gen_random_uuid(), 32, 5)", 32),
        (_TILE.format(shard=99, level=0, hashes="''"), 99),
        ("update audit.trail set shard = 3 where position = 2", 3),
        ("update audit.trail_head set shard = 3", 3),
    ],
)
def test_a_row_of_a_shard_that_there_is_not_is_found(
    log: str, tamperer: psycopg.Connection[Any], statement: str, shard: int
) -> None:
    tamperer.execute(statement.encode())
    report = verify(log, jobs=1)
    found = {(one.code, one.shard) for one in report.findings}
    assert ("WRONG_SHARD", shard) in found, report.findings


@pytest.mark.parametrize(
    ("statement", "code", "shard"),
    [
        ("update log.shard_head set position = null where shard = 11", "COLUMN_MISMATCH", SHARD),
        ("update log.shard_head set hash = null where shard = 11", "COLUMN_MISMATCH", SHARD),
        ("update log.ledger_head set ledger_id = null", "COLUMN_MISMATCH", SHARD),
        ("update log.ledger_head set ledger_seq = null", "COLUMN_MISMATCH", SHARD),
        (_TILE.format(shard=11, level=0, hashes="null"), "TREE_MISMATCH", SHARD),
        (_TILE.format(shard=11, level="null", hashes=_OF_LEAVES), "TREE_MISMATCH", SHARD),
        (_TILE.format(shard=11, level=-5, hashes=_OF_LEAVES), "TREE_MISMATCH", SHARD),
        (_TILE.format(shard=11, level=0, hashes=f"{_OF_LEAVES} || 'x'"), "TREE_MISMATCH", SHARD),
        ("update audit.trail set position = null where position = 2", "UNREADABLE", TRAIL),
        ("update audit.trail set hash = null where position = 2", "UNREADABLE", TRAIL),
        ("update audit.trail set recorded_at = 'infinity' where position = 2", "HASH_MISMATCH", -1),
        ("update audit.trail_head set position = null", "TRUNCATED", TRAIL),
        ("update audit.trail_head set hash = null", "TRUNCATED", TRAIL),
        ("update audit.trail_head set recorded_us = 1", "COLUMN_MISMATCH", TRAIL),
    ],
)
def test_what_holds_nothing_or_too_much_is_named_and_ends_no_audit(
    log: str, tamperer: psycopg.Connection[Any], statement: str, code: str, shard: int
) -> None:
    tamperer.execute(statement.encode())
    report = verify(log, jobs=1)
    assert (code, shard) in {(one.code, one.shard) for one in report.findings}, report.findings


def test_sealed_facts_of_a_version_below_zero_end_no_audit(
    log: str, tamperer: psycopg.Connection[Any], keys: MemoryKeyStore
) -> None:
    tamperer.execute(
        "update log.event set stream_version = -1 where position ="
        " (select min(position) from log.event where length(sealed) > 0)"
    )
    report = verify(log, jobs=1, looking=Looking(keys=lambda: keys))
    assert {one.code for one in report.findings} >= {"COLUMN_MISMATCH", "SEALED_UNREADABLE"}
