"""Alerts of budgets: one per crossing, also of a backdated transaction; none twice, none of old."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import psycopg
from acceptance.product import Product, settled

from mintflow.hosts.capabilities import reactions
from mintflow.hosts.connections import connector
from mintflow.streams.core.reactions import Reactor

TODAY_PATIENCE_S = 20


def alerts_of(ledger: Any, count: int, **query: Any) -> list[dict[str, Any]]:
    """The alerts once there are so many; alerts follow their cause by a moment."""
    end = time.monotonic() + TODAY_PATIENCE_S
    while True:
        found: list[dict[str, Any]] = ledger.client.get(f"{ledger.path}/alerts", **query)
        if len(found) >= count or time.monotonic() > end:
            return found
        time.sleep(0.05)


def told(alerts: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one["category"], one["level"], one["start"]) for one in reversed(alerts)]


def month() -> str:
    return time.strftime("%Y-%m-01", time.gmtime())


def test_each_crossing_raises_one_alert_and_a_refund_clears_it(ledger: Any, books: Product) -> None:
    ledger.client.put(f"{ledger.path}/budgets", {"category": "travel", "amount": "100"})
    day = month()
    ledger.record(date=day, amount="-79.99", category="travel")
    settled(books)
    assert alerts_of(ledger, 0) == []
    ledger.record(date=day, amount="-0.01", category="travel")
    assert told(alerts_of(ledger, 1)) == [("travel", "warning", day)]
    ledger.record(date=day, amount="-1", category="travel")
    settled(books)
    ledger.record(date=day, amount="-30", category="travel")
    assert told(alerts_of(ledger, 2))[1:] == [("travel", "exceeded", day)]
    ledger.record(date=day, amount="60", category="travel")
    settled(books)
    found = alerts_of(ledger, 2)
    assert found[0]["cleared_at"] is not None
    assert (found[0]["spent"], found[0]["to_spend"]) == ("111.00", "100.00")
    ledger.record(date=day, amount="-60", category="travel")
    assert told(alerts_of(ledger, 3))[2:] == [("travel", "exceeded", day)]


def test_a_backdated_transaction_raises_one_for_its_own_period(ledger: Any, books: Product) -> None:
    """A budget by custom period that is over, set while it ran: here, one that ends today."""
    ledger.client.put(
        f"{ledger.path}/budgets", {"category": "travel", "amount": "100", "rollover": "both"}
    )
    ledger.client.put(f"{ledger.path}/budgets", {"category": "health", "amount": "10"})
    settled(books)
    ledger.record(date="2020-01-05", amount="-500", category="travel")
    ledger.record(date="2020-01-05", amount="-500", category="health")
    ledger.record(date="2199-01-05", amount="-500", category="health")
    # A budget without a beginning holds for all the past, and this crossed in it; what a file
    # brings of the past does not.
    assert sorted(told(alerts_of(ledger, 3))) == [
        ("health", "exceeded", "2020-01-01"),
        ("health", "exceeded", "2199-01-01"),
        ("travel", "exceeded", "2020-01-01"),
    ]
    ledger.client.upload(
        f"{ledger.path}/imports",
        "old.csv",
        b"Date,Description,Amount\n2019-05-03,REWE,-900.00\n",
        account_id=ledger.checking,
    )
    settled(books)
    assert len(alerts_of(ledger, 3)) == 3


def test_what_is_dated_far_ahead_raises_none_for_the_periods_until_then(
    ledger: Any, books: Product
) -> None:
    """A year that was mistyped was an alert for each of two thousand months to come."""
    budget = {"category": "travel", "amount": "0.01", "rollover": "both"}
    ledger.client.put(f"{ledger.path}/budgets", budget)
    ledger.record(date=month(), amount="-500", category="travel")
    ledger.record(date="2199-01-05", amount="-500", category="travel")
    settled(books)
    assert told(alerts_of(ledger, 2)) == [
        ("travel", "exceeded", month()),
        ("travel", "exceeded", "2199-01-01"),
    ]
    ledger.record(date="2199-01-06", amount="10000", category="travel")
    settled(books)
    found = alerts_of(ledger, 2)
    assert [one["cleared_at"] is not None for one in reversed(found)] == [False, True]


def test_a_backdated_one_crosses_in_a_period_that_was_over_when_the_budget_was_made(
    ledger: Any, books: Product
) -> None:
    ledger.client.put(
        f"{ledger.path}/budgets", {"category": "travel", "amount": "100", "start": "2025-03-01"}
    )
    settled(books)
    assert alerts_of(ledger, 0) == []
    ledger.record(date="2025-03-05", amount="-79.99", category="travel")
    settled(books)
    assert alerts_of(ledger, 0) == []
    ledger.record(date="2025-03-06", amount="-0.01", category="travel")
    assert told(alerts_of(ledger, 1)) == [("travel", "warning", "2025-03-01")]
    ledger.record(date="2025-03-07", amount="-30", category="travel")
    assert told(alerts_of(ledger, 2))[1:] == [("travel", "exceeded", "2025-03-01")]
    ledger.record(date="2025-03-08", amount="-30", category="travel")
    ledger.record(date="2025-04-08", amount="-30", category="travel")
    settled(books)
    assert len(alerts_of(ledger, 2)) == 2
    ledger.record(date="2025-03-09", amount="100", category="travel")
    settled(books)
    assert alerts_of(ledger, 2)[0]["cleared_at"] is not None


def test_a_change_that_is_undone_leads_to_another_look(ledger: Any, books: Product) -> None:
    budgets = f"{ledger.path}/budgets"
    ledger.client.put(budgets, {"category": "travel", "amount": "100"})
    ledger.record(date=month(), amount="-500", category="travel")
    alerts_of(ledger, 1)
    raised = ledger.client.send("PUT", budgets, json={"category": "travel", "amount": "1000"})
    settled(books)
    assert alerts_of(ledger, 1)[0]["cleared_at"] is not None
    operation = {"operation_id": raised.json()["meta"]["request_id"]}
    ledger.client.post(f"{ledger.path}/undo", operation)
    assert told(alerts_of(ledger, 2))[1:] == [("travel", "exceeded", month())]


def test_a_rate_that_came_or_went_leads_to_another_look(ledger: Any, books: Product) -> None:
    ledger.client.put(f"{ledger.path}/budgets", {"category": "travel", "amount": "100"})
    foreign = {"name": "Away", "kind": "checking", "currency": "JPY"}
    account = ledger.client.post(f"{ledger.path}/accounts", foreign)["account_id"]
    ledger.record(date=month(), amount="-500", category="travel", account_id=account)
    settled(books)
    assert alerts_of(ledger, 0) == []
    rate = {"base": "JPY", "quote": "USD", "date": month(), "rate": "0.9"}
    said = ledger.client.send("POST", f"{ledger.path}/rates", json={"rates": [rate]})
    assert told(alerts_of(ledger, 1)) == [("travel", "exceeded", month())]
    operation = {"operation_id": said.json()["meta"]["request_id"]}
    ledger.client.post(f"{ledger.path}/undo", operation)
    settled(books)
    assert alerts_of(ledger, 1)[0]["cleared_at"] is not None


def test_nothing_is_raised_twice_when_the_reaction_looks_again(ledger: Any, books: Product) -> None:
    ledger.client.put(f"{ledger.path}/budgets", {"category": "travel", "amount": "100"})
    ledger.record(date=month(), amount="-500", category="travel")
    assert len(alerts_of(ledger, 1)) == 1
    settled(books)
    with psycopg.connect(books.database_url, autocommit=True) as conn:
        conn.execute("update projection.reaction set position = 0")
    settled(books)
    assert len(alerts_of(ledger, 1)) == 1


def test_a_reaction_that_begins_late_begins_at_the_end(ledger: Any, books: Product) -> None:
    ledger.client.put(f"{ledger.path}/budgets", {"category": "travel", "amount": "100"})
    ledger.record(date=month(), amount="-500", category="travel")
    settled(books)

    async def begin() -> int:
        async def never(*_: Any) -> None:
            raise AssertionError("it sent something for what was there before")

        late = [
            type(one)("late", one.types, one.ledgers, one.after, one.decide) for one in reactions()
        ]
        connect = connector(books.database_url)
        reactor = Reactor(connect, books.running.mapper, late, never, never)
        await reactor.start()
        await reactor.stop()
        conn = await connect()
        async with conn:
            return int(await reactor.react(conn, late[0]))

    assert asyncio.run(begin()) == 0


def test_a_dismissed_alert_is_gone_and_stays_gone(ledger: Any, books: Product) -> None:
    ledger.client.put(f"{ledger.path}/budgets", {"category": "travel", "amount": "100"})
    ledger.record(date=month(), amount="-500", category="travel")
    (alert,) = alerts_of(ledger, 1)
    address = f"{ledger.path}/alerts/{alert['alert_id']}/dismiss"
    ledger.client.post(address, {})
    assert ledger.client.get(f"{ledger.path}/alerts") == []
    ledger.record(date=month(), amount="-1", category="travel")
    settled(books)
    assert ledger.client.get(f"{ledger.path}/alerts") == []
    (kept,) = ledger.client.get(f"{ledger.path}/alerts", dismissed=True)
    assert kept["dismissed_at"] is not None
    missing = ledger.client.send(
        "POST", f"{ledger.path}/alerts/00000000-0000-4000-8000-000000000000/dismiss", json={}
    )
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "alert_not_found"
