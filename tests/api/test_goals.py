"""Goals over HTTP: set, funded, shared, saved for by themselves, refused, undone."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from acceptance.product import Client, Product, settled


def today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


def day(ago: int) -> str:
    return (dt.date.fromisoformat(today()) - dt.timedelta(days=ago)).isoformat()


def goal_of(ledger: Any, **body: Any) -> str:
    made = ledger.client.post(f"{ledger.path}/goals", {"name": "Holiday", **body})
    goal_id: str = made["goal_id"]
    return goal_id


def stands(ledger: Any, goal_id: str, **query: Any) -> dict[str, Any]:
    shown: dict[str, Any] = ledger.client.get(f"{ledger.path}/goals/{goal_id}", **query)
    return shown


def fund(ledger: Any, goal_id: str, amount: str, **more: Any) -> Any:
    body = {"account_id": ledger.checking, "amount": amount, **more}
    where = f"{ledger.path}/goals/{goal_id}/contributions"
    return ledger.client.send("POST", where, json=body)


def happened(ledger: Any, goal_id: str) -> list[str]:
    return [one["type"] for one in ledger.client.get(f"{ledger.path}/goals/{goal_id}/history")]


def transfer(ledger: Any, amount: str, on: str | None = None) -> dict[str, Any]:
    body = {
        "from_account_id": ledger.checking, "to_account_id": ledger.savings, "amount": amount,
        "date": on or today(),
    }  # fmt: skip
    made: dict[str, Any] = ledger.client.post(f"{ledger.path}/transfers", body)
    return made


def test_what_is_set_aside_counts_and_can_be_taken_back(ledger: Any) -> None:
    ledger.record(date=day(3), amount="500", category="income.salary")
    goal = goal_of(ledger, target="200", due="2199-01-01")
    assert fund(ledger, goal, "150").status_code == 201
    shown = stands(ledger, goal)
    assert (shown["saved"], shown["remaining"], shown["ratio"]) == ("150.00", "50.00", 0.75)
    assert shown["accounts"] == [{"account_id": ledger.checking, "amount": "150.00"}]
    assert fund(ledger, goal, "-30.50").status_code == 201
    assert stands(ledger, goal)["saved"] == "119.50"
    assert fund(ledger, goal, "-119.51").json()["error"]["code"] == "more_than_is_set_aside"
    assert happened(ledger, goal) == ["goal.created", "goal.contributed", "goal.released"]


def test_no_more_is_set_aside_than_the_account_holds_beyond_other_goals(ledger: Any) -> None:
    ledger.record(date=day(3), amount="100", category="income.salary")
    one, other = goal_of(ledger, target="80"), goal_of(ledger, target="80")
    assert fund(ledger, one, "70").status_code == 201
    refused = fund(ledger, other, "30.01").json()["error"]
    assert (refused["code"], refused["details"]["free"]) == ("more_than_is_free", "30.00")
    assert fund(ledger, other, "30").status_code == 201


def test_goals_share_one_account_by_priority_and_never_more_than_it_holds(ledger: Any) -> None:
    transfer(ledger, "100", day(2))
    late = goal_of(ledger, target="90", accounts=[ledger.savings], priority=2)
    first = goal_of(ledger, target="70", accounts=[ledger.savings], priority=1)
    assert [stands(ledger, one)["saved"] for one in (first, late)] == ["70.00", "30.00"]
    transfer(ledger, "10", day(1))
    assert stands(ledger, late)["saved"] == "40.00"
    assert stands(ledger, late, as_of=day(0))["saved"] == "40.00"


def test_an_income_is_set_aside_once_and_follows_what_becomes_of_it(
    ledger: Any, books: Product
) -> None:
    first = goal_of(ledger, target="1000", saving={"percent": "10"}, priority=1)
    other = goal_of(ledger, target="1000", saving={"amount": "40"}, priority=2)
    pay = ledger.record(date=today(), amount="333.33", category="income.salary")
    ledger.record(date=day(5), amount="999", category="income.salary")
    ledger.record(date=today(), amount="50", category="food_dining")
    settled(books)
    assert stands(ledger, first)["saved"] == "33.33"
    assert stands(ledger, other)["saved"] == "40.00"
    with psycopg.connect(books.database_url, autocommit=True) as conn:
        conn.execute("update projection.reaction set position = 0 where reaction = 'goals'")
    settled(books)
    assert happened(ledger, first) == ["goal.created", "goal.set_aside"]
    where = f"{ledger.path}/transactions/{pay['transaction_id']}"
    ledger.client.patch(where, {"amount": "100"})
    settled(books)
    assert stands(ledger, first)["saved"] == "10.00"
    ledger.client.delete(where)
    settled(books)
    assert [stands(ledger, one)["earmarked"] for one in (first, other)] == ["0.00", "0.00"]
    ledger.client.post(f"{where}/reinstate")
    settled(books)
    assert stands(ledger, first)["saved"] == "10.00"


def test_rules_together_set_aside_no_more_than_the_income(ledger: Any, books: Product) -> None:
    goals = [
        goal_of(ledger, target="1000", saving={"amount": "60"}, priority=number)
        for number in (1, 2, 3)
    ]
    ledger.record(date=today(), amount="100", category="income.salary")
    settled(books)
    assert [stands(ledger, one)["saved"] for one in goals] == ["60.00", "40.00", "0.00"]


def test_a_rule_stops_at_the_target(ledger: Any, books: Product) -> None:
    goal = goal_of(ledger, target="70", saving={"amount": "60"})
    for _ in range(3):
        ledger.record(date=today(), amount="100", category="income.salary")
        settled(books)
    assert stands(ledger, goal)["saved"] == "70.00"
    assert stands(ledger, goal)["status"] == "reached"
    assert happened(ledger, goal).count("goal.reached") == 1


def test_a_pledge_is_met_by_the_real_transfer_and_by_no_other(ledger: Any, books: Product) -> None:
    goal = goal_of(
        ledger, target="500", accounts=[ledger.savings],
        saving={"percent": "20", "to_account_id": ledger.savings},
    )  # fmt: skip
    ledger.record(date=today(), amount="400", category="income.salary")
    settled(books)
    (pledge,) = stands(ledger, goal)["pledges"]
    assert (pledge["amount"], pledge["status"]) == ("80.00", "open")
    transfer(ledger, "79.99")
    transfer(ledger, "80", "2020-01-01")
    settled(books)
    assert stands(ledger, goal)["pledges"][0]["status"] == "open"
    real = transfer(ledger, "80")
    settled(books)
    (pledge,) = stands(ledger, goal)["pledges"]
    assert (pledge["status"], pledge["transfer_id"]) == ("met", real["transfer_id"])
    ledger.client.delete(f"{ledger.path}/transfers/{real['transfer_id']}")
    settled(books)
    assert stands(ledger, goal)["pledges"][0]["status"] == "open"


def test_a_pledge_that_is_met_earmarks_where_no_balance_counts(ledger: Any, books: Product) -> None:
    goal = goal_of(ledger, target="500")
    ledger.record(date=day(1), amount="400", category="income.salary")
    pledged = fund(
        ledger, goal, "30", account_id=ledger.savings, from_account_id=ledger.checking
    ).json()["data"]
    assert stands(ledger, goal)["saved"] == "0.00"
    transfer(ledger, "30")
    settled(books)
    shown = stands(ledger, goal)
    assert shown["accounts"] == [{"account_id": ledger.savings, "amount": "30.00"}]
    withdrawn = ledger.client.send(
        "DELETE", f"{ledger.path}/goals/{goal}/pledges/{pledged['pledge_id']}"
    )
    assert withdrawn.json()["error"]["code"] == "pledge_not_found"


def test_one_transfer_keeps_one_pledge(ledger: Any, books: Product) -> None:
    goal = goal_of(ledger, target="500")
    for _ in "12":
        fund(ledger, goal, "30", account_id=ledger.savings, from_account_id=ledger.checking)
    transfer(ledger, "30")
    settled(books)
    assert sorted(one["status"] for one in stands(ledger, goal)["pledges"]) == ["met", "open"]


def test_an_open_pledge_goes_with_its_income(ledger: Any, books: Product) -> None:
    goal = goal_of(ledger, target="500", saving={"amount": "80", "to_account_id": ledger.savings})
    pay = ledger.record(date=today(), amount="400", category="income.salary")
    settled(books)
    ledger.client.delete(f"{ledger.path}/transactions/{pay['transaction_id']}")
    settled(books)
    assert [one["status"] for one in stands(ledger, goal)["pledges"]] == ["withdrawn"]


def test_a_debt_is_paid_off_from_what_was_owed_at_first(ledger: Any, books: Product) -> None:
    loan = ledger.client.post(
        f"{ledger.path}/accounts",
        {"name": "Loan", "kind": "loan", "currency": "USD", "opening_balance": "-900"},
    )["account_id"]
    all_of_it = goal_of(ledger, kind="debt", accounts=[loan])
    part = goal_of(ledger, kind="debt", accounts=[loan], target="200")
    assert stands(ledger, all_of_it)["target"] == "900.00"
    body = {
        "from_account_id": ledger.checking, "to_account_id": loan, "amount": "250",
        "date": today(),
    }  # fmt: skip
    ledger.client.post(f"{ledger.path}/transfers", body)
    settled(books)
    for goal, figures in ((part, ("200.00", "0.00", "reached")),
                          (all_of_it, ("250.00", "650.00", "open"))):  # fmt: skip
        shown = stands(ledger, goal)
        assert (shown["saved"], shown["remaining"], shown["status"]) == figures
        assert shown["accounts"] == [{"account_id": loan, "amount": "650.00"}]
    assert happened(ledger, part) == ["goal.created", "goal.reached"]


def test_an_emergency_fund_is_months_of_usual_spending(ledger: Any) -> None:
    goal = goal_of(ledger, kind="emergency", months=3, accounts=[ledger.savings])
    assert stands(ledger, goal)["status"] == "unknown"
    month = dt.date.fromisoformat(today()).replace(day=1)
    for amount in ("-100", "-300", "-200"):
        month = (month - dt.timedelta(days=1)).replace(day=1)
        ledger.record(date=month.isoformat(), amount=amount, category="housing.rent")
    shown = stands(ledger, goal)
    assert (shown["monthly_spending"], shown["target"]) == ("200.00", "600.00")


def test_a_goal_is_undone_and_what_was_set_aside_with_it(ledger: Any) -> None:
    ledger.record(date=day(3), amount="500", category="income.salary")
    goal = goal_of(ledger, target="200")
    fund(ledger, goal, "50")
    fund(ledger, goal, "20")
    events = ledger.client.get(f"{ledger.path}/goals/{goal}/history")
    undone = ledger.client.post(f"{ledger.path}/undo", {"ledger_seq": events[1]["ledger_seq"]})
    assert undone["changed"] == 1
    assert stands(ledger, goal)["saved"] == "20.00"
    ledger.client.post(f"{ledger.path}/undo", {"ledger_seq": events[0]["ledger_seq"]})
    assert stands(ledger, goal)["archived"] is True
    assert ledger.client.get(f"{ledger.path}/goals") == []


def test_an_archived_goal_takes_nothing_and_frees_what_it_had(ledger: Any) -> None:
    ledger.record(date=day(3), amount="100", category="income.salary")
    goal = goal_of(ledger, target="200")
    fund(ledger, goal, "100")
    ledger.client.delete(f"{ledger.path}/goals/{goal}")
    assert fund(ledger, goal, "1").json()["error"]["code"] == "goal_is_archived"
    again = ledger.client.send("DELETE", f"{ledger.path}/goals/{goal}")
    assert again.status_code == 409
    assert fund(ledger, goal_of(ledger, target="200"), "100").status_code == 201
    (listed,) = [
        one
        for one in ledger.client.get(f"{ledger.path}/goals", archived="true")
        if one["goal_id"] == goal
    ]
    assert listed["saved"] == "0.00"


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("goal_not_usable", {"name": "x"}),
    ("goal_not_usable", {"name": "x", "target": "0"}),
    ("goal_not_usable", {"name": "x", "target": "-5"}),
    ("goal_not_usable", {"name": "x", "target": "5", "months": 3}),
    ("goal_not_usable", {"name": "x", "kind": "emergency"}),
    ("goal_not_usable", {"name": "x", "kind": "emergency", "months": 2, "target": "3"}),
    ("goal_not_usable", {"name": "x", "kind": "debt"}),
    ("name_not_usable", {"name": "  ", "target": "5"}),
    ("too_many_digits", {"name": "x", "target": "5.001"}),
    ("too_many_digits", {"name": "x", "target": "9" * 16}),
    ("unknown_currency", {"name": "x", "target": "5", "currency": "ZZZ"}),
    ("date_out_of_range", {"name": "x", "target": "5", "due": "9999-12-31"}),
    ("saving_rule_not_usable", {"name": "x", "target": "5", "saving": {}}),
    ("saving_rule_not_usable", {"name": "x", "target": "5", "saving": {"percent": "0"}}),
    ("saving_rule_not_usable", {"name": "x", "target": "5", "saving": {"percent": "100.1"}}),
    ("saving_rule_not_usable", {"name": "x", "target": "5", "saving": {"percent": "1.00001"}}),
    ("saving_rule_not_usable", {"name": "x", "target": "5", "saving": {"amount": "-1"}}),
    (
        "saving_rule_not_usable",
        {"name": "x", "target": "5", "saving": {"amount": "1", "percent": "1"}},
    ),
    (
        "account_not_found",
        {"name": "x", "target": "5", "accounts": ["00000000-0000-4000-8000-000000000000"]},
    ),
]


@pytest.mark.parametrize(("code", "body"), WRONG)
def test_refuses_a_goal_that_does_not_fit_together(
    ledger: Any, code: str, body: dict[str, Any]
) -> None:
    answer = ledger.client.send("POST", f"{ledger.path}/goals", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) in [(422, code), (404, code)]
    assert ledger.client.get(f"{ledger.path}/goals") == []


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "target": 5.0},
        {"name": "x", "target": "1e5"},
        {"name": "x\x00", "target": "5"},
        {"name": "x", "target": "5", "priority": 0},
        {"name": "x", "target": "5", "accounts": ["00000000-0000-4000-8000-000000000000"] * 51},
        {"name": "x", "target": "5", "due": 20250101},
        {"name": "x", "target": "5", "saving": {"percent": "1", "more": 1}},
        {"name": "x", "kind": "emergency", "months": 10**30},
        {"name": "x", "kind": "dream", "target": "5"},
        {"name": "x" * 201, "target": "5"},
    ],
)
def test_refuses_what_is_no_goal_at_all(ledger: Any, body: dict[str, Any]) -> None:
    answer = ledger.client.send("POST", f"{ledger.path}/goals", json=body)
    assert answer.status_code == 422, answer.text


def test_refuses_accounts_of_the_wrong_kind_or_currency(ledger: Any) -> None:
    def opened(kind: str, currency: str) -> str:
        body = {"name": kind, "kind": kind, "currency": currency}
        account_id: str = ledger.client.post(f"{ledger.path}/accounts", body)["account_id"]
        return account_id

    card, euros = opened("credit_card", "USD"), opened("cash", "EUR")
    for accounts, code in (
        ([card], "goal_account_not_usable"),
        ([euros], "currency_must_match"),
        ([ledger.savings, ledger.savings], "goal_not_usable"),
    ):
        body = {"name": "x", "target": "5", "accounts": accounts}
        answer = ledger.client.send("POST", f"{ledger.path}/goals", json=body)
        assert answer.json()["error"]["code"] == code
    goal = goal_of(ledger, target="5")
    assert fund(ledger, goal, "1", account_id=card).json()["error"]["code"] == (
        "goal_account_not_usable"
    )
    assert fund(ledger, goal, "0").json()["error"]["code"] == "contribution_not_usable"
    to_itself = fund(ledger, goal, "1", from_account_id=ledger.checking)
    assert to_itself.json()["error"]["code"] == "contribution_not_usable"


def test_a_goal_keeps_its_kind_and_what_counts(ledger: Any) -> None:
    goal = goal_of(ledger, target="5")
    where = f"{ledger.path}/goals/{goal}"
    changed = ledger.client.put(where, {"name": "Sea", "target": "7", "priority": 3})
    assert (changed["name"], changed["target"], changed["priority"]) == ("Sea", "7.00", 3)
    accounts = {"name": "Sea", "target": "7", "accounts": [ledger.savings]}
    assert ledger.client.send("PUT", where, json=accounts).status_code == 422
    of_months = {"name": "Sea", "months": 3}
    assert ledger.client.send("PUT", where, json=of_months).status_code == 422
    counted = goal_of(ledger, target="5", accounts=[ledger.savings])
    assert fund(ledger, counted, "1", account_id=ledger.savings).json()["error"]["code"] == (
        "goal_takes_no_earmarks"
    )


def test_goals_and_accounts_of_another_ledger_are_not_there(ledger: Any, bob: Client) -> None:
    theirs = goal_of(ledger, target="5")
    mine = bob.post("/v1/ledgers", {"name": "Mine", "currency": "USD"})
    path = f"/v1/ledgers/{mine['ledger_id']}"
    own = bob.post(f"{path}/goals", {"name": "a", "target": "5"})["goal_id"]
    stolen = {"account_id": ledger.checking, "amount": "1"}
    tries: list[tuple[str, str, Any]] = [
        ("GET", f"goals/{theirs}", None),
        ("GET", f"goals/{theirs}/history", None),
        ("PUT", f"goals/{theirs}", {"name": "mine now", "target": "5"}),
        ("DELETE", f"goals/{theirs}", None),
        ("POST", f"goals/{theirs}/contributions", stolen),
        ("POST", f"goals/{own}/contributions", stolen),
        ("POST", "goals", {"name": "a", "target": "5", "accounts": [ledger.savings]}),
        ("POST", "goals", {"name": "a", "target": "5",
                           "saving": {"percent": "1", "account_id": ledger.savings}}),
        ("POST", "goals", {"name": "a", "target": "5",
                           "saving": {"percent": "1", "to_account_id": ledger.savings}}),
        ("GET", f"goals/{ledger.checking}/history", None),
    ]  # fmt: skip
    for method, address, json in tries:
        answer = bob.send(method, f"{path}/{address}", json=json)
        assert answer.status_code == 404, (method, address, answer.text)
    assert Decimal(stands(ledger, theirs)["target"]) == 5
