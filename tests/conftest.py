"""Fixtures every test may ask for, the order of the tests, and the summary of what was real.

Run side by side (`pytest -n auto --dist loadfile`, as `make test` does) each process has a
Postgres, a Redis and a Kafka of its own, and a file's tests stay together: they share what it sets
up.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from kafka_broker import BrokerUnavailable, Kafka, kafka_for_a_test, running_kafka
from redis_server import RedisUnavailable, running_redis
from services import NOT_USED, USED, PostgresService, missing, running_postgres

# Hypothesis counts a slow machine as a failure otherwise; what is slow is measured by benchmarks.
hypothesis.settings.register_profile("mintflow", deadline=None)
hypothesis.settings.load_profile("mintflow")


@pytest.fixture(scope="session", autouse=True)
def _logs_are_the_sessions() -> Iterator[None]:
    """Where logs go is set once per process, for every logger that has spoken; a command that runs
    in this process would set it for all tests behind it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mintflow.hosts.logs.configure_logs", lambda _level: None)
        yield


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
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Alone, fast tests first: a mistake shows after seconds, not behind the builds and the kills.

    Side by side, files with slow tests first: the short ones fill what is left over at the end.
    """
    if _is_worker(config):
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in slow)
    else:
        items.sort(key=_slowness)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """A process for each processor. No more than four: each starts servers of its own."""
    return min(os.cpu_count() or 1, 4)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process beside others tells the one that sums up which services it had."""
    if _is_worker(session.config):
        session.config.workeroutput["services"] = USED  # type: ignore[attr-defined]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What was used anywhere was used; a process that crashed tells nothing."""
    told = getattr(node, "workeroutput", {}).get("services", {})
    USED.update({name: used for name, used in told.items() if used != NOT_USED})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which services were real, so that a green run cannot be taken for more than it was."""
    terminalreporter.section("services")
    for service, used in USED.items():
        terminalreporter.line(f"{service}: {used}")


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _slowness(item: pytest.Item) -> int:
    if item.get_closest_marker("slow"):
        return 2
    return 1 if "postgres" in getattr(item, "fixturenames", ()) else 0
