"""The tables of the series and the views over them, in each of the three modes.

plain: partitions by year, with a default one for days that no partition is there for yet.
apache: hypertables. tsl: hypertables with a columnstore, and a continuous aggregate under the
prices of a day. A continuous aggregate answers late rows only after its next refresh, so none is
under anything that can be backdated by a household: balances and spending are plain sums.
"""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA = "series"
MODES = ("plain", "apache", "tsl")


@dataclass(frozen=True, slots=True)
class Series:
    """columns: as SQL. key: the primary key, which starts with ledger_id. time: the column that
    it is cut by, a date or a timestamptz. by: what rows of a columnstore are grouped by."""

    name: str
    columns: str
    key: tuple[str, ...]
    time: str
    by: tuple[str, ...]


BALANCE_DAY = Series(
    "balance_day",
    "ledger_id uuid not null, account_id uuid not null, day date not null, currency text not null,"
    " change numeric not null, balance numeric not null",
    ("ledger_id", "account_id", "day"),
    "day",
    ("ledger_id", "account_id"),
)
SPENDING_DAY = Series(
    "spending_day",
    "ledger_id uuid not null, category_id text not null, day date not null, currency text not null,"
    " amount numeric not null, transactions bigint not null",
    ("ledger_id", "category_id", "day", "currency"),
    "day",
    ("ledger_id", "category_id"),
)
# One price at one moment: a later one takes its place, so first and last of a day are never a tie.
PRICE = Series(
    "price",
    "ledger_id uuid not null, symbol text not null, currency text not null,"
    " at timestamptz not null, price numeric not null, volume numeric not null default 0",
    ("ledger_id", "symbol", "currency", "at"),
    "at",
    ("ledger_id", "symbol"),
)
RATE = Series(
    "rate",
    "ledger_id uuid not null, base text not null, quote text not null,"
    " at timestamptz not null, rate numeric not null check (rate > 0)",
    ("ledger_id", "base", "quote", "at"),
    "at",
    ("ledger_id", "base"),
)
# Filled from the read models, and so made anew at will.
DERIVED = (BALANCE_DAY, SPENDING_DAY)
# Written by who knows prices; carried along when the mode changes.
WRITTEN = (PRICE, RATE)
ALL = (*DERIVED, *WRITTEN)


@dataclass(frozen=True, slots=True)
class Candle:
    """Open, high, low and close of a day (UTC) of a written series. extra: more columns, as SQL
    aggregates with their names."""

    name: str
    of: Series
    value: str
    by: tuple[str, ...]
    extra: str = ""


CANDLES = (
    Candle(
        "price_day",
        PRICE,
        "price",
        ("ledger_id", "symbol", "currency"),
        ", sum(volume) as volume, count(*) as prices",
    ),
    Candle("rate_day", RATE, "rate", ("ledger_id", "base", "quote"), ", count(*) as rates"),
)

# Weeks begin on a Monday, as time_bucket has it; months and days of a zone as date_trunc.
BUCKETS = f"""
create function {SCHEMA}.bucket(width interval, at timestamptz) returns timestamptz
    language sql immutable parallel safe
    return date_bin(width, at, timestamptz '2000-01-03 00:00:00+00');
create function {SCHEMA}.bucket_in(unit text, at timestamptz, zone text) returns timestamptz
    language sql stable parallel safe
    return date_trunc(unit, at, zone);
"""

# Dense: a day without a change has the balance of the day before, up to the last day of the ledger.
# day is cast because generate_series knows no dates.
VIEWS = f"""
create view {SCHEMA}.balance_daily as
select b.ledger_id, b.account_id, b.currency, d::date as day,
    case when d::date = b.day then b.change else 0 end as change, b.balance
from (
    select *,
        lead(day) over (partition by ledger_id, account_id order by day) - 1 as ends,
        max(day) over (partition by ledger_id) as last_day
    from {SCHEMA}.balance_day
) b
cross join lateral generate_series(
    b.day::timestamp, coalesce(b.ends, b.last_day)::timestamp, interval '1 day'
) d;

create view {SCHEMA}.balance_monthly as
select distinct on (ledger_id, account_id, date_trunc('month', day::timestamp))
    ledger_id, account_id, currency, date_trunc('month', day::timestamp)::date as month, balance
from {SCHEMA}.balance_day
order by ledger_id, account_id, date_trunc('month', day::timestamp), day desc;

create view {SCHEMA}.spending_monthly as
select ledger_id, category_id, currency, date_trunc('month', day::timestamp)::date as month,
    sum(amount) as amount, sum(transactions)::bigint as transactions
from {SCHEMA}.spending_day
group by ledger_id, category_id, currency, date_trunc('month', day::timestamp);
"""  # noqa: S608 - constants only


def create_sql(series: Series, mode: str) -> list[str]:
    """The table in a mode, empty."""
    name = f"{SCHEMA}.{series.name}"
    body = f"create table {name} ({series.columns}, primary key ({', '.join(series.key)}))"
    if mode == "plain":
        return [
            f"{body} partition by range ({series.time})",
            f"create table {name}_default partition of {name} default",
        ]
    # No other index: the key serves the queries, and a second one would cost each write.
    hypertable = (
        f"select create_hypertable('{name}', '{series.time}', chunk_time_interval =>"
        f" interval '1 year', create_default_indexes => false)"
    )
    made = [body, hypertable]
    if mode == "tsl":
        rest = [one for one in series.key if one not in series.by]
        made.append(
            f"alter table {name} set (timescaledb.compress,"
            f" timescaledb.compress_segmentby = '{', '.join(series.by)}',"
            f" timescaledb.compress_orderby = '{', '.join(rest)}')"
        )
    return made


def candle_sql(candle: Candle, mode: str) -> list[str]:
    """The view of a day's prices in a mode."""
    by, time, value = ", ".join(candle.by), candle.of.time, candle.value
    source, name = f"{SCHEMA}.{candle.of.name}", f"{SCHEMA}.{candle.name}"
    if mode == "plain":
        bucket = f"{SCHEMA}.bucket(interval '1 day', {time})"
        ends = (
            f"(array_agg({value} order by {time}))[1] as open, max({value}) as high,"
            f" min({value}) as low, (array_agg({value} order by {time} desc))[1] as close"
        )
    else:
        bucket = f"time_bucket(interval '1 day', {time})"
        ends = (
            f"first({value}, {time}) as open, max({value}) as high, min({value}) as low,"
            f" last({value}, {time}) as close"
        )
    select = (
        f"select {by}, {bucket} as bucket, {ends}{candle.extra} from {source} group by {by}, bucket"  # noqa: S608
    )
    columns = [part.rpartition(" as ")[2] for part in candle.extra.split(", ") if part]
    shown = ", ".join(["open", "high", "low", "close", *columns])
    view = f"create view {name} as select {by}, (bucket at time zone 'UTC')::date as day, {shown}"
    if mode != "tsl":
        return [f"{view} from ({select}) d"]
    aggregate = (
        f"create materialized view {name}_aggregate with (timescaledb.continuous,"
        f" timescaledb.materialized_only = false) as {select} with no data"
    )
    return [aggregate, f"{view} from {name}_aggregate"]
