"""What is larger than a topic takes: its shard waits, and nothing that follows is in Kafka."""

from __future__ import annotations

import asyncio
import secrets
import time

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from kafka_broker import Kafka
from read_models.books import Books
from streams.relay_process import environment, relay_process
from streams.relaying import (
    check_everything_is_there,
    heads,
    make_topics,
    positions_in,
    read_topic,
    recorded,
    relayed,
    relaying,
    until,
)

from mintflow.domain.core.errors import MintFlowError
from mintflow.store.mapper import EVENT_BYTES_MAX
from mintflow.streams.core.envelope import Message
from mintflow.streams.core.relay.delivery import Delivery, Line
from mintflow.streams.core.topics import EVENTS, MESSAGE_BYTES_MAX


def takes_no_more_than(kafka: Kafka, size: int) -> None:
    """Somebody configures the topic of all events."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, kafka.topic(EVENTS), incremental_configs=[entry])
    admin.incremental_alter_configs([resource])[resource].result(10)


def test_a_shard_whose_event_is_too_large_waits_and_the_others_go_on(
    books: Books, kafka: Kafka
) -> None:
    other, target = books.beside(2), make_topics(kafka)

    async def run() -> None:
        async with relaying(books, target):
            await relayed(books)
        await asyncio.to_thread(takes_no_more_than, kafka, 2_500)
        books.record("-1.00", "2026-03-01", description="long " * 380, merchant="m" * 200)
        for day in range(1, 6):
            books.record("-1.00", f"2026-03-0{day}")
        async with relaying(books, target) as relay:
            await until(lambda: bool(relay.blocked()), "it is noticed")
            assert relay.blocked() == {books.shard: "message_too_large"}
            other.record("-1.00", "2026-03-01")
            head = heads(books)[other.shard]
            await until(lambda: recorded(books).get(other.shard) == head, "the other goes on")
            assert relay.blocked() == {books.shard: "message_too_large"}
        await asyncio.to_thread(takes_no_more_than, kafka, MESSAGE_BYTES_MAX)
        async with relaying(books, target) as relay:
            await relayed(books)
            assert relay.blocked() == {}

    asyncio.run(run())
    assert check_everything_is_there(books, kafka) == 0
    other.close()


def test_nothing_is_sent_behind_a_refused_message(kafka: Kafka) -> None:
    """A relay takes the end of a partition for the proof that all before it is there."""
    target = make_topics(kafka)
    takes_no_more_than(kafka, 2_500)
    delivery, line, key = Delivery(target), Line(0), b"k"
    delivery.connect()
    delivery.listen(lambda: None)
    large = Message(key, secrets.token_bytes(4_000), [("ce_position", b"1")])
    assert delivery.send(line, EVENTS, 7, 1, large)
    refusals: list[MintFlowError] = []
    for position in range(2, 200):
        small = Message(key, b"{}", [("ce_position", b"%d" % position)])
        try:
            delivery.poll()
            delivery.send(line, EVENTS, 7, position, small)
        except MintFlowError as refusal:
            refusals.append(refusal)
        time.sleep(0.01)
    delivery.close()
    assert refusals
    assert delivery.refused.keys() == {(EVENTS, 7)}
    assert positions_in(read_topic(kafka, EVENTS).get(7, [])) == []


def test_every_event_that_can_be_written_has_room_in_a_message() -> None:
    """The record as it is, all else as text beside it: in base64 four bytes for three."""
    assert EVENT_BYTES_MAX * 4 / 3 + 100_000 < MESSAGE_BYTES_MAX


@pytest.mark.slow
def test_the_process_says_which_shard_is_blocked_and_why(books: Books, kafka: Kafka) -> None:
    target = make_topics(kafka)
    takes_no_more_than(kafka, 2_500)
    books.record("-1.00", "2026-03-01", description="long " * 380, merchant="m" * 200)
    with relay_process(environment(books.url, target)) as relay:
        deadline = time.monotonic() + 30
        while "blocked" not in (answer := relay.get("/ready")).text:
            assert answer.status_code in {200, 503}
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.1)
        assert answer.status_code == 503
        blocked = answer.json()["parts"]["relay"]
        assert (blocked["state"], blocked["blocked"]) == (
            "blocked", {str(books.shard): "message_too_large"},
        )  # fmt: skip
