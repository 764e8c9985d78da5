"""The series: equal rows in every mode, following the read models, whatever comes late."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg
import pytest
from read_models.books import Books, broken, connect, key_source, statements

from mintflow.migrations.runner import MigrationRefused, refuse_packed, timescale_mode
from mintflow.projections.core.install import install
from mintflow.projections.core.rebuild import rebuild, rollback
from mintflow.projections.core.series import Kept, Refreshed, install_series, keep_up, refresh
from mintflow.projections.core.series.tables import ALL, CANDLES

TODAY = dt.date(2026, 3, 15)
VIEWS = ("balance_daily", "balance_monthly", "spending_monthly", *(one.name for one in CANDLES))
LEDGER = "00000000-0000-4000-8000-000000000001"


class Place:
    """One ledger and the series beside it, in the mode of its server."""

    def __init__(self, url: str) -> None:
        install(url)
        with psycopg.connect(url) as conn:
            self.mode = timescale_mode(conn)
        install_series(url, self.mode)
        self.books = Books(url).open()
        self.conn = self.books.conn

    def refresh(self, *, everything: bool = False) -> Refreshed:
        async def ask() -> Refreshed:
            async with await connect(self.books.url) as conn:
                return await refresh(conn, self.books.mapper, everything=everything)

        return asyncio.run(ask())

    def keep_up(self, **how: Any) -> Kept:
        return keep_up(self.conn, TODAY, **how)

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        found = self.conn.execute(f"select * from series.{name}").fetchall()
        return sorted(found, key=repr)

    def digest(self) -> str:
        """Of every table and view, column names included."""
        found = hashlib.sha256()
        self.conn.execute("set timezone = 'UTC'")
        for name in (*(one.name for one in ALL), *VIEWS):
            cursor = self.conn.execute(f"select * from series.{name} limit 0")
            assert cursor.description is not None
            columns = [(column.name, column.type_code) for column in cursor.description]
            rows = self.conn.execute(f"select one::text from series.{name} one").fetchall()
            found.update(repr((columns, sorted(rows))).encode())
        return found.hexdigest()

    def price(self, at: str, price: str, volume: str = "1") -> None:
        self.conn.execute(
            "insert into series.price (ledger_id, symbol, currency, at, price, volume)"
            " values (%s, 'ACME', 'USD', %s, %s, %s)"
            " on conflict (ledger_id, symbol, currency, at) do update set price = excluded.price",
            [LEDGER, at, price, volume],
        )

    def rate(self, at: str, rate: str) -> None:
        self.conn.execute(
            "insert into series.rate values (%s, 'EUR', 'USD', %s, %s)", [LEDGER, at, rate]
        )


@pytest.fixture
def places(urls: list[str]) -> Any:
    made = [Place(url) for url in urls]
    yield made
    for place in made:
        place.books.close()


@pytest.fixture
def place(places: list[Place]) -> Place:
    return places[0]


def live(place: Place, seed: int = 7) -> None:
    """Years of transactions in no order of time, some of them changed; the same on every server."""
    chance, books = random.Random(seed), place.books
    for number in range(120):
        day = dt.date(2023, 1, 1) + dt.timedelta(days=chance.randrange(1_100))
        category = chance.choice(["shopping", "food_dining.groceries", "bills.phone"])
        made = books.record(f"-{chance.randrange(1, 9_999) / 100:.2f}", day.isoformat(), category)
        if number % 10 == 3:
            made.void(made.modified_on)
            books.put(made)
        if number % 40 == 0:
            books.fold()
            place.refresh()
    books.fold()
    place.refresh()


def prices(place: Place) -> None:
    for day in (2, 3, 5):
        for hour in (9, 12, 17):
            place.price(f"2026-03-0{day} {hour:02d}:00+00", f"{100 + day * hour}.5")
    place.rate("2026-03-02 12:00+00", "1.0801")
    place.rate("2026-03-02 18:00+00", "1.0790")
    place.price("2001-05-05 12:00+00", "3.25")


def test_every_mode_has_the_same_tables_columns_and_rows(places: list[Place]) -> None:
    for place in places:
        live(place)
        prices(place)
        place.keep_up()
        # A price that comes late, and one that is corrected, within what was kept up already.
        place.price("2026-03-02 20:00+00", "55")
        place.price("2026-03-03 09:00+00", "77")
        place.keep_up()
    assert len({place.digest() for place in places}) == 1
    assert len({place.mode for place in places}) == len(places)


def test_a_candle_is_open_high_low_and_close_of_a_day(place: Place) -> None:
    prices(place)
    found = {row[3]: row[4:] for row in place.rows("price_day")}
    assert [str(one) for one in found[dt.date(2026, 3, 2)]] == [
        "118.5", "134.5", "118.5", "134.5", "3", "3",
    ]  # fmt: skip
    (rate,) = place.rows("rate_day")
    assert [str(one) for one in rate[4:]] == ["1.0801", "1.0801", "1.0790", "1.0790", "2"]


def test_balances_and_spending_are_those_of_the_read_models(place: Place) -> None:
    live(place)
    assert place.rows("balance_day") == sorted(
        place.conn.execute(
            "select ledger_id, account_id, date, 'USD', posted,"
            " sum(posted) over (partition by account_id order by date) from model.account_days"
        ).fetchall(),
        key=repr,
    )
    assert place.rows("spending_day") == sorted(
        place.conn.execute(
            "select ledger_id, category_id, date, currency, sum(amount), sum(transactions)::bigint"
            " from model.category_days group by ledger_id, category_id, date, currency"
        ).fetchall(),
        key=repr,
    )


def test_several_shards_are_followed_together_a_few_events_at_a_time(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2, 7):
        with closing(place.books.beside(number)) as books:
            for day in range(1, 10):
                books.record(f"-{day}.00", f"2026-02-{day:02d}", "shopping")
    place.books.fold()
    head = sum(at for (at,) in place.conn.execute("select position from log.shard_head").fetchall())
    monkeypatch.setattr(sys.modules[refresh.__module__], "_EVENTS", 12)
    done = place.refresh()
    assert (done.events, done.behind) == (head, 0)
    stepwise = place.digest()
    place.conn.execute("truncate series.balance_day, series.spending_day, series.refreshed")
    monkeypatch.undo()
    assert place.refresh().events == head
    assert place.digest() == stepwise
    assert len({row[0] for row in place.rows("spending_day")}) == 6


def test_many_shards_are_followed_by_as_many_statements_as_one(place: Place) -> None:
    async def asked() -> int:
        async with await connect(place.books.url) as conn:
            found = statements(conn)
            assert (await refresh(conn, place.books.mapper)).events
            return len(found)

    place.books.fold()
    alone = asyncio.run(asked())
    for number in range(2, 7):
        with closing(place.books.beside(number)) as books:
            books.record("-1.00", "2026-02-01", "shopping")
    place.books.fold()
    assert asyncio.run(asked()) == alone
    assert len({row[0] for row in place.rows("spending_day")}) == 6


def test_a_shard_is_not_followed_further_than_its_read_models_while_another_has_much(
    place: Place,
) -> None:
    with closing(place.books.beside(2)) as other:
        assert other.shard != place.books.shard
        place.books.fold()
        place.refresh()
        other.record("-2.00", "2026-02-01", "shopping")
        for day in range(2, 10):
            place.books.record("-1.00", f"2026-02-{day:02d}", "shopping")
        applied = place.books.events()
        other.record("-3.00", "2026-02-03", "shopping")
        other.record("-3.00", "2026-02-04", "shopping")
        place.books.fold([applied])
        assert place.refresh() == Refreshed(events=9, balances=9, spending=9, behind=2)
        place.books.fold()
        assert place.refresh().events == 2
        rows = [row for row in place.rows("spending_day") if row[0] == other.ledger_id]
        assert [row[2].day for row in rows if row[2].year == 2026] == [1, 3, 4]


def test_a_backdated_transaction_makes_every_later_balance_again_and_nothing_else(
    place: Place,
) -> None:
    live(place)
    savings = str(place.books.savings.id)
    before = {row[:3]: row for row in place.rows("balance_day")}
    place.books.record("-1000.00", "2024-06-01", "shopping")
    place.books.fold()
    done = place.refresh()
    after = {row[:3]: row for row in place.rows("balance_day")}
    changed = {key for key in after if after[key] != before.get(key)}
    assert changed
    assert min(key[2] for key in changed) == dt.date(2024, 6, 1)
    assert savings not in {str(key[1]) for key in changed}
    assert (done.events, done.spending, done.balances) == (1, 1, len(changed))


def test_a_refresh_says_what_the_read_models_have_not_applied_yet(place: Place) -> None:
    place.books.fold()
    place.refresh()
    place.books.record("-1.00", "2024-06-01", "shopping")
    assert place.refresh() == Refreshed(behind=1)
    place.books.fold()
    done = place.refresh()
    assert (done.events, done.spending, done.behind) == (1, 1, 0)


def test_what_was_changed_behind_the_products_back_is_made_right_by_a_full_refresh(
    place: Place,
) -> None:
    live(place)
    right = place.digest()
    place.conn.execute("update series.balance_day set balance = balance + 1")
    place.conn.execute("delete from series.spending_day where amount < -50")
    assert place.digest() != right
    place.refresh(everything=True)
    assert place.digest() == right


def test_other_rows_of_a_rebuild_or_a_rollback_come_into_the_series(place: Place) -> None:
    def shown() -> list[str]:
        return [str(row[5]) for row in place.rows("balance_day") if row[2].year == 2026]

    books, keys = place.books, key_source(place.books)
    books.record("-3.00", "2026-02-01", "shopping")
    books.record("-4.00", "2026-02-02", "shopping")
    books.fold(None, broken())
    place.refresh()
    assert shown() == ["96.00"]
    assert rebuild(books.url, keys, ["accounts"], jobs=1).identical is False
    place.refresh()
    assert shown() == ["97.00", "93.00"]
    assert rebuild(books.url, keys, ["accounts"], jobs=1).identical is True
    assert place.refresh().events == 0
    books.conn.execute("update model.account_days set posted = posted + 1 where date >= '2026-1-1'")
    assert rebuild(books.url, keys, ["accounts"], jobs=1).identical is False
    place.refresh()
    assert shown() == ["97.00", "93.00"]
    rollback(books.url, keys, ["accounts"])
    place.refresh()
    assert shown() == ["98.00", "95.00"]


def test_the_dense_view_has_every_day_up_to_the_last_of_the_ledger(place: Place) -> None:
    place.books.record("-1.00", "2025-02-10", "shopping")
    place.books.fold()
    place.refresh()
    savings = [row for row in place.rows("balance_daily") if row[1] == place.books.savings.id]
    days = sorted(row[3] for row in savings)
    assert days[0] == dt.date(2025, 1, 31)
    assert len(days) == (days[-1] - days[0]).days + 1
    assert {str(row[5]) for row in savings} == {"5.00"}


def test_partitions_are_there_before_they_are_needed_and_take_over_what_waited(
    place: Place,
) -> None:
    live(place)
    rows = place.rows("balance_day")
    kept = place.keep_up()
    assert kept.mode == "plain"
    left = place.conn.execute("select day from series.balance_day_default").fetchall()
    # An opening balance without a date stands before everything.
    assert all(day < dt.date(1966, 1, 1) for (day,) in left)
    assert place.conn.execute("select count(*) from series.price_2027").fetchone() == (0,)
    assert place.rows("balance_day") == rows
    assert place.keep_up().partitions == 0


def test_a_partition_that_another_process_is_making_is_waited_for(place: Place) -> None:
    live(place)
    with psycopg.connect(place.books.url) as other, ThreadPoolExecutor(1) as beside:
        other.execute("lock table series.balance_day_default in share mode")
        kept = beside.submit(place.keep_up)
        while not other.execute("select from pg_locks where not granted").fetchall():
            assert not kept.done(), kept.result()
        # What it found missing is there when it is let on.
        made = keep_up(other, TODAY).partitions
        other.commit()
        assert (made > 0, kept.result().partitions) == (True, 0)


def test_a_day_far_away_makes_no_partition(place: Place) -> None:
    place.price("0987-01-01 00:00+00", "1")
    place.price("4000-01-01 00:00+00", "1")
    place.keep_up()
    assert place.conn.execute("select count(*) from series.price_default").fetchone() == (2,)


def test_old_prices_go_in_every_mode_and_books_never(places: list[Place]) -> None:
    for place in places:
        live(place)
        prices(place)
        place.keep_up()
        kept = place.keep_up(kept_days=366)
        assert kept.removed == 1
        assert place.rows("balance_day")
        assert all(row[3] > dt.date(2025, 1, 1) for row in place.rows("price_day"))
    assert len({place.digest() for place in places}) == 1


def test_another_mode_later_keeps_what_was_written_and_makes_the_rest_again(
    places: list[Place],
) -> None:
    for place in places:
        live(place)
        prices(place)
        right = place.digest()
        for mode in {"plain", place.mode}:
            if install_series(place.books.url, mode):
                assert place.rows("balance_day") == []
            place.refresh()
            place.keep_up()
            assert place.digest() == right
        assert not install_series(place.books.url, mode)


def test_what_the_full_edition_has_packed_is_not_taken_to_the_apache_licence(
    places: list[Place],
) -> None:
    """The licence is a server's, so that it can not be changed by a test: what is asked of a
    server is shown where it has the full edition, and what follows from its answer everywhere."""
    for place in places:
        if place.mode == "tsl":
            prices(place)
            refuse_packed(place.conn)
            assert place.keep_up().packed
            with pytest.raises(MigrationRefused, match="decompress_chunk"):
                refuse_packed(place.conn)
            place.conn.execute("select decompress_chunk(c) from show_chunks('series.price') c")
            refuse_packed(place.conn)
        elif place.mode == "plain":
            chunks(place.conn, ("series", False), ("public", True))
            refuse_packed(place.conn)
            chunks(place.conn, ("series", True))
            with pytest.raises(MigrationRefused, match="decompress_chunk"):
                refuse_packed(place.conn)


def chunks(conn: psycopg.Connection[Any], *rows: tuple[str, bool]) -> None:
    """What TimescaleDB would say of its chunks, where it is not."""
    conn.execute("create schema if not exists timescaledb_information")
    conn.execute(
        "create table if not exists timescaledb_information.chunks"
        " (hypertable_schema name, is_compressed boolean)"
    )
    for row in rows:
        conn.execute("insert into timescaledb_information.chunks values (%s, %s)", row)


def test_the_products_role_may_write_and_has_no_more(place: Place) -> None:
    with psycopg.connect(place.books.url, options="-c role=mintflow_app") as conn:
        conn.execute("delete from series.price")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("drop table series.price")
