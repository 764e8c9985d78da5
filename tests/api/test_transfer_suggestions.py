"""Two legs of one movement: linked where they are certain, suggested where not, and parted."""

from __future__ import annotations

from typing import Any

import pytest

OUT = ("2025-03-10", "TRANSFER TO SAVINGS", "-50.00")
INTO = ("2025-03-11", "FROM CHECKING", "50.00")


def bring_in(ledger: Any, account: str, *rows: tuple[str, str, str]) -> Any:
    content = "\n".join(["Date,Description,Amount", *(",".join(row) for row in rows)]).encode()
    return ledger.client.upload(f"{ledger.path}/imports", "x.csv", content, account_id=account)


def rows_of(ledger: Any) -> dict[str, dict[str, Any]]:
    rows = ledger.client.pages(f"{ledger.path}/transactions")
    return {row["amount"]: row for row in rows}


def suggestions(ledger: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ledger.client.get(f"{ledger.path}/transfers/suggestions")
    return found


def both(one: dict[str, Any]) -> dict[str, str]:
    return {name: one[name] for name in ("from_transaction_id", "to_transaction_id")}


@pytest.mark.parametrize("first", ["out", "into"])
def test_certain_legs_are_linked_whichever_comes_first(ledger: Any, first: str) -> None:
    steps = [(ledger.checking, OUT), (ledger.savings, INTO)]
    for account, row in steps if first == "out" else steps[::-1]:
        bring_in(ledger, account, row)
    rows = rows_of(ledger)
    assert rows["-50.00"]["transfer_id"] == rows["50.00"]["transfer_id"] is not None
    assert {row["category"] for row in rows.values()} == {"transfer"}
    assert suggestions(ledger) == []
    assert ledger.client.get(f"{ledger.path}/category-totals", month="2025-03") == []


def test_unsure_legs_are_suggested_and_accepted(ledger: Any) -> None:
    bring_in(ledger, ledger.checking, ("2025-03-10", "ZORP", "-50.00"))
    bring_in(ledger, ledger.savings, ("2025-03-13", "QUX", "50.00"))
    assert rows_of(ledger)["50.00"]["transfer_id"] is None
    (found,) = suggestions(ledger)
    assert (found["amount"], found["certain"]) == ("50.00", False)
    assert "3 days apart" in found["reasons"]
    made = ledger.client.post(f"{ledger.path}/transfers/suggestions/accept", both(found))
    assert rows_of(ledger)["50.00"]["transfer_id"] == made["transfer_id"]
    assert suggestions(ledger) == []


def test_a_rejected_pair_never_comes_back_and_nothing_is_lost(ledger: Any) -> None:
    bring_in(ledger, ledger.checking, ("2025-03-10", "ZORP", "-50.00"))
    bring_in(ledger, ledger.savings, ("2025-03-13", "QUX", "50.00"))
    before = rows_of(ledger)
    (found,) = suggestions(ledger)
    for _ in range(2):
        ledger.client.post(f"{ledger.path}/transfers/suggestions/reject", both(found))
    assert suggestions(ledger) == []
    assert rows_of(ledger) == before
    bring_in(ledger, ledger.savings, ("2025-03-13", "QUX", "50.00"), ("2025-04-01", "X", "1.00"))
    assert suggestions(ledger) == []


def test_rejecting_a_linked_pair_gives_back_what_both_had(ledger: Any) -> None:
    bring_in(ledger, ledger.savings, ("2025-03-11", "ALDI SUED TRANSFER", "50.00"))
    before = rows_of(ledger)["50.00"]
    bring_in(ledger, ledger.checking, OUT)
    rows = rows_of(ledger)
    assert rows["50.00"]["category"] == "transfer"
    legs = {
        "from_transaction_id": rows["-50.00"]["transaction_id"],
        "to_transaction_id": rows["50.00"]["transaction_id"],
    }
    ledger.client.post(f"{ledger.path}/transfers/suggestions/reject", legs)
    after = rows_of(ledger)
    assert after["50.00"] == before
    assert suggestions(ledger) == []
    bring_in(ledger, ledger.checking, OUT, ("2025-03-30", "later", "-1.00"))
    assert rows_of(ledger)["50.00"]["transfer_id"] is None


def test_a_link_that_was_found_gives_way_to_what_the_user_says(ledger: Any) -> None:
    bring_in(ledger, ledger.checking, OUT)
    bring_in(ledger, ledger.savings, INTO)
    out = rows_of(ledger)["-50.00"]["transaction_id"]
    address = f"{ledger.path}/transactions/{out}"
    said = ledger.client.put(f"{address}/category", {"category": "transfer"})
    assert said["transfer_id"] is not None
    said = ledger.client.put(f"{address}/category", {"category": "housing.rent"})
    assert (said["category"], said["transfer_id"]) == ("housing.rent", None)
    assert rows_of(ledger)["50.00"]["transfer_id"] is None
    assert suggestions(ledger) == []


def test_a_found_leg_can_be_voided_corrected_and_linked_again(ledger: Any) -> None:
    bring_in(ledger, ledger.checking, OUT, ("2025-03-20", "TRANSFER SAVINGS", "-70.00"))
    bring_in(ledger, ledger.savings, INTO, ("2025-03-20", "FROM CHECKING", "70.00"))
    rows = rows_of(ledger)
    legs = {
        "from_transaction_id": rows["-50.00"]["transaction_id"],
        "to_transaction_id": rows["50.00"]["transaction_id"],
    }
    again = ledger.client.post(f"{ledger.path}/transfers/link", legs)
    assert again["transfer_id"] == rows["50.00"]["transfer_id"]
    ledger.client.delete(f"{ledger.path}/transactions/{legs['from_transaction_id']}")
    assert rows_of(ledger)["50.00"]["transfer_id"] is None
    other = rows["-70.00"]["transaction_id"]
    ledger.client.patch(f"{ledger.path}/transactions/{other}", {"amount": "-71.00"})
    assert rows_of(ledger)["70.00"]["transfer_id"] is None


def test_two_equal_rows_in_one_account_are_never_a_pair(ledger: Any) -> None:
    bring_in(ledger, ledger.checking, OUT, ("2025-03-10", "TRANSFER BACK", "50.00"))
    assert suggestions(ledger) == []


def test_what_the_user_categorized_is_not_linked_by_itself(ledger: Any) -> None:
    ledger.record(date="2025-03-10", amount="-50.00", description="TRANSFER", category="travel")
    bring_in(ledger, ledger.savings, INTO)
    assert rows_of(ledger)["50.00"]["transfer_id"] is None
    assert suggestions(ledger) == []


@pytest.mark.parametrize(
    ("leaves", "enters", "message", "details"),
    [
        ("-50", "45", "both legs have one amount, and what leaves is not what enters",
         {"leaves": "50.00", "enters": "45.00", "currency": "USD"}),
        ("50", "50", "one leg leaves an account, the other enters another one", {}),
        ("50", "-45", "one leg leaves an account, the other enters another one", {}),
    ],
    ids=["other amounts", "both enter", "the wrong way round"],
)  # fmt: skip
def test_a_link_that_is_refused_says_what_is_not_opposite(
    ledger: Any, leaves: str, enters: str, message: str, details: dict[str, str]
) -> None:
    one = ledger.record(amount=leaves)["transaction_id"]
    other = ledger.record(account_id=ledger.savings, amount=enters)["transaction_id"]
    body = {"from_transaction_id": one, "to_transaction_id": other}
    refused = ledger.client.send("POST", f"{ledger.path}/transfers/link", json=body)
    assert refused.status_code == 409
    error = refused.json()["error"]
    assert error["code"] == "legs_must_be_opposite"
    assert (error["message"], error["details"]) == (message, details)
