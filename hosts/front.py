"""`mintflow api`: the API alone, as one of many processes on one database.

It takes commands and answers queries; the read models are folded by `mintflow worker` processes or
by another host. Heads are signed and series refreshed here too where no other host has the lock for
it. It holds nothing of its own: who may ask is told by `owner.json` and `tokens.json` of the data
folder, which several processes may share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from mintflow.commands.core.ids import new_id
from mintflow.commands.core.ports import Principal
from mintflow.domain.core.errors import Invalid
from mintflow.hosts.access import LocalOwner
from mintflow.hosts.bootstrap import running
from mintflow.hosts.collector import tune_collector
from mintflow.hosts.embedded import prepare_database
from mintflow.hosts.evidence import evidence_of
from mintflow.hosts.http_server import serve_http, stop_on_signals
from mintflow.hosts.key_folder import keys_of_books
from mintflow.hosts.series import scheduling
from mintflow.hosts.settings import Settings
from mintflow.hosts.tokens import Tokens

log = structlog.get_logger(__name__)


class DatabaseNotSet(Invalid):
    """MINTFLOW_DATABASE_URL does not say which database; an API alone has none of its own."""

    code = "database_not_set"


async def serve_api(
    data_dir: Path, settings: Settings, port: int, announce: Callable[[str], None]
) -> None:
    """Serve on loopback until SIGINT or SIGTERM. announce: is told the address.

    Raises DatabaseNotSet, DatabaseNotUsable, DatabaseUnreachable, KeysNotFound.
    """
    if settings.database_url is None:
        raise DatabaseNotSet("MINTFLOW_DATABASE_URL says which database, and is not set")
    tune_collector()
    stop = stop_on_signals()
    await asyncio.to_thread(prepare_database, settings.database_url)
    await asyncio.to_thread(data_dir.mkdir, 0o700, True, True)
    owner, tokens = LocalOwner.of(data_dir, new_id()), Tokens(data_dir)

    def authenticate(token: str) -> Principal | None:
        return owner.authenticate(token) or tokens.authenticate(token)

    def ready(url: str) -> None:
        log.info("serving", url=url)
        announce(url)

    keys = await asyncio.to_thread(keys_of_books, settings.database_url, data_dir, settings)
    evidence = await asyncio.to_thread(evidence_of, data_dir, settings)
    async with (
        running(
            settings.database_url, keys, settings, authenticate, tail=False, evidence=evidence
        ) as product,
        scheduling(settings.database_url, product, keys, settings),
    ):
        await serve_http(product, port, stop, ready)
    log.info("stopped")
