"""The hash chain of a shard, computed outside the database, as `log.append` computes it inside.

Each event's hash covers the hash before it and the event's leaf; the leaf is SHA-256 over 0x00 and
the event as it is stored: shard, position, ledger, ledger_seq, recorded_at, record and sealed. So
no byte of an event, and no event, can change without every later hash changing.
"""

from __future__ import annotations

import struct
from hashlib import sha256

_LEAF_HEAD = struct.Struct("!ciq16sqqi")


def first_hash(shard: int) -> bytes:
    """What stands before the first event of a shard."""
    return sha256(b"mintflow shard %d" % shard).digest()


def leaf_hash(
    shard: int,
    position: int,
    ledger_id: bytes,
    ledger_seq: int,
    recorded_us: int,
    record: bytes,
    sealed: bytes,
) -> bytes:
    """SHA-256 of one event. ledger_id: 16 bytes. recorded_us: microseconds since 1970, UTC."""
    head = _LEAF_HEAD.pack(b"\0", shard, position, ledger_id, ledger_seq, recorded_us, len(record))
    return sha256(head + record + sealed).digest()


def link_hash(before: bytes, leaf: bytes) -> bytes:
    """The hash of an event, from that of the event before it and its own leaf."""
    return sha256(before + leaf).digest()
