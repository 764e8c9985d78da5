"""Undo of what makes two transactions one, and what follows when they are two again."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from acceptance.product import Product
from api.undoable import Home

pytestmark = pytest.mark.usefixtures("books")
HEAD = b"Date,Description,Amount\n"


@pytest.fixture
def it(ledger: Any, books: Product) -> Home:
    return Home(ledger, books)


def last(it: Home) -> str:
    return str(it.get("/operations", limit=1)[0]["operation_id"])


def undo(it: Home, operation: str) -> str:
    return str(it.post("/undo", operation_id=operation)["operation_id"])


def rows(it: Home) -> list[dict[str, Any]]:
    """As a person sees them: a transfer that stands again has another id."""
    found = it.get("/transactions", limit=200)
    names = ("transaction_id", "date", "amount", "category", "matched_with", "notes")
    return [
        {name: one[name] for name in names} | {"linked": bool(one["transfer_id"])} for one in found
    ]


def test_a_transfer_made_linked_and_unlinked_is_undone_and_redone_in_any_order(it: Home) -> None:
    linked = it.post("/transfers/link", **it.pair())
    operations = [last(it)]
    it.post(f"/transfers/{linked['transfer_id']}/unlink")
    operations.append(last(it))
    apart = rows(it)
    for first, again in itertools.product(itertools.permutations(range(2)), repeat=2):
        undoings = {number: undo(it, operations[number]) for number in first}
        assert rows(it) == apart
        for number in again:
            undo(it, undoings[number])
        assert rows(it) == apart, (first, again)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_redo_of_an_unlink_parts_the_transfer_that_stands_now(
    it: Home, order: tuple[int, ...]
) -> None:
    it.move()
    operations = [last(it)]
    transfer = it.get("/transactions")[0]["transfer_id"]
    it.post(f"/transfers/{transfer}/unlink")
    operations.append(last(it))
    it.put(
        f"/transactions/{it.get('/transactions')[0]['transaction_id']}/category", category="travel"
    )
    operations.append(last(it))
    apart = rows(it)
    undoings = [undo(it, one) for one in reversed(operations)]
    assert rows(it) == []
    for number in order:
        undo(it, undoings[number])
    assert rows(it) == apart


def test_an_undone_half_of_a_made_transfer_is_not_linked_by_another_undo(it: Home) -> None:
    it.move()
    made = last(it)
    leg, other = it.get("/transactions")
    it.patch(f"/transactions/{leg['transaction_id']}", notes="mine")
    it.post(f"/transfers/{leg['transfer_id']}/unlink")
    unlinked = last(it)
    undo(it, made)
    undo(it, unlinked)
    # One leg is kept for its note; the other is gone, so there is no transfer.
    (kept,) = it.get("/transactions")
    assert (kept["transaction_id"], kept["transfer_id"]) == (leg["transaction_id"], None)
    assert it.client.send("GET", f"{it.path}/transactions/{other['transaction_id']}").is_success


def test_a_match_holds_again_though_the_amount_was_corrected_since(it: Home) -> None:
    mine = it.record(date="2025-03-02", amount="-20.00", description="Zzz shop", status="pending")
    it.client.upload(
        f"{it.path}/imports", "bank.csv", HEAD + b"2025-03-02,Zzz shop,-20.00\n",
        account_id=it.checking,
    )  # fmt: skip
    brought = last(it)
    it.patch(f"/transactions/{mine}", amount="-21.00")
    whole = rows(it)
    assert whole[0]["matched_with"]
    undoing = undo(it, brought)
    assert [one["matched_with"] for one in rows(it)] == [None]
    answer = it.post("/undo", operation_id=undoing)
    assert (answer["conflicts"], rows(it)) == ([], whole)


def test_the_banks_row_stands_by_itself_when_what_took_it_is_undone(it: Home) -> None:
    mine = it.record(date="2025-03-02", amount="-20.00", description="Zzz shop", status="pending")
    recorded = last(it)
    it.client.upload(
        f"{it.path}/imports", "bank.csv", HEAD + b"2025-03-02,Zzz shop,-20.00\n",
        account_id=it.checking,
    )  # fmt: skip
    whole = rows(it)
    balance = it.get(f"/accounts/{it.checking}")["balance"]
    undoing = undo(it, recorded)
    (row,) = rows(it)
    assert (row["amount"], row["matched_with"], row["transaction_id"] != mine) == (
        "-20.00",
        None,
        True,
    )
    assert it.get(f"/accounts/{it.checking}")["balance"] == balance
    undo(it, undoing)
    assert rows(it) == whole


def test_a_row_that_is_reinstated_by_hand_follows_what_was_undone_meanwhile(it: Home) -> None:
    made = it.record(amount="-9.00", notes="before")
    it.patch(f"/transactions/{made}", date="2025-03-05", notes="after")
    edit = last(it)
    after = rows(it)
    it.delete(f"/transactions/{made}")
    undoing = undo(it, edit)
    it.post(f"/transactions/{made}/reinstate")
    (row,) = rows(it)
    assert (row["date"], row["notes"]) == ("2025-03-14", "before")
    # And the redo of the edit takes it up from there.
    undo(it, undoing)
    assert rows(it) == after


def test_a_leg_that_is_unlinked_by_hand_follows_what_was_undone_meanwhile(it: Home) -> None:
    pair = it.pair()
    leg = pair["from_transaction_id"]
    it.put(f"/transactions/{leg}/category", category="travel")
    sorting = last(it)
    linked = it.post("/transfers/link", **pair)
    waits = it.post("/undo", operation_id=sorting)
    assert [(one["reason"], one["fields"]) for one in waits["conflicts"]] == [
        ("a leg of a transfer", ["category"])
    ]
    assert "transaction" not in [one["kind"] for one in waits["changes"]]
    it.post(f"/transfers/{linked['transfer_id']}/unlink")
    assert {one["category"] for one in rows(it) if one["transaction_id"] == leg} == {"shopping"}


def test_a_row_that_comes_in_again_follows_what_was_undone_meanwhile(it: Home) -> None:
    def bring() -> None:
        content = HEAD + b"2025-03-02,Zzz shop,-20.00\n"
        it.client.upload(f"{it.path}/imports", "bank.csv", content, account_id=it.checking)

    bring()
    brought = last(it)
    before = rows(it)
    it.put(f"/transactions/{before[0]['transaction_id']}/category", category="travel")
    sorted_by_hand = last(it)
    gone = it.post("/undo", operation_id=brought, discard_edits=True)
    assert gone["conflicts"] == []
    undo(it, sorted_by_hand)
    assert rows(it) == []
    bring()
    assert rows(it) == before


def test_rows_that_were_linked_by_themselves_go_with_the_import_that_brought_one(it: Home) -> None:
    def bring(account: str, amount: str) -> str:
        content = HEAD + f"2025-03-02,Transfer to savings,{amount}\n".encode()
        it.client.upload(f"{it.path}/imports", "bank.csv", content, account_id=account)
        return last(it)

    first = bring(it.checking, "-71.30")
    bring(it.savings, "71.30")
    whole = rows(it)
    assert [one["linked"] for one in whole] == [True, True]
    undone = it.post("/undo", operation_id=first)
    assert undone["conflicts"] == []
    assert [(one["amount"], one["linked"]) for one in rows(it)] == [("71.30", False)]
    undo(it, undone["operation_id"])
    assert rows(it) == whole


def test_a_command_that_did_what_an_undo_waited_for_is_undone_and_redone(it: Home) -> None:
    row = it.record(amount="-5.00")
    it.patch(f"/transactions/{row}", amount="-7.00")
    amended = last(it)
    it.delete(f"/transactions/{row}")
    undo(it, amended)
    it.post(f"/transactions/{row}/reinstate")
    reinstated = last(it)
    stands = rows(it)
    assert [one["amount"] for one in stands] == ["-5.00"]
    undoing = undo(it, reinstated)
    assert rows(it) == []
    undo(it, undoing)
    assert rows(it) == stands


def test_an_unlink_that_let_a_leg_be_taken_back_is_undone_and_redone(it: Home) -> None:
    it.client.upload(
        f"{it.path}/imports", "a.csv", HEAD + b"2025-03-01,Out,-7.00\n", account_id=it.checking
    )
    brought = last(it)
    (leaves,) = it.get("/transactions")
    enters = it.record(account_id=it.savings, amount="7.00")
    legs = {"from_transaction_id": leaves["transaction_id"], "to_transaction_id": enters}
    transfer = it.post("/transfers/link", **legs)["transfer_id"]
    undo(it, brought)
    linked = rows(it)
    assert [one["linked"] for one in linked] == [True, True]
    it.post(f"/transfers/{transfer}/unlink")
    apart = rows(it)
    assert [one["transaction_id"] for one in apart] == [enters]
    undoing = undo(it, last(it))
    assert rows(it) == linked
    undo(it, undoing)
    assert rows(it) == apart
