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


def hand_over(ledger: Any, account: str, *rows: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """What a bank's connection brings into an account: a sync's answer."""
    opened = ledger.client.post(
        f"{ledger.path}/connections", {"provider": "sandbox", "institution": "First Bank"}
    )
    body = {"account_id": account, "transactions": rows, **facts}
    path = f"{ledger.path}/connections/{opened['connection_id']}/syncs"
    return dict(ledger.client.post(path, body))


def leg(external_id: str, amount: str, day: str = "10", **facts: Any) -> dict[str, Any]:
    text = "TRANSFER TO SAVINGS" if amount.startswith("-") else "FROM CHECKING"
    return {
        "external_id": external_id, "date": f"2025-03-{day}", "amount": amount,
        "description": text, **facts,
    }  # fmt: skip


def waiting_pair(ledger: Any) -> dict[str, dict[str, Any]]:
    """What leaves is pending, what enters is posted, and the two were found to be one."""
    hand_over(ledger, ledger.savings, leg("s1", "500.00"))
    hand_over(ledger, ledger.checking, leg("p1", "-500.00", status="pending"))
    rows = rows_of(ledger)
    assert rows["-500.00"]["transfer_id"] == rows["500.00"]["transfer_id"] is not None
    return rows


# How a bank says that p1 is booked now, and of how much.
BOOKED: list[tuple[str, str, dict[str, Any]]] = [
    ("p1", "-550.00", {}),
    ("b1", "-505.00", {"removed": ["p1"]}),
    ("b1", "-505.00", {}),
]


@pytest.mark.parametrize(("name", "amount", "facts"), BOOKED)
def test_a_found_transfer_ends_when_its_pending_leg_is_booked_at_another_amount(
    ledger: Any, name: str, amount: str, facts: dict[str, Any]
) -> None:
    waiting_pair(ledger)
    brought = hand_over(ledger, ledger.checking, leg(name, amount, "11"), **facts)
    assert [one["code"] for one in brought["findings"]] == ["LEGS_DISAGREE"]
    rows = rows_of(ledger)
    assert {key: (row["transfer_id"], row["status"]) for key, row in rows.items()} == {
        amount: (None, "posted"), "500.00": (None, "posted"),
    }  # fmt: skip
    # The other leg follows: then they agree again, and nobody said that they are none.
    hand_over(ledger, ledger.savings, leg("s1", amount.removeprefix("-")))
    (pair,) = suggestions(ledger)
    assert (pair["amount"], pair["certain"]) == (amount.removeprefix("-"), True)


def test_a_found_transfer_ends_when_the_bank_corrects_one_leg(ledger: Any) -> None:
    hand_over(ledger, ledger.savings, leg("s1", "500.00"))
    hand_over(ledger, ledger.checking, leg("b1", "-500.00"))
    brought = hand_over(ledger, ledger.checking, leg("b1", "-50.00"))
    assert [one["code"] for one in brought["findings"]] == ["LEGS_DISAGREE"]
    assert {key: row["transfer_id"] for key, row in rows_of(ledger).items()} == {
        "-50.00": None, "500.00": None,
    }  # fmt: skip


def test_a_found_transfer_that_ended_stands_again_when_that_is_undone(ledger: Any) -> None:
    waiting_pair(ledger)
    hand_over(ledger, ledger.checking, leg("p1", "-550.00", "11"))
    newest = ledger.client.get(f"{ledger.path}/operations")[0]["operation_id"]
    ledger.client.post(f"{ledger.path}/undo", {"operation_id": newest})
    rows = rows_of(ledger)
    assert rows["-500.00"]["transfer_id"] == rows["500.00"]["transfer_id"] is not None
    assert rows["-500.00"]["status"] == "pending"


@pytest.mark.parametrize(("name", "amount", "facts"), BOOKED)
@pytest.mark.parametrize("made", [False, True])
def test_a_leg_of_a_transfer_that_a_person_made_keeps_its_amount_and_that_is_said(
    ledger: Any, made: bool, name: str, amount: str, facts: dict[str, Any]
) -> None:
    if made:
        ledger.client.post(
            f"{ledger.path}/transfers",
            {
                "from_account_id": ledger.checking, "to_account_id": ledger.savings,
                "amount": "500", "date": "2025-03-10",
            },
        )  # fmt: skip
        hand_over(ledger, ledger.checking, leg("p1", "-500.00", status="pending"))
    else:
        # Of days so far apart that nobody but the user says so.
        hand_over(ledger, ledger.savings, leg("s1", "500.00", "30"))
        hand_over(ledger, ledger.checking, leg("p1", "-500.00", status="pending"))
        rows = rows_of(ledger)
        ledger.client.post(
            f"{ledger.path}/transfers/link",
            {
                "from_transaction_id": rows["-500.00"]["transaction_id"],
                "to_transaction_id": rows["500.00"]["transaction_id"],
            },
        )
    brought = hand_over(ledger, ledger.checking, leg(name, amount, "11"), **facts)
    assert [one["code"] for one in brought["findings"]] == ["LEG_KEEPS_AMOUNT"]
    rows = rows_of(ledger)
    assert set(rows) == {"-500.00", "500.00"}
    assert rows["-500.00"]["transfer_id"] == rows["500.00"]["transfer_id"] is not None
    assert rows["-500.00"]["status"] == "posted"
