"""A message carries its row of the log exactly, opened by nobody on the way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from store.sample_events import EVENT_ID, FOLDER, LEDGER, NOW, PROVENANCE, sample_events

from mintflow.store.chain import first_hash, link_hash
from mintflow.store.keys import MemoryKeyStore
from mintflow.store.mapper import Mapper, RecordedEvent, RecordUnreadable
from mintflow.store.rows import StoredRow
from mintflow.store.sealing import Sealer
from mintflow.streams.core.envelope import (
    ATTRIBUTES,
    UnreadableMessage,
    decode,
    decode_row,
    encode,
    position_of,
)
from mintflow.streams.core.faust.received import received

FILES = sorted(FOLDER.glob("*.json"))
KEYS = MemoryKeyStore()
KEYS.create(LEDGER)
MAPPER = Mapper(Sealer(KEYS))
BIG = 2**63 - 1


def _row(record: bytes, sealed: bytes = b"", **place: object) -> StoredRow:
    ledger_id = UUID(orjson.loads(record)["ledger_id"])
    row = StoredRow(3, 7, ledger_id, 5, NOW, record, sealed, b"")._replace(**place)
    return row._replace(hash=link_hash(first_hash(row.shard), row.leaf()))


def _same(decoded: RecordedEvent, read: RecordedEvent) -> bool:
    skipped = {"_sealer", "_record"}
    return all(
        getattr(decoded, name) == getattr(read, name)
        for name in RecordedEvent.__slots__
        if name not in skipped
    )


def unpacked(value: bytes | None, headers: object) -> Any:
    """A record as aiokafka has it."""
    return SimpleNamespace(
        offset=41, timestamp=1_700_000_000_000, timestamp_type=0, value=value, headers=headers
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@given(
    position=st.integers(1, BIG),
    ledger_seq=st.integers(1, BIG),
    shard=st.integers(0, 2**31 - 1),
    recorded_us=st.integers(0, 4_000_000_000_000_000),
    sealed=st.binary(max_size=300),
)
def test_what_is_decoded_equals_what_the_reader_of_the_log_gives(
    path: object, position: int, ledger_seq: int, shard: int, recorded_us: int, sealed: bytes
) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))["record"].encode()  # type: ignore[attr-defined]
    recorded_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=recorded_us)
    row = _row(
        record, sealed, position=position, ledger_seq=ledger_seq, shard=shard,
        recorded_at=recorded_at,
    )  # fmt: skip
    message = encode(row)
    assert decode_row(message.value, message.headers) == row
    read = MAPPER.recorded(*row[:7])
    assert _same(decode(message.value, message.headers, MAPPER), read)
    assert position_of(message.headers) == position
    assert _same(MAPPER.recorded(*row[:7], decoded=False), read)
    kept = received(unpacked(message.value, message.headers))
    assert kept == (41, 1_700_000_000_000, 0, row)


@pytest.mark.parametrize("topic", sample_events())
def test_sealed_facts_travel_sealed_and_open_with_the_key(topic: str) -> None:
    event = sample_events()[topic]
    encoded = MAPPER.encode(event, EVENT_ID, PROVENANCE)
    message = encode(_row(encoded.record, encoded.sealed))
    travelling = message.value + b"".join(value for _, value in message.headers)
    for name in event.SEALED:
        fact = getattr(event, name)
        if isinstance(fact, str) and fact:
            assert fact.encode() not in travelling
    decoded = decode(message.value, message.headers, MAPPER)
    assert MAPPER.domain_event(decoded).__dict__ == {
        **event.__dict__,
        "timestamp": decoded.recorded_at,
    }
    stranger = decode(message.value, message.headers, Mapper(Sealer(MemoryKeyStore())))
    assert stranger.private() is None or not encoded.sealed


def test_the_chain_is_checked_from_messages_alone() -> None:
    record = json.loads(FILES[0].read_text(encoding="utf-8"))["record"].encode()
    at, messages = first_hash(3), []
    for position in range(1, 4):
        row = _row(record, position=position, ledger_seq=position)
        at = link_hash(at, row.leaf())
        messages.append(encode(row._replace(hash=at)))
    at = first_hash(3)
    for message in messages:
        row = decode_row(message.value, message.headers)
        at = link_hash(at, row.leaf())
        assert at == row.hash
    changed = decode_row(messages[2].value.replace(b"018f", b"018e", 1), messages[2].headers)
    before = decode_row(messages[1].value, messages[1].headers).hash
    assert link_hash(before, changed.leaf()) != changed.hash


def test_every_attribute_is_described_and_every_described_one_is_sent() -> None:
    record = MAPPER.encode(sample_events()["transaction.recorded"], EVENT_ID, PROVENANCE)
    sent = dict(encode(_row(record.record, record.sealed)).headers)
    assert {f"ce_{name}" for name in ATTRIBUTES} == sent.keys() - {"content-type"}
    # CloudEvents allows lower-case letters and digits, and no more than 20 of them.
    assert all(name.isalnum() and name.islower() and len(name) <= 20 for name in ATTRIBUTES)
    version, trace, parent, flags = sent["ce_traceparent"].decode().split("-")
    assert (version, len(trace), len(parent), flags) == ("00", 32, 16, "01")
    assert UUID(trace) == PROVENANCE.correlation_id


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_specversion", b"0.3"),
        ("ce_position", b"seven"),
        ("ce_position", None),
        ("ce_ledgerid", b"\xff"),
        ("ce_time", b"yesterday"),
        ("ce_chainhash", b"xyz"),
        ("ce_sealed", b"*"),
    ],
)
def test_refuses_a_message_with_a_wrong_attribute(name: str, value: bytes | None) -> None:
    record = json.loads(FILES[0].read_text(encoding="utf-8"))["record"].encode()
    message = encode(_row(record))
    headers = [(key, each) for key, each in message.headers if key != name]
    if value is not None:
        headers.append((name, value))
    with pytest.raises(UnreadableMessage):
        decode(message.value, headers, MAPPER)
    assert received(unpacked(message.value, headers)) == (41, 1_700_000_000_000, 0, None)


@pytest.mark.parametrize("value", [None, b"", b"[]", b"{}", b"\xff", b'{"type": 1}'])
def test_refuses_a_value_that_is_no_record(value: bytes | None) -> None:
    record = json.loads(FILES[0].read_text(encoding="utf-8"))["record"].encode()
    with pytest.raises(UnreadableMessage):
        decode(value, encode(_row(record)).headers, MAPPER)
    with pytest.raises(UnreadableMessage):
        decode(value, None, MAPPER)
    event = MAPPER.recorded(*_row(record)[:5], value or b"", b"", decoded=False)
    with pytest.raises(RecordUnreadable):
        assert event.type
    # And again: nothing of it is half decoded.
    with pytest.raises(RecordUnreadable):
        assert event.data
