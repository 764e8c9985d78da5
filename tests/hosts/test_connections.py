"""Servers that are gone without a word, and servers that come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import PoolTimeout
from services import PostgresService

from mintflow.hosts.connections import connector, query_pool, with_patience
from mintflow.hosts.settings import SettingNotUsable, Settings

LIMITS = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://mint@db.example/books",
        "postgresql://mint:p%3F%26@[::1]:5433/books?sslmode=require&application_name=a%20b",
        "postgresql://",
        "postgresql://one,two:5433/books?target_session_attrs=read-write",
        "host=db.example dbname=books password='a b?'",
        "host=/run/postgresql",
        # Neither a query nor a scheme, but libpq takes both for a password.
        "postgresql://mint:a?b@db.example/books",
        "host=db.example password='a://b'",
    ],
)
def test_a_url_gets_the_limits_that_it_does_not_give(url: str) -> None:
    settings = Settings.from_environment({"MINTFLOW_DATABASE_URL": url})
    assert settings.database_url is not None
    assert conninfo_to_dict(settings.database_url) == conninfo_to_dict(url) | LIMITS
    again = with_patience(settings.database_url)
    assert conninfo_to_dict(again) == conninfo_to_dict(settings.database_url)


def test_limits_that_a_url_gives_are_kept() -> None:
    given = "postgresql://db.example/books?connect_timeout=2&keepalives_idle=60&tcp_user_timeout=0"
    assert conninfo_to_dict(with_patience(given)) == LIMITS | conninfo_to_dict(given)
    assert conninfo_to_dict(with_patience(given))["tcp_user_timeout"] == "0"


def test_options_that_a_url_gives_win_over_the_limits() -> None:
    given = with_patience("postgresql://db.example/books?options=-c%20work_mem%3D64MB")
    assert conninfo_to_dict(given)["options"] == f"{LIMITS['options']} -c work_mem=64MB"
    given = "host=db.example options='-c tcp_keepalives_idle=60'"
    assert conninfo_to_dict(with_patience(given))["options"] == "-c tcp_keepalives_idle=60"


def test_what_is_no_url_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingNotUsable) as refused:
        Settings.from_environment({"MINTFLOW_DATABASE_URL": "postgresql://mint:secret@db/x?no=1"})
    assert "MINTFLOW_DATABASE_URL" in refused.value.details["settings"]
    assert "secret" not in str(refused.value.details)


def test_both_ends_of_a_connection_are_told_to_ask_after_a_silent_one(
    postgres: PostgresService,
) -> None:
    async def told(url: str) -> dict[str, str]:
        async with await connector(url)() as conn:
            found: dict[str, str] = conn.info.get_parameters()
            return found

    with postgres.migrated() as url:
        found = asyncio.run(told(with_patience(url)))
    # The product's role comes with options of its own, which hold the same.
    assert LIMITS.items() - {("options", LIMITS["options"])} <= found.items()
    for name, value in (("idle", 10), ("interval", 5), ("count", 3)):
        assert f"-c tcp_keepalives_{name}={value}" in found["options"]


def test_a_pool_finds_a_server_that_is_back_though_nobody_asks(
    postgres: PostgresService, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where the pool were to wait longer after each attempt, it would wait for ever now.
    monkeypatch.setattr("psycopg_pool.base.AttemptWithBackoff.INITIAL_DELAY", 3_600.0)

    async def comes_back(allow: Callable[[str], None]) -> None:
        pool = query_pool(url, 4)
        allow("false")
        try:
            await pool.open()
            async with asyncio.timeout(60):
                # Two attempts for each of the two that it begins with; it goes on after those.
                while pool.get_stats().get("connections_errors", 0) <= 4:  # noqa: ASYNC110 - the pool's
                    await asyncio.sleep(0.05)
                allow("true")
                while pool.get_stats()["pool_available"] < 2:  # noqa: ASYNC110 - the same
                    await asyncio.sleep(0.05)
        finally:
            allow("true")
            await pool.close()

    with postgres.migrated() as url, psycopg.connect(postgres.url, autocommit=True) as admin:
        name = conninfo_to_dict(url)["dbname"]

        def allow(connections: str) -> None:
            admin.execute(f'alter database "{name}" allow_connections {connections}'.encode())

        asyncio.run(comes_back(allow))


def test_who_waits_for_a_connection_is_told_before_it_gives_up(
    postgres: PostgresService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mintflow.hosts.connections._WAIT_S_MAX", 0.1)

    async def one_too_many() -> None:
        async with query_pool(url, 2) as pool, pool.connection(), pool.connection():
            with pytest.raises(PoolTimeout):
                async with asyncio.timeout(10):
                    await pool.getconn()

    with postgres.migrated() as url:
        asyncio.run(one_too_many())
