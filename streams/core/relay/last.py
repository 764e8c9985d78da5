"""What the partitions of topics end with: where a relay that takes over goes on.

Between an acknowledgement and its record a relay may die; the last message of each partition says
more than the checkpoint then, so that duplicates stay rare. Everything here blocks.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from mintflow.streams.core.envelope import Headers, UnreadableMessage, position_of
from mintflow.streams.core.relay.asking import FAULTS, Admin, is_unknown
from mintflow.streams.core.relay.delivery import ANSWER_S_MAX, KafkaTarget
from mintflow.streams.core.relay.errors import KafkaUnreachable, TopicsNotReady

# Behind the last message may stand markers of somebody's transaction, and late messages of a relay
# that was frozen: the highest position of the last few is what the partition holds.
_LOOK_BACK = 16


@dataclass(frozen=True, slots=True)
class LastMessage:
    """The highest position that a partition ends with, and the headers of its message. offset: of
    that message. whole: False where nothing was taken from the partition, and it never got as many
    messages as positions."""

    position: int
    headers: Headers
    offset: int
    whole: bool = True


def topic_ids(
    target: KafkaTarget, names: Sequence[str], partitions: int, admin: Admin | None = None
) -> dict[str, str]:
    """Topic (without prefix) -> Kafka's id of it. admin: of who asks again and again.

    Raises TopicsNotReady, KafkaUnreachable, KafkaRefusesUs, KafkaOptionsRefused.
    """
    admin = admin or Admin(target)
    asked = TopicCollection([target.topic(name) for name in names])
    try:
        described = admin.describe_topics(asked, request_timeout=ANSWER_S_MAX)
    except FAULTS as fault:
        raise admin.fault(fault) from fault
    found: dict[str, str] = {}
    missing: list[str] = []
    for name in names:
        try:
            topic = admin.answer(described[target.topic(name)])
        except FAULTS as fault:
            if not is_unknown(fault):
                raise admin.fault(fault) from fault
            missing.append(target.topic(name))
            continue
        if len(topic.partitions) < partitions:
            missing.append(target.topic(name))
        found[name] = str(topic.topic_id)
    if missing:
        raise TopicsNotReady(
            "topics are missing or have too few partitions; run: mintflow topics apply",
            topics=sorted(missing),
        )
    return found


def last_messages(
    target: KafkaTarget, names: Sequence[str], shards: Iterable[int]
) -> Mapping[tuple[str, int], LastMessage]:
    """(topic without prefix, partition) -> what it ends with; absent where it is empty.

    Raises KafkaUnreachable, KafkaRefusesUs, KafkaOptionsRefused.
    """
    admin = Admin(target)
    try:
        return _last_messages(admin, target, names, list(shards))
    except FAULTS as fault:
        raise admin.fault(fault) from fault


def _last_messages(
    admin: Admin, target: KafkaTarget, names: Sequence[str], shards: list[int]
) -> Mapping[tuple[str, int], LastMessage]:
    short = {target.topic(name): name for name in names}
    partitions = [TopicPartition(topic, shard) for topic in short for shard in shards]
    first = offsets(admin, partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
    behind = offsets(admin, partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    starts = [
        TopicPartition(topic, shard, max(first[topic, shard], end - _LOOK_BACK))
        for (topic, shard), end in behind.items()
        if end > first[topic, shard]
    ]
    found: dict[tuple[str, int], LastMessage] = {}
    if not starts:
        return found
    consumer = Consumer(
        target.client(
            **{
                "group.id": target.topic("mintflow-relay"),
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
            }
        )
    )
    try:
        consumer.assign(starts)
        open_ends = {(one.topic, one.partition) for one in starts}
        until = time.monotonic() + ANSWER_S_MAX
        while open_ends:
            if time.monotonic() > until:
                raise KafkaUnreachable("Kafka does not give the last messages of the topics")
            for message in consumer.consume(1_000, timeout=0.1):
                _take(message, short, open_ends, found)
    finally:
        consumer.close()
    for (name, shard), last in found.items():
        # By its own offset: a relay that was frozen may have sent it after the end was asked for.
        whole = first[target.topic(name), shard] > 0 or last.offset + 1 >= last.position
        found[name, shard] = replace(last, whole=whole)
    return found


def _take(
    message: Any,
    short: Mapping[str, str],
    open_ends: set[tuple[str, int]],
    found: dict[tuple[str, int], LastMessage],
) -> None:
    fault = message.error()
    if fault is not None:
        if fault.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(fault)
        open_ends.discard((message.topic(), message.partition()))
        return
    headers = message.headers() or []
    try:
        position = position_of(headers)
    except UnreadableMessage:
        return  # somebody else's: it says nothing of what was relayed
    place = (short[message.topic()], message.partition())
    if place not in found or position > found[place].position:
        found[place] = LastMessage(position, headers, message.offset())


def offsets(
    admin: Admin, partitions: Sequence[TopicPartition], which: OffsetSpec
) -> dict[tuple[str, int], int]:
    """(topic, partition) -> the offset. Raises one of FAULTS."""
    asked = dict.fromkeys(partitions, which)
    answers = admin.list_offsets(asked, request_timeout=ANSWER_S_MAX)
    return {
        (one.topic, one.partition): admin.answer(answer).offset for one, answer in answers.items()
    }
