"""What has to be done so that the topics are as they should be: shown first, then perhaps done.

Nothing is ever deleted, nothing is made smaller, and settings that are not ours are left alone.
Everything here blocks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from confluent_kafka import TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from mintflow.streams.core.relay.asking import FAULTS, Admin, is_unknown
from mintflow.streams.core.relay.delivery import ANSWER_S_MAX, KafkaTarget
from mintflow.streams.core.topics import TOPICS, Topic


@dataclass(frozen=True, slots=True)
class Change:
    """One step for one topic. action: create, add_partitions, configure, or keep where the topic is
    larger than it need be (it is left as it is)."""

    topic: str
    action: str
    detail: str
    partitions: int | None = None
    configuration: dict[str, str] = field(default_factory=dict)


def plan(target: KafkaTarget, partitions: int, topics: Sequence[Topic] = TOPICS) -> list[Change]:
    """What is to be done, in order; empty if all is as it should be.

    Raises KafkaUnreachable, KafkaRefusesUs, KafkaOptionsRefused.
    """
    admin = Admin(target)
    try:
        return _plan(admin, target, partitions, topics)
    except FAULTS as fault:
        raise admin.fault(fault) from fault


def apply(target: KafkaTarget, changes: Sequence[Change], replicas: int) -> None:
    """Do it, step by step. replicas: of new topics; -1 takes the broker's own default.

    Returns once every partition of these topics has a leader, or after a moment without. Raises
    KafkaUnreachable, with what Kafka says, KafkaRefusesUs, KafkaOptionsRefused.
    """
    admin = Admin(target)
    try:
        for change in changes:
            _do(admin, change, replicas)
        _see(admin, changes)
    except FAULTS as fault:
        raise admin.fault(fault) from fault


def _plan(
    admin: Admin, target: KafkaTarget, partitions: int, topics: Sequence[Topic]
) -> list[Change]:
    names = [target.topic(topic.name) for topic in topics]
    sizes = _sizes(admin, names)
    changes: list[Change] = []
    there = [name for name in names if name in sizes]
    settings = _settings(admin, there)
    for topic, name in zip(topics, names, strict=True):
        wanted = topic.configuration()
        if name not in sizes:
            said = ", ".join(f"{key}={value}" for key, value in wanted.items())
            detail = f"{partitions} partitions, {said}"
            changes.append(Change(name, "create", detail, partitions, wanted))
            continue
        if sizes[name] < partitions:
            detail = f"{sizes[name]} -> {partitions} partitions"
            changes.append(Change(name, "add_partitions", detail, partitions))
        elif sizes[name] > partitions:
            detail = f"has {sizes[name]} partitions; {partitions} are used"
            changes.append(Change(name, "keep", detail))
        other = {key: value for key, value in wanted.items() if settings[name].get(key) != value}
        if other:
            said = ", ".join(f"{key}: {settings[name].get(key)} -> {other[key]}" for key in other)
            changes.append(Change(name, "configure", said, configuration=other))
    return changes


def _sizes(admin: Admin, names: Sequence[str]) -> dict[str, int]:
    """Topic -> its partitions; one that is not there is absent."""
    found: dict[str, int] = {}
    if not names:
        return found
    answers = admin.describe_topics(TopicCollection([*names]), request_timeout=ANSWER_S_MAX)
    for name, answer in answers.items():
        try:
            found[name] = len(admin.answer(answer).partitions)
        except FAULTS as fault:
            if not is_unknown(fault):
                raise
    return found


def _settings(admin: Admin, names: Sequence[str]) -> dict[str, dict[str, str]]:
    asked = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    answers = admin.describe_configs(asked, request_timeout=ANSWER_S_MAX) if asked else {}
    return {
        resource.name: {key: entry.value for key, entry in admin.answer(answer).items()}
        for resource, answer in answers.items()
    }


def _do(admin: Admin, change: Change, replicas: int) -> None:
    if change.action == "create":
        assert change.partitions is not None
        made = NewTopic(
            change.topic, change.partitions, replicas, config=dict(change.configuration)
        )
        admin.create_topics([made], operation_timeout=ANSWER_S_MAX)[change.topic].result()
    elif change.action == "add_partitions":
        assert change.partitions is not None
        grown = admin.create_partitions([NewPartitions(change.topic, change.partitions)])
        grown[change.topic].result()
    elif change.action == "configure":
        # Each entry by itself: what others set on the topic stays.
        entries = [
            ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
            for key, value in change.configuration.items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, change.topic, incremental_configs=entries)
        for answer in admin.incremental_alter_configs([resource]).values():
            answer.result()


def _see(admin: Admin, changes: Sequence[Change]) -> None:
    """Wait until brokers tell of what was made, and serve it: both comes a moment after."""
    until = time.monotonic() + ANSWER_S_MAX
    while time.monotonic() < until:
        sizes = _sizes(admin, sorted({one.topic for one in changes}))
        settings = _settings(admin, [*sizes])
        if all(
            sizes.get(one.topic, 0) >= (one.partitions or 0)
            and one.configuration.items() <= settings.get(one.topic, {}).items()
            for one in changes
        ) and _served(admin, sizes):
            return
        time.sleep(0.05)


def _served(admin: Admin, sizes: Mapping[str, int]) -> bool:
    """Whether every partition has a leader that answers for it."""
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    partitions = [TopicPartition(name, one) for name, size in sizes.items() for one in range(size)]
    asked = dict.fromkeys(partitions, latest)
    try:
        answers = admin.list_offsets(asked, request_timeout=ANSWER_S_MAX) if asked else {}
        for answer in answers.values():
            admin.answer(answer)
    except FAULTS:
        return False
    return True
