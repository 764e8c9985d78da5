"""A split whose amount becomes another one: by the bank, by hand, and undone again."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from api.undoing import Undoing

pytestmark = pytest.mark.usefixtures("books")

FOOD, GAS = "food_dining.groceries", "transportation.gas"


class Bank:
    """A connection to the checking account that hands over one row under one id."""

    def __init__(self, ledger: Any) -> None:
        self.ledger = ledger
        opened = ledger.client.post(
            f"{ledger.path}/connections", {"provider": "sandbox", "institution": "B"}
        )
        self.path = f"{ledger.path}/connections/{opened['connection_id']}/syncs"
        self.cursors = itertools.count(1)

    def says(self, amount: str, status: str, text: str = "MEGAMART") -> None:
        row = {"external_id": "p1", "date": "2025-03-03", "amount": amount, "description": text}
        self.ledger.client.post(
            self.path,
            {
                "account_id": self.ledger.checking,
                "cursor": str(next(self.cursors)),
                "transactions": [{**row, "status": status}],
            },
        )


@pytest.fixture
def bank(ledger: Any) -> Bank:
    return Bank(ledger)


@pytest.fixture
def it(ledger: Any) -> Undoing:
    return Undoing(ledger)


def split(it: Undoing, made: str, *parts: tuple[str, str]) -> str:
    body = [{"category": category, "amount": amount} for category, amount in parts]
    it.client.put(f"{it.path}/transactions/{made}/category", {"splits": body})
    return it.last()


def parts_of(it: Undoing) -> list[tuple[str, str]]:
    (one,) = it.client.get(f"{it.path}/transactions")
    return [(part["category"], part["amount"]) for part in one["splits"]]


def amend(it: Undoing, made: str, amount: str) -> str:
    it.client.patch(f"{it.path}/transactions/{made}", {"amount": amount})
    return it.last()


def test_what_a_hold_was_more_than_the_purchase_is_no_refund(it: Undoing, bank: Bank) -> None:
    it.client.put(f"{it.path}/budgets", {"category": FOOD, "amount": "100", "start": "2025-03"})
    bank.says("-100.00", "pending")
    (made,) = it.client.get(f"{it.path}/transactions")
    split(it, made["transaction_id"], (FOOD, "-60"), (GAS, "-40"))
    bank.says("-30.00", "posted")
    assert parts_of(it) == [(FOOD, "-18.00"), (GAS, "-12.00")]
    (budget,) = it.client.get(f"{it.path}/budgets/status", month="2025-03")
    assert (budget["spent"], budget["remaining"]) == ("18.00", "82.00")


@pytest.mark.parametrize(
    ("shares", "held", "posted", "after"),
    [
        ([{"category": FOOD, "ratio": "0.6"}, {"category": GAS}], "-100.00", "-30.00",
         [(FOOD, "-18.00"), (GAS, "-12.00")]),
        ([{"category": "income.salary", "amount": "1000"}, {"category": "income.interest"}],
         "1200.00", "150.00", [("income.salary", "125.00"), ("income.interest", "25.00")]),
    ],
    ids=["ratio", "fixed"],
)  # fmt: skip
def test_nor_is_what_a_rule_split(
    it: Undoing, bank: Bank, shares: Any, held: str, posted: str, after: Any
) -> None:
    it.client.post(
        f"{it.path}/rules",
        {"name": "shares", "condition": "description:megamart", "actions": {"split": shares}},
    )
    bank.says(held, "pending")
    bank.says(posted, "posted")
    assert parts_of(it) == after


def test_by_hand_signs_turn_with_the_whole_alone(it: Undoing) -> None:
    made = it.record(amount="-100.00")["transaction_id"]
    split(it, made, (FOOD, "-60"), (GAS, "-40"))
    before = it.shown(made)
    less = amend(it, made, "-30")
    scaled = it.shown(made)
    assert parts_of(it) == [(FOOD, "-18.00"), (GAS, "-12.00")]
    turned = amend(it, made, "100")
    assert parts_of(it) == [(FOOD, "60.00"), (GAS, "40.00")]
    done = it.undo(operation_id=turned)
    assert done["changes"][0]["fields"].keys() == {"amount"}
    assert it.shown(made) == scaled
    it.undo(operation_id=less)
    assert it.shown(made) == before


@pytest.mark.parametrize(
    "amounts",
    [("-30", "-45.50", "-2"), ("-50", "-60", "-70"), ("0", "-100"), ("-0.01", "50", "-100.01")],
    ids=" ".join,
)
def test_undo_gives_back_what_was_before_every_amount(it: Undoing, amounts: Any) -> None:
    made = it.record(amount="-100.00")["transaction_id"]
    split(it, made, (FOOD, "-60"), (GAS, "-40"))
    shown, operations = [it.shown(made)], []
    for amount in amounts:
        operations.append(amend(it, made, amount))
        shown.append(it.shown(made))
    for operation, before in zip(operations[::-1], shown[-2::-1], strict=True):
        it.undo(operation_id=operation)
        assert it.shown(made) == before
    for operation, after in zip(operations, shown[1:], strict=True):
        it.undo(operation_id=it.undoing_of(operation))
        assert it.shown(made) == after


def test_undoing_another_split_gives_back_the_one_before_as_it_was(it: Undoing) -> None:
    made = it.record(amount="-100.00")["transaction_id"]
    split(it, made, (FOOD, "-60"), (GAS, "-40"))
    for amount in ("-50", "-60"):
        amend(it, made, amount)
    before = it.shown(made)
    other = split(it, made, (FOOD, "-1"), (GAS, "-59"))
    it.undo(operation_id=other)
    assert it.shown(made) == before


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_undoings_makes_no_difference(it: Undoing, order: tuple[int, ...]) -> None:
    made = it.record(amount="-100.00")["transaction_id"]
    split(it, made, (FOOD, "-60"), (GAS, "-40"))
    operations = [amend(it, made, amount) for amount in ("-50", "-60", "-55")]
    whole = it.shown(made)
    for number in order[:2]:
        it.undo(operation_id=operations[number])
    (left,) = {0, 1, 2} - {*order[:2]}
    wanted = [("-10.00", "-40.00"), ("-20.00", "-40.00"), ("-15.00", "-40.00")][left]
    assert [amount for _, amount in parts_of(it)] == [*wanted]
    it.undo(operation_id=operations[left])
    assert parts_of(it) == [(FOOD, "-60.00"), (GAS, "-40.00")]
    for number in order:
        it.undo(operation_id=it.undoing_of(operations[number]))
    assert it.shown(made) == whole
