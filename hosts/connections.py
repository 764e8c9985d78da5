"""How the product's processes connect to Postgres, and find out that a server is gone.

A server whose machine or network went says nothing. Who waits for its answer would wait until the
kernel asks after it, by default two hours; and the server would keep locks as long for a process
that is gone in the same way. So both ask after a few seconds of silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool

from mintflow.projections.core.tables import APP_ROLE
from mintflow.store.arrays import register_arrays

# How the server asks after a client.
_ASKED_AFTER = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
# Read models are found by search path, so that a replay into scratch tables can use the same
# queries; a statement that waits for a lock for longer than this is better tried again.
OPTIONS = (
    f"-c role={APP_ROLE} -c search_path=model,projection -c lock_timeout=30s -c timezone=UTC"
    f" {_ASKED_AFTER}"
)
# Seconds; what nobody acknowledges is given up after tcp_user_timeout, in milliseconds. Over a Unix
# socket none of them means anything.
_PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
# A pool that has been without connections tries after 1, 2, 4 … seconds, up to this; its own five
# minutes would keep a server that is back unused for as long as it was away.
_RECONNECT_S = 2.0
# For a connection, before whoever asks is told to come back; its own half a minute outlasts most
# clients.
_WAIT_S_MAX = 10.0


def with_patience(url: str) -> str:
    """A libpq URL, or pairs of name and value, with the limits of time that it does not give, of
    both ends; as pairs of name and value.

    Raises psycopg.ProgrammingError where it is neither.
    """
    settings: dict[str, Any] = {**_PATIENCE, **conninfo_to_dict(url)}
    options = str(settings.get("options", ""))
    if "tcp_keepalives" not in options:
        settings["options"] = f"{_ASKED_AFTER} {options}".rstrip()
    return make_conninfo(**settings)


def connector(url: str) -> Callable[[], Any]:
    """Opens single connections of the product's role, for the appender and the tailer."""

    async def connect() -> AsyncConnection[Any]:
        conn = await psycopg.AsyncConnection.connect(url, autocommit=True, options=OPTIONS)
        register_arrays(conn)
        return conn

    return connect


def query_pool(url: str, connections_max: int) -> AsyncConnectionPool[Any]:
    """Connections of the product's role for queries; not open yet. While the database is away it
    tries every second or two, whether somebody asks or not."""
    trying: set[asyncio.Task[None]] = set()

    async def again(pool: AsyncConnectionPool[Any]) -> None:
        # A pool that gave up begins anew when somebody asks it, which may be long after.
        task = asyncio.create_task(_asked(pool), name="pool_reconnects")
        trying.add(task)
        task.add_done_callback(trying.discard)

    return AsyncConnectionPool(
        url,
        min_size=2,
        max_size=connections_max,
        timeout=_WAIT_S_MAX,
        kwargs={"autocommit": True, "options": OPTIONS},
        configure=_configure,
        reconnect_timeout=_RECONNECT_S,
        reconnect_failed=again,
        open=False,
        name="queries",
    )


async def _asked(pool: AsyncConnectionPool[Any]) -> None:
    with suppress(psycopg.Error, OSError):
        async with pool.connection(timeout=_RECONNECT_S):
            pass


async def _configure(conn: AsyncConnection[Any]) -> None:
    register_arrays(conn)
