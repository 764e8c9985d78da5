"""Undoing what others have spoken of since: later words win, are listed, and any order is right."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from acceptance.product import Product
from api.undoable import Home

pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture
def it(ledger: Any, books: Product) -> Home:
    return Home(ledger, books)


def last(it: Home) -> str:
    return str(it.get("/operations", limit=1)[0]["operation_id"])


def said(it: Home, *acts: Callable[[], Any]) -> list[str]:
    """The operations of some acts."""
    made = []
    for act in acts:
        act()
        made.append(last(it))
    return made


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_moves_of_a_category_and_what_is_above_it_are_undone_in_any_order(
    it: Home, order: tuple[int, ...]
) -> None:
    def move(path: str, to: str) -> Callable[[], Any]:
        return lambda: it.post("/categories/actions", action="move", path=path, to=to)

    operations = said(
        it,
        move("travel.flights", "travel.planes"),
        move("travel", "journeys"),
        move("journeys.planes", "health.planes"),
    )
    undoings = []
    for number in order:
        it.post("/undo", operation_id=operations[number])
        undoings.append(last(it))
    paths = {one["category_id"]: one["category"] for one in it.get("/categories")}
    assert (paths["travel.flights"], paths["travel"]) == ("travel.flights", "travel")
    for undoing in undoings:
        it.post("/undo", operation_id=undoing)
    paths = {one["category_id"]: one["category"] for one in it.get("/categories")}
    assert (paths["travel.flights"], paths["travel"]) == ("health.planes", "journeys")


@pytest.mark.parametrize("what", ["name", "balance", "rate", "bill", "budget", "mark"])
def test_a_later_word_is_kept_and_listed_and_goes_with_its_own_undo(it: Home, what: str) -> None:
    account, rate = f"/accounts/{it.checking}", {"base": "EUR", "quote": "USD"}
    bill = it.bill() if what in ("bill", "mark") else ""

    def say(word: int) -> Any:
        if what == "name":
            return it.patch(account, name=f"N{word}")
        if what == "balance":
            body = {"date": "2025-03-01", "amount": f"{word}.00", "currency": "USD"}
            return it.post(f"{account}/reported-balances", **body)
        if what == "rate":
            return it.post("/rates", rates=[{**rate, "date": "2025-03-09", "rate": f"1.{word}"}])
        if what == "bill":
            return it.put(f"/bills/{bill}", name=f"N{word}")
        if what == "mark":
            mark = {1: "paid", 2: "skipped"}[word]
            return it.post(f"/bills/{bill}/marks", due="2025-04-10", mark=mark)
        return it.put("/budgets", category="travel", amount=f"{word}.00", start="2025-03-01")

    def look() -> Any:
        asked = {"name": account, "balance": account, "rate": "/rates", "bill": "/bills/list"}
        if what == "mark":
            query = {"from": "2025-04-01", "to": "2025-04-30", "today": "2025-06-08"}
            return it.get("/bills", **query)
        found = it.get(asked.get(what, "/budgets"))
        if what == "rate":
            return [one["rate"] for one in found]
        return found

    nothing = look()
    first, second = said(it, lambda: say(1), lambda: say(2))
    both = look()
    undone = it.post("/undo", operation_id=first)
    assert [one["reason"] for one in undone["conflicts"]] == ["changed since"]
    assert (undone["changed"], look()) == (0, both)
    assert it.post("/undo", operation_id=second)["conflicts"] == []
    assert look() == nothing
    it.post("/undo", operation_id=undone["operation_id"])
    one = look()
    assert one not in (nothing, both)


def test_after_an_undone_sync_the_next_one_brings_the_rows_again(it: Home) -> None:
    connection = it.connection()

    def shown() -> tuple[Any, ...]:
        (one,) = it.get("/connections")
        account = it.get(f"/accounts/{it.checking}")
        place = [account["cursor"] for account in one["accounts"]]
        return place, account["balance"], account["reported"] and account["reported"]["amount"]

    first, second = said(
        it, lambda: it.sync(connection, "a", "b1"), lambda: it.sync(connection, "bc", "b2")
    )
    assert shown() == (["bc"], "-10.00", "-2.00")
    undone = it.post("/undo", operation_id=second)
    assert undone["conflicts"] == []
    assert shown() == (["a"], "-5.00", "-1.00")
    assert it.sync(connection, "bc", "b2")["added"] == 1
    assert shown() == (["bc"], "-10.00", "-2.00")
    # The later sync went on from where the first one ended: its rows do not come by themselves.
    undone = it.post("/undo", operation_id=first)
    assert {(one["kind"], one["reason"]) for one in undone["conflicts"]} == {
        ("connection", "synced since"), ("account", "changed since"),
    }  # fmt: skip
    assert shown()[:2] == (["bc"], "-5.00")
    it.post("/undo", operation_id=undone["operation_id"])
    assert shown() == (["bc"], "-10.00", "-2.00")


def test_a_connection_through_which_something_came_stays(it: Home) -> None:
    connection = it.connection()
    opened, synced = last(it), said(it, lambda: it.sync(connection, "a", "b1"))[0]
    kept = it.post("/undo", operation_id=opened)
    assert [one["reason"] for one in kept["conflicts"]] == ["synced since"]
    it.post("/undo", operation_id=kept["operation_id"])
    it.post("/undo", operation_id=synced)
    it.post("/undo", operation_id=opened)
    assert it.get("/connections") == []
    row = {"external_id": "b", "amount": "-5.00", "date": "2025-03-14", "description": "Shop"}
    body = {"account_id": it.checking, "transactions": [row], "cursor": "d"}
    refused = it.client.send("POST", f"{it.path}/connections/{connection}/syncs", json=body)
    assert refused.json()["error"]["code"] == "connection_is_closed"


def test_a_bill_that_was_marked_since_is_kept_unless_edits_are_discarded(it: Home) -> None:
    bill = it.bill()
    added = last(it)
    it.post(f"/bills/{bill}/marks", due="2025-04-10", mark="paid")
    kept = it.post("/undo", operation_id=added, dry_run=True)
    assert [one["fields"] for one in kept["conflicts"]] == [["bill.marked"]]
    gone = it.post("/undo", operation_id=added, discard_edits=True)
    assert it.get("/bills/list") == []
    answer = it.client.send("PUT", f"{it.path}/bills/{bill}", json={"name": "X"})
    assert answer.json()["error"]["code"] == "bill_not_found"
    it.post("/undo", operation_id=gone["operation_id"])
    assert [one["bill_id"] for one in it.get("/bills/list")] == [bill]


def test_a_stream_whose_bill_was_undone_can_be_confirmed_anew(it: Home) -> None:
    stream = it.stream()
    bill = it.post(f"/recurring/{stream}/confirm", name="Films")["bill_id"]
    it.post("/undo", operation_id=last(it))
    assert it.get("/bills/list") == []
    it.post(f"/recurring/{stream}/confirm", name="Cinema")
    assert [(one["bill_id"], one["name"]) for one in it.get("/bills/list")] == [(bill, "Cinema")]
    it.post("/undo", operation_id=last(it))
    assert it.get("/bills/list") == []


def test_what_a_rule_set_aside_of_an_undone_income_is_taken_back_once(it: Home) -> None:
    body = {"name": "Bike", "target": "500", "saving": {"percent": "10"}}
    goal = it.post("/goals", **body)["goal_id"]
    it.record(date="2025-03-01", amount="200", category="income.other")
    it.post(f"/goals/{goal}/contributions", account_id=it.checking, amount="30")
    today = it.get(f"/goals/{goal}")["started_on"]
    it.record(date=today, amount="500", category="income.salary")
    income = last(it)
    _saved(it, goal, "80.00")
    it.post("/undo", operation_id=income)
    _saved(it, goal, "30.00")
    time.sleep(0.5)
    _saved(it, goal, "30.00")


def _saved(it: Home, goal: str, amount: str) -> None:
    end = time.monotonic() + 10
    while (saved := it.get(f"/goals/{goal}")["saved"]) != amount:
        assert time.monotonic() < end, saved
        time.sleep(0.05)


def test_nothing_is_learned_from_a_correction_that_was_undone(it: Home, books: Product) -> None:
    def known() -> list[str]:
        with psycopg.connect(books.database_url, autocommit=True) as conn:
            sql = "select category_id from model.corrections where ledger_id = %s and counts"
            return [row[0] for row in conn.execute(sql, [it.path.rpartition("/")[2]])]

    made = it.record(description="ZORP 17", amount="-4.00")
    words = [lambda: it.put(f"/transactions/{made}/category", category="travel")]
    words.append(lambda: it.put(f"/transactions/{made}/category", category="health"))
    first, second = said(it, *words)
    _becomes(known, ["health"])
    it.post("/undo", operation_id=second)
    _becomes(known, ["travel"])
    undone = it.post("/undo", operation_id=first)
    _becomes(known, [])
    assert [one for one in it.get("/rules") if one["source"] == "learned"] == []
    it.post("/undo", operation_id=undone["operation_id"])
    _becomes(known, ["travel"])


def _becomes(known: Callable[[], list[str]], wanted: list[str]) -> None:
    """The table is read without waiting for what was written."""
    end = time.monotonic() + 10
    while (found := known()) != wanted:
        assert time.monotonic() < end, found
        time.sleep(0.05)


def _tree(it: Home) -> dict[str, tuple[str, bool]]:
    return {one["category_id"]: (one["category"], one["archived"]) for one in it.get("/categories")}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_categories_below_one_another_come_back_whichever_comes_first(
    it: Home, order: tuple[int, ...]
) -> None:
    paths = ("shopping.toys", "shopping.toys.cards", "shopping.toys.cards.rare")

    def add(path: str) -> Callable[[], Any]:
        return lambda: it.post("/categories", path=path)

    operations = said(it, *map(add, paths))
    whole = _tree(it)
    undone = [it.post("/undo", operation_id=one) for one in reversed(operations)]
    assert all(_tree(it)[path][1] for path in paths)
    undoings = [one["operation_id"] for one in reversed(undone)]
    for number in order:
        it.post("/undo", operation_id=undoings[number])
    assert _tree(it) == whole


@pytest.mark.parametrize("first", [0, 1])
def test_a_category_archived_before_its_branch_was_follows_both_undos(it: Home, first: int) -> None:
    def archive(path: str) -> Callable[[], Any]:
        return lambda: it.post("/categories/actions", action="archive", path=path)

    before = _tree(it)
    operations = said(it, archive("travel.hotels"), archive("travel"))
    one = it.post("/undo", operation_id=operations[first])
    # What is below an archived category is archived too, whatever was said of it before.
    reasons = [each["reason"] for each in one["conflicts"]]
    assert reasons == ([] if first else ["category_is_archived"])
    it.post("/undo", operation_id=operations[1 - first])
    assert _tree(it) == before


def test_a_branch_stays_for_what_was_put_into_it_later_and_goes_with_that(it: Home) -> None:
    added, below = said(
        it,
        lambda: it.post("/categories", path="shopping.toys"),
        lambda: it.post("/categories", path="shopping.toys.cards"),
    )
    kept = it.post("/undo", operation_id=added)
    assert [one["reason"] for one in kept["conflicts"]] == ["has categories below it"]
    assert not _tree(it)["shopping.toys"][1]
    gone = it.post("/undo", operation_id=below)
    assert [one["id"] for one in gone["changes"]] == ["shopping.toys.cards", "shopping.toys"]
    assert _tree(it)["shopping.toys"][1]


def test_a_budget_whose_setting_was_undone_is_not_listed_and_an_ended_one_is(it: Home) -> None:
    made, ended = said(
        it,
        lambda: it.put("/budgets", category="travel", amount="10.00"),
        lambda: it.delete("/budgets", category="travel"),
    )
    (shown,) = it.get("/budgets")
    assert (shown["amount"], [one["amount"] for one in shown["terms"]]) == (None, ["10.00", None])
    it.post("/undo", operation_id=ended)
    undone = it.post("/undo", operation_id=made)
    # There never was one: it has no term that gives an amount.
    assert it.get("/budgets") == it.get("/budgets/status") == []
    it.post("/undo", operation_id=undone["operation_id"])
    assert [one["amount"] for one in it.get("/budgets")] == ["10.00"]
