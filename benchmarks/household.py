"""`household`: one ledger with 200,000 transactions over 20 years: lists, search, budgets,
insights, forecast and one more transaction, against a bare query for the totals of a month."""

from __future__ import annotations

import datetime as dt
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid5

import psycopg

from benchmarks.history import append, transaction
from benchmarks.query import visible
from benchmarks.setting import drop_database, fresh_database, product
from mintflow.commands.core.ids import new_id
from mintflow.domain.accounts import Account
from mintflow.domain.budgets import Budget, Wish, cycle_of
from mintflow.domain.budgets.envelopes import Envelopes
from mintflow.domain.categories import DEFAULT_TREE, CategoryTree
from mintflow.domain.core.aggregates import Aggregate
from mintflow.domain.core.ids import shard_of
from mintflow.domain.core.time import Month
from mintflow.domain.insights import Span
from mintflow.domain.ledgers import Ledger
from mintflow.projections import budgets, categories, insights
from mintflow.projections.budgets.advice import recommendations
from mintflow.projections.budgets.envelopes import envelopes
from mintflow.projections.core.applier import Applier
from mintflow.projections.registry import PROJECTIONS
from mintflow.projections.transactions import TransactionFilter, list_transactions
from mintflow.store.arrays import register_arrays
from mintflow.store.keys import KeyStore, MemoryKeyStore
from mintflow.store.mapper import Mapper, Provenance
from mintflow.store.sealing import Sealer

_NAME = "mintflow_bench_household"
FIRST, YEARS = dt.date(2006, 1, 1), 20
OWNER = "00000000-0000-0000-0000-000000000001"
TODAY = dt.date(2025, 12, 20)
CALLS = 60
_TOGETHER = 500


async def run(server_url: str, transactions: int = 200_000) -> dict[str, Any]:
    """Per question: median and 95th percentile in milliseconds."""
    url = fresh_database(server_url, _NAME)
    try:
        keys = MemoryKeyStore()
        ledger_id = _write(url, keys, transactions)
        await visible(url, keys)
        async with product(url, tail=False, keys=keys) as made:
            month = Month.of(TODAY)
            span, year = Span(month.first, month.last), Span(dt.date(2025, 1, 1), month.last)
            everything = TransactionFilter()
            a_word, no_word = TransactionFilter(q="coffee"), TransactionFilter(q="zzqqx")
            asked: dict[str, Callable[[Any], Awaitable[Any]]] = {
                "status_by_day": lambda c: budgets.budget_status(c, ledger_id, TODAY, today=TODAY),
                "status_by_month": lambda c: budgets.budget_status(c, ledger_id, month),
                "envelopes": lambda c: envelopes(c, ledger_id, month),
                "recommendations": lambda c: recommendations(c, ledger_id, TODAY),
                "list_page": lambda c: list_transactions(c, ledger_id, everything),
                "search_a_word": lambda c: list_transactions(c, ledger_id, a_word),
                "search_no_hit": lambda c: list_transactions(c, ledger_id, no_word),
                "month_report": lambda c: insights.spending(c, ledger_id, span),
                "month_by_merchant": lambda c: insights.spending(c, ledger_id, span, by="merchant"),
                "year_report": lambda c: insights.spending(c, ledger_id, year),
                "trends_by_month": lambda c: insights.trends(c, ledger_id, year, "month"),
                "cash_flow_by_month": lambda c: insights.cash_flow(c, ledger_id, year, "month"),
                "net_worth_by_day": lambda c: insights.net_worth(c, ledger_id, year, "day"),
                "insights": lambda c: insights.insights(c, ledger_id, TODAY),
                "forecast": lambda c: insights.forecasts(c, ledger_id, TODAY),
                "baseline_month_totals": lambda c: categories.category_totals(
                    c, ledger_id, start=month.first, end=month.last
                ),
            }
            found: dict[str, Any] = {"transactions": transactions, "years": YEARS}
            async with made.pool.connection() as conn:
                rows, _ = await budgets.budget_status(conn, ledger_id, TODAY)
                found["budgets"] = len(rows)
                for name, ask in asked.items():
                    found[name] = await _timed(conn, ask)
        found["one_more_to_all_read_models"] = await _one_more(url, keys, ledger_id)
        return found
    finally:
        drop_database(server_url, _NAME)


async def _one_more(url: str, keys: KeyStore, ledger_id: UUID) -> dict[str, float]:
    """A transaction: appended, durable, and in every read model; each time another one."""
    mapper, chance = Mapper(Sealer(keys)), random.Random(2)
    account_id, times = uuid5(ledger_id, "account 1"), []
    shard = shard_of(ledger_id)
    conn = await psycopg.AsyncConnection.connect(url, autocommit=True, options=_AS_THE_PRODUCT)
    with psycopg.connect(url, autocommit=True) as log:
        async with conn:
            register_arrays(log)
            register_arrays(conn)
            applier = await Applier.open(conn, mapper, PROJECTIONS)
            for _ in range(CALLS):
                made = transaction(account_id, chance, FIRST, YEARS * 365)
                provenance = Provenance(ledger_id, "user:bench", new_id(), None)
                begin = time.perf_counter()
                events = [
                    mapper.encode(event, new_id(), provenance)  # type: ignore[arg-type]
                    for event in made.pending_events
                ]
                append(log, {ledger_id: events})
                rows = log.execute(_NEWEST, (shard, len(events))).fetchall()
                await applier.apply({shard: [mapper.recorded(*row) for row in rows]})
                times.append((time.perf_counter() - begin) * 1_000)
    return _percentiles(times)


_AS_THE_PRODUCT = "-c role=mintflow_app -c search_path=model,projection"
_NEWEST = """
    select * from (
        select shard, position, ledger_id, ledger_seq, recorded_at, record, sealed
        from log.event where shard = %s order by position desc limit %s
    ) newest order by position
"""


async def _timed(conn: Any, ask: Callable[[Any], Awaitable[Any]]) -> dict[str, float]:
    await ask(conn)
    times = []
    for _ in range(CALLS):
        begin = time.perf_counter()
        await ask(conn)
        times.append((time.perf_counter() - begin) * 1_000)
    return _percentiles(times)


def _percentiles(times: list[float]) -> dict[str, float]:
    return {
        "p50_ms": round(statistics.median(times), 2),
        "p95_ms": round(sorted(times)[int(len(times) * 0.95) - 1], 2),
    }


def _write(database_url: str, keys: KeyStore, transactions: int) -> UUID:
    sealer = Sealer(keys)
    mapper = Mapper(sealer)
    chance = random.Random(1)
    ledger_id = UUID(int=chance.getrandbits(128), version=4)
    sealer.prepare(ledger_id)
    with psycopg.connect(database_url, autocommit=True) as conn:
        register_arrays(conn)
        begun = dt.datetime.combine(FIRST, dt.time(), dt.UTC)
        made: list[Aggregate] = list(_beginning(ledger_id, begun))
        accounts = [uuid5(ledger_id, f"account {n}") for n in range(4)]
        made += [
            transaction(chance.choice(accounts), chance, FIRST, YEARS * 365)
            for _ in range(transactions)
        ]
        provenance = Provenance(ledger_id, "user:bench", new_id(), None)
        for start in range(0, len(made), _TOGETHER):
            events = [
                mapper.encode(event, new_id(), provenance)  # type: ignore[arg-type]
                for one in made[start : start + _TOGETHER]
                for event in one.pending_events
            ]
            append(conn, {ledger_id: events})
    return ledger_id


def _beginning(ledger_id: UUID, now: dt.datetime) -> list[Aggregate]:
    """Twenty budgets of every kind of period and rollover, half of which carry for 20 years."""
    made: list[Aggregate] = [
        Ledger.open(ledger_id, "Household", "USD", OWNER, now),
        CategoryTree.plant(ledger_id, now),
    ]
    for number in range(4):
        account_id = uuid5(ledger_id, f"account {number}")
        made.append(Account.open(account_id, "A", "checking", "USD", now, opening_balance="1.00"))
    paths = [path for top in DEFAULT_TREE for path in (top, *_below(top))][:20]
    periods = ("month", "month", "week", "two_weeks", "month", "quarter", "day", "year")
    rollovers: tuple[Any, ...] = ("none", "surplus", "both", "capped")
    for number, path in enumerate(paths):
        rollover = rollovers[number % 4]
        cycle = cycle_of(periods[number % 8], FIRST)
        cap = "50" if rollover == "capped" else None
        wish = Wish("100", "USD", cycle, rollover=rollover, cap=cap, start=FIRST)
        made.append(Budget.set(ledger_id, [path], wish, now))
    plan = Envelopes.open(ledger_id, now)
    for year in range(FIRST.year, FIRST.year + YEARS):
        for number in range(1, 13):
            for path in paths[:8]:
                plan.assign(path, Month(year, number), "100", "USD", now)
    return [*made, plan]


def _below(top: str) -> list[str]:
    return [f"{top}.{child}" for child in DEFAULT_TREE[top]]
