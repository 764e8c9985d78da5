"""What a template leaves of a budget that is there: all but its amount, and its carried money."""

from __future__ import annotations

from typing import Any

import pytest

COPY = {"kind": "copy_last"}
FIXED = {"kind": "fixed", "amount": "120"}


class Planning:
    """A ledger over HTTP, its budgets, and templates for April 2025."""

    def __init__(self, ledger: Any) -> None:
        self.client, self.path, self.record = ledger.client, ledger.path, ledger.record

    def set(self, category: str, start: str = "2025-03", **facts: Any) -> None:
        body = {"category": category, "amount": "100", "start": start, **facts}
        self.client.put(f"{self.path}/budgets", body)

    def apply(self, category: str, template: dict[str, Any], **facts: Any) -> Any:
        body = {"templates": [{"category": category, **template}], "month": "2025-04", **facts}
        return self.client.send("POST", f"{self.path}/budgets/templates/apply", json=body)

    def stands(self, **when: str) -> dict[str, Any]:
        (one,) = self.client.get(f"{self.path}/budgets/status", **when)
        return dict(one)

    def terms(self) -> Any:
        return self.client.get(f"{self.path}/budgets")


@pytest.fixture
def it(ledger: Any) -> Planning:
    return Planning(ledger)


@pytest.mark.parametrize("template", [COPY, FIXED], ids=["copy_last", "fixed"])
@pytest.mark.parametrize(
    ("rollover", "cap", "spent", "carried"),
    [("both", None, "180", "-80.00"), ("surplus", None, "30", "70.00"),
     ("capped", "50", "30", "50.00"), ("none", None, "30", "0.00")],
)  # fmt: skip
def test_rollover_cap_threshold_and_what_was_carried_stay(
    it: Planning, template: Any, rollover: str, cap: str | None, spent: str, carried: str
) -> None:
    capped = {} if cap is None else {"cap": cap}
    it.set("shopping", rollover=rollover, alert_threshold="0.5", **capped)
    it.record(date="2025-03-10", amount=f"-{spent}", category="shopping")
    before = it.stands(month="2025-04")
    assert before["carried_in"] == carried
    assert it.apply("shopping", template).json()["success"]
    after = it.stands(month="2025-04")
    for kept in ("carried_in", "rollover", "cap", "period"):
        assert after[kept] == before[kept]
    assert after["budgeted"] == ("100.00" if template is COPY else "120.00")
    (budget,) = it.terms()
    assert budget["alert_threshold"] == "0.5"


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    "period",
    [{"period": "two_weeks", "anchor": "2025-03-07"}, {"period": "quarter"},
     {"period": "week", "start": "2025-04-07"},
     {"period": "custom", "anchor": "2025-03-20", "until": "2025-04-20"}],
    ids=lambda one: one["period"],
)  # fmt: skip
def test_a_budget_by_another_period_is_refused_by_name(
    it: Planning, period: dict[str, Any], dry_run: bool
) -> None:
    it.set("travel", rollover="surplus", **period)
    before = it.terms()
    refused = it.apply("travel", FIXED, dry_run=dry_run).json()["error"]
    assert refused["code"] == "template_not_usable"
    assert refused["details"]["category"] == "travel"
    assert refused["details"]["period"] == period["period"]
    assert it.terms() == before


def test_months_from_pay_day_stay_so(it: Planning) -> None:
    it.set("travel", "2025-03-15", period="month", anchor="2025-03-15", rollover="surplus")
    it.record(date="2025-04-10", amount="-30", category="travel")
    for template, amount in ((COPY, "100.00"), (FIXED, "120.00")):
        assert it.apply("travel", template).json()["success"]
        after = it.stands(date="2025-04-20")
        assert (after["start"], after["end"]) == ("2025-04-15", "2025-05-14")
        assert (after["budgeted"], after["carried_in"]) == (amount, "70.00")
    assert it.stands(date="2025-04-14")["budgeted"] == "100.00"


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_budget_in_another_currency_is_refused_by_name(
    it: Planning, dry_run: bool, ended: bool
) -> None:
    it.set("shopping", currency="EUR")
    if ended:
        it.client.send(
            "DELETE", f"{it.path}/budgets", params={"category": "shopping", "start": "2025-04"}
        )
    it.record(date="2025-03-10", amount="-500", category="shopping")
    before = it.terms()
    for template in (FIXED, {"kind": "average"}):
        refused = it.apply("shopping", template, dry_run=dry_run).json()["error"]
        assert refused["code"] == "currency_must_match"
        assert refused["details"] == {
            "category": "shopping", "currency": "USD", "budget_currency": "EUR",
        }  # fmt: skip
    assert it.terms() == before


def test_one_that_is_refused_keeps_all_of_them_back(it: Planning) -> None:
    it.set("travel", period="two_weeks", anchor="2025-03-07")
    body = [{"category": name, **FIXED} for name in ("shopping", "travel")]
    refused = it.client.send(
        "POST", f"{it.path}/budgets/templates/apply", json={"templates": body, "month": "2025-04"}
    )
    assert refused.json()["error"]["details"]["category"] == "travel"
    assert [one["category"] for one in it.terms()] == ["travel"]


def test_a_budget_that_is_over_begins_anew_by_the_month(it: Planning) -> None:
    it.set("travel", period="custom", anchor="2025-03-01", until="2025-03-20")
    assert it.apply("travel", FIXED).json()["success"]
    after = it.stands(month="2025-04")
    assert (after["budgeted"], after["period"], after["rollover"]) == ("120.00", "month", "none")


def test_a_budget_keeps_its_currency_where_none_is_said(it: Planning) -> None:
    it.set("shopping", currency="EUR")
    it.set("shopping", start="2025-04")
    assert it.stands(month="2025-04")["currency"] == "EUR"
