"""What a person wrote goes to Kafka sealed: no consumer of any topic reads it, before or after."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from hosts.test_erasure import CANARY, Home, at_home
from kafka_broker import Kafka
from read_models.books import connect
from services import PostgresService
from streams.relaying import make_topics, read_topic, until

from mintflow.streams.core.doorbell import Doorbell
from mintflow.streams.core.relay.loop import Relay

_BEHIND = """
select count(*) from log.shard_head h
left join relay.checkpoint c on c.shard = h.shard and c.source = 'log'
where h.position > coalesce(c.position, 0)
"""


@pytest.fixture
def home(postgres: PostgresService, tmp_path: Path) -> Iterator[Home]:
    with at_home(postgres, tmp_path) as made:
        yield made


async def relay_all(url: str, kafka: Kafka) -> None:
    """Until Kafka has acknowledged everything that is in the log."""
    relay = Relay(lambda: connect(url), make_topics(kafka), Doorbell(), uuid4())
    await relay.start()
    try:
        await until(lambda: not _behind(url), "all is relayed")
    finally:
        await relay.stop()


def _behind(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute(_BEHIND).fetchone()
        assert row is not None
        return int(row[0])


def consumed(kafka: Kafka) -> dict[str, list[bytes]]:
    """Topic -> every byte that a consumer gets: keys, values and headers."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    names = [one for one in admin.list_topics(timeout=15).topics if one.startswith(kafka.prefix)]
    found: dict[str, list[bytes]] = {}
    for name in names:
        plain = name.removeprefix(kafka.prefix)
        messages = [one for some in read_topic(kafka, plain).values() for one in some]
        found[plain] = [
            b"\n".join(
                [
                    one.key() or b"",
                    one.value() or b"",
                    *(value or b"" for _, value in one.headers() or []),
                ]
            )
            for one in messages
        ]
    return found


def holding(found: dict[str, list[bytes]], words: bytes) -> list[str]:
    """The topics in which the words stand, as they are or in another writing of bytes."""
    # Three ways in base64: it depends on how many bytes stand before the words.
    in_base64 = [base64.b64encode(b"_" * before + words)[4:-4] for before in range(3)]
    writings = [words, words.hex().encode(), *in_base64]
    return [
        name
        for name, messages in found.items()
        if any(one in message for message in messages for one in writings)
    ]


def test_no_topic_ever_held_what_a_person_wrote(home: Home, kafka: Kafka) -> None:
    url = home.product.database_url
    asyncio.run(relay_all(url, kafka))
    before = consumed(kafka)
    assert len(before["ledger.events"]) > 20
    # What is looked for would be found: the ids of the ledger stand in the clear.
    assert "ledger.events" in holding(before, home.ledger.encode())
    assert holding(before, CANARY.encode()) == []
    home.erase()
    asyncio.run(relay_all(url, kafka))
    after = consumed(kafka)
    assert len(after["ledger.events"]) > len(before["ledger.events"])
    assert any(b"ledger.erased" in one for one in after["ledger.events"])
    assert holding(after, CANARY.encode()) == []
