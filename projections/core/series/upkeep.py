"""What keeps the series in good order over the years, driven by our own scheduler.

A minor release of Postgres has broken the job runner of TimescaleDB before, so nothing waits for
it: partitions are made ahead here, aggregates refreshed, old chunks packed, and prices that are
older than somebody wants to keep are dropped, in every mode to the same rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from mintflow.projections.core.install import run
from mintflow.projections.core.series.tables import ALL, CANDLES, SCHEMA, WRITTEN, Series

# Rows of days further away stay in the default partition: a date typed wrong makes no tables.
_YEARS_BACK = 60
# Rows younger than this are still corrected now and then, which is dearer once they are packed.
_PACK_DAYS = 400


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done. mode: in which the series are made. partitions: made or moved to. packed:
    chunks. removed: rows of written series that were older than is kept."""

    mode: str
    partitions: int = 0
    packed: int = 0
    removed: int = 0


def keep_up(conn: psycopg.Connection[Any], today: dt.date, *, kept_days: int | None = None) -> Kept:
    """Do what is due; repeated, it does nothing.

    conn: of a role that owns the schema, in autocommit mode. kept_days: prices and rates that are
    older are removed; None keeps all. Raises psycopg.errors.LockNotAvailable where a long query is
    in the way; what was done until then stands.
    """
    row = conn.execute("select mode from series.state").fetchone()
    assert row is not None, "install_series comes first"
    (mode,) = row
    conn.execute("set lock_timeout = '2s'")
    removed = 0
    if kept_days is not None:
        limit = today - dt.timedelta(days=kept_days)
        removed = sum(_remove(conn, series, limit) for series in WRITTEN)
    if mode == "plain":
        return Kept(mode, partitions=sum(_years(conn, one, today) for one in ALL), removed=removed)
    if mode == "apache":
        return Kept(mode, removed=removed)
    for candle in CANDLES:
        # All that was changed since the last time, wherever it lies; never within a transaction.
        conn.execute(
            "call refresh_continuous_aggregate(%s, null, null)",
            [f"{SCHEMA}.{candle.name}_aggregate"],
        )
    return Kept(mode, packed=sum(_pack(conn, one, today) for one in WRITTEN), removed=removed)


def _remove(conn: psycopg.Connection[Any], series: Series, limit: dt.date) -> int:
    """Rows before a day, one by one: so the candles over them are told, in every mode."""
    at = dt.datetime.combine(limit, dt.time(), dt.UTC)
    sql = f"delete from {SCHEMA}.{series.name} where {series.time} < %s"  # noqa: S608
    return conn.execute(sql.encode(), [at]).rowcount


def _pack(conn: psycopg.Connection[Any], series: Series, today: dt.date) -> int:
    row = conn.execute(
        "select count(compress_chunk(c, if_not_compressed => true))"
        " from show_chunks(%s::regclass, older_than => %s::timestamptz) c"
        " where not exists (select from timescaledb_information.chunks i"
        "  where format('%%I.%%I', i.chunk_schema, i.chunk_name)::regclass = c"
        "  and i.is_compressed)",
        [
            f"{SCHEMA}.{series.name}",
            dt.datetime.combine(today - dt.timedelta(days=_PACK_DAYS), dt.time(), dt.UTC),
        ],
    ).fetchone()
    return row[0] if row else 0


def _years(conn: psycopg.Connection[Any], series: Series, today: dt.date) -> int:
    """Partitions of this year and the next, and of every year that the default one has rows of."""
    made = 0
    for year in sorted({today.year, today.year + 1, *_years_waiting(conn, series, today)}):
        name = f"{SCHEMA}.{series.name}_{year:04d}"
        if _is_there(conn, name):
            continue
        with conn.transaction():
            made += _make_year(conn, series, name, year)
    return made


def _is_there(conn: psycopg.Connection[Any], name: str) -> bool:
    row = conn.execute("select to_regclass(%s) is not null", [name]).fetchone()
    return bool(row and row[0])


def _years_waiting(conn: psycopg.Connection[Any], series: Series, today: dt.date) -> Iterator[int]:
    sql = (
        f"select distinct extract(year from {_in_utc(series)})::int"  # noqa: S608
        f" from {SCHEMA}.{series.name}_default"
    )
    for (year,) in conn.execute(sql.encode()).fetchall():
        if today.year - _YEARS_BACK <= year <= today.year + 1:
            yield year


def _make_year(conn: psycopg.Connection[Any], series: Series, name: str, year: int) -> bool:
    """A partition with the rows that the default one had of its year; says whether it was made."""
    table = f"{SCHEMA}.{series.name}"
    begins, ends = _bounds(series, year)
    run(conn, f"lock table {table}_default in access exclusive mode")
    if _is_there(conn, name):  # A command made it while this host waited, or the other way round.
        return False
    run(conn, f"create table {name} (like {table} including defaults including constraints)")
    run(
        conn,
        f"with moved as (delete from {table}_default where {series.time} >= {begins}"  # noqa: S608
        f" and {series.time} < {ends} returning *) insert into {name} select * from moved",
    )
    run(conn, f"alter table {table} attach partition {name} for values from ({begins}) to ({ends})")
    return True


def _bounds(series: Series, year: int) -> tuple[str, str]:
    zone = " 00:00:00+00" if _is_moment(series) else ""
    return f"'{year:04d}-01-01{zone}'", f"'{year + 1:04d}-01-01{zone}'"


def _in_utc(series: Series) -> str:
    return f"{series.time} at time zone 'UTC'" if _is_moment(series) else series.time


def _is_moment(series: Series) -> bool:
    return f"{series.time} timestamptz" in series.columns
