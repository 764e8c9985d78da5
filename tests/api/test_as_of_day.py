"""`as_of` where the answer hangs on a today: that day is taken for it, and nothing later counts."""

from __future__ import annotations

from typing import Any

import pytest
from acceptance.product import Product
from api.test_bills import due, insurance
from api.test_budget_alerts import alerts_of, month

pytestmark = pytest.mark.usefixtures("books")


def test_bills_are_those_of_that_day(ledger: Any) -> None:
    """A bill that was paid after it was due, and not late, until then."""
    insurance(ledger)
    for day in ("2025-03-11", "2025-04-09"):
        ledger.record(date=day, amount="-42.00", description="ACME INSURANCE 4711")
    that_day = {"from": "2025-03-01", "to": "2025-05-31", "as_of": "2025-04-07"}
    found = ledger.client.get(f"{ledger.path}/bills", **that_day)
    assert [(one["due"], one["status"]) for one in found] == [
        ("2025-03-10", "paid"), ("2025-04-10", "due"), ("2025-05-10", "upcoming"),
    ]  # fmt: skip
    assert found == due(ledger, **{**that_day, "today": "2025-04-07"})
    # A day that is asked for goes before where it is the earlier one.
    earlier = due(ledger, **{**that_day, "today": "2025-03-11"})
    assert [one["status"] for one in earlier][1:] == ["upcoming", "upcoming"]


def test_recommendations_rest_on_periods_before_that_day(ledger: Any) -> None:
    for number, amount in ((1, "10"), (2, "10"), (3, "10"), (4, "90"), (5, "90"), (6, "90")):
        ledger.record(date=f"2025-0{number}-05", amount=f"-{amount}", category="travel")
    path = f"{ledger.path}/budgets/recommendations"
    (one,) = ledger.client.get(path, as_of="2025-04-20")
    assert one["amount"] == "10.00"
    assert max(used["start"] for used in one["used"]) <= "2025-03-01"


def test_alerts_of_periods_that_began_later_are_not_told(ledger: Any, books: Product) -> None:
    ledger.client.put(f"{ledger.path}/budgets", {"category": "travel", "amount": "100"})
    ledger.record(date=month(), amount="-150", category="travel")
    (alert,) = alerts_of(ledger, 1)[-1:]
    assert ledger.client.get(f"{ledger.path}/alerts", as_of="2020-01-01") == []
    told = ledger.client.get(f"{ledger.path}/alerts", as_of=alert["start"])
    assert alert in told
