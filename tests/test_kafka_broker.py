"""The broker of the tests is a real one, gives each test names of its own, and comes back."""

from __future__ import annotations

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from kafka_broker import Kafka, kafka_for_a_test


def test_what_was_acknowledged_is_read_back(kafka: Kafka) -> None:
    topic = _create(kafka, "letters")
    _produce(kafka.bootstrap, topic, b"a", b"b")
    assert _read(kafka, topic, 2) == [b"a", b"b"]


def test_two_tests_have_no_topic_in_common_and_leave_none(kafka_bootstrap: str) -> None:
    with kafka_for_a_test(kafka_bootstrap) as one, kafka_for_a_test(kafka_bootstrap) as other:
        topics = {_create(one, "letters"), _create(other, "letters")}
        assert len(topics) == 2
    left = AdminClient({"bootstrap.servers": kafka_bootstrap}).list_topics(timeout=15).topics
    assert not topics & left.keys()


def _create(kafka: Kafka, name: str) -> str:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    topic = kafka.topic(name)
    admin.create_topics([NewTopic(topic, num_partitions=1)])[topic].result(15)
    return topic


def _produce(bootstrap: str, topic: str, *values: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0


def _read(kafka: Kafka, topic: str, count: int) -> list[bytes]:
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": kafka.topic("readers"),
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    try:
        found = consumer.consume(count, timeout=30)
        return [message.value() for message in found if message.error() is None]
    finally:
        consumer.close()
