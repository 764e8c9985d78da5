"""Fixtures every test may ask for, the order of the tests, and the summary of what was real."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest
from kafka_broker import BrokerUnavailable, Kafka, kafka_for_a_test, running_kafka
from redis_server import RedisUnavailable, running_redis
from services import USED, PostgresService, missing, running_postgres

# Hypothesis counts a slow machine as a failure otherwise; what is slow is measured by benchmarks.
hypothesis.settings.register_profile("mintflow", deadline=None)
hypothesis.settings.load_profile("mintflow")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresService]:
    """The session's Postgres server."""
    with running_postgres() as service:
        yield service


@pytest.fixture
def database_url(postgres: PostgresService) -> Iterator[str]:
    """Superuser URL of a fresh database at the newest schema; dropped after the test."""
    with postgres.migrated() as url:
        yield url


@pytest.fixture
def blank_database_url(postgres: PostgresService) -> Iterator[str]:
    """Superuser URL of a fresh database without a schema; dropped after the test."""
    with postgres.blank() as url:
        yield url


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """Bootstrap servers of the session's Kafka."""
    try:
        with running_kafka(USED) as bootstrap:
            yield bootstrap
    except BrokerUnavailable as fault:
        missing("Kafka", str(fault))


@pytest.fixture
def kafka(kafka_bootstrap: str) -> Iterator[Kafka]:
    """The session's Kafka with a prefix for the topics and groups of this test."""
    with kafka_for_a_test(kafka_bootstrap) as given:
        yield given


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """URL of the session's Redis; channels are kept apart by the name of the installation."""
    try:
        with running_redis(USED) as url:
            yield url
    except RedisUnavailable as fault:
        missing("Redis", str(fault))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first: a mistake shows after seconds, not behind the builds and the kills."""
    items.sort(key=_slowness)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which services were real, so that a green run cannot be taken for more than it was."""
    terminalreporter.section("services")
    for service, used in USED.items():
        terminalreporter.line(f"{service}: {used}")


def _slowness(item: pytest.Item) -> int:
    if item.get_closest_marker("slow"):
        return 2
    return 1 if "postgres" in getattr(item, "fixturenames", ()) else 0
