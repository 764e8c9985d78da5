"""What is kept of a record of Kafka until it is applied: the row of the log that it was made from.

The attributes of a message are sixty objects, and a worker that catches up holds thousands of
messages. So they are looked at as soon as a record was unpacked, while they are at hand, and freed
at once; what is kept of them is eight values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from mintflow.store.rows import StoredRow
from mintflow.streams.core.envelope import UnreadableMessage, decode_row


class Record(Protocol):
    """What of a record, as aiokafka unpacks it, is looked at."""

    offset: int
    timestamp: int
    timestamp_type: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Received(NamedTuple):
    """Where a record stands in its partition, and its row; None where it is no event of ours."""

    offset: int
    timestamp: int
    timestamp_type: int
    row: StoredRow | None


def received(record: Record) -> Received:
    """Never raises: what can not be read is for the follower to count."""
    row: StoredRow | None
    try:
        row = decode_row(record.value, record.headers)
    except UnreadableMessage:
        row = None
    return Received(record.offset, record.timestamp, record.timestamp_type, row)
