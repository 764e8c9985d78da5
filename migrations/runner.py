"""Bring a database to the newest schema: numbered SQL, forward only, each applied exactly once.

A released migration never changes: the SHA-256 of every applied file is kept and compared, and a
difference stops the start. Several hosts may start at once; one migrates and the others wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

import psycopg

# Any fixed number; the lock is held by one session of one database.
_LOCK = 0x4D696E74
POSTGRES_VERSION_MIN = 150_000


class MigrationRefused(RuntimeError):
    """The database can not be brought to this release; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: version from its name, text as shipped."""

    version: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What was done. timescale: plain, apache or tsl, as the server offers it."""

    applied: tuple[str, ...]
    version: int
    timescale: str


def shipped() -> list[Migration]:
    """The migrations of this release, oldest first."""
    return sorted(_read(), key=lambda migration: migration.version)


def migrate(url: str) -> MigrationReport:
    """Apply what is missing. url: a role that may create schemas and roles.

    Raises MigrationRefused for a changed or unknown applied migration, an old server, or a server
    that lost TimescaleDB; psycopg.Error where the server does not answer.
    """
    with psycopg.connect(url, autocommit=True) as conn:
        if conn.info.server_version < POSTGRES_VERSION_MIN:
            raise MigrationRefused("MintFlow needs Postgres 15 or newer")
        use_timescale(url)
        timescale = timescale_mode(conn)
        conn.execute("select pg_advisory_lock(%s)", [_LOCK])
        try:
            return _migrate(conn, timescale)
        finally:
            conn.execute("select pg_advisory_unlock(%s)", [_LOCK])


def use_timescale(url: str) -> None:
    """Create the extension where the server has it loaded and this role may.

    On a connection of its own: where the library is not loaded after all, the server cuts it off.
    """
    with suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute(
            "select exists(select from pg_settings where name = 'timescaledb.disable_load')"
            " and exists(select from pg_available_extensions"
            "  where name = 'timescaledb' and installed_version is null)"
        ).fetchone()
        if row and row[0]:
            conn.execute("set client_min_messages = error")
            conn.execute("create extension if not exists timescaledb")


def timescale_mode(conn: psycopg.Connection) -> str:
    """plain, apache or tsl. Raises MigrationRefused where data would silently be missing.

    `timescaledb.disable_load` is a setting only while the library is really loaded; asking the
    catalogue of extensions or shared_preload_libraries says nothing of that, or is not allowed.
    """
    preloaded, installed = conn.execute(
        "select exists(select from pg_settings where name = 'timescaledb.disable_load'),"
        " exists(select from pg_extension where extname = 'timescaledb')"
    ).fetchone() or (False, False)
    if installed and not preloaded:
        raise MigrationRefused(
            "this database uses TimescaleDB but the server was started without it, and would "
            "answer with rows missing: add timescaledb to shared_preload_libraries and restart"
        )
    if not installed:
        return "plain"
    row = conn.execute("select current_setting('timescaledb.license')").fetchone()
    if row and row[0] == "timescale":
        return "tsl"
    refuse_packed(conn)
    return "apache"


def refuse_packed(conn: psycopg.Connection) -> None:
    """Raises MigrationRefused where prices are packed, which the Apache licence can not read."""
    row = conn.execute(
        "select exists(select from timescaledb_information.chunks"
        " where hypertable_schema = 'series' and is_compressed)"
    ).fetchone()
    if row and row[0]:
        raise MigrationRefused(
            "series hold prices that TimescaleDB's full edition has packed, and under its Apache "
            "licence they can not be read: set timescaledb.license to timescale, restart, run "
            "select decompress_chunk(c, true) from show_chunks('series.price') c; and the same for "
            "series.rate, and set the licence back"
        )


def _migrate(conn: psycopg.Connection, timescale: str) -> MigrationReport:
    conn.execute(
        "create table if not exists public.mintflow_migration ("
        " version int primary key, name text not null, sha256 text not null,"
        " timescale text not null, applied_at timestamptz not null default now())"
    )
    done = {
        version: (name, digest)
        for version, name, digest in conn.execute(
            "select version, name, sha256 from public.mintflow_migration"
        )
    }
    known = {migration.version: migration for migration in shipped()}
    for version, (name, digest) in sorted(done.items()):
        if version not in known:
            raise MigrationRefused(
                f"the database has migration {name}, which this release does not know: "
                "it was written by a newer MintFlow"
            )
        if known[version].digest != digest:
            raise MigrationRefused(f"migration {name} was changed after it was applied")
    applied = []
    for version, migration in known.items():
        if version in done:
            continue
        try:
            _apply(conn, migration, timescale)
        except psycopg.errors.InsufficientPrivilege as refused:
            raise MigrationRefused(
                f"the role of the database URL may not apply {migration.name}: it needs CREATE on "
                "the database, CREATEROLE, and membership in mintflow_app where another role made "
                f"that one ({refused.diag.message_primary})"
            ) from refused
        applied.append(migration.name)
    return MigrationReport(tuple(applied), max(known), timescale)


def _apply(conn: psycopg.Connection, migration: Migration, timescale: str) -> None:
    with conn.transaction():
        conn.execute(migration.sql.encode())
        conn.execute(
            "insert into public.mintflow_migration (version, name, sha256, timescale)"
            " values (%s, %s, %s, %s)",
            [migration.version, migration.name, migration.digest, timescale],
        )


def _read() -> Iterator[Migration]:
    for entry in files("mintflow.migrations").joinpath("sql").iterdir():
        if entry.name.endswith(".sql"):
            yield Migration(int(entry.name[:4]), entry.name, entry.read_text(encoding="utf-8"))
