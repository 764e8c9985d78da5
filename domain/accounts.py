"""Real accounts: what they are, when they open and close, and what the bank says they hold."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar, Literal, Self, get_args
from uuid import UUID

from mintflow.domain.core.aggregates import Aggregate, Created, Event, MoneyEvent
from mintflow.domain.core.errors import Conflict, Invalid, NotFound
from mintflow.domain.core.money import (
    ZERO,
    CurrencyMustMatch,
    check_currency,
    exact_amount,
)
from mintflow.domain.core.postings import OPENING_BALANCE, Booking, whole
from mintflow.domain.core.time import DATE_MIN, check_date
from mintflow.domain.ledgers import check_name

AccountKind = Literal["checking", "savings", "cash", "credit_card", "loan", "investment", "wallet"]
ACCOUNT_KINDS: tuple[str, ...] = get_args(AccountKind)

# Who says what the account held at first. What the user says no bank file changes.
OpeningSource = Literal["user", "file"]

# An opening balance without a date stood before everything that the books will ever say.
UNDATED = DATE_MIN


class AccountNotFound(NotFound):
    """There is no such account in this ledger."""

    code = "account_not_found"


class AccountIsClosed(Conflict):
    """A closed account takes no new transactions; re-open it first."""

    code = "account_is_closed"


class AccountIsOpen(Conflict):
    """Only a closed account can be re-opened."""

    code = "account_is_open"


class AccountKindUnknown(Invalid):
    """The kind is none of those that MintFlow keeps."""

    code = "account_kind_unknown"


class AccountOpened(MoneyEvent, Created):
    """An account came into the books, maybe with an opening balance against equity."""

    TOPIC = "account.opened"
    SEALED: ClassVar[frozenset[str]] = frozenset({"name"})

    name: str
    kind: str
    currency: str
    opening_source: OpeningSource

    def apply(self, aggregate: Account) -> None:
        aggregate.name, aggregate.kind, aggregate.currency = self.name, self.kind, self.currency
        aggregate.opening, aggregate.opening_source = self.after, self.opening_source
        aggregate.closed_on = None
        aggregate.import_profile = None
        aggregate.reported = {}


class AccountRenamed(Event):
    """The account is called otherwise."""

    TOPIC = "account.renamed"
    SEALED: ClassVar[frozenset[str]] = frozenset({"name"})

    name: str

    def apply(self, aggregate: Account) -> None:
        aggregate.name = self.name


class OpeningBalanceChanged(MoneyEvent):
    """What the account held before its first transaction was said anew."""

    TOPIC = "account.opening_balance_changed"

    opening_source: OpeningSource

    def apply(self, aggregate: Account) -> None:
        aggregate.opening, aggregate.opening_source = self.after, self.opening_source


class AccountClosed(Event):
    """It takes no new transactions any more; what is booked stays."""

    TOPIC = "account.closed"

    closed_on: dt.date

    def effective_on(self) -> dt.date:
        return self.closed_on

    def apply(self, aggregate: Account) -> None:
        aggregate.closed_on = self.closed_on


class AccountReopened(Event):
    """It takes transactions again."""

    TOPIC = "account.reopened"

    def apply(self, aggregate: Account) -> None:
        aggregate.closed_on = None


class BalanceReported(Event):
    """The bank (or the user, from a statement) says what the account held at the end of a day."""

    TOPIC = "account.balance_reported"

    date: dt.date
    amount: Decimal
    currency: str
    source: str

    def effective_on(self) -> dt.date:
        return self.date

    def apply(self, aggregate: Account) -> None:
        aggregate.reported = {**aggregate.reported, self.date: self.amount}


class ImportProfileSet(Event):
    """How this account's bank writes its files, so that the next one is read the same way."""

    TOPIC = "account.import_profile_set"

    profile: dict[str, Any]

    def apply(self, aggregate: Account) -> None:
        aggregate.import_profile = self.profile


class BalanceReportWithdrawn(Event):
    """What was said of the end of a day counts no more, and nothing else was said of it."""

    TOPIC = "account.balance_report_withdrawn"

    date: dt.date

    def effective_on(self) -> dt.date:
        return self.date

    def apply(self, aggregate: Account) -> None:
        held = {day: amount for day, amount in aggregate.reported.items() if day != self.date}
        aggregate.reported = held


class ImportProfileForgotten(Event):
    """How this account's bank writes its files is not known any more."""

    TOPIC = "account.import_profile_forgotten"

    def apply(self, aggregate: Account) -> None:
        aggregate.import_profile = None


class Account(Aggregate):
    """One real account in one currency."""

    TOPIC = "account"
    name: str
    kind: str
    currency: str
    opening: Booking | None
    opening_source: OpeningSource
    closed_on: dt.date | None
    import_profile: dict[str, Any] | None
    reported: dict[dt.date, Decimal]

    def __init__(self) -> None:
        """Attributes come from AccountOpened."""

    @classmethod
    def open(
        cls,
        account_id: UUID,
        name: str,
        kind: str,
        currency: str,
        now: dt.datetime,
        *,
        opening_balance: Decimal | str = ZERO,
        opening_date: dt.date | None = None,
        opening_source: OpeningSource = "user",
    ) -> Self:
        """Open an account; opening_balance is signed from the account's side (a debt is negative).

        opening_source "file": not known yet, the first bank file that says it may set it.

        Raises NameNotUsable, AccountKindUnknown, UnknownCurrency, TooManyDigits, DateOutOfRange.
        """
        name = check_name(name)
        if kind not in ACCOUNT_KINDS:
            raise AccountKindUnknown("no such kind of account", kinds=list(ACCOUNT_KINDS))
        check_currency(currency)
        opening = opening_booking(account_id, opening_balance, currency, opening_date)
        return cls._create(
            AccountOpened,
            id=account_id,
            timestamp=now,
            before=None,
            after=opening,
            name=name,
            kind=kind,
            currency=currency,
            opening_source=opening_source,
        )

    def rename(self, name: str, now: dt.datetime) -> None:
        """Raises NameNotUsable."""
        name = check_name(name)
        if name != self.name:
            self.trigger_event(AccountRenamed, timestamp=now, name=name)

    def change_opening_balance(
        self,
        amount: Decimal | str,
        on: dt.date | None,
        now: dt.datetime,
        source: OpeningSource = "user",
    ) -> None:
        """Say anew what the account held before its first transaction.

        A file changes only what a file said, and only when it goes further back.
        """
        if source == "file" and (
            self.opening_source == "user"
            or (self.opening is not None and (on is None or on >= self.opening.date))
        ):
            return
        after = opening_booking(self.id, amount, self.currency, on)
        if after is None and source == "file" and on is not None:
            # Kept although it is nothing: how far back it goes outranks files that begin later.
            zero = exact_amount(ZERO, self.currency)
            parts = whole(zero, OPENING_BALANCE)
            after = Booking(self.id, check_date(on), zero, self.currency, "posted", parts)
        # That the user agrees with a file, or with nothing, is worth an event: it is his word now.
        if after != self.opening or source != self.opening_source:
            self.trigger_event(
                OpeningBalanceChanged,
                timestamp=now,
                before=self.opening,
                after=after,
                opening_source=source,
            )

    def restore_opening(
        self, opening: Booking | None, source: OpeningSource, now: dt.datetime
    ) -> None:
        """Have the opening balance that it had, with whoever said it."""
        if (opening, source) != (self.opening, self.opening_source):
            self.trigger_event(
                OpeningBalanceChanged,
                timestamp=now,
                before=self.opening,
                after=opening,
                opening_source=source,
            )

    def close(self, on: dt.date, now: dt.datetime) -> None:
        """Take no new transactions from now on. Raises AccountIsClosed."""
        self.must_be_open()
        self.trigger_event(AccountClosed, timestamp=now, closed_on=check_date(on))

    def reopen(self, now: dt.datetime) -> None:
        """Raises AccountIsOpen."""
        if self.closed_on is None:
            raise AccountIsOpen("the account is open", account_id=str(self.id))
        self.trigger_event(AccountReopened, timestamp=now)

    def report_balance(
        self, on: dt.date, amount: Decimal | str, currency: str, source: str, now: dt.datetime
    ) -> None:
        """Note what the bank says; saying the same again changes nothing.

        Raises CurrencyMustMatch, TooManyDigits, DateOutOfRange.
        """
        if currency != self.currency:
            raise CurrencyMustMatch(
                "the balance is not in the account's currency",
                currency=currency,
                account_currency=self.currency,
            )
        exact = exact_amount(amount, currency)
        if self.reported.get(check_date(on)) != exact:
            self.trigger_event(
                BalanceReported,
                timestamp=now,
                date=on,
                amount=exact,
                currency=currency,
                source=source,
            )

    def withdraw_report(self, on: dt.date, now: dt.datetime) -> None:
        """Nothing was said of this day after all; nothing happens where that is so."""
        if on in self.reported:
            self.trigger_event(BalanceReportWithdrawn, timestamp=now, date=on)

    def forget_import_profile(self, now: dt.datetime) -> None:
        """Nothing happens where none is known."""
        if self.import_profile is not None:
            self.trigger_event(ImportProfileForgotten, timestamp=now)

    def remember_import_profile(self, profile: dict[str, Any], now: dt.datetime) -> None:
        """Keep how files of this account are read."""
        if profile != self.import_profile:
            self.trigger_event(ImportProfileSet, timestamp=now, profile=profile)

    def must_be_open(self) -> None:
        """Raises AccountIsClosed."""
        if self.closed_on is not None:
            raise AccountIsClosed(
                "the account is closed",
                account_id=str(self.id),
                closed_on=self.closed_on.isoformat(),
            )


def opening_booking(
    account_id: UUID, amount: Decimal | str, currency: str, on: dt.date | None
) -> Booking | None:
    """The booking of an opening balance against equity, or None for zero."""
    exact = exact_amount(amount, currency)
    if not exact:
        return None
    day = check_date(on) if on else UNDATED
    return Booking(account_id, day, exact, currency, "posted", whole(exact, OPENING_BALANCE))
