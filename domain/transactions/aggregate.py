"""The rules of a transaction. A field that the user set is never changed by a bank or a rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Self
from uuid import UUID

from mintflow.domain.core.money import exact_amount
from mintflow.domain.core.postings import Booking, Status
from mintflow.domain.core.time import check_date
from mintflow.domain.transactions import events as e
from mintflow.domain.transactions.errors import (
    TransactionIsLinked,
    TransactionIsNotPending,
    TransactionIsNotVoided,
)
from mintflow.domain.transactions.labels import Labelled
from mintflow.domain.transactions.pairs import Paired
from mintflow.domain.transactions.parts import check_texts, resized
from mintflow.domain.transactions.undoing import Undoable


class Transaction(Labelled, Paired, Undoable):
    """One line of an account: it comes in, is posted, corrected, voided and reinstated."""

    TOPIC = "transaction"

    def __init__(self) -> None:
        """Attributes come from TransactionRecorded."""

    @classmethod
    def record(
        cls,
        transaction_id: UUID,
        booking: Booking,
        now: dt.datetime,
        *,
        description: str,
        origin: e.Origin,
        category_source: e.CategorySource = "none",
        counterparty: str = "",
        memo: str = "",
        notes: str = "",
        tags: Sequence[str] = (),
        user_fields: Sequence[str] = (),
        bank_id: str | None = None,
        external_id: str | None = None,
        import_id: UUID | None = None,
        merchant: str = "",
        reason: str = "",
        confidence: Decimal | None = None,
        rule_id: UUID | None = None,
        budgeted: bool = True,
    ) -> Self:
        """Bring a transaction into the books. Raises DateOutOfRange, TextTooLong."""
        check_date(booking.date)
        once = tuple(dict.fromkeys(tags))
        check_texts(description, counterparty, memo, notes, merchant, tags=once)
        return cls._create(
            e.TransactionRecorded,
            id=transaction_id,
            timestamp=now,
            before=None,
            after=booking,
            description=description,
            counterparty=counterparty,
            memo=memo,
            notes=notes,
            tags=once,
            origin=origin,
            category_source=category_source,
            user_fields=tuple(user_fields),
            bank_id=bank_id,
            external_id=external_id,
            import_id=import_id,
            merchant=merchant,
            reason=reason,
            confidence=confidence,
            rule_id=rule_id,
            budgeted=budgeted,
        )

    def post(
        self,
        now: dt.datetime,
        *,
        date: dt.date | None = None,
        amount: Decimal | str | None = None,
        bank_id: str | None = None,
        origin: e.Origin = "manual",
        with_tip: bool = False,
    ) -> None:
        """Book a pending transaction, maybe with another amount (a tip), date or bank id.

        A split keeps its parts, and another amount goes to them as `resized` says. with_tip: the
        bank's amount is taken even where the user typed what he expected.
        Raises TransactionIsVoided, TransactionIsNotPending, TooManyDigits, DateOutOfRange, and by
        hand TransactionIsLinked (its amount); what the bank booked is taken as it is.
        """
        booking = self._standing()
        if booking.status != "pending":
            raise TransactionIsNotPending(
                "the transaction is posted already", transaction_id=str(self.id)
            )
        open_to = frozenset({"amount"} if with_tip else ())
        after = self._rebooked(booking, date, amount, origin, status="posted", open_to=open_to)
        if self.transfer_id is not None and origin == "manual" and after.amount != booking.amount:
            raise TransactionIsLinked(
                "a leg of a transfer keeps its amount", transaction_id=str(self.id)
            )
        self._book(e.TransactionPosted, now, after, bank_id=bank_id, origin=origin)

    def amend(
        self,
        now: dt.datetime,
        *,
        origin: e.Origin,
        date: dt.date | None = None,
        amount: Decimal | str | None = None,
        description: str | None = None,
        counterparty: str | None = None,
        memo: str | None = None,
    ) -> bool:
        """Correct what is given; says whether anything changed. A bank's correction leaves alone
        what the user set.

        Raises TransactionIsVoided, TooManyDigits, DateOutOfRange, TextTooLong, and by hand
        TransactionIsLinked (its amount).
        """
        booking = self._standing()
        kept = self.user_fields if origin != "manual" else frozenset()
        given = {"description": description, "counterparty": counterparty, "memo": memo}
        texts = {
            name: value
            for name, value in given.items()
            if value is not None and value != getattr(self, name) and name not in kept
        }
        after = self._rebooked(booking, date, amount, origin, status=booking.status)
        fields = [*texts]
        fields += ["date"] if after.date != booking.date else []
        fields += ["amount"] if after.amount != booking.amount else []
        if not fields:
            return False
        if self.transfer_id is not None and origin == "manual" and "amount" in fields:
            raise TransactionIsLinked(
                "a leg of a transfer keeps its amount", transaction_id=str(self.id)
            )
        now_texts = {name: getattr(self, name) for name in _TEXTS} | texts
        check_texts(*now_texts.values())
        self._book(
            e.TransactionAmended, now, after, fields=tuple(fields), origin=origin, **now_texts
        )
        return True

    def void(self, now: dt.datetime) -> None:
        """Let it count no more. Raises TransactionIsVoided, TransactionIsLinked."""
        booking = self._standing()
        if self.transfer_id is not None:
            raise TransactionIsLinked(
                "void or unlink the transfer, not one of its legs", transaction_id=str(self.id)
            )
        self.trigger_event(e.TransactionVoided, timestamp=now, before=booking, after=None)

    def reinstate(self, now: dt.datetime) -> None:
        """Undo a void. Raises TransactionIsNotVoided."""
        if self.withdrawn is None or self.absorbed_by is not None:
            raise TransactionIsNotVoided(
                "the transaction is not voided", transaction_id=str(self.id)
            )
        self.trigger_event(
            e.TransactionReinstated, timestamp=now, before=None, after=self.withdrawn
        )

    def _rebooked(
        self,
        booking: Booking,
        date: dt.date | None,
        amount: Decimal | str | None,
        origin: e.Origin,
        *,
        status: Status,
        open_to: frozenset[str] = frozenset(),
    ) -> Booking:
        """The booking with another date and amount, except where the user's own stands.
        open_to: what a bank may change all the same."""
        kept = self.user_fields - open_to if origin != "manual" else frozenset()
        day = booking.date if date is None or "date" in kept else check_date(date)
        exact = booking.amount
        if amount is not None and "amount" not in kept:
            exact = exact_amount(amount, booking.currency)
        parts = resized(booking.allocations, exact, booking.currency)
        return replace(booking, date=day, amount=exact, allocations=parts, status=status)


_TEXTS = ("description", "counterparty", "memo")
