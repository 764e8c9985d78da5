"""Rules on accounts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from properties.machine.base import Machine
from properties.machine.values import AMOUNTS, CURRENCIES, DAYS, MAYBE, PICK
from properties.oracle import accounts as own_accounts

from mintflow.commands.accounts import ChangeAccount, ReportBalance


class AccountRules(Machine):
    """Open, close, say what was there at first, and what the bank says."""

    @rule(currency=CURRENCIES, opening=AMOUNTS, day=MAYBE | DAYS, from_files=st.booleans())
    @precondition(lambda self: len(self.books.accounts) < 5)
    def open_account(
        self, currency: str, opening: Decimal, day: dt.date | None, from_files: bool
    ) -> None:
        self._open(currency, Decimal(0) if from_files else opening, day, from_files=from_files)

    @rule(which=PICK, amount=AMOUNTS, day=MAYBE | DAYS)
    def change_opening_balance(self, which: int, amount: Decimal, day: dt.date | None) -> None:
        account_id = self._account(which).id
        self._both(
            ChangeAccount(account_id=UUID(account_id), opening_balance=amount, opening_date=day),
            lambda: own_accounts.change_opening(self.books, account_id, amount, day),
        )

    @rule(which=PICK, closed=st.sampled_from([True, False, False]))
    def close_or_reopen(self, which: int, closed: bool) -> None:
        account_id = self._account(which).id
        shut = [one.id for one in self.books.accounts if one.closed]
        if not closed and shut:
            account_id = shut[which % len(shut)]
        change = own_accounts.close if closed else own_accounts.reopen
        self._both(
            ChangeAccount(account_id=UUID(account_id), closed=closed),
            lambda: change(self.books, account_id),
        )

    @rule(which=PICK, day=DAYS, amount=AMOUNTS, currency=MAYBE | CURRENCIES)
    def report_balance(
        self, which: int, day: dt.date, amount: Decimal, currency: str | None
    ) -> None:
        account = self._account(which)
        self._both(
            ReportBalance(
                account_id=UUID(account.id),
                date=day,
                amount=amount,
                currency=currency,
                source="user",
            ),
            lambda: own_accounts.report(
                self.books, account.id, day, amount, currency or account.currency
            ),
        )
