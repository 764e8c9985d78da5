"""Two transactions that are one: a bank's row of a hand-made one, or two legs of a transfer."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from domain.scenario import (
    NOW,
    OTHER_ACCOUNT,
    assert_balanced,
    events_of,
    facts_of,
    given,
    refuses,
    transaction,
)

from mintflow.domain.connections import Connection
from mintflow.domain.core.postings import TRANSFER, whole
from mintflow.domain.imports import FileImport
from mintflow.domain.transactions import (
    AlreadyMatched,
    MatchRefused,
    Transaction,
    TransactionAlias,
    TransactionIsLinked,
    TransactionIsVoided,
    checked_splits,
)
from mintflow.domain.transactions.errors import (
    NotMatched,
    TransactionIsNotLinked,
    TransactionIsNotVoided,
)
from mintflow.domain.transfers import Transfer, TransferIsEnded

TRANSFER_ID = UUID(int=900)


def two(status: str = "posted") -> tuple[Transaction, Transaction]:
    """One by hand, and the bank's row of it."""
    return (
        transaction(number=1, notes="mine"),
        transaction(number=2, status=status, origin="file", bank_id="B1", description="POS 4711"),
    )


def test_a_match_keeps_the_hand_made_one_and_takes_the_row_out() -> None:
    mine, row = two()
    was = row.booking
    mine.match(row, NOW)
    (matched,), (absorbed,) = events_of(mine), events_of(row)
    assert facts_of(matched)["imported_id"] == row.id
    assert absorbed.bookings() == (was, None)
    assert facts_of(absorbed)["absorbed_by"] == mine.id
    assert (mine.description, mine.notes) == ("Coffee", "mine")
    assert mine.booking is not None
    assert row.booking is None


def test_a_match_takes_over_whether_the_bank_has_booked_it() -> None:
    mine, row = two(status="pending")
    mine.match(row, NOW)
    assert mine.booking is not None
    assert mine.booking.status == "pending"


def test_unmatching_lets_both_count() -> None:
    mine, row = two()
    was = row.booking
    mine.match(row, NOW)
    events_of(row)
    mine.unmatch(row, NOW)
    (released,) = events_of(row)
    assert released.bookings() == (None, was)
    assert row.booking == was
    assert mine.matched_with is None
    assert row.absorbed_by is None
    mine.match(row, NOW)  # and may meet again
    assert_balanced([*events_of(mine), *events_of(row)])


def test_refuses_a_match_of_another_account_or_amount_or_with_itself() -> None:
    mine, _ = two()
    for row in (
        transaction(number=2, account=OTHER_ACCOUNT),
        transaction("-42.11", number=2),
        transaction("42.10", number=2),
        mine,
    ):
        refuses(MatchRefused, mine, lambda row=row: mine.match(row, NOW))


def test_refuses_a_second_match() -> None:
    mine, row = two()
    third = transaction(number=3)
    mine.match(row, NOW)
    refuses(AlreadyMatched, mine, lambda: mine.match(third, NOW))
    refuses(AlreadyMatched, third, lambda: third.match(mine, NOW))
    refuses(TransactionIsVoided, third, lambda: third.match(row, NOW))


def test_refuses_to_absorb_a_leg_of_a_transfer() -> None:
    mine, row = two()
    row.link(TRANSFER_ID, NOW)
    refuses(TransactionIsLinked, mine, lambda: mine.match(row, NOW))


def test_refuses_to_unmatch_what_is_not_matched() -> None:
    mine, row = two()
    refuses(NotMatched, mine, lambda: mine.unmatch(row, NOW))
    mine.match(row, NOW)
    third = transaction(number=3)
    refuses(NotMatched, mine, lambda: mine.unmatch(third, NOW))
    refuses(TransactionIsNotVoided, row, lambda: row.reinstate(NOW))
    refuses(TransactionIsVoided, row, lambda: row.void(NOW))


def test_a_leg_belongs_to_the_transfer_and_has_its_category_back_afterwards() -> None:
    one = transaction()
    parts = checked_splits([("food", "-40"), ("fun", "-2.10")], Decimal("-42.10"), "USD")
    one.categorize(parts, "user", NOW)
    one.link(TRANSFER_ID, NOW)
    assert one.booking is not None
    assert one.booking.allocations == whole(Decimal("-42.10"), TRANSFER)
    refuses(TransactionIsNotLinked, one, lambda: one.unlink(UUID(int=901), NOW))
    one.unlink(TRANSFER_ID, NOW)
    assert one.booking is not None
    assert one.booking.allocations == parts
    assert one.transfer_id is None
    refuses(TransactionIsNotLinked, one, lambda: one.unlink(TRANSFER_ID, NOW))
    assert_balanced(events_of(one))


def test_a_leg_that_the_bank_posted_with_another_amount_has_its_split_back_in_that_amount() -> None:
    one = transaction(status="pending", origin="sync")
    parts = checked_splits([("food", "-40"), ("fun", "-2.10")], Decimal("-42.10"), "USD")
    one.categorize(parts, "user", NOW)
    one.link(TRANSFER_ID, NOW)
    one.post(NOW, amount="-43.10", origin="sync")
    one.unlink(TRANSFER_ID, NOW)
    assert one.booking is not None
    assert [str(part.amount) for part in one.booking.allocations] == ["-41.00", "-2.10"]
    assert_balanced(events_of(one))


@pytest.mark.parametrize("how", ["unlinked", "voided"])
def test_a_transfer_ends_once(how: str) -> None:
    transfer = given(Transfer.start(TRANSFER_ID, UUID(int=1), UUID(int=2), "linked", NOW))
    assert (transfer.from_transaction_id, transfer.to_transaction_id) == (UUID(int=1), UUID(int=2))
    transfer.end(how, NOW)  # type: ignore[arg-type]
    assert [facts_of(event) for event in events_of(transfer)] == [{"how": how}]
    refuses(TransferIsEnded, transfer, lambda: transfer.end("unlinked", NOW))


def test_an_alias_an_import_and_a_connection_are_remembered() -> None:
    alias = given(TransactionAlias.point(UUID(int=5), UUID(int=1), "B2", NOW))
    assert alias.transaction_id == UUID(int=1)
    connection = given(Connection.open(UUID(int=6), "sandbox", "Bank", NOW))
    connection.synced(UUID(int=7), "c1", NOW, added=1, known=0, updated=0, skipped=0, removed=0)
    assert connection.cursor == "c1"
    imported = FileImport.complete(
        UUID(int=8), NOW, account_id=UUID(int=7), format="csv", sha256="", size_bytes=1, added=1,
        known=0, updated=0, skipped=0, findings=(),
    )  # fmt: skip
    assert given(imported).account_id == UUID(int=7)
