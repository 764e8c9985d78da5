"""Kafka with certificates and accounts: topics, relay and worker, and who is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import UUID

import pytest
from kafka_broker import BrokerUnavailable, Kafka
from kafka_tls import PASSWORD, SCRAM, USER, Authority, SecureBroker
from read_models.books import Books, connect
from services import missing
from streams.relaying import check_everything_is_there, relayed, relaying, until
from streams.workers import caught_up, working

from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.ids import SHARDS
from mintflow.projections.registry import PROJECTIONS
from mintflow.streams.core.faust.follower import ProjectionFollower
from mintflow.streams.core.faust.lanes import Lanes
from mintflow.streams.core.faust.worker import Worker
from mintflow.streams.core.relay.delivery import KafkaTarget
from mintflow.streams.core.relay.plan import apply, plan
from mintflow.streams.core.topics import EVENTS


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    try:
        with SecureBroker(tmp_path_factory.mktemp("certificates")) as made:
            yield made
    except BrokerUnavailable as fault:
        missing("Kafka", str(fault))


def certificates(broker: SecureBroker) -> dict[str, str]:
    return {
        "security.protocol": "SSL",
        "ssl.ca.location": str(broker.authority.certificate),
        "ssl.certificate.location": str(broker.client.certificate),
        "ssl.key.location": str(broker.client.key),
    }


def account(broker: SecureBroker, mechanism: str = "PLAIN") -> dict[str, str]:
    return {
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": str(broker.authority.certificate),
        "sasl.mechanism": mechanism,
        "sasl.username": USER,
        "sasl.password": PASSWORD,
    }


def a_worker(books: Books, target: KafkaTarget, options: Mapping[str, str]) -> Worker:
    async def open_connection():  # type: ignore[no-untyped-def]
        return await connect(books.url)

    def make(topic_id: UUID) -> list[Lanes]:
        mapper = books.mapper
        return [
            Lanes(
                lambda: ProjectionFollower(
                    "books", open_connection, mapper, topic_id, PROJECTIONS, lambda _: None
                )
            )
        ]

    topic, group = target.topic(EVENTS), target.topic("workers")
    return Worker(target.bootstrap, topic, group, open_connection, make, options)


@pytest.mark.parametrize("by", ["certificate", "PLAIN", *SCRAM])
def test_topics_relay_and_worker_with_certificates_and_accounts(
    broker: SecureBroker, books: Books, by: str
) -> None:
    options = certificates(broker) if by == "certificate" else account(broker, by)
    bootstrap = broker.tls if by == "certificate" else broker.accounts
    target = KafkaTarget(bootstrap, f"{by}.", options)
    apply(target, plan(target, SHARDS), -1)
    books.record("-5.00", "2025-03-01", "shopping")

    async def run() -> None:
        async with relaying(books, target), working(a_worker(books, target, options)):
            await relayed(books)
            await until(lambda: caught_up(books), "the worker has folded it")

    asyncio.run(run())
    assert check_everything_is_there(books, Kafka(broker.bootstrap, target.prefix)) == 0
    assert books.dump() == books.rebuilt()


@pytest.fixture
def refused(
    broker: SecureBroker, tmp_path: Path, request: pytest.FixtureRequest
) -> tuple[KafkaTarget, str]:
    """Where somebody is not accepted, and what is said of it."""
    stranger = Authority(tmp_path, "stranger")
    own = stranger.issue("unknown")
    if request.param == "their certificate":
        options = {**certificates(broker), "ssl.ca.location": str(stranger.certificate)}
        return KafkaTarget(broker.tls, "refused.", options), "certificate verify failed"
    if request.param == "our certificate":
        paths = {
            "ssl.certificate.location": str(own.certificate),
            "ssl.key.location": str(own.key),
        }
        return KafkaTarget(broker.tls, "refused.", certificates(broker) | paths), "certificate"
    mechanism, said = "PLAIN", "Invalid username or password"
    if request.param == "our account by SCRAM":
        mechanism, said = SCRAM[1], "Authentication failed"
    options = {**account(broker, mechanism), "sasl.password": "not the password"}
    return KafkaTarget(broker.accounts, "refused.", options), said


WHO = ["their certificate", "our certificate", "our account", "our account by SCRAM"]


@pytest.mark.parametrize("refused", WHO, indirect=True)
def test_refuses_a_certificate_or_an_account_that_is_not_known(
    refused: tuple[KafkaTarget, str], books: Books
) -> None:
    """Said by the plan of topics, and by a relay and a worker that wait for it to be put right."""
    target, said = refused
    with pytest.raises(MintFlowError) as caught:
        plan(target, SHARDS)
    assert caught.value.code == "kafka_refuses_us"
    assert said in str(caught.value.details["said"])
    assert "not the password" not in str(caught.value.details)

    async def run() -> None:
        worker = a_worker(books, target, target.options)
        async with relaying(books, target) as relay, working(worker):
            await until(lambda: relay.fault == "kafka_refuses_us", "the relay says why")
            await until(lambda: worker.fault == "kafka_refuses_us", "the worker says why")
            assert not relay.shards

    asyncio.run(run())


def test_refuses_a_file_of_certificates_that_is_not_there(broker: SecureBroker) -> None:
    options = {**certificates(broker), "ssl.ca.location": "/nowhere/authority.pem"}
    with pytest.raises(MintFlowError) as caught:
        plan(KafkaTarget(broker.tls, "refused.", options), SHARDS)
    assert caught.value.code == "kafka_options_refused"
    assert "ssl.ca.location" in str(caught.value.details["said"])
