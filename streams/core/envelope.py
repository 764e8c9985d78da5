"""An event as a Kafka message: CloudEvents 1.0, binary mode, and back.

The value is the exact stored record, so the chain of hashes can be checked from the topic alone;
sealed facts travel sealed, in an attribute beside it. Nothing is opened here and no key is needed.
An older version of an event travels as it was stored: whoever decodes it reads it as today's.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64, b2a_hex
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.rows import StoredRow
from mintflow.store.traces import Trace

Header = tuple[str, bytes]
Headers = list[Header]

# CloudEvents attribute -> what it holds; docs/reference/topics.md is written from this table.
ATTRIBUTES: Mapping[str, str] = {
    "specversion": "always `1.0`",
    "id": "`event_id`, the same when a message is sent again",
    "source": "`/v1/ledgers/{ledger_id}`",
    "type": "the event's type, for example `transaction.recorded`",
    "subject": "`stream_id`",
    "time": "`recorded_at`: when MintFlow learned it, to the microsecond",
    "dataschema": "`urn:mintflow:event:{type}:{version}`, the `$id` of its JSON Schema",
    "schemaversion": "`schema_version`",
    "ledgerid": "`ledger_id`",
    "ledgerseq": "`ledger_seq`: gapless within the ledger",
    "shard": "the shard of the log, which is the partition",
    "position": "gapless number within the shard",
    "streamversion": "`stream_version`: number within the stream",
    "actor": "who did it, for example `user:…`",
    "correlationid": "`correlation_id`",
    "causationid": "`causation_id`; absent where nothing caused it",
    "effectiveat": "`effective_at`: when it happened in the world",
    "sealed": "the sealed facts, AES-256-GCM under the ledger's key, base64; absent where none",
    "chainhash": "hash of the shard's chain up to and with this event, 64 hex digits",
    "traceparent": "W3C trace context: the trace is that of the request's `traceparent`, without "
    "one its correlation; the parent is the event",
}

NO_TRACES: Mapping[str, Trace] = {}


class UnreadableMessage(ValueError):
    """A record of the topic is no event of ours; the text says which attribute is wrong."""


class Message(NamedTuple):
    """What is given to Kafka; the partition is the shard."""

    key: bytes
    value: bytes
    headers: Headers


def encode(
    row: StoredRow,
    record: Mapping[str, Any] | None = None,
    time: bytes | None = None,
    traces: Mapping[str, Trace] = NO_TRACES,
) -> Message:
    """The message of one row of the log. record, time: what `row.record` says, and `time_of` the
    row, if they are at hand. traces: by correlation."""
    record = orjson.loads(row.record) if record is None else record
    key, of_ledger = _of_ledger(row.ledger_id)
    event_id, correlation_id = record["event_id"], record["correlation_id"]
    headers = [
        *_of_type(record["type"], record["schema_version"]),
        *of_ledger,
        ("ce_id", event_id.encode()),
        ("ce_subject", record["stream_id"].encode()),
        ("ce_time", time or time_of(row.recorded_at)),
        ("ce_ledgerseq", b"%d" % row.ledger_seq),
        ("ce_shard", b"%d" % row.shard),
        ("ce_position", b"%d" % row.position),
        ("ce_streamversion", b"%d" % record["stream_version"]),
        ("ce_actor", record["actor"].encode()),
        ("ce_correlationid", correlation_id.encode()),
        ("ce_effectiveat", record["effective_at"].encode()),
        ("ce_chainhash", b2a_hex(row.hash)),
        ("ce_traceparent", _traceparent(correlation_id, event_id, traces.get(correlation_id))),
    ]
    if record["causation_id"] is not None:
        headers.append(("ce_causationid", record["causation_id"].encode()))
    if row.sealed:
        headers.append(("ce_sealed", b2a_base64(row.sealed, newline=False)))
    return Message(key, row.record, headers)


def time_of(recorded_at: datetime) -> bytes:
    """`ce_time`: events of one command have one, and to write it is dear."""
    if recorded_at.tzinfo is not UTC:
        recorded_at = recorded_at.astimezone(UTC)
    return recorded_at.isoformat().encode()


def decode_row(value: bytes | None, headers: Iterable[tuple[str, bytes]] | None) -> StoredRow:
    """The row of the log that a message was made from. Raises UnreadableMessage."""
    given = dict(headers or ())
    if value is None or given.get("ce_specversion") != b"1.0":
        raise UnreadableMessage("not a CloudEvents 1.0 message in binary mode with a value")
    name = ""
    try:
        return StoredRow(
            int(given[name := "ce_shard"]),
            int(given[name := "ce_position"]),
            _ledger(given[name := "ce_ledgerid"]),
            int(given[name := "ce_ledgerseq"]),
            datetime.fromisoformat(given[name := "ce_time"].decode()),
            value,
            a2b_base64(given.get(name := "ce_sealed", b""), strict_mode=True),
            bytes.fromhex(given[name := "ce_chainhash"].decode()),
        )
    except (KeyError, ValueError) as fault:
        raise UnreadableMessage(f"{name} is absent or malformed") from fault


def decode(
    value: bytes | None, headers: Iterable[tuple[str, bytes]] | None, mapper: Mapper
) -> RecordedEvent:
    """The event as the reader of the log would give it. Raises UnreadableMessage."""
    row = decode_row(value, headers)
    try:
        return mapper.recorded(*row[:7])
    except (KeyError, TypeError, ValueError) as fault:
        raise UnreadableMessage("the value is no record of an event") from fault


def position_of(headers: Iterable[tuple[str, bytes]] | None) -> int:
    """The position a message says it has. Raises UnreadableMessage."""
    for name, value in headers or ():
        if name == "ce_position" and value.isdigit():
            return int(value)
    raise UnreadableMessage("ce_position is absent or malformed")


@lru_cache(maxsize=1_024)
def _of_type(event_type: str, version: int) -> tuple[Header, ...]:
    """The attributes that all events of a type have alike."""
    return (
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_type", event_type.encode()),
        ("ce_dataschema", f"urn:mintflow:event:{event_type}:{version}".encode()),
        ("ce_schemaversion", b"%d" % version),
    )


@lru_cache(maxsize=8_192)
def _of_ledger(ledger_id: UUID) -> tuple[bytes, tuple[Header, ...]]:
    """The key of all messages of a ledger, and the attributes that they have alike."""
    key = str(ledger_id).encode()
    return key, (("ce_source", b"/v1/ledgers/" + key), ("ce_ledgerid", key))


@lru_cache(maxsize=8_192)
def _ledger(text: bytes) -> UUID:
    """Most messages are of a ledger that was met before."""
    return UUID(text.decode())


def _traceparent(correlation_id: str, event_id: str, trace: Trace | None) -> bytes:
    """Both ids are 16 bytes in hex, and a UUIDv7 is never zero: valid trace and parent ids."""
    parent = event_id.replace("-", "")[16:]
    if trace is not None:
        return f"00-{trace.trace_id.hex}-{parent}-{trace.sampled:02x}".encode()
    return f"00-{correlation_id.replace('-', '')}-{parent}-01".encode()
