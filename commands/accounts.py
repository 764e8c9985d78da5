"""Commands on accounts: open, rename, close, and what the bank says they hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import Field

from mintflow.commands.core.command import Amount, Command, Currency, Day, Name, example
from mintflow.commands.core.unit import Unit
from mintflow.domain.accounts import Account, AccountKind, AccountNotFound
from mintflow.domain.core.money import ZERO, exact_amount, money_text


class OpenAccount(Command):
    """opening_balance: signed from the account's side, a debt is negative. Without an
    opening_date it stood before everything that the books say. opening_from_files: it is not
    known; the bank file that reaches back furthest says it."""

    model_config = example(
        name="Checking",
        kind="checking",
        currency="USD",
        opening_balance="3938.09",
        opening_date="2025-01-01",
    )

    name: Name
    kind: AccountKind
    currency: Currency
    opening_balance: Amount = Decimal(0)
    opening_date: Day | None = None
    opening_from_files: bool = False


class ChangeAccount(Command):
    """What is given changes, in this order: name, opening balance, closed or re-opened.

    opening_balance keeps its day where no opening_date is given, and the other way round; a null
    one makes it undated. Nothing has no day. closed_on: with closed true; today where it is not
    given.
    """

    account_id: UUID
    name: Name | None = None
    opening_balance: Amount | None = None
    opening_date: Day | None = None
    closed: bool | None = None
    closed_on: Day | None = None


class ReportBalance(Command):
    """What the bank says the account held at the end of a day; drift is shown against it."""

    account_id: UUID
    date: Day
    amount: Amount
    currency: Currency | None = None
    source: str = Field("user", max_length=40, pattern=r"^[a-z_]+$")


class SetImportProfile(Command):
    """How files of this account are read; see the reference of bank files."""

    account_id: UUID
    profile: dict[str, Any]


async def open_account(command: OpenAccount, unit: Unit) -> dict[str, Any]:
    """Raises NameNotUsable, UnknownCurrency, TooManyDigits, DateOutOfRange."""
    account = unit.add(
        Account.open(
            unit.new_id(),
            command.name,
            command.kind,
            command.currency,
            unit.now,
            opening_balance=command.opening_balance,
            opening_date=command.opening_date,
            opening_source="file" if command.opening_from_files else "user",
        )
    )
    return _answer(account)


async def change_account(command: ChangeAccount, unit: Unit) -> dict[str, Any]:
    """Raises AccountNotFound, NameNotUsable, TooManyDigits, DateOutOfRange, AccountIsClosed,
    AccountIsOpen."""
    account = await unit.change(Account, command.account_id, AccountNotFound)
    if command.name is not None:
        account.rename(command.name, unit.now)
    _change_opening(account, command, unit)
    if command.closed:
        account.close(command.closed_on or unit.now.date(), unit.now)
    elif command.closed is False:
        account.reopen(unit.now)
    return _answer(account)


def _change_opening(account: Account, command: ChangeAccount, unit: Unit) -> None:
    held = account.opening
    dated = "opening_date" in command.model_fields_set
    amount = command.opening_balance
    if amount is None and dated and held is not None:
        amount = held.amount
    if amount is not None:
        day = command.opening_date if dated or held is None else held.date
        account.change_opening_balance(amount, day, unit.now)


async def report_balance(command: ReportBalance, unit: Unit) -> dict[str, Any]:
    """Raises AccountNotFound, CurrencyMustMatch, TooManyDigits, DateOutOfRange."""
    account = await unit.change(Account, command.account_id, AccountNotFound)
    currency = command.currency or account.currency
    account.report_balance(command.date, command.amount, currency, command.source, unit.now)
    return {
        "account_id": str(account.id),
        "date": command.date.isoformat(),
        "amount": money_text(account.reported[command.date]),
        "currency": account.currency,
        "source": command.source,
    }


async def set_import_profile(command: SetImportProfile, unit: Unit) -> dict[str, Any]:
    """Raises AccountNotFound. The caller has checked that the profile can be read by."""
    account = await unit.change(Account, command.account_id, AccountNotFound)
    account.remember_import_profile(command.profile, unit.now)
    return {"account_id": str(account.id), "import_profile": account.import_profile}


def _answer(account: Account) -> dict[str, Any]:
    return {
        "account_id": str(account.id),
        "name": account.name,
        "kind": account.kind,
        "currency": account.currency,
        "opening_balance": money_text(
            account.opening.amount if account.opening else exact_amount(ZERO, account.currency)
        ),
        "closed_on": account.closed_on.isoformat() if account.closed_on else None,
    }


HANDLERS = {
    OpenAccount: open_account,
    ChangeAccount: change_account,
    ReportBalance: report_balance,
    SetImportProfile: set_import_profile,
}
