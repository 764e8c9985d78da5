"""Recommendations and templates over the API, and envelopes as a client sees them."""

from __future__ import annotations

import datetime as dt
from typing import Any


def months_back(count: int) -> list[str]:
    """The 15th of the last months, oldest first; this one is not among them."""
    day, found = dt.datetime.now(dt.UTC).date().replace(day=1), []
    for _ in range(count):
        day = (day - dt.timedelta(days=1)).replace(day=1)
        found.append(day.replace(day=15).isoformat())
    return found[::-1]


def test_what_is_recommended_says_why_and_is_set_with_one_call(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    ada.put(f"{path}/budgets", {"category": "travel", "amount": "10", "rollover": "both"})
    for day, amount in zip(months_back(5), (100, 104, 96, 400, 101), strict=True):
        ledger.record(date=day, amount=f"-{amount}", category="food_dining.groceries")
        ledger.record(date=day, amount="-50", category="travel.flights")
    found = {row["category"]: row for row in ada.get(f"{path}/budgets/recommendations")}
    assert list(found) == ["food_dining", "travel"]
    food = found["food_dining"]
    assert (food["amount"], food["basis"], food["budgeted"]) == ("101.00", "median", None)
    assert [one["spent"] for one in food["used"]] == [
        "100.00", "104.00", "96.00", "400.00", "101.00",
    ]  # fmt: skip
    assert found["travel"]["budgeted"] == "10.00"
    accepted = ada.post(f"{path}/budgets/recommendations/accept", {})
    assert [(one["category"], one["amount"]) for one in accepted] == [
        ("food_dining", "101.00"), ("travel", "50.00"),
    ]  # fmt: skip
    status = {row["category"]: row for row in ada.get(f"{path}/budgets/status")}
    assert status["food_dining"]["budgeted"] == "101.00"
    assert (status["travel"]["budgeted"], status["travel"]["rollover"]) == ("50.00", "both")
    refused = ada.send(
        "POST", f"{path}/budgets/recommendations/accept", json={"categories": ["health"]}
    )
    assert refused.json()["error"]["code"] == "recommendation_not_found"


def test_templates_are_seen_first_and_then_kept_whole(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    before = months_back(1)[0]
    ledger.record(date=before, amount="2000", category="income.salary")
    ledger.record(date=before, amount="-90", category="travel")
    body: dict[str, Any] = {
        "templates": [
            {"category": "travel", "kind": "average"},
            {"category": "health", "kind": "income_percent", "percent": "5"},
        ],
        "dry_run": True,
    }
    seen = ada.post(f"{path}/budgets/templates/apply", body)
    assert [(one["amount"], one["kept"]) for one in seen] == [("90.00", False), ("100.00", False)]
    assert ada.get(f"{path}/budgets") == []
    ada.post(f"{path}/budgets/templates/apply", body | {"dry_run": False})
    assert {one["category"]: one["amount"] for one in ada.get(f"{path}/budgets")} == {
        "health": "100.00", "travel": "90.00",
    }  # fmt: skip
    broken = [*body["templates"], {"category": "shopping", "kind": "copy_last"}]
    refused = ada.send(
        "POST", f"{path}/budgets/templates/apply",
        json={"templates": broken, "to": "envelope"},
    )  # fmt: skip
    assert refused.json()["error"]["code"] == "template_not_usable"
    assert ada.get(f"{path}/budgets/envelopes")[0]["envelopes"] == []


def test_envelopes_are_assigned_moved_and_hold_the_cash(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    ledger.record(date="2025-03-01", amount="1000", category="income.salary")
    ledger.record(date="2025-03-02", amount="-30", category="food_dining.groceries")
    where = f"{path}/budgets/envelopes"
    ada.post(f"{where}/assign", {"category": "food_dining", "amount": "200", "month": "2025-03"})
    ada.post(
        f"{where}/move",
        {"source": "food_dining", "target": "travel", "amount": "50", "month": "2025-03"},
    )
    (shown,) = ada.get(where, month="2025-03")
    assert (shown["cash"], shown["available"], shown["ready_to_assign"]) == (
        "970.00", "170.00", "800.00",
    )  # fmt: skip
    assert [(one["category"], one["available"]) for one in shown["envelopes"]] == [
        ("food_dining", "120.00"), ("travel", "50.00"),
    ]  # fmt: skip
    refused = ada.send("POST", f"{where}/assign", json={"category": "income.salary", "amount": "1"})
    assert refused.json()["error"]["code"] == "envelope_not_usable"
