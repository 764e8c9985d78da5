"""The servers that the series are tried on: the session's plain one, and those with TimescaleDB.

MINTFLOW_TIMESCALE_URL names servers that have it preloaded, as superuser URLs with a space between
them: one with the full licence and one with the Apache one show all three modes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from services import USED, PostgresService

from mintflow.migrations.runner import migrate

SERVERS = os.environ.get("MINTFLOW_TIMESCALE_URL", "").split()


@pytest.fixture(scope="session")
def servers(postgres: PostgresService) -> list[PostgresService]:
    """The plain server first."""
    if not SERVERS:
        USED["TimescaleDB"] = (
            "NOT RUN: only plain Postgres was; name servers in MINTFLOW_TIMESCALE_URL"
        )
    else:
        USED["TimescaleDB"] = f"{len(SERVERS)} server(s) of MINTFLOW_TIMESCALE_URL"
    return [postgres, *(PostgresService(url) for url in SERVERS)]


@pytest.fixture
def urls(servers: list[PostgresService]) -> Iterator[list[str]]:
    """A fresh database at the newest schema on each server."""
    with ExitStack() as stack:
        made = [stack.enter_context(servers[0].migrated())]
        for server in servers[1:]:
            # Not copied from a template: TimescaleDB's workers are connected to it all the time.
            made.append(stack.enter_context(server.blank()))
            migrate(made[-1])
        yield made
