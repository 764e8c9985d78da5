"""Undo over HTTP: imports, single commands and merges, in any order, and undone again."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
from acceptance.product import Client, Product, data_of, settled
from api.undoing import CSV, Undoing

pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture
def it(ledger: Any) -> Undoing:
    return Undoing(ledger)


def test_an_import_is_previewed_undone_and_the_undoing_undone(it: Undoing) -> None:
    it.record(amount="-1.00")
    before, balance = it.standing(), it.balance()
    brought = it.bring()
    after = it.standing()
    preview = it.undo(import_id=brought["import_id"], dry_run=True)
    # Three rows, and how the bank writes its files, which the first one taught.
    assert (preview["operation_id"], preview["changed"], preview["conflicting"]) == (None, 4, 0)
    assert preview["why"] == {"import.completed": "came_in"}
    assert it.standing() == after
    done = it.undo(import_id=brought["import_id"])
    assert done["changes"] == preview["changes"]
    assert (it.standing(), it.balance()) == (before, balance)
    again = it.undo(operation_id=done["operation_id"])
    assert (again["redo"], again["changed"]) == (True, 4)
    assert it.standing() == after
    # And so on, as often as one likes.
    it.undo(operation_id=again["operation_id"])
    assert it.standing() == before
    assert it.client.get(f"{it.path}/trial-balance")[0]["difference"] in ("0", "0.00")


def test_what_was_undone_comes_back_when_the_file_comes_again(it: Undoing) -> None:
    brought = it.bring()
    after = it.standing()
    it.undo(import_id=brought["import_id"])
    again = it.bring()
    assert (again["added"], again["known"]) == (3, 0)
    assert it.standing() == after
    assert it.bring()["known"] == 3


def test_what_the_user_changed_since_is_kept_and_listed(it: Undoing) -> None:
    brought = it.bring()
    (edited,) = (
        one for one in it.client.get(f"{it.path}/transactions") if "Zzz" in one["description"]
    )
    it.categorize(edited["transaction_id"], "shopping")
    done = it.undo(import_id=brought["import_id"])
    assert (done["changed"], done["conflicting"]) == (3, 1)
    (conflict,) = done["conflicts"]
    assert (conflict["id"], conflict["fields"]) == (edited["transaction_id"], ["category"])
    assert it.standing() == [("2025-03-02", "-20.00", "shopping")]
    it.undo(operation_id=done["operation_id"])
    it.undo(import_id=brought["import_id"], discard_edits=True)
    assert it.standing() == []


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_undone_in_any_order_the_value_said_last_by_what_counts_holds(
    it: Undoing, order: tuple[int, ...]
) -> None:
    made = it.record(amount="-9.00", category="shopping")["transaction_id"]
    words = ["travel", "entertainment", "health"]
    operations = [it.categorize(made, word) for word in words]
    left = list(range(3))
    for number in order:
        it.undo(operation_id=operations[number])
        left.remove(number)
        assert it.shown(made)["category"] == (words[max(left)] if left else "shopping")
    for number in order:
        it.undo(operation_id=it.undoing_of(operations[number]))
        left.append(number)
        assert it.shown(made)["category"] == words[max(left)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_an_import_and_edits_of_its_row_are_undone_and_redone_in_any_order(
    it: Undoing, order: tuple[int, ...]
) -> None:
    file = CSV.splitlines(keepends=True)[0] + b"2025-03-02,Zzz shop,-20.00\n"
    it.bring(file)
    operations = [it.last()]
    made = it.client.get(f"{it.path}/transactions")[0]["transaction_id"]
    operations.append(it.categorize(made, "travel"))
    it.client.patch(f"{it.path}/transactions/{made}", {"date": "2025-03-05", "notes": "n"})
    operations.append(it.last())
    whole = it.shown(made)
    undoings = [it.undo(operation_id=operations[number])["operation_id"] for number in order]
    # Neither the import nor an edit counts: nothing stands that nobody says any more.
    assert it.standing() == []
    for again in itertools.permutations(undoings):
        done = [it.undo(operation_id=one)["operation_id"] for one in again]
        assert it.shown(made) == whole
        undoings = [it.undo(operation_id=one)["operation_id"] for one in done]
        assert it.standing() == []


def test_what_was_undone_while_a_row_was_voided_holds_when_it_stands_again(it: Undoing) -> None:
    made = it.record(amount="-9.00", notes="before")["transaction_id"]
    before = it.shown(made)
    it.client.patch(f"{it.path}/transactions/{made}", {"date": "2025-03-05", "notes": "after"})
    edit = it.last()
    it.client.delete(f"{it.path}/transactions/{made}")
    voided = it.last()
    it.undo(operation_id=edit)
    it.undo(operation_id=voided)
    assert it.shown(made) == before


def test_a_row_that_stands_again_is_as_it_was_when_nothing_else_was_undone(it: Undoing) -> None:
    made = it.record(date="2025-03-02", amount="-20.00", description="Zzz shop", status="pending")
    row = it.bring(CSV.splitlines(keepends=True)[0] + b"2025-03-02,Zzz shop,-20.00\n")
    path = f"{it.path}/transactions/{made['transaction_id']}"
    assert row["matched"] == 1
    it.client.delete(f"{path}/match")
    before = it.shown(made["transaction_id"])
    it.client.delete(path)
    it.undo(operation_id=it.last())
    assert it.shown(made["transaction_id"]) == before


def test_the_redo_of_a_void_takes_a_row_that_was_edited_before_it(it: Undoing) -> None:
    it.bring(CSV.splitlines(keepends=True)[0] + b"2025-03-02,Zzz shop,-20.00\n")
    made = it.client.get(f"{it.path}/transactions")[0]["transaction_id"]
    it.categorize(made, "travel")
    it.client.delete(f"{it.path}/transactions/{made}")
    undoing = it.undo(operation_id=it.last())
    assert len(it.standing()) == 1
    assert it.undo(operation_id=undoing["operation_id"])["conflicting"] == 0
    assert it.standing() == []


def test_the_redo_of_an_edit_leaves_a_row_voided_that_the_user_voided(it: Undoing) -> None:
    it.bring(CSV.splitlines(keepends=True)[0] + b"2025-03-02,Zzz shop,-20.00\n")
    brought = it.last()
    made = it.client.get(f"{it.path}/transactions")[0]["transaction_id"]
    edit = it.categorize(made, "travel")
    it.client.delete(f"{it.path}/transactions/{made}")
    undoings = [it.undo(operation_id=one)["operation_id"] for one in (it.last(), brought, edit)]
    for one in undoings:
        it.undo(operation_id=one)
        assert it.standing() == []


def test_every_field_of_an_edit_is_put_back_and_no_longer_the_users_own(it: Undoing) -> None:
    row = it.bring(CSV.splitlines(keepends=True)[0] + b"2025-03-02,Zzz shop,-20.00\n")
    made = it.client.get(f"{it.path}/transactions")[0]["transaction_id"]
    before = it.shown(made)
    it.client.patch(
        f"{it.path}/transactions/{made}",
        {"date": "2025-03-05", "amount": "-21.00", "description": "X", "notes": "n", "tags": ["t"]},
    )
    done = it.undo(operation_id=it.last())
    assert set(done["changes"][0]["fields"]) == {"date", "amount", "description", "notes", "tags"}
    assert it.shown(made) == before
    # Nothing of it is the user's own any more: the import goes without a conflict.
    assert it.undo(import_id=row["import_id"])["conflicting"] == 0


def test_voiding_posting_and_a_transfer_are_undone_and_redone(it: Undoing) -> None:
    made = it.record(amount="-9.00", status="pending")["transaction_id"]
    it.client.post(f"{it.path}/transactions/{made}/post", {"amount": "-10.00"})
    it.undo(operation_id=it.last())
    assert (it.shown(made)["status"], it.shown(made)["amount"]) == ("pending", "-9.00")
    it.client.delete(f"{it.path}/transactions/{made}")
    it.undo(operation_id=it.last())
    assert it.shown(made)["status"] == "pending"
    balance = it.balance()
    body = {"from_account_id": it.checking, "to_account_id": it.savings, "amount": "5"}
    it.client.post(f"{it.path}/transfers", {**body, "date": "2025-03-01"})
    moved = it.balance()
    transfer = it.last()
    for _ in range(2):
        done = it.undo(operation_id=transfer)
        assert (it.balance(), done["conflicting"]) == (balance, 0)
        again = it.undo(operation_id=done["operation_id"])
        assert (it.balance(), again["conflicting"]) == (moved, 0)


def test_a_link_an_unlink_and_a_match_are_undone(it: Undoing) -> None:
    leaves = it.record(amount="-7.00", category="shopping")["transaction_id"]
    enters = it.record(account_id=it.savings, amount="7.00")["transaction_id"]
    pair = {"from_transaction_id": leaves, "to_transaction_id": enters}
    linked = it.client.post(f"{it.path}/transfers/link", pair)
    link = it.last()
    it.client.post(f"{it.path}/transfers/{linked['transfer_id']}/unlink")
    it.undo(operation_id=it.last())
    assert it.shown(leaves)["transfer_id"] is not None
    # The link stands again as another transfer, and goes with the operation that made the first.
    it.undo(operation_id=link)
    assert (it.shown(leaves)["transfer_id"], it.shown(leaves)["category"]) == (None, "shopping")
    one = it.record(amount="-8.00")["transaction_id"]
    two = it.record(amount="-8.00")["transaction_id"]
    it.client.post(f"{it.path}/transactions/{one}/match", {"imported_id": two})
    rows = len(it.standing())
    it.undo(operation_id=it.last())
    assert len(it.standing()) == rows + 1


def test_a_merge_gives_the_category_and_its_transactions_back(it: Undoing) -> None:
    it.client.post(f"{it.path}/categories", {"path": "shopping.toys"})
    made = it.record(amount="-9.00", category="shopping.toys")["transaction_id"]
    act = {"action": "merge", "path": "shopping.toys", "to": "shopping.home"}
    it.client.post(f"{it.path}/categories/actions", act)
    merge = it.last()
    assert it.shown(made)["category"] == "shopping.home"
    done = it.undo(operation_id=merge)
    assert it.shown(made)["category"] == "shopping.toys"
    it.undo(operation_id=done["operation_id"])
    assert it.shown(made)["category"] == "shopping.home"


@pytest.mark.parametrize("kind", ["rename", "opening", "close", "move", "archive", "budget"])
def test_single_commands_on_settings_are_undone_and_redone(it: Undoing, kind: str) -> None:
    account, actions = f"{it.path}/accounts/{it.checking}", f"{it.path}/categories/actions"
    if kind == "budget":
        budget = {"category": "shopping", "amount": "10", "period": "monthly", "rollover": "none"}
        it.client.put(f"{it.path}/budgets", budget)
    do = {
        "rename": lambda: it.client.patch(account, {"name": "Other"}),
        "opening": lambda: it.client.patch(account, {"opening_balance": "50"}),
        "close": lambda: it.client.patch(account, {"closed": True, "closed_on": "2025-03-01"}),
        "move": lambda: it.client.post(
            actions, {"action": "move", "path": "travel", "to": "journeys"}
        ),
        "archive": lambda: it.client.post(actions, {"action": "archive", "path": "travel"}),
        "budget": lambda: it.client.put(f"{it.path}/budgets", {**budget, "amount": "99"}),
    }[kind]

    def look() -> Any:
        budgets = it.client.get(f"{it.path}/budgets")
        return it.client.get(account), it.client.get(f"{it.path}/categories"), budgets

    before = look()
    do()
    after = look()
    assert after != before
    done = it.undo(operation_id=it.last())
    assert (look(), done["conflicting"]) == (before, 0)
    it.undo(operation_id=done["operation_id"])
    assert look() == after


def test_an_account_that_was_opened_by_mistake_is_closed(it: Undoing) -> None:
    body = {"name": "Wrong", "kind": "cash", "currency": "USD", "opening_balance": "7"}
    opened = it.client.post(f"{it.path}/accounts", body)["account_id"]
    it.undo(operation_id=it.last())
    assert it.client.get(f"{it.path}/accounts/{opened}")["balance"] == "0.00"


def test_refuses_what_is_not_there_was_undone_or_can_not_be(it: Undoing, bob: Client) -> None:
    made = it.record(amount="-1.00")
    operation = it.last()
    stranger = (
        f"/v1/ledgers/{bob.post('/v1/ledgers', {'name': 'B', 'currency': 'USD'})['ledger_id']}"
    )
    cases = [
        (it.client, it.path, {"operation_id": made["transaction_id"]}, "operation_not_found", 404),
        (it.client, it.path, {"import_id": made["transaction_id"]}, "operation_not_found", 404),
        (it.client, it.path, {"ledger_seq": 999_999}, "operation_not_found", 404),
        (bob, stranger, {"operation_id": operation}, "operation_not_found", 404),
        (it.client, it.path, {"ledger_seq": 1}, "nothing_to_undo", 409),
        (it.client, it.path, {}, "not_valid", 422),
        (it.client, it.path, {"ledger_seq": 1, "operation_id": operation}, "not_valid", 422),
    ]
    for client, path, body, code, status in cases:
        refused = client.send("POST", f"{path}/undo", json=body)
        assert refused.status_code == status, body
        if code != "not_valid":
            assert refused.json()["error"]["code"] == code
    it.undo(operation_id=operation)
    again = it.client.send("POST", f"{it.path}/undo", json={"operation_id": operation})
    assert again.json()["error"]["code"] == "operation_is_undone"


def test_an_operation_is_called_by_what_was_asked_and_not_by_what_followed(
    it: Undoing, books: Product
) -> None:
    # Setting a budget looks at the period of today.
    today = dt.datetime.now(dt.UTC).date().isoformat()
    made = it.record(amount="-100.00", category="travel", date=today)
    # An alert follows from the event that was looked at when there was reason for it.
    settled(books)
    it.client.put(f"{it.path}/budgets", {"category": "travel", "amount": "10.00"})
    settled(books)
    newest = it.operations()[0]
    assert newest["what"] == "budget.set"
    assert "budget.alert_raised" in newest["events"]
    it.categorize(made["transaction_id"], "shopping")
    body = {"name": "C", "condition": "description:coffee", "actions": {"category": "travel"}}
    it.client.post(f"{it.path}/rules", body)
    # An alert may still follow what was asked before, and bring that to the front.
    named = {one["what"] for one in it.operations() if "rule.added" in one["events"]}
    assert named == {"rule.added", "transaction.categorized"}


def test_operations_are_listed_newest_first_in_pages(it: Undoing) -> None:
    brought = it.bring()
    it.undo(import_id=brought["import_id"])
    undoing, imported, *rest = it.operations()
    assert (undoing["what"], imported["what"]) == ("undo.begun", "import.completed")
    assert (imported["undone"], undoing["undoes"]) == (True, imported["operation_id"])
    assert imported["events"]["transaction.recorded"] == 3
    paged, cursor = [], None
    while True:
        params = {"limit": 2, **({"before": cursor} if cursor else {})}
        answer = it.client.send("GET", f"{it.path}/operations", params=params)
        paged += data_of(answer)
        pagination = answer.json()["meta"]["pagination"]
        if not pagination["has_next"]:
            break
        cursor = pagination["next_cursor"]
    assert paged == it.operations()
    assert len(rest) >= 3


def test_rules_come_back_as_they_were(it: Undoing) -> None:
    body = {
        "name": "Zzz",
        "condition": "description:zzz",
        "actions": {"category": "shopping"},
    }
    first = it.client.post(f"{it.path}/rules", body)["rule_id"]
    added = it.last()
    it.client.send("DELETE", f"{it.path}/rules/{first}")
    it.undo(operation_id=it.last())
    assert [one["rule_id"] for one in it.client.get(f"{it.path}/rules")] == [first]
    done = it.undo(operation_id=added)
    assert it.client.get(f"{it.path}/rules") == []
    it.undo(operation_id=done["operation_id"])
    assert [one["rule_id"] for one in it.client.get(f"{it.path}/rules")] == [first]


def test_a_run_of_rules_is_one_operation_and_leaves_what_the_user_said(it: Undoing) -> None:
    it.bring()
    rows = {one["transaction_id"]: one for one in it.client.get(f"{it.path}/transactions")}
    before = {key: one["category"] for key, one in rows.items()}
    body = {
        "name": "All",
        "condition": "amount<0",
        "actions": {"category": "travel", "tags": ["x"]},
    }
    rule = it.client.post(f"{it.path}/rules", body)["rule_id"]
    it.client.post(f"{it.path}/rules/{rule}/apply", {})
    run = it.last()
    assert {one["category"] for one in it.client.get(f"{it.path}/transactions")} == {"travel"}
    mine = next(iter(rows))
    it.categorize(mine, "health")
    done = it.undo(operation_id=run)
    after = {o["transaction_id"]: o["category"] for o in it.client.get(f"{it.path}/transactions")}
    assert after == before | {mine: "health"}
    assert all(one["tags"] == [] for one in it.client.get(f"{it.path}/transactions"))
    assert [one["fields"] for one in done["conflicts"]] == [["category"]]
