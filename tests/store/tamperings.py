"""What somebody who owns the server might do to a shard of the log, and what an audit must say.

In the statements $p is the place where it is done, $q a later one, $s the shard, $b any number.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tampering:
    """Statements, and the codes of which one must be named at $p."""

    statements: tuple[str, ...]
    codes: frozenset[str]


def _edit(change: str, *codes: str) -> Tampering:
    statement = f"update log.event set {change} where shard = $s and position = $p"
    return Tampering((statement,), frozenset(codes))


def _move(*places: tuple[str, str]) -> tuple[str, ...]:
    return tuple(
        f"update log.event set position = {to} where shard = $s and position = {at}"
        for at, to in places
    )


_SLIP_IN = (
    "insert into log.event select shard, $p, ledger_id, 5000, gen_random_uuid(), 1, type,"
    " recorded_at, record, sealed, hash from log.event where shard = $s and position = $p + 1"
)
_SHIFTED = frozenset({"HASH_MISMATCH", "SEQ_GAP", "REORDERED"})

TAMPERINGS = {
    "a byte of the record": _edit(
        "record = set_byte(record, $b % length(record), get_byte(record, $b % length(record)) # 1)",
        "HASH_MISMATCH",
    ),
    "a date of the record": _edit(
        "record = replace(encode(record, 'escape'), '2025', '2024')::bytea"
        " || case when strpos(encode(record, 'escape'), '2025') = 0 then ' '::bytea else '' end",
        "HASH_MISMATCH",
    ),
    "the sealed facts": _edit("sealed = sealed || '\\x00'", "HASH_MISMATCH"),
    "a byte moved from the sealed facts to the record": _edit(
        "record = record || substr(sealed || ' ', 1, 1), sealed = substr(sealed, 2)",
        "HASH_MISMATCH",
    ),
    "the hash": _edit("hash = sha256(hash)", "HASH_MISMATCH"),
    "the type column": _edit("type = type || '2'", "COLUMN_MISMATCH"),
    "the stream column": _edit("stream_id = gen_random_uuid()", "COLUMN_MISMATCH"),
    "the version column": _edit("stream_version = stream_version + 100", "COLUMN_MISMATCH"),
    "a version below zero": _edit("stream_version = -1", "COLUMN_MISMATCH"),
    "the ledger column": _edit("ledger_id = gen_random_uuid()", "HASH_MISMATCH"),
    "the time it was recorded": _edit(
        "recorded_at = recorded_at + interval '1 us'", "HASH_MISMATCH"
    ),
    "a time that never comes": _edit("recorded_at = 'infinity'", "HASH_MISMATCH"),
    "the ledger's number": _edit("ledger_seq = ledger_seq + 1000", "HASH_MISMATCH"),
    "deleted": Tampering(
        ("delete from log.event where shard = $s and position = $p",), frozenset({"GAP"})
    ),
    "deleted and closed up": Tampering(
        (
            "delete from log.event where shard = $s and position = $p",
            "update log.event set position = -position where shard = $s and position > $p",
            "update log.event set position = -position - 1 where shard = $s and position < 0",
            "update log.shard_head set position = position - 1 where shard = $s",
        ),
        _SHIFTED,
    ),
    "swapped with a later one": Tampering(
        _move(("$p", "-1"), ("$q", "$p"), ("-1", "$q")), frozenset({"REORDERED"})
    ),
    "swapped with its neighbour": Tampering(
        _move(("$p", "-1"), ("$p + 1", "$p"), ("-1", "$p + 1")), frozenset({"REORDERED"})
    ),
    "one slipped in": Tampering(
        (
            "update log.event set position = -position where shard = $s and position >= $p",
            "update log.event set position = -position + 1 where shard = $s and position < 0",
            _SLIP_IN,
            "update log.shard_head set position = position + 1 where shard = $s",
        ),
        frozenset({"COLUMN_MISMATCH"}),
    ),
    "one twice": Tampering(
        (
            "alter table log.event drop constraint event_pkey",
            "alter table log.event drop constraint event_ledger_id_ledger_seq_key",
            "alter table log.event drop constraint event_ledger_id_stream_id_stream_version_key",
            "insert into log.event select * from log.event where shard = $s and position = $p",
        ),
        frozenset({"DUPLICATE"}),
    ),
    "the tail cut off": Tampering(
        ("delete from log.event where shard = $s and position >= $p",), frozenset({"TRUNCATED"})
    ),
}
