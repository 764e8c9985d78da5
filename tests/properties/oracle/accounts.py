"""What the oracle does with accounts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from properties.oracle.books import BEGINNING, Account, Books, Refused, check_amount


def open_account(
    books: Books,
    account_id: str,
    currency: str,
    opening: Decimal,
    day: dt.date | None,
    *,
    from_files: bool,
) -> None:
    held = (day or BEGINNING, opening) if opening else None
    books.accounts.append(Account(account_id, currency, held, from_files))


def change_opening(books: Books, account_id: str, amount: Decimal, day: dt.date | None) -> None:
    """What the user says of the opening balance no file changes any more."""
    account = books.account(account_id)
    check_amount(amount)
    account.opening = (day or BEGINNING, amount) if amount else None
    account.opening_from_files = False


def opening_of_file(account: Account, day: dt.date, amount: Decimal) -> None:
    """The file that reaches back furthest says it, unless the user did."""
    if account.opening_from_files and (account.opening is None or day < account.opening[0]):
        account.opening = (day, amount)


def close(books: Books, account_id: str) -> None:
    account = books.account(account_id)
    must_be_open(account)
    account.closed = True


def reopen(books: Books, account_id: str) -> None:
    account = books.account(account_id)
    if not account.closed:
        raise Refused("account_is_open")
    account.closed = False


def report(books: Books, account_id: str, day: dt.date, amount: Decimal, currency: str) -> None:
    account = books.account(account_id)
    if currency != account.currency:
        raise Refused("currency_must_match")
    check_amount(amount)
    account.reported[day] = amount


def must_be_open(account: Account) -> None:
    if account.closed:
        raise Refused("account_is_closed")
