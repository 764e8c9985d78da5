"""Exchange rates over HTTP, and what budgets make of them."""

from __future__ import annotations

from typing import Any

import pytest
from acceptance.product import Client

pytestmark = pytest.mark.usefixtures("books")


def rate(date: str, value: str, base: str = "EUR", quote: str = "USD") -> dict[str, str]:
    return {"base": base, "quote": quote, "date": date, "rate": value}


def spend_in_euro(ledger: Any, *days: str) -> None:
    body = {"name": "Abroad", "kind": "checking", "currency": "EUR"}
    account = ledger.client.post(f"{ledger.path}/accounts", body)["account_id"]
    for day in days:
        ledger.record(account_id=account, date=day, amount="-10.00", category="travel.hotels")


def status(ledger: Any, **asked: str) -> dict[str, Any]:
    (found,) = ledger.client.get(f"{ledger.path}/budgets/status", **asked)
    return dict(found)


@pytest.mark.parametrize("rollover", ["none", "surplus"])
def test_a_budget_counts_what_was_spent_abroad_at_the_rate_of_the_day(
    ledger: Any, rollover: str
) -> None:
    budget = {"category": "travel", "amount": "100", "period": "monthly", "start": "2025-02"}
    ledger.client.put(f"{ledger.path}/budgets", {**budget, "rollover": rollover})
    spend_in_euro(ledger, "2025-02-10", "2025-03-10", "2025-03-20")
    ledger.record(date="2025-03-01", amount="-1.00", category="travel")
    before = status(ledger, month="2025-03")
    assert (before["spent"], before["complete"]) == ("1.00", False)
    assert before["unconverted"] == [{"currency": "EUR", "amount": "20.00"}]
    rates = [rate("2025-03-09", "1.5"), rate("2025-02-10", "0.5", "USD", "EUR")]
    told = ledger.client.post(f"{ledger.path}/rates", {"rates": rates})
    assert told == {"recorded": 2, "known": 0}
    # The one on the 20th has no rate of the week before: it stays unknown.
    after = status(ledger, month="2025-03")
    assert (after["spent"], after["complete"]) == ("16.00", False)
    assert after["unconverted"] == [{"currency": "EUR", "amount": "10.00"}]
    assert after["carried_in"] == ("80.00" if rollover == "surplus" else "0.00")
    ledger.client.post(f"{ledger.path}/rates", {"rates": [rate("2025-03-20", "2")]})
    last = status(ledger, month="2025-03")
    assert (last["spent"], last["complete"], last["unconverted"]) == ("36.00", True, [])


def test_rates_are_listed_newest_first_and_the_last_word_on_a_day_holds(
    ledger: Any, bob: Client
) -> None:
    path = f"{ledger.path}/rates"
    ledger.client.post(path, {"rates": [rate("2025-03-09", "1.5"), rate("2025-03-10", "1.6")]})
    again = ledger.client.post(
        path, {"rates": [rate("2025-03-09", "1.4"), rate("2025-03-10", "1.6")]}
    )
    assert again == {"recorded": 1, "known": 1}
    found = ledger.client.get(path)
    assert [(one["date"], one["rate"]) for one in found] == [
        ("2025-03-10", "1.6"),
        ("2025-03-09", "1.4"),
    ]
    assert len(ledger.client.get(path, as_of="2025-03-09")) == 1
    assert ledger.client.get(path, base="GBP") == []
    assert bob.send("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (rate("2025-03-09", "0"), "rate_not_usable"),
        (rate("2025-03-09", "1", "EUR", "EUR"), "rate_not_usable"),
        (rate("2025-03-09", "1", "EUR", "QQQ"), "unknown_currency"),
        (rate("2025-03-09", "1e3"), "request_not_valid"),
    ],
)
def test_refuses_all_where_one_is_wrong_and_names_it(
    ledger: Any, wrong: dict[str, str], code: str
) -> None:
    body = {"rates": [rate("2025-03-08", "1.5"), wrong]}
    refused = ledger.client.send("POST", f"{ledger.path}/rates", json=body)
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == code
    assert "1" in str(refused.json()["error"]["details"])
    assert ledger.client.get(f"{ledger.path}/rates") == []


def test_two_legs_in_two_currencies_are_suggested_once_a_rate_is_known(ledger: Any) -> None:
    body = {"name": "Abroad", "kind": "savings", "currency": "EUR"}
    abroad = ledger.client.post(f"{ledger.path}/accounts", body)["account_id"]
    ledger.record(date="2025-03-10", amount="-110.00", description="Transfer abroad")
    ledger.record(account_id=abroad, date="2025-03-11", amount="100.00", description="Transfer")
    asked = f"{ledger.path}/transfers/suggestions"
    assert ledger.client.get(asked) == []
    ledger.client.post(f"{ledger.path}/rates", {"rates": [rate("2025-03-10", "1.1")]})
    (found,) = ledger.client.get(asked)
    assert (found["amount"], found["currency"]) == ("110.00", "USD")
    assert (found["to_amount"], found["to_currency"]) == ("100.00", "EUR")
