"""Insights over HTTP: periods that are asked for, pages, and what is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest


def test_spending_of_a_month_by_everything_it_can_be_split_by(ledger: Any) -> None:
    ledger.record(amount="-12.30", category="food_dining.groceries", tags=["home"])
    ledger.record(amount="-2.00", date="2025-02-10", category="food_dining.groceries")
    get = ledger.client.get
    rows = get(f"{ledger.path}/spending/by-category", month="2025-03")
    assert [(row["category"], row["spent"], row["own"]) for row in rows] == [
        ("food_dining", "12.30", "0.00"),
        ("food_dining.groceries", "12.30", "12.30"),
    ]
    assert rows[0]["previous"] == {
        "start": "2025-02-01", "end": "2025-02-28", "spent": "2.00", "transactions": 1,
        "difference": "10.30", "ratio": "5.1500",
    }  # fmt: skip
    (row,) = get(f"{ledger.path}/spending/by-account", month="2025-03")
    assert (row["account_id"], row["name"], row["spent"]) == (ledger.checking, "checking", "12.30")
    tags = get(f"{ledger.path}/spending/by-tag", month="2025-03")
    assert {row["tag"]: row["spent"] for row in tags} == {"home": "12.30", None: "0.00"}
    (row,) = get(f"{ledger.path}/spending/summary", month="2025-03")
    assert (row["spent"], row["saved"], row["previous"]["spent"]) == ("12.30", "-12.30", "2.00")


def test_a_split_counts_once_in_a_category_that_has_several_of_its_parts_below(ledger: Any) -> None:
    for day in ("2025-02-05", "2025-03-05"):
        row = ledger.record(amount="-12.30", date=day, category="food_dining.groceries")
        parts = [("food_dining", "-1"), ("food_dining.groceries", "-2.30"), ("shopping", "-9")]
        splits = [{"category": category, "amount": amount} for category, amount in parts]
        address = f"{ledger.path}/transactions/{row['transaction_id']}/category"
        ledger.client.put(address, {"splits": splits})
    ledger.record(amount="-4.00", category="food_dining.restaurants")
    rows = ledger.client.get(f"{ledger.path}/spending/by-category", month="2025-03")
    counts = {row["category"]: row["transactions"] for row in rows}
    assert counts == {
        "food_dining": 2, "food_dining.groceries": 1, "food_dining.restaurants": 1, "shopping": 1
    }  # fmt: skip
    before = {row["category"]: row["previous"]["transactions"] for row in rows}
    assert (before["food_dining"], before["shopping"]) == (1, 1)


def test_months_without_any_are_there_with_zeros(ledger: Any) -> None:
    ledger.record(amount="-12.30", category="shopping")
    span = {"start": "2025-01-15", "end": "2025-04-02"}
    rows = ledger.client.get(f"{ledger.path}/spending/trends", **span)
    assert [row["spent"] for row in rows] == ["0.00", "0.00", "12.30", "0.00"]
    assert next(row["start"] for row in rows) == "2025-01-01"
    rows = ledger.client.get(f"{ledger.path}/cash-flow", **span)
    assert [row["net"] for row in rows] == ["0.00", "0.00", "-12.30", "0.00"]
    rows = ledger.client.get(f"{ledger.path}/net-worth", **span, interval="day")
    assert (len(rows), rows[-1]["net_worth"], rows[0]["net_worth"]) == (78, "-12.30", "0.00")


@pytest.mark.parametrize("path", ["insights", "forecast", "spending/predictions"])
@pytest.mark.parametrize("asked", ["today", "as_of"])
@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31"])
def test_refuses_a_day_that_no_book_has(ledger: Any, path: str, asked: str, day: str) -> None:
    answer = ledger.client.send("GET", f"{ledger.path}/{path}", params={asked: day})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "date_out_of_range"


def test_without_a_period_it_is_this_month_and_the_last_twelve(ledger: Any) -> None:
    assert ledger.client.get(f"{ledger.path}/spending/by-category") == []
    assert len(ledger.client.get(f"{ledger.path}/net-worth")) == 12


def test_pages_go_on_where_the_last_one_ended(ledger: Any) -> None:
    for number, merchant in enumerate(("Aldi", "Lidl", "Shell"), 1):
        made = ledger.record(amount=f"-{number}.00", category="shopping", description=merchant)
        assert made
    path = f"{ledger.path}/spending/by-category"
    rows = list(ledger.client.pages(path, month="2025-03", limit=1))
    assert [row["category"] for row in rows] == ["shopping"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"start": "2025-03-02", "end": "2025-03-01"}, "span_not_usable"),
        ({"start": "2025-03-02"}, "period_not_usable"),
        ({"month": "2025-03", "start": "2025-03-02"}, "period_not_usable"),
        ({"month": "2025-13"}, "month_not_readable"),
        ({"month": "2025-03", "cursor": "x"}, "cursor_not_readable"),
        ({"month": "2025-03", "limit": "0"}, "request_not_valid"),
    ],
)
def test_refuses_a_period_that_is_none(ledger: Any, query: dict[str, str], code: str) -> None:
    answer = ledger.client.send("GET", f"{ledger.path}/spending/by-category", params=query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_refuses_more_days_than_an_answer_holds(ledger: Any) -> None:
    span = {"start": "1900-01-01", "end": "2199-12-31", "interval": "day"}
    for path in ("net-worth", "cash-flow", "spending/trends"):
        answer = ledger.client.send("GET", f"{ledger.path}/{path}", params=span)
        assert answer.json()["error"]["code"] == "span_not_usable"


def a_year_with_a_spike(ledger: Any) -> None:
    rows = [
        ledger.transaction(
            date=f"2024-{month:02}-{day:02}", amount="-20.00", category="food_dining.groceries"
        )
        for month in range(3, 13)
        for day in (3, 17)
    ]
    rows += [
        ledger.transaction(date="2025-02-05", amount="-500.00", category="food_dining.groceries")
    ]
    ledger.client.post(f"{ledger.path}/transactions/batch", {"transactions": rows})


def test_a_spike_names_its_reason_and_the_transactions_that_explain_it(ledger: Any) -> None:
    a_year_with_a_spike(ledger)
    rows = ledger.client.get(f"{ledger.path}/insights", today="2025-02-10")
    (spike,) = [row for row in rows if row["kind"] == "spike"]
    assert (spike["category"], spike["severity"]) == ("food_dining.groceries", "high")
    assert "took 500.00 USD in 2025-02 so far, usually 40.00" in spike["reason"]
    (one,) = spike["transactions"]
    history = ledger.client.get(f"{ledger.path}/transactions/{one}/history")
    assert history[0]["type"] == "transaction.recorded"
    assert (
        ledger.client.get(f"{ledger.path}/insights", today="2025-02-10", as_of="2025-02-01") == []
    )


def test_a_dismissed_insight_stays_dismissed_until_it_is_shown_again(ledger: Any) -> None:
    a_year_with_a_spike(ledger)
    path = f"{ledger.path}/insights"
    before = ledger.client.get(path, today="2025-02-10")
    one = before[0]["insight_id"]
    for _ in range(2):
        seen = ledger.client.post(f"{path}/{one}/dismiss?today=2025-02-10")
        assert seen == {"insight_id": one, "dismissed": True}
    for today in ("2025-02-10", "2025-02-20"):
        shown = ledger.client.get(path, today=today)
        assert one not in {row["insight_id"] for row in shown}
    kept = ledger.client.get(path, today="2025-02-10", dismissed="true")
    assert [row["insight_id"] for row in kept] == [row["insight_id"] for row in before]
    assert kept[0]["dismissed_at"] is not None
    # Also on a day when the books no longer show it.
    ledger.client.post(f"{path}/{one}/show")
    assert ledger.client.get(path, today="2025-02-10") == before
    ledger.client.post(f"{path}/{one}/dismiss")
    assert one not in {row["insight_id"] for row in ledger.client.get(path, today="2025-02-10")}


def test_refuses_to_dismiss_what_is_not_there(ledger: Any, bob: Any) -> None:
    a_year_with_a_spike(ledger)
    (one, *_) = ledger.client.get(f"{ledger.path}/insights", today="2025-02-10")
    strange = "00000000-0000-4000-8000-000000000000"
    answer = ledger.client.send("POST", f"{ledger.path}/insights/{strange}/dismiss")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "insight_not_found")
    address = f"{ledger.path}/insights/{one['insight_id']}/dismiss?today=2025-02-10"
    assert bob.send("POST", address).status_code == 404


def test_a_forecast_says_what_is_due_and_warns_of_the_low_point(ledger: Any) -> None:
    pay = [dt.date(2024, 7, 5) + dt.timedelta(days=14 * n) for n in range(19)]
    rent = [dt.date(2024 + (6 + n) // 12, (6 + n) % 12 + 1, 1) for n in range(9)]
    rows = [(day, "900.00", "EMPLOYER SALARY") for day in pay]
    rows += [(day, "-2100.00", "LANDLORD RENT") for day in rent]
    bodies = [
        ledger.transaction(date=day.isoformat(), amount=amount, description=name)
        for day, amount, name in rows
    ]
    ledger.client.post(f"{ledger.path}/transactions/batch", {"transactions": bodies})
    rows = ledger.client.get(f"{ledger.path}/forecast", today="2025-03-20")
    checking, savings = rows
    assert checking["shown"], checking["reason"]
    assert (savings["shown"], savings["points"], savings["low_point"]) == (False, [], None)
    assert len(checking["points"]) == 90
    assert {"date": "2025-04-01", "amount": "-2100.00", "payee": "LANDLORD RENT"} in checking[
        "expected"
    ]
    low = checking["low_point"]
    assert low["warning"]
    assert f"checking falls to {Decimal(low['balance']):,f} USD on {low['date']}" == low["text"]
    one = ledger.client.get(
        f"{ledger.path}/forecast", today="2025-03-20", account_id=ledger.checking, days=7
    )
    assert [len(row["points"]) for row in one] == [7]


def test_a_prediction_names_the_months_it_rests_on(ledger: Any) -> None:
    a_year_with_a_spike(ledger)
    (row,) = ledger.client.get(f"{ledger.path}/spending/predictions", today="2025-01-10")
    assert (row["category"], row["month"], row["amount"]) == ("food_dining", "2025-01", "40.00")
    assert (row["basis"], row["spent"], len(row["used"])) == ("median", "0.00", 10)
    assert "the median of the last 10 periods is 40.00 USD" in row["reason"]
