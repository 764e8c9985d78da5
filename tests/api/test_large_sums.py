"""Amounts that the books hold add up to more than one of them may be, and every figure says it."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("books")

MOST = "999999999999999.99"
QUESTIONS = (
    "/accounts", "/trial-balance", "/category-totals?month=2025-03",
    "/budgets/status?month=2025-03", "/budgets/envelopes?month=2025-03",
    "/budgets/recommendations", "/spending/predictions", "/alerts", "/net-worth", "/cash-flow",
    "/spending/summary", "/spending/by-category", "/spending/by-merchant", "/spending/by-account",
    "/spending/trends", "/insights", "/forecast", "/goals",
    "/explain?figure=balance&account_id={account}",
    "/explain?figure=category&category=shopping&month=2025-03",
    "/explain?figure=budget&category=shopping&month=2025-03",
)  # fmt: skip


def test_three_of_the_largest_amounts_take_no_figure_away(ledger: Any) -> None:
    ledger.client.put(
        f"{ledger.path}/budgets", {"category": "shopping", "amount": "10", "start": "2025-03-01"}
    )
    for day in (3, 4, 5):
        ledger.record(amount=f"-{MOST}", date=f"2025-03-0{day}", category="shopping")
    said = {}
    for question in QUESTIONS:
        path = ledger.path + question.format(account=ledger.checking)
        answer = ledger.client.send("GET", path)
        said[question] = (answer.status_code, answer.json().get("error", {}).get("code"))
    assert {code for code, _ in said.values()} == {200}, said
    (status,) = ledger.client.get(f"{ledger.path}/budgets/status", month="2025-03")
    assert status["spent"] == "2999999999999999.97"
