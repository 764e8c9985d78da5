"""What goes to the topic `audit.log`: the trail by the relay, signed heads by whoever signs them.

Each has a partition and positions of its own, so a consumer drops what came again as in every other
topic. Nothing personal is in the clear: an entry of the trail travels as it is stored, its address
sealed, and heads are hashes.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from psycopg import AsyncConnection

from mintflow.domain.core.ids import SHARDS
from mintflow.store.evidence.register import Publication, Register, unchecked_head
from mintflow.streams.core.envelope import Headers, Message
from mintflow.streams.core.relay.delivery import ANSWER_S_MAX, Delivery, KafkaTarget, Line
from mintflow.streams.core.relay.errors import KafkaUnreachable, TopicIsAhead, TopicOfAnotherLog
from mintflow.streams.core.relay.last import last_messages, topic_ids
from mintflow.streams.core.relay.sources import Outgoing
from mintflow.streams.core.topics import AUDIT

TRAIL_PARTITION = 0
HEADS_PARTITION = 1
TRAIL_NOTED = "audit.noted"
HEADS_SIGNED = "audit.heads_signed"

# Attributes of the two messages, where they are other than those of an event or mean another
# thing; docs/reference/topics.md is written from these tables.
TRAIL_ATTRIBUTES: Mapping[str, str] = {
    "id": "the position",
    "source": "`/v1/audit/trail`",
    "type": f"`{TRAIL_NOTED}`",
    "subject": "what was noted, for example `command.refused`",
    "time": "when it was written, to the microsecond",
    "position": "gapless number within the trail; partition 0",
    "shard": "`-1`: the trail in trees, heads and proofs",
    "ledgerid": "`ledger_id`; absent where it is about none",
    "actor": "who did it; absent where it is not known",
    "sealed": "the address, AES-256-GCM under the key of its month, base64; absent where none",
    "chainhash": "hash of the trail's chain up to and with this entry, 64 hex digits",
}
HEADS_ATTRIBUTES: Mapping[str, str] = {
    "id": "SHA-256 of the value, 64 hex digits",
    "source": "`/v1/audit/heads`",
    "type": f"`{HEADS_SIGNED}`",
    "subject": "the name of the file in the folder of published heads",
    "time": "when it was signed",
    "position": "gapless number of the object; partition 1",
}

_HEADS = "select position from audit.trail_head"
_READ = """
select position, recorded_at, record, sealed, hash from audit.trail
where shard = -1 and position > %s order by position limit %s
"""


class TrailSource:
    """Every entry of the trail, for the relay. A shard of a relay is a partition: it has one."""

    name = "trail"
    topics = (AUDIT,)

    async def heads(self, conn: AsyncConnection[Any]) -> Mapping[int, int]:
        cursor = await conn.execute(_HEADS)
        row = await cursor.fetchone()
        return {TRAIL_PARTITION: row[0] if row is not None else 0}

    async def read(
        self, conn: AsyncConnection[Any], after: Mapping[int, int], room: Mapping[int, int]
    ) -> Mapping[int, Sequence[Outgoing]]:
        if TRAIL_PARTITION not in after:
            return {}
        cursor = await conn.execute(_READ, [after[TRAIL_PARTITION], room[TRAIL_PARTITION]])
        found = [
            Outgoing(row[0], self.topics, trail_message(*row)) for row in await cursor.fetchall()
        ]
        return {TRAIL_PARTITION: found} if found else {}

    async def check_last(
        self, conn: AsyncConnection[Any], shard: int, position: int, headers: Headers
    ) -> None:
        if shard != TRAIL_PARTITION:
            return  # Another's messages: this source has one partition.
        cursor = await conn.execute(
            "select hash from audit.trail where shard = -1 and position = %s", [position]
        )
        row = await cursor.fetchone()
        where = {"source": self.name, "shard": shard, "position": position}
        if row is None:
            raise TopicIsAhead("the topic ends with an entry that the trail does not have", **where)
        if dict(headers).get("ce_chainhash") != row[0].hex().encode():
            raise TopicOfAnotherLog("the topic ends with an entry of another trail", **where)


def trail_message(
    position: int, recorded_at: datetime, record: bytes, sealed: bytes, chain_hash: bytes
) -> Message:
    """The message of one row of the trail."""
    entry = orjson.loads(record)
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", b"%d" % position),
        ("ce_source", b"/v1/audit/trail"),
        ("ce_type", TRAIL_NOTED.encode()),
        ("ce_subject", entry["what"].encode()),
        ("ce_time", recorded_at.astimezone(UTC).isoformat().encode()),
        ("ce_schemaversion", b"1"),
        ("ce_shard", b"-1"),
        ("ce_position", b"%d" % position),
        ("ce_chainhash", chain_hash.hex().encode()),
    ]
    for name, value in (("ce_ledgerid", entry["ledger_id"]), ("ce_actor", entry["actor"])):
        if value is not None:
            headers.append((name, value.encode()))
    if sealed:
        headers.append(("ce_sealed", b64encode(sealed)))
    return Message(b"trail", record, headers)


def heads_message(publication: Publication) -> Message:
    """The message of one object of the register: its value is the file's bytes."""
    signed_at = unchecked_head(publication.note).more["time"]
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", publication.digest.hex().encode()),
        ("ce_source", b"/v1/audit/heads"),
        ("ce_type", HEADS_SIGNED.encode()),
        ("ce_subject", publication.name.encode()),
        ("ce_time", signed_at.encode()),
        ("ce_schemaversion", b"1"),
        ("ce_position", b"%d" % publication.number),
    ]
    return Message(b"heads", publication.content, headers)


class KafkaHeads:
    """Publishes the objects of the register, one after the other, each acknowledged."""

    name = "kafka"

    def __init__(self, target: KafkaTarget) -> None:
        self._target = target
        self._delivery: Delivery | None = None
        self._line = Line(0)

    async def reached(self, register: Register) -> int:
        """Raises TopicsNotReady, KafkaUnreachable, TopicIsAhead, TopicOfAnotherLog."""
        return await asyncio.to_thread(self._begin, register)

    async def publish(self, publication: Publication) -> None:
        """Raises KafkaUnreachable; what was sent may arrive all the same."""
        await asyncio.to_thread(self._send, publication)

    async def close(self) -> None:
        await asyncio.to_thread(self._leave)

    def _begin(self, register: Register) -> int:
        self._leave()
        topic_ids(self._target, [AUDIT], SHARDS)
        ends = last_messages(self._target, [AUDIT], [HEADS_PARTITION])
        end = ends.get((AUDIT, HEADS_PARTITION))
        position = 0 if end is None else end.position
        if end is not None:
            _check(register, position, end.headers)
        delivery = Delivery(self._target)
        delivery.connect()
        self._delivery, self._line = delivery, Line(position)
        return position

    def _send(self, publication: Publication) -> None:
        delivery = self._delivery
        assert delivery is not None
        number, message = publication.number, heads_message(publication)
        if not delivery.send(self._line, AUDIT, HEADS_PARTITION, number, message):
            raise KafkaUnreachable("Kafka takes nothing more")
        delivery.flush(ANSWER_S_MAX)
        delivery.poll()
        if delivery.waiting:
            raise KafkaUnreachable("Kafka acknowledges nothing", seconds=ANSWER_S_MAX)

    def _leave(self) -> None:
        if self._delivery is not None:
            self._delivery.close()
            self._delivery = None


def _check(register: Register, position: int, headers: Headers) -> None:
    """Whether a partition ends with an object of this register."""
    last = register.last()
    if last is None or last.number < position:
        raise TopicIsAhead(
            "the topic ends with heads that the folder does not have", position=position
        )
    if dict(headers).get("ce_id") != register.get(position).digest.hex().encode():
        raise TopicOfAnotherLog("the topic ends with heads of another log", position=position)
