"""A transaction's own rules: recorded, posted, amended, categorized, tagged, noted, voided."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from domain.scenario import (
    DAY,
    NOW,
    assert_balanced,
    booking,
    events_of,
    facts_of,
    refuses,
    transaction,
)

from mintflow.domain.core.money import TooManyDigits
from mintflow.domain.core.postings import Allocation, PostingsMustSumToZero, whole
from mintflow.domain.core.time import DateOutOfRange
from mintflow.domain.transactions import (
    NothingToSplit,
    Transaction,
    TransactionIsLinked,
    TransactionIsNotPending,
    TransactionIsVoided,
    checked_splits,
)
from mintflow.domain.transactions.errors import TextTooLong, TransactionIsNotVoided

NEXT_DAY = DAY + dt.timedelta(days=1)
TOO_LATE = dt.date(2201, 1, 1)
TRANSFER_ID = UUID(int=900)


def split(*parts: tuple[str, str], amount: str = "-42.10") -> tuple[Allocation, ...]:
    return checked_splits(parts, Decimal(amount), "USD")


def of(one: Transaction) -> list[tuple[str, str]]:
    assert one.booking is not None
    return [(part.category_id, str(part.amount)) for part in one.booking.allocations]


def test_recording_puts_it_into_the_books() -> None:
    one = Transaction.record(transaction().id, booking(), NOW, description="Coffee", origin="file")
    (event,) = events_of(one)
    assert event.TOPIC == "transaction.recorded"
    assert event.bookings() == (None, booking())
    assert event.effective_on() == DAY


@pytest.mark.parametrize("field", ["description", "counterparty", "memo", "notes"])
def test_refuses_to_record_a_text_that_is_too_long(field: str) -> None:
    refuses(TextTooLong, None, lambda: transaction(**{field: "x" * 2_001}))
    transaction(**{field: "x" * 2_000})


@pytest.mark.parametrize("tags", [[""], ["x" * 101], [f"t{n}" for n in range(51)]])
def test_refuses_tags_that_are_too_long_or_too_many(tags: list[str]) -> None:
    refuses(TextTooLong, None, lambda: transaction(tags=tags))
    one = transaction()
    refuses(TextTooLong, one, lambda: one.tag(tags, NOW))


def test_refuses_a_date_outside_the_books() -> None:
    one = transaction(status="pending")
    for day in (dt.date(1899, 12, 31), TOO_LATE):
        refuses(DateOutOfRange, None, lambda day=day: transaction(day=day))
        refuses(DateOutOfRange, one, lambda day=day: one.post(NOW, date=day))
        refuses(DateOutOfRange, one, lambda day=day: one.amend(NOW, origin="manual", date=day))


def test_a_pending_one_posts_with_another_amount_date_and_id() -> None:
    one = transaction(status="pending", bank_id="P1", origin="sync")
    one.post(NOW, date=NEXT_DAY, amount="-50.00", bank_id="B1", origin="sync")
    (event,) = events_of(one)
    before, after = event.bookings()
    assert before is not None
    assert after is not None
    assert (before.status, before.amount) == ("pending", Decimal("-42.10"))
    assert (after.status, after.amount, after.date) == ("posted", Decimal("-50.00"), NEXT_DAY)
    assert one.bank_id == "B1"
    assert_balanced([event])
    refuses(TransactionIsNotPending, one, lambda: one.post(NOW))


def test_posting_keeps_the_split_and_gives_the_difference_to_its_largest_part() -> None:
    one = transaction(status="pending", origin="sync")
    one.categorize(split(("food", "-30.00"), ("fun", "-12.10")), "user", NOW)
    one.post(NOW, amount="-45.10", origin="sync")
    assert of(one) == [("food", "-33.00"), ("fun", "-12.10")]
    assert_balanced(events_of(one))


def test_of_equal_parts_the_first_takes_the_difference() -> None:
    one = transaction("-10.00")
    one.categorize(split(("food", "-5"), ("fun", "-5"), amount="-10.00"), "user", NOW)
    one.amend(NOW, origin="manual", amount="-9.99")
    assert of(one) == [("food", "-4.99"), ("fun", "-5.00")]


def test_posting_keeps_the_bank_id_where_none_is_given() -> None:
    one = transaction(status="pending", bank_id="P1")
    one.post(NOW)
    assert one.bank_id == "P1"


@pytest.mark.parametrize("origin", ["file", "sync"])
def test_a_field_that_the_user_set_is_never_overwritten_by_a_bank(origin: Any) -> None:
    one = transaction(
        status="pending", user_fields=("date", "amount", "description"), counterparty="Bean Inc"
    )
    one.post(NOW, date=NEXT_DAY, amount="-50.00", bank_id="B1", origin=origin)
    assert one.booking is not None
    assert (one.booking.date, one.booking.amount) == (DAY, Decimal("-42.10"))
    assert one.booking.status == "posted"
    changed = one.amend(
        NOW, origin=origin, date=NEXT_DAY, amount="-1", description="POS 4711", counterparty="Bean"
    )
    assert changed
    assert (one.description, one.counterparty) == ("Coffee", "Bean")
    assert (one.booking.date, one.booking.amount) == (DAY, Decimal("-42.10"))


def test_what_the_user_amends_becomes_his() -> None:
    one = transaction(origin="file")
    assert one.amend(NOW, origin="manual", description="Espresso")
    assert one.user_fields == {"description"}
    assert not one.amend(NOW, origin="sync", description="POS 4711")
    assert one.amend(NOW, origin="sync", amount="-42.11")
    assert "amount" not in one.user_fields


def test_an_amendment_says_which_fields_and_carries_both_bookings() -> None:
    one = transaction()
    one.amend(NOW, origin="manual", amount="-40", date=NEXT_DAY, memo="tip")
    (event,) = events_of(one)
    facts = facts_of(event)
    assert facts["fields"] == ("memo", "date", "amount")
    assert facts["description"] == "Coffee"
    before, after = event.bookings()
    assert before is not None
    assert after is not None
    assert (before.amount, after.amount) == (Decimal("-42.10"), Decimal("-40.00"))
    assert event.effective_on() == NEXT_DAY


def test_amending_nothing_changes_nothing() -> None:
    one = transaction()
    assert not one.amend(NOW, origin="manual")
    assert not one.amend(NOW, origin="manual", amount="-42.1", date=DAY, description="Coffee")
    assert events_of(one) == []


def test_refuses_an_amendment_that_the_books_can_not_hold() -> None:
    one = transaction()
    refuses(TooManyDigits, one, lambda: one.amend(NOW, origin="manual", amount="-42.101"))
    refuses(TextTooLong, one, lambda: one.amend(NOW, origin="manual", description="x" * 2_001))


def test_one_category_or_several() -> None:
    one = transaction()
    assert one.categorize(whole(Decimal("-42.10"), "food"), "user", NOW)
    assert one.categorize(split(("food", "-40"), ("fun", "-2.10")), "user", NOW)
    assert one.categorize(whole(Decimal("-42.10"), "food"), "user", NOW)
    events = events_of(one)
    assert [event.TOPIC for event in events] == [
        "transaction.categorized",
        "transaction.split",
        "transaction.categorized",
    ]
    assert_balanced(events)
    assert not one.categorize(whole(Decimal("-42.10"), "food"), "user", NOW)


def test_a_split_may_have_parts_of_both_signs() -> None:
    one = transaction()
    one.categorize(split(("food", "-50"), ("refunds", "7.90")), "user", NOW)
    assert_balanced(events_of(one))


def test_refuses_a_split_that_does_not_add_up() -> None:
    one = transaction()
    refusal = refuses(PostingsMustSumToZero, one, lambda: split(("food", "-42.11")))
    assert refusal.details == {"amount": "-42.10", "parts": "-42.11", "currency": "USD"}
    for parts in ((), (Allocation("food", Decimal("-42")),)):
        refuses(PostingsMustSumToZero, one, lambda parts=parts: one.categorize(parts, "user", NOW))
    refuses(NothingToSplit, None, split)
    refuses(NothingToSplit, None, lambda: split(*[("food", "0")] * 101))
    refuses(TooManyDigits, None, lambda: split(("food", "-42.100"), ("fun", "0.001")))


def test_neither_rule_nor_bank_overwrites_the_users_category() -> None:
    one = transaction()
    one.categorize(whole(Decimal("-42.10"), "food"), "user", NOW)
    for source in ("rule", "bank", "none"):
        assert not one.categorize(whole(Decimal("-42.10"), "fun"), source, NOW)  # type: ignore[arg-type]
    assert of(one) == [("food", "-42.10")]


@pytest.mark.parametrize(
    ("first", "second", "changes"),
    [("none", "bank", True), ("bank", "rule", True), ("rule", "rule", True),
     ("rule", "bank", False), ("bank", "none", False), ("rule", "user", True)],
)  # fmt: skip
def test_a_weaker_source_never_overwrites_a_stronger_one(
    first: Any, second: Any, changes: bool
) -> None:
    one = transaction()
    one.categorize(whole(Decimal("-42.10"), "food"), first, NOW)
    assert one.categorize(whole(Decimal("-42.10"), "fun"), second, NOW) is changes


def test_tags_are_set_without_repetition_and_become_the_users() -> None:
    one = transaction()
    one.tag(["a", "b", "a"], NOW)
    one.tag(["a", "b"], NOW)
    (event,) = events_of(one)
    assert facts_of(event) == {"before": (), "after": ("a", "b"), "by": "user"}
    assert "tags" in one.user_fields
    one.tag([], NOW)
    assert one.tags == ()


def test_repeated_tags_are_recorded_once_and_count_once() -> None:
    one = transaction(tags=["b", "a", "b"])
    assert one.tags == ("b", "a")
    many = [f"t{n}" for n in range(50)]
    assert transaction(tags=[*many, *many]).tags == tuple(many)
    one.tag([*many, *many], NOW)
    assert one.tags == tuple(many)


def test_a_note_is_set_and_removed() -> None:
    one = transaction()
    one.note("with Anna", NOW)
    one.note("with Anna", NOW)
    assert len(events_of(one)) == 1
    one.note("", NOW)
    assert one.notes == ""
    refuses(TextTooLong, one, lambda: one.note("x" * 2_001, NOW))


def test_voiding_takes_it_out_and_reinstating_brings_back_what_it_was() -> None:
    one = transaction()
    one.categorize(split(("food", "-40"), ("fun", "-2.10")), "user", NOW)
    was = one.booking
    refuses(TransactionIsNotVoided, one, lambda: one.reinstate(NOW))
    events_of(one)
    one.void(NOW)
    (event,) = events_of(one)
    assert event.bookings() == (was, None)
    assert event.effective_on() == DAY
    one.reinstate(NOW)
    (event,) = events_of(one)
    assert event.bookings() == (None, was)
    assert one.booking == was


VOIDED_ACTS: dict[str, Any] = {
    "void": lambda one: one.void(NOW),
    "post": lambda one: one.post(NOW),
    "amend": lambda one: one.amend(NOW, origin="manual", description="x"),
    "categorize": lambda one: one.categorize(whole(Decimal("-42.10"), "food"), "user", NOW),
    "tag": lambda one: one.tag(["a"], NOW),
    "note": lambda one: one.note("a", NOW),
    "match": lambda one: one.match(transaction(number=2), NOW),
    "unmatch": lambda one: one.unmatch(transaction(number=2), NOW),
    "link": lambda one: one.link(TRANSFER_ID, NOW),
    "unlink": lambda one: one.unlink(TRANSFER_ID, NOW),
}


@pytest.mark.parametrize("act", VOIDED_ACTS)
def test_a_voided_one_can_only_be_reinstated(act: str) -> None:
    one = transaction(status="pending")
    one.void(NOW)
    refuses(TransactionIsVoided, one, lambda: VOIDED_ACTS[act](one))


def test_a_leg_of_a_transfer_keeps_its_amount_and_has_no_category() -> None:
    one = transaction(status="pending")
    one.link(TRANSFER_ID, NOW)
    refuses(
        TransactionIsLinked,
        one,
        lambda: one.categorize(whole(Decimal("-42.10"), "food"), "user", NOW),
    )
    refuses(TransactionIsLinked, one, lambda: one.amend(NOW, origin="manual", amount="-1"))
    refuses(TransactionIsLinked, one, lambda: one.post(NOW, amount="-1"))
    refuses(TransactionIsLinked, one, lambda: one.void(NOW))
    refuses(TransactionIsLinked, one, lambda: one.link(TRANSFER_ID, NOW))
    assert one.amend(NOW, origin="manual", date=NEXT_DAY, description="To savings")
    one.post(NOW)
