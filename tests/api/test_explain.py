"""Every figure is the sum of the events that are named for it, and every thing has a history."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from acceptance.product import Client, Product, product
from known_at.life import Life
from services import PostgresService

MONTHS = ("2025-01", "2025-02", "2025-03")


@pytest.fixture(scope="module")
def life(postgres: PostgresService) -> Iterator[Life]:
    with postgres.migrated() as url, product(url) as books:
        lived = Life(books, books.client(), random.Random(7))
        for _ in range(120):
            lived.live()
        lived.screens(1)
        yield lived


def explained(life: Life, **asked: Any) -> dict[str, Any]:
    answer: dict[str, Any] = life.client.get(f"{life.path}/explain", limit=1_000, **asked)
    for one in answer["sums"]:
        assert one["agrees"], (asked, one)
        own = [Decimal(p["amount"]) for p in answer["events"] if p["currency"] == one["currency"]]
        whole = sum(own, -Decimal(answer["left_out"] or 0))
        assert whole == Decimal(one["figure"]), (asked, one)
    return answer


@pytest.mark.parametrize("day", [None, "2025-01-31", "2025-02-14"])
def test_every_balance_is_the_sum_of_its_events(life: Life, day: str | None) -> None:
    query = {"as_of": day} if day else {}
    for account in life.client.get(f"{life.path}/accounts", **query):
        answer = explained(life, figure="balance", account_id=account["account_id"], **query)
        assert answer["sums"][0]["figure"] == account["balance"]


def test_every_category_total_is_the_sum_of_its_events(life: Life) -> None:
    count = 0
    for month in MONTHS:
        for total in life.client.get(f"{life.path}/category-totals", month=month):
            asked = {"figure": "category", "category": total["category"], "month": month}
            [found] = explained(life, **asked)["sums"]
            assert found["figure"] == total["amount"]
            count += 1
    assert count > 5


def test_a_category_with_all_below_it_is_what_the_report_of_spending_shows(life: Life) -> None:
    both = 0
    for month in MONTHS:
        for row in life.client.get(f"{life.path}/spending/by-category", month=month):
            if row["category"] == "uncategorized":
                continue  # Of it the report counts only what went out, as nobody said what it is.
            asked = {"figure": "category", "category": row["category"], "month": month}
            whole, own = explained(life, **asked, below="true"), explained(life, **asked)
            for answer, name in ((whole, "spent"), (own, "own")):
                figures = {one["currency"]: one["figure"] for one in answer["sums"]}
                shown = Decimal(figures.get(row["currency"], "0"))
                assert shown == -Decimal(row[name]), (row, answer["sums"])
            assert whole["totals"] == own["totals"]
            for total in own["totals"]:
                if total["currency"] == row["currency"]:
                    assert -Decimal(total["with_below"]) == Decimal(row["spent"])
                    assert -Decimal(total["own"]) == Decimal(row["own"])
            both += row["spent"] != row["own"]
    assert both


def test_every_budget_is_the_sum_of_its_events(life: Life) -> None:
    count = 0
    for month in MONTHS:
        for budget in life.client.get(f"{life.path}/budgets/status", month=month):
            asked = {"figure": "budget", "category": budget["category"], "month": month}
            [found] = explained(life, **asked)["sums"]
            assert found["figure"] == budget["spent"]
            count += 1
    assert count > 2


def test_pages_and_past_moments_explain_themselves(life: Life) -> None:
    account = life.client.get(f"{life.path}/accounts")[0]
    asked = {"figure": "balance", "account_id": account["account_id"]}
    whole = explained(life, **asked)["events"]
    pages = []
    cursor: str | None = None
    while True:
        query = {**asked, "limit": 3, **({"cursor": cursor} if cursor else {})}
        answer = life.client.send("GET", f"{life.path}/explain", params=query).json()
        pages += answer["data"]["events"]
        cursor = answer["meta"]["pagination"]["next_cursor"]
        if cursor is None:
            break
    assert pages == whole
    middle = whole[len(whole) // 2]
    then = explained(life, **asked, known_at=middle["position"])
    assert then["events"] == whole[: len(whole) // 2 + 1]
    assert then["sums"][0]["figure"] == middle["sum_so_far"]


def test_everything_that_was_ever_made_has_a_history_with_before_and_after(life: Life) -> None:
    events = life.client.get(f"{life.path}/events", limit=1_000)
    seen: list[int] = []
    for stream_id in {one["stream_id"] for one in events}:
        rows = life.client.get(f"{life.path}/history", of=stream_id, limit=1_000)
        assert [row["ledger_seq"] for row in rows] == [
            one["ledger_seq"] for one in events if one["stream_id"] == stream_id
        ]
        assert all(row["words"] for row in rows)
        seen += [row["ledger_seq"] for row in rows]
    assert sorted(seen) == [one["ledger_seq"] for one in events]
    by_actor = life.client.get(f"{life.path}/history", actor=events[0]["actor"], limit=1_000)
    assert [row["ledger_seq"] for row in by_actor] == [
        one["ledger_seq"] for one in events if one["actor"] == events[0]["actor"]
    ]


def test_a_history_says_what_changed(life: Life) -> None:
    account = life.client.get(f"{life.path}/accounts")[0]["account_id"]
    life.client.patch(f"{life.path}/accounts/{account}", {"name": "Holidays"})
    last = life.client.get(f"{life.path}/history", of=account, limit=1_000)[-1]
    assert last["changes"]["name"]["after"] == "Holidays"
    assert last["words"].startswith("account renamed: name from ")
    assert last["words"].endswith(" to Holidays")


def test_a_history_is_told_in_words_and_not_in_json(life: Life) -> None:
    account = life.client.get(f"{life.path}/accounts")[0]["account_id"]
    facts = {"account_id": account, "date": "2025-03-20", "amount": "-40.00", "description": "x"}
    made = life.client.post(f"{life.path}/transactions", {**facts, "category": "food_dining"})
    address = f"{life.path}/transactions/{made['transaction_id']}/category"
    splits = [
        {"category": "food_dining", "amount": "-30.00"}, {"category": "travel", "amount": "-10.00"},
    ]  # fmt: skip
    life.client.put(address, {"splits": splits})
    recorded, split = life.client.get(f"{life.path}/history", of=made["transaction_id"])
    assert "budgeted yes" in recorded["words"]
    assert (
        "allocations from category food_dining, amount -40.00 to category food_dining,"
        " amount -30.00 and category travel, amount -10.00"
    ) in split["words"]
    events = life.client.get(f"{life.path}/events", limit=1_000)
    told = [
        row["words"]
        for stream_id in {one["stream_id"] for one in events}
        for row in life.client.get(f"{life.path}/history", of=stream_id, limit=1_000)
    ]
    assert not [words for words in told if '{"' in words or '["' in words]


def test_a_rule_a_budget_and_a_category_have_histories_of_their_own(life: Life) -> None:
    body = {"name": "Coffee", "condition": "description:coffee", "actions": {"category": "travel"}}
    rule = life.client.post(f"{life.path}/rules", body)["rule_id"]
    other = life.client.post(f"{life.path}/rules", {**body, "name": "Tea"})["rule_id"]
    life.client.put(f"{life.path}/rules/{rule}", {**body, "name": "Espresso"})
    life.client.put(f"{life.path}/rules/order", {"stage": "main", "rule_ids": [other, rule]})
    life.client.send("DELETE", f"{life.path}/rules/{rule}")
    rows = life.client.get(f"{life.path}/history", of=rule)
    assert [row["type"] for row in rows] == [
        "rule.added", "rule.changed", "rule.reordered", "rule.removed",
    ]  # fmt: skip
    assert rows[1]["words"] == "rule changed: name from Coffee to Espresso"
    order = rows[2]["changes"]["order"]
    assert order["before"].index("Espresso") < order["before"].index("Tea")
    assert order["after"].index("Espresso") > order["after"].index("Tea")
    assert (rows[3]["changes"]["name"]["before"], rows[3]["changes"]["name"]["after"]) == (
        "Espresso", None,
    )  # fmt: skip
    budget = life.client.get(f"{life.path}/budgets")[0]
    life.client.put(f"{life.path}/budgets", {"category": budget["category"], "amount": "77.00"})
    last = life.client.get(f"{life.path}/history", of=budget["budget_id"], limit=1_000)[-1]
    assert last["type"] == "budget.changed"
    assert "77.00" in str(last["changes"]["terms"]["after"])
    assert "77.00" not in str(last["changes"]["terms"]["before"])
    act = {"action": "move", "path": "travel.hotels", "to": "travel.inns"}
    life.client.post(f"{life.path}/categories/actions", act)
    actor = rows[0]["actor"]
    mine = life.client.get(f"{life.path}/history", actor=actor, after=last["ledger_seq"])
    assert mine[-1]["words"] == "category moved: path from travel.hotels to travel.inns"


def test_refuses_what_names_no_figure_and_what_is_anothers(life: Life) -> None:
    def code(path: str, client: Client = life.client, **query: Any) -> str:
        answer = client.send("GET", f"{life.path}/{path}", params=query)
        return str(answer.json()["error"]["code"])

    assert code("explain") == "request_not_valid"
    assert code("explain", figure="balance") == "figure_not_named"
    assert code("explain", figure="budget", category="housing") == "figure_not_named"
    assert code("explain", figure="category", category="no.such", month="2025-01") == (
        "figure_not_found"
    )
    assert code("history") == "history_not_named"
    assert code("history", of="00000000-0000-4000-8000-000000000000") == "nothing_happened"
    books: Product = life.product
    bob = books.client("token-of-bob-77c2")
    account = life.client.get(f"{life.path}/accounts")[0]["account_id"]
    assert code("explain", bob, figure="balance", account_id=account) == "ledger_not_found"
    assert code("history", bob, of=account) == "ledger_not_found"
