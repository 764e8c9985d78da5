"""An import that was undone and comes again: its rows meet what they met the first time."""

from __future__ import annotations

from typing import Any

import pytest
from acceptance.product import Product
from api.undoable import Home

pytestmark = pytest.mark.usefixtures("books")
HEAD = "Date,Description,Amount\n"
WAITING = "Date,Description,Amount,Status\n"
COUNTS = ("added", "known", "updated", "matched")
NAMES = ("transaction_id", "date", "amount", "status", "description", "category", "matched_with")


@pytest.fixture
def it(ledger: Any, books: Product) -> Home:
    return Home(ledger, books)


def bring(it: Home, text: str, account: str | None = None, **facts: Any) -> dict[str, Any]:
    account = account or it.checking
    path = f"{it.path}/imports"
    return dict(it.client.upload(path, "b.csv", text.encode(), account_id=account, **facts))


def rows(it: Home) -> list[dict[str, Any]]:
    """As a person sees them; a transfer that is found again has another id."""
    found = it.get("/transactions", limit=200, sort="date")
    shown = [
        {name: one[name] for name in NAMES} | {"linked": bool(one["transfer_id"])} for one in found
    ]
    return sorted(shown, key=lambda one: (one["date"], one["amount"], one["transaction_id"]))


def balances(it: Home) -> list[tuple[str, str]]:
    return [(one["balance"], one["pending"]) for one in it.get("/accounts")]


def counts(answer: dict[str, Any]) -> tuple[int, ...]:
    return tuple(answer[name] for name in COUNTS)


def again(it: Home, text: str, account: str | None = None) -> tuple[int, ...]:
    """Import, undo, import again and once more: all is as it was the first time. What the second
    time is counted as."""
    first = bring(it, text, account)
    whole, sums = rows(it), balances(it)
    gone = it.post("/undo", import_id=first["import_id"])
    assert (rows(it), balances(it)) != (whole, sums)
    said = bring(it, text, account, dry_run="true")
    second = bring(it, text, account)
    assert counts(said) == counts(second)
    assert (rows(it), balances(it)) == (whole, sums)
    third = bring(it, text, account)
    assert (third["added"], third["updated"]) == (0, 0)
    assert (rows(it), balances(it)) == (whole, sums)
    # And it can be undone and redone like the first one.
    undone = it.post("/undo", import_id=second["import_id"])
    assert (rows(it), balances(it)) != (whole, sums)
    it.post("/undo", operation_id=undone["operation_id"])
    assert (rows(it), balances(it)) == (whole, sums)
    # The first one may count again as well: both say the same.
    it.post("/undo", operation_id=gone["operation_id"])
    assert (rows(it), balances(it)) == (whole, sums)
    it.post("/undo", import_id=second["import_id"])
    assert (rows(it), balances(it)) == (whole, sums)
    return counts(second)


@pytest.mark.parametrize("status", ["posted", "pending"])
def test_a_row_is_matched_again_with_what_was_entered_by_hand(it: Home, status: str) -> None:
    it.record(date="2025-03-01", amount="-20.00", description="Lunch", status=status)
    text = HEAD + "2025-03-02,CHEZ PAUL,-20.00\n2025-03-04,SHELL,-7.00\n"
    assert again(it, text) == (1, 0, 1, 1)


def test_of_two_equal_rows_each_is_matched_with_its_own(it: Home) -> None:
    for day in ("01", "05"):
        it.record(date=f"2025-03-{day}", amount="-20.00", description="Lunch")
    text = HEAD + "2025-03-02,CHEZ PAUL,-20.00\n2025-03-05,CHEZ PAUL,-20.00\n"
    assert again(it, text) == (0, 0, 2, 2)


def test_a_leg_of_a_transfer_made_by_hand_is_met_again(it: Home) -> None:
    it.move()
    text = HEAD + "2025-03-02,ONLINE TRANSFER,-5.00\n2025-03-04,X,-3.00\n"
    assert again(it, text) == (1, 0, 1, 1)


def test_a_row_that_a_sync_brought_is_matched_again(it: Home) -> None:
    it.record(date="2025-03-01", amount="-20.00", description="Lunch")
    opened = it.post("/connections", provider="sandbox", institution="First Bank")
    path = f"/connections/{opened['connection_id']}/syncs"
    row = {
        "external_id": "b1", "date": "2025-03-02", "amount": "-20.00", "description": "CHEZ PAUL",
    }  # fmt: skip
    facts = {"account_id": it.checking, "cursor": "c", "transactions": [row]}
    it.post(path, **facts)
    whole = rows(it)
    it.post("/undo", operation_id=it.get("/operations")[0]["operation_id"])
    assert counts(it.post(path, **facts)) == (0, 0, 1, 1)
    assert rows(it) == whole


def test_what_was_parted_by_hand_stays_parted(it: Home) -> None:
    mine = it.record(date="2025-03-01", amount="-20.00", description="Lunch")
    text = HEAD + "2025-03-02,CHEZ PAUL,-20.00\n"
    first = bring(it, text)
    it.delete(f"/transactions/{mine}/match")
    whole = rows(it)
    it.post("/undo", import_id=first["import_id"])
    assert len(rows(it)) == 1
    assert counts(bring(it, text)) == (1, 0, 0, 0)
    assert rows(it) == whole


def test_what_was_matched_by_hand_is_taken_by_no_other_row(it: Home) -> None:
    text = HEAD + "2025-03-05,CHEZ PAUL,-20.00\n2025-03-06,CHEZ JEAN,-20.00\n"
    first = bring(it, text)
    mine = it.record(date="2025-03-05", amount="-20.00", description="Lunch")
    jean = next(one["transaction_id"] for one in rows(it) if one["description"] == "CHEZ JEAN")
    it.post(f"/transactions/{mine}/match", imported_id=jean)
    whole = rows(it)
    it.post("/undo", import_id=first["import_id"])
    assert len(rows(it)) == 1
    bring(it, text)
    assert rows(it) == whole


@pytest.mark.parametrize("amount", ["-200.00", "-230.00"])
@pytest.mark.parametrize("by_hand", [False, True])
def test_a_pending_row_is_posted_again(it: Home, amount: str, by_hand: bool) -> None:
    """Also with a tip, and where somebody typed it."""
    facts = {"date": "2025-03-01", "amount": "-200.00", "description": "Hotel Roma"}
    if by_hand:
        it.record(**facts, status="pending")
    else:
        bring(it, WAITING + "2025-03-01,HOTEL ROMA,-200.00,pending\n2025-02-27,O,-3.00,posted\n")
    text = WAITING + f"2025-03-04,HOTEL ROMA 12,{amount},posted\n2025-03-05,P,-3.00,posted\n"
    first = balances(it)
    matched = int(by_hand and amount == "-200.00")
    assert again(it, text) == (1, 0, 1, matched)
    assert balances(it) != first
    assert {one["status"] for one in rows(it)} == {"posted"}


def test_a_pending_row_that_was_undone_too_comes_back_booked(it: Home) -> None:
    waits = bring(it, WAITING + "2025-03-01,HOTEL,-200.00,pending\n2025-02-27,O,-3.00,posted\n")
    text = WAITING + "2025-03-04,HOTEL,-200.00,posted\n2025-03-05,P,-3.00,posted\n"
    first = bring(it, text)
    for one in (first, waits):
        it.post("/undo", import_id=one["import_id"])
    assert rows(it) == []
    bring(it, text)
    assert [(one["amount"], one["status"]) for one in rows(it)] == [
        ("-200.00", "posted"), ("-3.00", "posted"),
    ]  # fmt: skip


OUT = HEAD + "2025-03-10,TRANSFER TO SAVINGS,-50.00\n"
INTO = HEAD + "2025-03-11,FROM CHECKING,50.00\n2025-03-12,SHELL,-10.00\n"


def test_a_transfer_is_found_again(it: Home) -> None:
    bring(it, OUT)
    assert again(it, INTO, it.savings) == (2, 0, 0, 0)
    assert [one["linked"] for one in rows(it)] == [True, True, False]
    assert [one["spent"] for one in it.get("/spending/summary", month="2025-03")] == ["10.00"]


def test_a_transfer_that_was_unlinked_by_hand_is_not_found_again(it: Home) -> None:
    bring(it, OUT)
    first = bring(it, INTO, it.savings)
    transfer = next(one["transfer_id"] for one in it.get("/transactions") if one["transfer_id"])
    it.post(f"/transfers/{transfer}/unlink")
    whole = rows(it)
    it.post("/undo", import_id=first["import_id"])
    assert len(rows(it)) == 1
    bring(it, INTO, it.savings)
    assert rows(it) == whole
    assert it.get("/transfers/suggestions") == []


def test_one_that_came_back_is_not_posted_with_a_tip_as_well(it: Home) -> None:
    """What was typed is taken once, by the row of its amount."""
    it.record(date="2025-03-03", amount="-20.00", description="Chez Paul", status="pending")
    text = HEAD + "2025-03-02,CHEZ PAUL,-20.00\n"
    first = bring(it, text)
    it.post("/undo", import_id=first["import_id"])
    assert counts(bring(it, text + "2025-03-04,CHEZ PAUL,-23.00\n")) == (1, 0, 1, 1)
    assert [one["amount"] for one in rows(it)] == ["-20.00", "-23.00"]
