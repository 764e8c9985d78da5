"""`mintflow relay` and `mintflow topics apply` as they are run: killed, frozen, without Kafka."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType
from kafka_broker import Broker, Kafka
from read_models.books import Books
from streams.relay_process import environment, relay_process
from streams.relaying import (
    check_everything_is_there,
    make_topics,
    recorded,
    relayed,
    target_of,
    until,
)
from warm_program import warm_command

from mintflow.domain.core.ids import SHARDS
from mintflow.streams.core.relay.delivery import KafkaTarget
from mintflow.streams.core.relay.plan import apply, plan
from mintflow.streams.core.topics import AUDIT, CREATED, TOPICS, Topic

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("MINTFLOW_SEED") or random.randrange(10**6))


@contextmanager
def writing(books: Books, pause_s: float = 0.005) -> Iterator[None]:
    """Transactions come one after another, on a connection and a thread of their own."""
    stop, writer = threading.Event(), Books(books.url, 99, books.keys).open()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            writer.record(f"-{number}.00", "2025-03-01", "shopping")
            time.sleep(pause_s)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        writer.close()


def mintflow(given: dict[str, str], *words: str) -> object:
    return json.loads(warm_command([*words, "--json"], given))


def test_the_plan_is_shown_first_then_done_and_then_there_is_none(
    books: Books, kafka: Kafka
) -> None:
    given = environment(books.url, target_of(kafka))
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    shown = mintflow(given, "topics", "apply")
    assert isinstance(shown, dict)
    assert not shown["applied"]
    assert {one["topic"] for one in shown["changes"]} == {kafka.topic(t.name) for t in TOPICS}
    there = admin.list_topics(timeout=10).topics
    assert not [name for name in there if name.startswith(kafka.prefix)], "a plan does nothing"
    done = mintflow(given, "topics", "apply", "--yes")
    assert isinstance(done, dict)
    assert done["applied"]
    made = admin.list_topics(timeout=10).topics
    assert {len(made[kafka.topic(t.name)].partitions) for t in TOPICS} == {SHARDS}
    assert mintflow(given, "topics", "apply") == {"applied": False, "changes": []}


def test_a_topic_is_never_made_smaller_and_keeps_what_others_set(kafka: Kafka) -> None:
    target = make_topics(kafka)
    few = [
        Topic(CREATED, "", (), 1_000),
        Topic(AUDIT, "", (), -1),
    ]
    changes = plan(target, 8, few)
    assert [(one.topic, one.action) for one in changes] == [
        (kafka.topic(CREATED), "keep"),
        (kafka.topic(CREATED), "configure"),
        (kafka.topic(AUDIT), "keep"),
    ]
    assert set(changes[1].configuration) == {"retention.ms"}
    apply(target, changes, -1)
    more = plan(target, SHARDS + 1, few[:1])
    assert [one.action for one in more] == ["add_partitions"]
    apply(target, more, -1)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    made = admin.list_topics(timeout=10).topics
    assert len(made[kafka.topic(CREATED)].partitions) == SHARDS + 1
    assert len(made[kafka.topic(AUDIT)].partitions) == SHARDS
    resource = ConfigResource(ResourceType.TOPIC, kafka.topic(CREATED))
    settings = admin.describe_configs([resource])[resource].result(10)
    assert settings["retention.ms"].value == "1000"
    assert settings["max.message.bytes"].value == "16777216"


def test_a_plan_that_only_leaves_something_as_it_is_asks_for_no_yes(
    books: Books, kafka: Kafka
) -> None:
    target = make_topics(kafka)
    apply(target, plan(target, SHARDS + 1, [Topic(CREATED, "", (), 1_000)])[:1], -1)
    told = warm_command(["topics", "apply"], environment(books.url, target))
    assert f"has {SHARDS + 1} partitions" in told
    assert "Nothing has to be done." in told
    assert "--yes" not in told


def test_the_process_says_how_it_is_and_ends_in_order(books: Books, kafka: Kafka) -> None:
    given = environment(books.url, make_topics(kafka))
    with relay_process(given) as relay:
        asyncio.run(relayed(books))
        assert relay.get("/health").status_code == 200
        ready = relay.get("/ready")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        assert relay.parts()["relay"]["shards"] == list(range(SHARDS))
        metrics = relay.get("/metrics").text
        label = f'{{shard="{books.shard}",source="log",target="{kafka.prefix}"}}'
        assert f"mintflow_relay_behind_events{label} 0.0" in metrics
        assert f"mintflow_relay_shard_held{label} 1.0" in metrics
        assert "mintflow_relay_up 1.0" in metrics
        lag = mintflow(given, "lag")
        assert isinstance(lag, dict)
        of_shard = next(one for one in lag["relay"] if one["shard"] == books.shard)
        assert (of_shard["behind"], of_shard["held"]) == (0, True)
        assert relay.end(signal.SIGTERM) == 0
    row = books.conn.execute("select count(holder) from relay.lease").fetchone()
    assert row == (0,), "an orderly end gives the shards back"
    assert check_everything_is_there(books, kafka) == 0


def test_while_the_database_is_away_it_tells_what_it_knows_itself(
    books: Books, kafka: Kafka
) -> None:
    nobody = "postgresql://nobody@127.0.0.1:1/none"
    with relay_process(environment(nobody, target_of(kafka))) as relay:
        assert relay.get("/ready").status_code == 503
        answer = relay.get("/metrics")
        assert answer.status_code == 200
        assert "mintflow_relay_up 0.0" in answer.text
        assert "mintflow_relay_behind_events" not in answer.text


def test_before_it_has_reached_kafka_it_is_not_ready(books: Books) -> None:
    nobody = KafkaTarget("127.0.0.1:1")
    with relay_process(environment(books.url, nobody)) as relay:
        answer = relay.get("/ready")
        assert answer.status_code == 503
        assert answer.json()["parts"]["relay"]["state"] == "starting"
        assert "mintflow_relay_up 0.0" in relay.get("/metrics").text


def test_killed_again_and_again_it_loses_nothing_and_sends_few_twice(
    books: Books, kafka: Kafka
) -> None:
    given, chance = environment(books.url, make_topics(kafka)), random.Random(SEED)
    kills = 5
    with writing(books):
        for _ in range(kills):
            with relay_process(given) as relay:
                before = sum(recorded(books).values())
                asyncio.run(
                    until(lambda b=before: sum(recorded(books).values()) > b, "it relays")  # type: ignore[misc]
                )
                time.sleep(chance.random() * 0.5)
                relay.end(signal.SIGKILL)
    with relay_process(given):
        asyncio.run(relayed(books))
    twice = check_everything_is_there(books, kafka)
    events = sum(recorded(books).values())
    assert twice <= events / 10, f"seed {SEED}: {twice} of {events} came twice"


def test_the_shards_of_a_killed_relay_are_taken_over_in_seconds(books: Books, kafka: Kafka) -> None:
    given = environment(books.url, make_topics(kafka))
    with writing(books), relay_process(given) as one, relay_process(given) as other:
        half = SHARDS // 2

        def shared() -> bool:
            return [len(each.parts()["relay"]["shards"]) for each in (one, other)] == [half, half]

        asyncio.run(until(shared, "a half each"))
        one.end(signal.SIGKILL)
        began = time.monotonic()
        asyncio.run(until(lambda: len(other.parts()["relay"]["shards"]) == SHARDS, "it takes over"))
        assert time.monotonic() - began < 10
    with relay_process(given):
        asyncio.run(relayed(books))
    check_everything_is_there(books, kafka)


def test_a_relay_that_was_frozen_while_another_went_on_changes_nothing(
    books: Books, kafka: Kafka
) -> None:
    given = environment(books.url, make_topics(kafka))
    with writing(books), ExitStack() as stack:
        zombie = stack.enter_context(relay_process(given))
        asyncio.run(until(lambda: sum(recorded(books).values()) > 0, "it relays"))
        heir = stack.enter_context(relay_process(given))
        heir.url()
        zombie.send(signal.SIGSTOP)
        asyncio.run(
            until(lambda: len(heir.parts()["relay"]["shards"]) == SHARDS, "the other has all")
        )
        time.sleep(1)
        checkpoints = recorded(books)
        zombie.send(signal.SIGCONT)
        time.sleep(2)
        after = recorded(books)
        assert all(after[shard] >= position for shard, position in checkpoints.items())
        asyncio.run(
            until(lambda: len(zombie.parts()["relay"]["shards"]) == SHARDS // 2, "a half each")
        )
    with relay_process(given):
        asyncio.run(relayed(books))
    check_everything_is_there(books, kafka)


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_while_kafka_is_away_commands_go_on_and_afterwards_nothing_is_missing(
    books: Books, how: str
) -> None:
    with Broker() as broker:
        kafka = Kafka(broker.bootstrap, "away.")
        given = environment(books.url, make_topics(kafka))
        with relay_process(given) as relay:
            asyncio.run(relayed(books))
            (broker.stop if how == "stopped" else broker.kill)()
            with writing(books):
                time.sleep(5)
            lag = mintflow(given, "lag")
            assert isinstance(lag, dict)
            behind = sum(one["behind"] for one in lag["relay"])
            assert behind > 50, "the lag is seen"
            assert relay.get("/health").status_code == 200
            broker.start()
            asyncio.run(relayed(books))
            assert relay.end(signal.SIGTERM) == 0
        check_everything_is_there(books, kafka)
