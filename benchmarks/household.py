"""`household`: one ledger with 200,000 transactions over twenty years (benchmarks/decades.py),
asked over HTTP for every screen of it, and one more transaction until every read model has it.

Each question is one request at a time, so the figures are a server's time and not a queue's. The
baseline is the page of the newest transactions' ids, straight from Postgres.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

import orjson
import psycopg

from benchmarks.decades import YEARS, account_of, write_books
from benchmarks.known_at import served
from benchmarks.loopback import Connection
from benchmarks.query import visible
from benchmarks.setting import TOKEN, drop_database, fresh_database, product
from mintflow.domain.core.ids import shard_of
from mintflow.hosts.capabilities import routers
from mintflow.store.keys import KeyStore, MemoryKeyStore

_NAME = "mintflow_bench_household"
CALLS = 40
_L = "/v1/ledgers/{ledger_id}"
# What a screen asks each route for, with the names of the questions. `{…}` are ids that are there.
SCREENS: Mapping[str, Mapping[str, str]] = {
    "": {"ledger": ""},
    "/trial-balance": {"trial_balance": ""},
    "/accounts": {"accounts": "", "accounts_as_of": "?as_of={year_ago}"},
    "/accounts/{account_id}": {"account": ""},
    "/accounts/{account_id}/history": {
        "account_by_day_for_a_year": "?start={year_ago}&end={today}",
        "account_by_month_for_20_years": "?interval=month",
    },
    "/transactions": {
        "list_page": "",
        "list_page_of_an_account": "?account_id={account_id}",
        "list_page_20_years_back": "?end_date={long_ago}",
        "list_of_a_category": "?category=travel.hotels",
        "list_of_a_tag": "?tag=garden",
        "list_by_amount": "?sort=amount&limit=100",
        "list_uncategorized": "?q=category=uncategorized",
        "list_pending": "?status=pending",
        "list_voided": "?status=voided",
        "search_a_common_word": "?q=coffee",
        "search_a_rare_word": "?q=summer%20party",
        "search_two_words": "?q=royal%20pizza",
        "search_one_letter": "?q=a",
        "search_two_letters_nowhere": "?q=zq",
        "search_nowhere": "?q=zzqqx",
        "search_nowhere_by_amount": "?q=zzqqx&sort=-amount",
        "search_a_merchant": "?q=merchant%3A%22little%20pets%22",
        "search_merchant_and_amount": "?q=merchant%3Apets%20amount%3C-90",
        "search_one_of_two": "?q=category%3Atravel%20OR%20notes%3Aparty",
        "search_not_this": "?q=NOT%20%23",
        "search_a_date": "?q=date%3A2015-03%20bakery",
        "search_an_amount": "?q=amount%3D-19.99",
        "search_weekday_nowhere": "?q=weekday%3Dsun%20tag%3Dnowhere",
    },
    "/transactions/{transaction_id}": {"transaction": ""},
    "/transactions/{transaction_id}/history": {"transaction_history": ""},
    "/categories": {"categories": ""},
    "/category-totals": {
        "month_by_category": "?month={month}",
        "20_years_by_category": "?start={long_ago}&end={today}",
    },
    "/budgets": {"budgets": ""},
    "/budgets/status": {
        "budget_status_by_month": "?month={month}",
        "budget_status_by_day": "",
        "budget_status_long_ago": "?date={year_ago}",
    },
    "/budgets/recommendations": {"budget_recommendations": ""},
    "/budgets/envelopes": {"envelopes": "?month={month}"},
    "/alerts": {"alerts": ""},
    "/recurring": {"recurring": ""},
    "/bills": {"bills_due": ""},
    "/bills/list": {"bills": ""},
    "/bills/reminders": {"reminders": ""},
    "/bills/calendar.ics": {"calendar": ""},
    "/subscriptions": {"subscriptions": ""},
    "/goals": {"goals": ""},
    "/goals/{goal_id}": {"goal": ""},
    "/goals/{goal_id}/history": {"goal_history": ""},
    "/events": {"events": "?limit=100", "events_of_a_type": "?types=budget.set&limit=100"},
    "/transfers/suggestions": {"transfer_suggestions": ""},
    "/imports": {"imports": ""},
    "/rules": {"rules": ""},
    "/rules/{rule_id}": {"rule": ""},
    "/merchants": {"merchants": "", "merchants_search": "?q=pizza"},
    "/insights": {"insights": ""},
    "/spending/by-category": {
        "month_report": "?month={month}",
        "year_by_category": "?start={year_ago}&end={today}",
    },
    "/spending/by-merchant": {
        "month_by_merchant": "?month={month}",
        "year_by_merchant": "?start={year_ago}&end={today}",
    },
    "/spending/by-account": {
        "month_by_account": "?month={month}",
        "year_by_account": "?start={year_ago}&end={today}",
    },
    "/spending/by-tag": {
        "month_by_tag": "?month={month}",
        "year_by_tag": "?start={year_ago}&end={today}",
    },
    "/spending/summary": {
        "month_summary": "?month={month}",
        "year_summary": "?start={year_ago}&end={today}",
    },
    "/spending/trends": {
        "trends_of_a_year": "",
        "trends_of_20_years": "?start={long_ago}&end={today}&interval=year",
        "trends_of_a_category": "?category=food_dining&months=36",
    },
    "/spending/predictions": {"predictions": ""},
    "/cash-flow": {
        "cash_flow_of_a_year": "",
        "cash_flow_of_an_account": "?account_id={account_id}",
    },
    "/net-worth": {
        "net_worth_by_day_for_a_year": "?start={year_ago}&end={today}&interval=day",
        "net_worth_by_month_for_20_years": "?start={long_ago}&end={today}&interval=month",
    },
    "/forecast": {"forecast": "", "forecast_of_an_account": "?account_id={account_id}"},
    "/connections": {"connections": ""},
    "/operations": {"operations": ""},
    "/rates": {"rates": ""},
    "/explain": {
        "explain_a_category": "?figure=category&category=travel.hotels&month={month}",
        "explain_a_budget": "?figure=budget&category=food_dining&month={month}",
    },
    "/history": {"history": "?of={account_id}"},
}
# Not a screen's: an auditor's proof, which `evidence` measures, and a stream without an end.
APART = {"/evidence/{event_id}", "/events/stream"}


def routes_of_a_ledger() -> set[str]:
    """Every GET route below a ledger, without the ledger's own address."""
    return {
        route.path.removeprefix(_L)
        for router in routers()
        for route in router.routes
        if "GET" in route.methods and route.path.startswith(_L)  # type: ignore[attr-defined]
    }


async def run(server_url: str, transactions: int = 200_000) -> dict[str, Any]:
    """Per question: median and 95th percentile in milliseconds."""
    unasked = routes_of_a_ledger() ^ (SCREENS.keys() | APART)
    assert not unasked, f"no question to, or no route of: {sorted(unasked)}"
    url = fresh_database(server_url, _NAME)
    try:
        keys = MemoryKeyStore()
        ledger_id = write_books(url, keys, transactions, dt.datetime.now(dt.UTC).date())
        await visible(url, keys)
        return {
            "transactions": transactions,
            "years": YEARS,
            **await measure(url, keys, ledger_id),
        }
    finally:
        drop_database(server_url, _NAME)


async def measure(
    url: str, keys: KeyStore, ledger_id: UUID, *, calls: int = CALLS, only: str = ""
) -> dict[str, Any]:
    """All questions to books that are there. only: those whose name has this."""
    found: dict[str, Any] = {}
    address = f"/v1/ledgers/{ledger_id}"
    async with product(url, tail=True, keys=keys) as made, served(made.app) as port:
        link = Connection(port, {"Authorization": f"Bearer {TOKEN}"})
        try:
            ids = await _plans(link, address, ledger_id)
            for name, path in _questions(ids):
                if only in name:
                    found[name] = await _timed(lambda path=path: _get(link, address + path), calls)
            found["baseline_ids_of_a_page"] = await _baseline(url, ledger_id, calls)
            if only in "one_more_to_all_read_models":
                wait = made.tailer.positions.wait_for
                found["one_more_to_all_read_models"] = await _one_more(
                    link, address, ledger_id, wait, calls
                )
        finally:
            await link.close()
    measured = [one for name, one in found.items() if not name.startswith(("baseline", "one_more"))]
    found["slowest_p95_ms"] = max(one["p95_ms"] for one in measured) if measured else None
    return found


def _questions(ids: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for route, asked in SCREENS.items():
        for name, query in asked.items():
            yield name, (route + query).format_map(ids)


async def _plans(link: Connection, address: str, ledger_id: UUID) -> dict[str, str]:
    """Goals, bills and rules as a household has them, and the ids and days to ask for."""
    today = dt.datetime.now(dt.UTC).date()
    checking, savings = (str(account_of(ledger_id, number)) for number in (0, 2))
    wishes: list[dict[str, object]] = [
        {"name": "Holiday", "target": "3000.00"},
        {"name": "Car", "target": "9000.00", "accounts": [savings]},
        {"name": "Reserve", "kind": "emergency", "months": 3},
    ]
    goals = [await _said(link, f"{address}/goals", wish) for wish in wishes]
    for number in range(10):
        bill = {"name": f"Bill {number}", "amount": "-30.00", "frequency": "monthly",
                "first_due": today.replace(day=1 + number).isoformat()}  # fmt: skip
        await _said(link, f"{address}/bills", bill)
    rules = []
    for number in range(50):
        rule = {"name": f"Rule {number}", "condition": f"description:shop{number} amount<-{number}",
                "actions": {"category": "shopping.home"}}  # fmt: skip
        rules.append(await _said(link, f"{address}/rules", rule))
    listed = orjson.loads(await _get(link, f"{address}/transactions?limit=1"))["data"]
    return {
        "account_id": checking,
        "goal_id": goals[0]["goal_id"],
        "rule_id": rules[0]["rule_id"],
        "transaction_id": listed[0]["transaction_id"],
        "today": today.isoformat(),
        "month": today.isoformat()[:7],
        "year_ago": (today - dt.timedelta(days=364)).isoformat(),
        "long_ago": today.replace(year=today.year - YEARS + 1, day=1).isoformat(),
    }


async def _one_more(
    link: Connection,
    address: str,
    ledger_id: UUID,
    wait: Callable[[int, int, float], Awaitable[object]],
    calls: int,
) -> dict[str, float]:
    """A transaction by POST: durable, and in every read model; each time another one."""
    today = dt.datetime.now(dt.UTC).date()

    async def one(number: int) -> None:
        body = {
            "account_id": str(account_of(ledger_id, number % 3)),
            "date": (today - dt.timedelta(days=number * 3)).isoformat(),
            "amount": f"-{10 + number}.50",
            "description": f"CORNER COFFEE #{number:04d}",
            "category": "food_dining.coffee_shops",
        }
        status, answer = await link.request("POST", f"{address}/transactions", body)
        assert status == 201, (status, answer)
        await wait(shard_of(ledger_id), orjson.loads(answer)["meta"]["position"], 60)

    numbers = iter(range(1_000_000))
    return await _timed(lambda: one(next(numbers)), calls)


async def _baseline(url: str, ledger_id: UUID, calls: int) -> dict[str, float]:
    conn = await psycopg.AsyncConnection.connect(url, autocommit=True)
    async with conn:
        return await _timed(
            lambda: conn.execute(
                "select transaction_id from model.transactions where ledger_id = %s"
                " order by date desc, first_seq desc limit 100",
                [ledger_id],
            ),
            calls,
        )


async def _said(link: Connection, path: str, body: object) -> Any:
    status, answer = await link.request("POST", path, body)
    assert status == 201, (path, status, answer)
    return orjson.loads(answer)["data"]


async def _get(link: Connection, path: str) -> bytes:
    status, answer = await link.request("GET", path)
    assert status == 200, (path, status, answer[:500])
    return answer


async def _timed(ask: Callable[[], Awaitable[object]], calls: int) -> dict[str, float]:
    await ask()
    times = []
    for _ in range(calls):
        begin = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - begin) * 1_000)
        # What the process does beside its requests has its turn between them.
        await asyncio.sleep(0)
    return {
        "p50_ms": round(statistics.median(times), 2),
        "p95_ms": round(sorted(times)[max(int(len(times) * 0.95) - 1, 0)], 2),
    }
