"""What becomes of a bank's rows that come more than once, changed, pending, or after the user's."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from acceptance.bus import LedgerBus, row
from acceptance.product import Product, product
from services import PostgresService

from mintflow.commands.accounts import ChangeAccount, OpenAccount
from mintflow.commands.categories import AddCategory, MergeCategories
from mintflow.commands.transactions import (
    AmendTransaction,
    CategorizeTransaction,
    MatchTransactions,
    PostTransaction,
    RecordTransaction,
    ReinstateTransaction,
    UnmatchTransaction,
    VoidTransaction,
)
from mintflow.commands.transfers import LinkTransactions, UnlinkTransfer
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.statements import StatementBalance


@pytest.fixture(scope="module")
def started(postgres: PostgresService) -> Iterator[Product]:
    with postgres.migrated() as url, product(url) as running:
        yield running


class Checking(LedgerBus):
    """A ledger with one account."""

    account_id: str

    def __post_init__(self) -> None:
        super().__post_init__()
        self.account_id = self.open("checking")

    def open(self, name: str, **facts: Any) -> str:
        command = OpenAccount(name=name, kind="checking", currency="USD", **facts)
        account_id: str = self.do(command)["account_id"]
        return account_id

    def file(self, *rows: Any, **facts: Any) -> tuple[int, int, int]:
        """Import; returns (added, known, updated), which a dry run said too."""
        predicted = self.bring_in(self.account_id, rows, dry_run=True, **facts)
        done = self.bring_in(self.account_id, rows, **facts)
        names = ("added", "known", "updated")
        assert [done[name] for name in names] == [predicted[name] for name in names]
        return done["added"], done["known"], done["updated"]

    def record(self, day: str, amount: str, **facts: Any) -> UUID:
        command = RecordTransaction(
            account_id=UUID(self.account_id),
            date=day,  # type: ignore[arg-type]
            amount=Decimal(amount),
            description="by hand",
            **facts,
        )
        return UUID(self.do(command)["transaction_id"])

    def balance(self, account_id: str | None = None) -> tuple[str, str]:
        """(posted, pending)."""
        for one in self.seen([]).accounts:
            if str(one["account_id"]) == (account_id or self.account_id):
                return str(one["balance"]), str(one["pending"])
        raise AssertionError("no such account")


@pytest.fixture
def books(started: Product) -> Checking:
    return Checking(started)


def test_two_equal_rows_of_a_day_stay_two_in_every_file(books: Checking) -> None:
    coffee = row("2025-03-01", "-3")
    assert books.file(coffee, coffee) == (2, 0, 0)
    assert books.file(coffee, coffee) == (0, 2, 0)
    assert books.file(coffee) == (0, 1, 0)
    assert books.file(coffee, coffee, coffee) == (1, 2, 0)
    assert books.balance() == ("-9.00", "0.00")


def test_a_pending_row_with_an_id_posts_under_it(books: Checking) -> None:
    assert books.file(row("2025-03-01", "-10", bank_id="a", pending=True)) == (1, 0, 0)
    assert books.balance() == ("0.00", "-10.00")
    posted = row("2025-03-03", "-12", bank_id="a")
    assert books.file(posted) == (0, 0, 1)
    assert books.file(posted) == (0, 1, 0)
    assert books.balance() == ("-12.00", "0.00")


def test_an_older_file_with_the_pending_row_changes_nothing_afterwards(books: Checking) -> None:
    pending = row("2025-03-01", "-10", bank_id="a", pending=True)
    posted = row("2025-03-03", "-12", bank_id="a")
    books.file(pending)
    books.file(posted)
    assert books.file(pending) == (0, 1, 0)
    assert books.file(posted) == (0, 1, 0)
    assert books.balance() == ("-12.00", "0.00")


def test_a_pending_row_posts_under_another_id_of_the_same_amount(books: Checking) -> None:
    books.file(row("2025-03-01", "-10", bank_id="p1", pending=True))
    posted = row("2025-03-04", "-10", bank_id="b1")
    assert books.file(posted) == (0, 0, 1)
    assert books.file(posted) == (0, 1, 0)
    assert books.balance() == ("-10.00", "0.00")


def test_a_pending_row_without_an_id_is_posted_when_the_same_row_is(books: Checking) -> None:
    books.file(row("2025-03-01", "-10", pending=True))
    assert books.file(row("2025-03-01", "-10")) == (0, 0, 1)
    assert books.file(row("2025-03-01", "-10")) == (0, 1, 0)
    assert books.balance() == ("-10.00", "0.00")


def test_a_pending_row_that_still_stands_in_the_file_is_not_the_one_that_posted(
    books: Checking,
) -> None:
    waiting = row("2025-03-01", "-10", "first", pending=True)
    books.file(waiting)
    assert books.file(waiting, row("2025-03-03", "-10", "second")) == (1, 1, 0)
    assert books.balance() == ("-10.00", "-10.00")


def test_a_pending_row_that_was_matched_by_hand_posts_too(books: Checking) -> None:
    mine = books.record("2025-03-01", "-10", category="travel.flights")
    assert books.file(row("2025-03-02", "-10", bank_id="a", pending=True)) == (0, 0, 1)
    assert books.balance() == ("0.00", "-10.00")
    posted = row("2025-03-03", "-10", bank_id="a")
    assert books.file(posted) == (0, 0, 1)
    assert books.balance() == ("-10.00", "0.00")
    assert books.file(posted) == (0, 1, 0)
    (shown,) = books.transactions()
    assert shown["transaction_id"] == mine
    assert (shown["category"], shown["description"]) == ("travel.flights", "by hand")


def test_a_matched_pending_row_that_posts_under_another_id_is_not_counted_twice(
    books: Checking,
) -> None:
    mine = books.record("2025-03-01", "-10")
    books.file(row("2025-03-02", "-10", bank_id="p", pending=True))
    posted = row("2025-03-03", "-10", bank_id="b")
    assert books.file(posted) == (0, 0, 1)
    assert books.file(posted) == (0, 1, 0)
    assert books.balance() == ("-10.00", "0.00")
    books.do(UnmatchTransaction(transaction_id=mine))
    assert books.file(posted) == (0, 0, 1)
    assert books.balance() == ("-20.00", "0.00")


def test_the_hand_made_one_that_is_nearest_is_matched_and_can_be_unmatched(books: Checking) -> None:
    far = books.record("2025-03-01", "-10")
    near = books.record("2025-03-07", "-10", notes="mine")
    assert books.file(row("2025-03-09", "-10", bank_id="a")) == (0, 0, 1)
    shown = {one["transaction_id"]: one for one in books.transactions()}
    assert set(shown) == {far, near}
    assert shown[near]["matched_with"] is not None
    assert shown[near]["notes"] == "mine"
    assert books.file(row("2025-03-12", "-10", bank_id="b")) == (1, 0, 0)  # 11 days from the other
    books.do(UnmatchTransaction(transaction_id=near))
    assert books.balance() == ("-40.00", "0.00")


def test_a_row_posted_by_hand_under_the_banks_id_is_known(books: Checking) -> None:
    mine = books.record("2025-03-01", "-10", status="pending")
    books.do(PostTransaction(transaction_id=mine, bank_id="b7"))
    assert books.file(row("2025-03-02", "-10", bank_id="b7")) == (0, 1, 0)
    assert books.balance() == ("-10.00", "0.00")
    other = books.record("2025-03-01", "-10", status="pending")
    with pytest.raises(MintFlowError) as refused:
        books.do(PostTransaction(transaction_id=other, bank_id="b7"))
    assert refused.value.code == "bank_id_is_taken"


def test_what_the_user_said_when_posting_stands_when_the_bank_says_otherwise(
    books: Checking,
) -> None:
    books.file(row("2025-03-01", "-10", bank_id="a", pending=True))
    (shown,) = books.transactions()
    posting = PostTransaction(
        transaction_id=shown["transaction_id"],
        date="2025-03-05",  # type: ignore[arg-type]
        amount=Decimal("-12.00"),
    )
    books.do(posting)
    assert books.file(row("2025-03-03", "-11", bank_id="a")) == (0, 1, 0)
    assert books.balance() == ("-12.00", "0.00")


def test_a_voided_row_stays_voided_when_its_file_comes_again(books: Checking) -> None:
    books.file(row("2025-03-01", "-10", bank_id="a"))
    (shown,) = books.transactions()
    books.do(VoidTransaction(transaction_id=shown["transaction_id"]))
    assert books.file(row("2025-03-01", "-10", bank_id="a")) == (0, 1, 0)
    assert books.balance() == ("0.00", "0.00")


def test_the_file_that_reaches_back_furthest_says_the_opening_balance(books: Checking) -> None:
    books.account_id = books.open("from files", opening_from_files=True)
    march = [row("2025-03-05", "10", bank_id="m")]
    january = [row("2025-01-05", "500", bank_id="j")]

    def opening(day: str, amount: str) -> StatementBalance:
        return StatementBalance(row(day, "0").date, Decimal(amount))

    books.file(*march, opening=opening("2025-03-01", "500"))
    assert books.balance() == ("510.00", "0.00")
    books.file(*january, opening=opening("2025-01-01", "0"))
    assert books.balance() == ("510.00", "0.00")
    # The account began with nothing, and a later file can not say otherwise.
    books.file(*march, opening=opening("2025-03-01", "500"))
    assert books.balance() == ("510.00", "0.00")


def test_an_opening_balance_that_the_user_confirmed_no_file_changes(books: Checking) -> None:
    books.account_id = books.open("from files", opening_from_files=True)
    books.do(ChangeAccount(account_id=UUID(books.account_id), opening_balance=Decimal(0)))
    said = StatementBalance(row("2025-01-01", "0").date, Decimal(10))
    books.file(row("2025-01-05", "1", bank_id="j"), opening=said)
    assert books.balance() == ("1.00", "0.00")


def test_a_leg_that_the_user_posts_keeps_its_amount(books: Checking) -> None:
    savings = books.open("savings")
    leaves = books.record("2025-03-01", "-10", status="pending")
    books.account_id = savings
    enters = books.record("2025-03-01", "10")
    books.do(LinkTransactions(from_transaction_id=leaves, to_transaction_id=enters))
    with pytest.raises(MintFlowError) as refused:
        books.do(PostTransaction(transaction_id=leaves, amount=Decimal(-11)))
    assert refused.value.code == "transaction_is_linked"
    books.do(PostTransaction(transaction_id=leaves, amount=Decimal(-10)))


def test_what_comes_back_after_a_merge_is_in_the_category_that_remained(books: Checking) -> None:
    for path in ("old", "new"):
        books.do(AddCategory(path=path))
    savings = books.open("savings")
    voided, leaves, mine, theirs = (
        books.record("2025-03-01", "-10", category="old") for _ in range(4)
    )
    books.do(VoidTransaction(transaction_id=voided))
    books.do(MatchTransactions(transaction_id=mine, imported_id=theirs))
    books.account_id = savings
    enters = books.record("2025-03-01", "10")
    made = books.do(LinkTransactions(from_transaction_id=leaves, to_transaction_id=enters))
    books.do(MergeCategories(path="old", into="new"))
    books.do(ReinstateTransaction(transaction_id=voided))
    books.do(UnmatchTransaction(transaction_id=mine))
    books.do(UnlinkTransfer(transfer_id=UUID(made["transfer_id"])))
    books.do(CategorizeTransaction(transaction_id=enters, category="income.other", splits=None))
    totals = {one["category"]: one["amount"] for one in books.seen(["2025-03"]).totals["2025-03"]}
    assert totals == {"new": Decimal("-40.00"), "income.other": Decimal("10.00")}


@pytest.mark.parametrize("status", ["posted", "pending"])
@pytest.mark.parametrize(
    ("name", "amount"), [("p1", "-23"), ("b1", "-23"), ("p1", "-40"), ("p1", "-15")]
)
def test_what_met_a_pending_row_has_the_amount_that_the_bank_books_it_at(
    books: Checking, status: str, name: str, amount: str
) -> None:
    """Under the same id it is that row whatever it comes to; under another one only with a tip."""
    mine = books.record("2025-03-01", "-20", status=status)
    books.file(row("2025-03-01", "-20", "by hand", bank_id="p1", pending=True))
    posted = row("2025-03-02", amount, "by hand", bank_id=name)
    assert books.file(posted) == (0, 0, 1)
    assert books.balance() == (f"{amount}.00", "0.00")
    assert books.file(posted) == (0, 1, 0)
    (shown,) = books.transactions()
    assert (shown["transaction_id"], shown["description"]) == (mine, "by hand")


@pytest.mark.parametrize(("amount", "stays"), [("-20", "-21.00"), ("-24", "-24.00")])
def test_what_the_user_said_of_the_amount_after_they_met_gives_way_to_a_tip_only(
    books: Checking, amount: str, stays: str
) -> None:
    mine = books.record("2025-03-01", "-20")
    books.file(row("2025-03-01", "-20", bank_id="p1", pending=True))
    books.do(AmendTransaction(transaction_id=mine, amount=Decimal("-21")))
    assert books.file(row("2025-03-02", amount, bank_id="p1")) == (0, 0, 1)
    assert books.balance() == (stays, "0.00")
