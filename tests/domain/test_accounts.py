"""Accounts and ledgers: opening, closing, opening balances and what the bank reports."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from domain.scenario import ACCOUNT, DAY, NOW, assert_balanced, events_of, facts_of, given, refuses

from mintflow.domain.accounts import (
    ACCOUNT_KINDS,
    UNDATED,
    Account,
    AccountIsClosed,
    AccountIsOpen,
    AccountKindUnknown,
)
from mintflow.domain.core.money import (
    AmountNotReadable,
    CurrencyMustMatch,
    TooManyDigits,
    UnknownCurrency,
)
from mintflow.domain.core.time import DATE_MAX, DATE_MIN, DateOutOfRange
from mintflow.domain.ledgers import Ledger, NameNotUsable

FEBRUARY = dt.date(2025, 2, 1)
APRIL = dt.date(2025, 4, 1)
DAY_LONG = dt.timedelta(days=1)


def account(**facts: Any) -> Account:
    kind, currency = facts.pop("kind", "checking"), facts.pop("currency", "USD")
    return given(Account.open(ACCOUNT, "Checking", kind, currency, NOW, **facts))


@pytest.mark.parametrize("kind", ACCOUNT_KINDS)
def test_opens_every_kind(kind: str) -> None:
    one = account(kind=kind)
    assert (one.kind, one.opening, one.closed_on) == (kind, None, None)


def test_refuses_a_kind_name_or_currency_that_it_does_not_keep() -> None:
    refuses(AccountKindUnknown, None, lambda: account(kind="piggy_bank"))
    refuses(UnknownCurrency, None, lambda: account(currency="QQQ"))
    refuses(TooManyDigits, None, lambda: account(opening_balance="1.234"))
    refuses(AmountNotReadable, None, lambda: account(opening_balance="much"))
    refuses(
        DateOutOfRange, None, lambda: account(opening_balance="1", opening_date=DATE_MAX + DAY_LONG)
    )


DAYS = dt.timedelta(days=1)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\nb", "a\x00b", "\u202eabc"])
def test_refuses_a_name_that_can_not_be_shown(name: str) -> None:
    refuses(NameNotUsable, None, lambda: Account.open(ACCOUNT, name, "cash", "USD", NOW))
    refuses(NameNotUsable, None, lambda: Ledger.open(ACCOUNT, name, "USD", "me", NOW))
    one = account()
    refuses(NameNotUsable, one, lambda: one.rename(name, NOW))


def test_an_opening_balance_is_booked_against_equity() -> None:
    one = Account.open(ACCOUNT, "Card", "credit_card", "USD", NOW, opening_balance="-250.5")
    opened = events_of(one)
    assert_balanced(opened)
    booking = opened[0].bookings()[1]
    assert booking is not None
    assert (booking.amount, booking.date) == (Decimal("-250.50"), UNDATED)
    assert [part.category_id for part in booking.allocations] == ["equity.opening_balance"]
    assert opened[0].effective_on() == UNDATED


def test_renaming_to_the_same_changes_nothing() -> None:
    one = account()
    one.rename("  Checking ", NOW)
    assert events_of(one) == []
    one.rename("Joint", NOW)
    assert [facts_of(event) for event in events_of(one)] == [{"name": "Joint"}]


def test_a_changed_opening_balance_takes_the_old_one_out_of_the_books() -> None:
    one = account(opening_balance="100", opening_date=DAY)
    one.change_opening_balance("0", None, NOW)
    (event,) = events_of(one)
    before, after = event.bookings()
    assert before is not None
    assert (before.amount, after) == (100, None)
    one.change_opening_balance("0.00", None, NOW)
    assert events_of(one) == []
    one.change_opening_balance("7", FEBRUARY, NOW)
    assert_balanced(events_of(one))


def test_closing_and_opening_again() -> None:
    one = account()
    refuses(AccountIsOpen, one, lambda: one.reopen(NOW))
    refuses(DateOutOfRange, one, lambda: one.close(DATE_MIN - DAY_LONG, NOW))
    one.close(DAY, NOW)
    assert events_of(one)[0].effective_on() == DAY
    refusal = refuses(AccountIsClosed, one, lambda: one.close(DAY, NOW))
    assert refusal.details == {"account_id": str(ACCOUNT), "closed_on": "2025-03-14"}
    refuses(AccountIsClosed, one, one.must_be_open)
    one.reopen(NOW)
    one.must_be_open()


def test_what_the_bank_reports_is_kept_once_per_day() -> None:
    one = account()
    one.report_balance(DAY, "12.30", "USD", "file", NOW)
    one.report_balance(DAY, "12.3", "USD", "sync", NOW)
    (event,) = events_of(one)
    assert event.effective_on() == DAY
    one.report_balance(DAY, "12.31", "USD", "file", NOW)
    assert len(events_of(one)) == 1
    assert one.reported == {DAY: Decimal("12.31")}
    refuses(CurrencyMustMatch, one, lambda: one.report_balance(DAY, "1", "EUR", "file", NOW))
    refuses(TooManyDigits, one, lambda: one.report_balance(DAY, "1.001", "USD", "file", NOW))
    refuses(
        DateOutOfRange,
        one,
        lambda: one.report_balance(DATE_MAX + DAY_LONG, "1", "USD", "file", NOW),
    )


def test_an_import_profile_is_remembered_until_it_changes() -> None:
    one = account()
    one.remember_import_profile({"delimiter": ";"}, NOW)
    one.remember_import_profile({"delimiter": ";"}, NOW)
    assert len(events_of(one)) == 1
    one.remember_import_profile({"delimiter": ","}, NOW)
    assert one.import_profile == {"delimiter": ","}


def test_a_file_says_the_opening_balance_only_where_nobody_did() -> None:
    one = account(opening_balance="5")
    one.change_opening_balance("9", FEBRUARY, NOW, source="file")
    assert events_of(one) == []
    two = account(opening_source="file")
    two.change_opening_balance("9", FEBRUARY, NOW, source="file")
    assert two.opening is not None
    assert (two.opening.amount, two.opening.date, two.opening_source) == (9, FEBRUARY, "file")
    two.change_opening_balance("8", None, NOW)
    two.change_opening_balance("7", dt.date(2024, 1, 1), NOW, source="file")
    assert two.opening.amount == 8


@pytest.mark.parametrize(
    "order", [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0, 1, 2, 0], [2, 2, 0, 0, 1]]
)
@pytest.mark.parametrize("first", ["0.00", "15.00"])
def test_files_in_any_order_leave_the_opening_balance_of_the_earliest(
    order: list[int], first: str
) -> None:
    files = [(FEBRUARY, first), (DAY, "0"), (APRIL, "70")]
    one = account(opening_source="file")
    for number in order:
        on, amount = files[number]
        one.change_opening_balance(amount, on, NOW, source="file")
        given_twice = one.version
        one.change_opening_balance(amount, on, NOW, source="file")
        assert one.version == given_twice
    assert one.opening is not None
    assert (one.opening.date, one.opening.amount) == (FEBRUARY, Decimal(first))
    assert_balanced(events_of(one))


def test_a_ledger_is_opened_and_renamed() -> None:
    ledger = given(Ledger.open(UUID(int=1), " Home ", "EUR", "owner", NOW))
    assert (ledger.name, ledger.currency, ledger.owner) == ("Home", "EUR", "owner")
    ledger.rename("Home", NOW)
    assert events_of(ledger) == []
    ledger.rename("Ours", NOW)
    assert ledger.name == "Ours"
    refuses(NameNotUsable, ledger, lambda: ledger.rename("", NOW))
    refuses(UnknownCurrency, None, lambda: Ledger.open(UUID(int=1), "Home", "EURO", "me", NOW))
