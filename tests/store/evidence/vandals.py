"""Somebody who owns the server, and what he may do to the books: with his hands, or with care.

A careful vandal recomputes every hash of the chain behind his change and the heads of the database,
and if he is thorough the tiles of the tree and the copies of the signed heads as well. What he does
not have is the signing key, and what was published.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import psycopg

Conn = psycopg.Connection[Any]
Change = Callable[[Conn, int, int, int, random.Random], None]


def _row(conn: Conn, shard: int, position: int, columns: str) -> tuple[Any, ...]:
    row = conn.execute(
        f"select {columns} from log.event where shard = %s and position = %s".encode(),
        [shard, position],
    ).fetchone()
    assert row is not None
    return row


def _record(conn: Conn, shard: int, position: int, record: bytes) -> None:
    conn.execute(
        "update log.event set record = %s where shard = %s and position = %s",
        [record, shard, position],
    )


def a_byte(conn: Conn, shard: int, at: int, head: int, chance: random.Random) -> None:
    """One character of the open facts, so that it stays JSON: a digit of an id."""
    (record,) = _row(conn, shard, at, "record")
    text = bytearray(record)
    place = chance.choice(
        [i for i, byte in enumerate(text) if byte in b"0123456789" and i > len(text) // 2]
    )
    text[place] = ord("1") if text[place] != ord("1") else ord("2")
    _record(conn, shard, at, bytes(text))


def an_actor(conn: Conn, shard: int, at: int, head: int, chance: random.Random) -> None:
    (record,) = _row(conn, shard, at, "record")
    changed = record.replace(b'"actor":"user:test"', b'"actor":"user:evil"')
    assert changed != record
    _record(conn, shard, at, changed)


def an_amount(conn: Conn, shard: int, at: int, head: int, chance: random.Random) -> None:
    """A number of the books; where the event has none, its version."""
    (record,) = _row(conn, shard, at, "record")
    changed = record.replace(b'"amount":"', b'"amount":"9')
    if changed == record:
        changed = record.replace(b'"schema_version":', b'"schema_version": ')
    _record(conn, shard, at, changed)


def a_time(conn: Conn, shard: int, at: int, head: int, chance: random.Random) -> None:
    conn.execute(
        "update log.event set recorded_at = recorded_at + interval '1 microsecond' * %s"
        " where shard = %s and position = %s",
        [chance.randint(1, 10**9), shard, at],
    )


def sealed_facts(conn: Conn, shard: int, at: int, head: int, chance: random.Random) -> None:
    """A byte of what is encrypted; where nothing is, something is put in."""
    (sealed,) = _row(conn, shard, at, "sealed")
    changed = bytearray(sealed or b"\x01\x00\x00\x00\x01" + bytes(40))
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    conn.execute(
        "update log.event set sealed = %s where shard = %s and position = %s",
        [bytes(changed), shard, at],
    )


def deleted(conn: Conn, shard: int, at: int, head: int, chance: random.Random) -> None:
    conn.execute("delete from log.event where shard = %s and position = %s", [shard, at])
    conn.execute(
        "update log.event set position = -position where shard = %s and position > %s", [shard, at]
    )
    conn.execute(
        "update log.event set position = -position - 1 where shard = %s and position < 0", [shard]
    )


def left_a_hole(conn: Conn, shard: int, at: int, head: int, chance: random.Random) -> None:
    conn.execute("delete from log.event where shard = %s and position = %s", [shard, at])


def inserted(conn: Conn, shard: int, at: int, head: int, chance: random.Random) -> None:
    """A copy of the event, as a further version of its stream, in front of it."""
    conn.execute(
        "update log.event set position = -position where shard = %s and position >= %s", [shard, at]
    )
    conn.execute(
        "update log.event set position = -position + 1 where shard = %s and position < 0", [shard]
    )
    conn.execute(
        "insert into log.event select shard, %s, ledger_id, 900000, gen_random_uuid(), 1, type,"
        " recorded_at, record, sealed, hash from log.event where shard = %s and position = %s",
        [at, shard, at + 1],
    )


def swapped(conn: Conn, shard: int, at: int, head: int, chance: random.Random) -> None:
    other = at + 1
    for old, new in ((at, -1), (other, at), (-1, other)):
        conn.execute(
            "update log.event set position = %s where shard = %s and position = %s",
            [new, shard, old],
        )


def truncated(conn: Conn, shard: int, at: int, head: int, chance: random.Random) -> None:
    conn.execute("delete from log.event where shard = %s and position >= %s", [shard, at])


CHANGES: tuple[Change, ...] = (
    *(a_byte, an_actor, an_amount, a_time, sealed_facts),
    *(deleted, left_a_hole, inserted, swapped, truncated),
)


def recompute_chain(conn: Conn, shard: int) -> None:
    """Number and chain the shard anew, and set its head and those of its ledgers to it."""
    before = sha256(b"mintflow shard %d" % shard).digest()
    rows = conn.execute(
        "select position, uuid_send(ledger_id), ledger_seq,"
        " (extract(epoch from recorded_at) * 1000000)::bigint, record, sealed, ctid::text"
        " from log.event where shard = %s order by position",
        [shard],
    ).fetchall()
    seqs: dict[bytes, int] = {}
    last_us, fresh = 0, []
    for number, (_, ledger, _, recorded_us, record, sealed, _) in enumerate(rows, 1):
        seqs[ledger] = seq = seqs.get(ledger, 0) + 1
        last_us = max(last_us, recorded_us)
        before = sha256(before + leaf(shard, number, ledger, seq, last_us, record, sealed)).digest()
        fresh.append((number, ledger, seq, last_us, before))
    conn.execute(
        "update log.event set position = -position, ledger_seq = -ledger_seq where shard = %s",
        [shard],
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            "update log.event set position = %s, ledger_seq = %s, hash = %s, recorded_at ="
            " '1970-01-01 00:00:00+00'::timestamptz + %s * interval '1 microsecond'"
            " where shard = %s and position = %s",
            [
                [number, seq, hashed, us, shard, -row[0]]
                for row, (number, _, seq, us, hashed) in zip(rows, fresh, strict=True)
            ],
        )
    conn.execute(
        "update log.shard_head set position = %s, hash = %s, recorded_us = %s where shard = %s",
        [len(rows), before, last_us, shard],
    )
    conn.execute("delete from log.ledger_head where shard = %s", [shard])
    for ledger, seq in seqs.items():
        conn.execute(
            "insert into log.ledger_head values (encode(%s, 'hex')::uuid, %s, %s)",
            [ledger, shard, seq],
        )


def forget_evidence(conn: Conn, shard: int) -> None:
    """Remove what the database itself knows of the tree."""
    conn.execute("delete from audit.tile where shard = %s", [shard])
    conn.execute("delete from audit.head where shard = %s", [shard])


def leaf(
    shard: int, position: int, ledger: bytes, seq: int, us: int, record: bytes, sealed: bytes
) -> bytes:
    head = struct.pack("!ciq16sqqi", b"\0", shard, position, ledger, seq, us, len(record))
    return sha256(head + record + sealed).digest()
