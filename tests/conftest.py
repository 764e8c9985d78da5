"""Fixtures every test may ask for, the order of the tests, and the summary of what was real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from services import USED, PostgresService, running_postgres


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
