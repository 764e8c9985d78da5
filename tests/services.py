"""The real services the tests run against, each started once per process and given away clean.

Postgres is an embedded one, or the server named by MINTFLOW_TEST_DATABASE_URL (a role that may
create databases and roles). In CI a service that cannot be had is a failure and never a skip:
a suite that is green because it looked away proves nothing.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from mintflow.hosts.folder_lock import DataFolderInUse, FolderLock
from mintflow.hosts.postgres import EmbeddedPostgres
from mintflow.hosts.postgres.postmaster import clear_cluster

# What the summary at the end tells: service -> version and origin.
NOT_USED = "not used"
USED = {"Postgres": NOT_USED, "Redis": NOT_USED, "Kafka": NOT_USED}

_PREFIX = "mintflow-test-"
# A folder younger than this may belong to a session that is about to lock it.
_LEFT_AFTER_S = 3600

# Nothing here has to outlive the machine. Never in a product's settings.
FAST_AND_FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_wal_size": "1GB",
}


def missing(service: str, reason: str) -> NoReturn:
    """End the test for want of a service: skipped with the reason, or failed in CI."""
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(f"{service} is needed in CI: {reason}", pytrace=False)
    pytest.skip(f"{service}: {reason}")


class PostgresService:
    """A running server on which databases are made, copied and dropped by URL."""

    def __init__(self, url: str) -> None:
        """url: a superuser's, of any database; others are made beside it."""
        self.url = url
        self._template: str | None = None

    @contextmanager
    def blank(self) -> Iterator[str]:
        """A fresh database without any schema, dropped afterwards whoever is connected."""
        name = self._create("template0")
        try:
            yield self.url_of(name)
        finally:
            self._drop(name)

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """A fresh database at the newest schema with the read models, empty: copied from a template
        that was made once. To install what is there already takes no time."""
        if self._template is None:
            from mintflow.migrations.runner import migrate
            from mintflow.projections.core.install import install

            self._template = self._create("template0")
            migrate(self.url_of(self._template))
            install(self.url_of(self._template))
        name = self._create(self._template)
        try:
            yield self.url_of(name)
        finally:
            self._drop(name)

    @contextmanager
    def copied(self, url: str) -> Iterator[str]:
        """A copy of a database that nobody is connected to, dropped afterwards."""
        name = self._create(urlsplit(url).path.lstrip("/"))
        try:
            yield self.url_of(name)
        finally:
            self._drop(name)

    def close(self) -> None:
        """Drop the template; databases given away are dropped by their own contexts."""
        if self._template is not None:
            self._drop(self._template)

    def url_of(self, database: str) -> str:
        """The URL of another database of the same server."""
        return urlsplit(self.url)._replace(path=f"/{database}").geturl()

    def _create(self, template: str) -> str:
        name = f"mintflow_test_{secrets.token_hex(6)}"
        # Files are copied as they are: cheaper than page by page through the log where nothing
        # waits for a disk.
        self._run(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def _drop(self, name: str) -> None:
        self._run(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_postgres() -> Iterator[PostgresService]:
    """The session's server: the one that is named, or an embedded one on a folder of its own."""
    given = os.environ.get("MINTFLOW_TEST_DATABASE_URL")
    if given:
        with _service(given, "from MINTFLOW_TEST_DATABASE_URL") as service:
            yield service
        return
    _remove_left_folders()
    folder = new_data_folder()
    server = EmbeddedPostgres(folder, settings=FAST_AND_FORGETFUL)
    try:
        with server, _service(server.start(), f"embedded, from {server.binaries}") as service:
            yield service
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_data_folder() -> Path:
    """A short path for a data folder that does not exist yet.

    Not pytest's tmp_path: below its 0700 folders a root host needs a capability that a container
    may not have, and a long path has no room for a socket.
    """
    return Path(tempfile.gettempdir()) / f"{_PREFIX}{secrets.token_hex(4)}"


def _remove_left_folders() -> None:
    """Stop and remove what a killed session left; one that is in use or young is passed over."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if time.time() - folder.stat().st_mtime < _LEFT_AFTER_S:
                continue
            with FolderLock(folder):
                clear_cluster(folder / "postgres", folder / "postgres")
                shutil.rmtree(folder, ignore_errors=True)
        except (OSError, DataFolderInUse):
            continue


@contextmanager
def _service(url: str, origin: str) -> Iterator[PostgresService]:
    service = PostgresService(url)
    with psycopg.connect(url) as connection:
        version = connection.info.parameter_status("server_version")
    USED["Postgres"] = f"{version}, {origin}"
    try:
        yield service
    finally:
        service.close()
