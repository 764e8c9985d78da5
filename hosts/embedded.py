"""The embedded host: the whole product in one process on one data folder.

Lock the folder, start Postgres (or use the one that is given), migrate, install the read models (or
make them anew where another release left them), run the bus, the tailer and the API. One folder
holds everything: postgres/, keys/, owner.json and, while it serves, api.json.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson
import psycopg
import structlog
from fastapi import FastAPI

from mintflow.commands.core.ids import new_id
from mintflow.commands.core.ports import Principal
from mintflow.domain.core.errors import Conflict, Unavailable
from mintflow.hosts.access import LocalOwner
from mintflow.hosts.bootstrap import Running, running
from mintflow.hosts.collector import tune_collector
from mintflow.hosts.evidence import evidence_of
from mintflow.hosts.folder_lock import FolderLock
from mintflow.hosts.http_server import serve_http, stop_on_signals
from mintflow.hosts.key_folder import keys_folder, keys_of_books
from mintflow.hosts.postgres import EmbeddedPostgres
from mintflow.hosts.postgres.keeper import kept_up, started
from mintflow.hosts.series import scheduling
from mintflow.hosts.settings import Settings
from mintflow.hosts.tokens import Tokens
from mintflow.migrations.runner import MigrationRefused, migrate
from mintflow.projections.core.install import install
from mintflow.projections.core.rebuild import rebuild
from mintflow.projections.core.series import install_series
from mintflow.store.durable import put_over
from mintflow.store.keys import FolderKeyStore, KeyStore

log = structlog.get_logger(__name__)

API_FACTS = "api.json"


class DatabaseNotUsable(Conflict):
    """The database can not be brought to this release; the message says why and what to do."""

    code = "migration_refused"


class DatabaseUnreachable(Unavailable):
    """The database does not answer."""

    code = "database_unreachable"


class EmbeddedHost:
    """Everything but an HTTP server; `app` can be called in this process."""

    app: FastAPI
    token: str
    database_url: str
    running: Running
    keys: KeyStore

    def __init__(self, data_dir: Path, settings: Settings) -> None:
        self.data_dir = data_dir
        self.settings = settings
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Raises DataFolderInUse, DatabaseNotUsable, DatabaseUnreachable, PostgresUnavailable,
        KeysNotFound."""
        async with AsyncExitStack() as stack:
            lock = stack.enter_context(FolderLock(self.data_dir))
            self.data_dir = self.data_dir.resolve()
            # Whoever wrote it was killed, for the lock is ours: nobody is there.
            (self.data_dir / API_FACTS).unlink(missing_ok=True)
            if self.settings.database_url is not None:
                self.database_url = self.settings.database_url
            else:
                postgres = EmbeddedPostgres(self.data_dir, lock=lock)
                stack.callback(postgres.stop)
                self.database_url = await started(postgres)
                await stack.enter_async_context(kept_up(postgres))
            outdated = await asyncio.to_thread(prepare_database, self.database_url)
            self.keys = keys = await asyncio.to_thread(
                keys_of_books, self.database_url, self.data_dir, self.settings
            )
            # Nobody else folds what is in this folder. On a server of several hosts an operator
            # says when: `mintflow rebuild`.
            if outdated and self.settings.database_url is None:
                log.info("read_models_made_anew", projections=outdated)
                opens = partial(FolderKeyStore, keys_folder(self.data_dir, self.settings))
                await asyncio.to_thread(rebuild, self.database_url, opens, outdated)
            owner = LocalOwner.of(self.data_dir, new_id())
            self.token = owner.token
            tokens = Tokens(self.data_dir)

            def authenticate(token: str) -> Principal | None:
                return owner.authenticate(token) or tokens.authenticate(token)

            tail = self.settings.projections == "here"
            self.running = await stack.enter_async_context(
                running(
                    self.database_url,
                    keys,
                    self.settings,
                    authenticate,
                    tail=tail,
                    evidence=evidence_of(self.data_dir, self.settings),
                )
            )
            self.app = self.running.app
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)


def prepare_database(url: str) -> list[str]:
    """Migrate, and install what is folded; the projections that are served in another version.

    Raises DatabaseNotUsable, DatabaseUnreachable.
    """
    try:
        report = migrate(url)
        outdated = install(url)
        install_series(url, report.timescale)
    except MigrationRefused as refusal:
        raise DatabaseNotUsable(str(refusal)) from refusal
    except psycopg.OperationalError as trouble:
        # Its text can hold the address with its password.
        reason = type(trouble).__name__
        raise DatabaseUnreachable("the database does not answer", reason=reason) from None
    return outdated


async def serve(data_dir: Path, settings: Settings, port: int) -> None:
    """Run the embedded host and its API on loopback until SIGINT or SIGTERM.

    port: 0 takes a free one. `data_dir/api.json` says where it is, from the moment it is ready
    until it stops.
    """
    tune_collector()
    stop = stop_on_signals()
    async with (
        EmbeddedHost(data_dir, settings) as host,
        scheduling(host.database_url, host.running, host.keys, settings),
    ):
        path = host.data_dir / API_FACTS

        def ready(url: str) -> None:
            facts = {"url": url, "token": host.token, "database_url": host.database_url}
            put_over(path, orjson.dumps(facts), mode=0o600)
            log.info("serving", url=url)

        try:
            await serve_http(host.running, port, stop, ready)
        finally:
            with suppress(FileNotFoundError):
                path.unlink()
    log.info("stopped")
