"""Making the series in the mode that the server offers, and changing the mode later.

The mode is recorded beside the tables. A server that offers another one later (TimescaleDB was
added, or its licence changed) gets new tables in one transaction: what was written is copied, what
is derived is made from the read models again.
"""

from __future__ import annotations

from typing import Any

import psycopg

from mintflow.projections.core.install import run
from mintflow.projections.core.series.tables import (
    ALL,
    BUCKETS,
    CANDLES,
    MODES,
    SCHEMA,
    VIEWS,
    WRITTEN,
    candle_sql,
    create_sql,
)
from mintflow.projections.core.tables import APP_ROLE

_OLD = f"{SCHEMA}_before"
_LOCK = 0x4D736572  # Any fixed number, another one than those of other installs.
# Raised when tables or views change: the series are then made again, as for a change of mode.
VERSION = 1


def install_series(url: str, mode: str) -> bool:
    """Bring the series to this release and mode; says whether something had to be done.

    url: a role that may create schemas. mode: what `timescale_mode` found, one of MODES.
    """
    assert mode in MODES
    with psycopg.connect(url, autocommit=True) as conn, conn.transaction():
        conn.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        there = conn.execute("select to_regclass('series.state') is not null").fetchone()
        if there and there[0]:
            standing = conn.execute("select mode, version from series.state").fetchone()
            if standing == (mode, VERSION):
                return False
            run(conn, f"alter schema {SCHEMA} rename to {_OLD}")
        _make(conn, mode)
        if there and there[0]:
            _carry_over(conn)
        return True


def _make(conn: psycopg.Connection[Any], mode: str) -> None:
    run(conn, f"create schema {SCHEMA}")
    # One row. mode: how the tables are made, recorded so that a change is seen.
    run(
        conn,
        f"create table {SCHEMA}.state (one boolean primary key default true check (one),"
        " mode text not null, version int not null)",
    )
    # Up to which position of a shard the derived series follow the read models.
    run(
        conn,
        f"create table {SCHEMA}.refreshed (shard int primary key, position bigint not null)",
    )
    conn.execute("insert into series.state (mode, version) values (%s, %s)", [mode, VERSION])
    run(conn, BUCKETS)
    for series in ALL:
        for statement in create_sql(series, mode):
            run(conn, statement)
    for candle in CANDLES:
        for statement in candle_sql(candle, mode):
            run(conn, statement)
    run(conn, VIEWS)
    run(conn, f"grant usage on schema {SCHEMA} to {APP_ROLE}")
    run(
        conn, f"grant select, insert, update, delete on all tables in schema {SCHEMA} to {APP_ROLE}"
    )


def _carry_over(conn: psycopg.Connection[Any]) -> None:
    """Copy what was written, where the old tables have it still, and drop them."""
    for series in WRITTEN:
        old = conn.execute("select to_regclass(%s) is not null", [f"{_OLD}.{series.name}"])
        if (old.fetchone() or (False,))[0]:
            names = ", ".join(part.split()[0] for part in series.columns.split(", "))
            run(
                conn,
                f"insert into {SCHEMA}.{series.name} ({names})"  # noqa: S608
                f" select {names} from {_OLD}.{series.name}",
            )
    # A continuous aggregate is no plain view and is not dropped with its schema.
    for (name,) in conn.execute(
        "select c.relname::text from pg_class c where c.relnamespace = to_regnamespace(%s)"
        " and c.relkind = 'v' and c.relname like '%%_aggregate'",
        [_OLD],
    ).fetchall():
        run(conn, f"drop materialized view {_OLD}.{name} cascade")
    run(conn, f"drop schema {_OLD} cascade")
