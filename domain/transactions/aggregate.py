"""The rules of a transaction. A field that the user set is never changed by a bank or a rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from mintflow.domain.core.aggregates import Aggregate, MoneyEvent
from mintflow.domain.core.money import EXACT, exact_amount, exact_sum
from mintflow.domain.core.postings import (
    TRANSFER,
    UNCATEGORIZED,
    Allocation,
    Booking,
    PostingsMustSumToZero,
    Status,
    whole,
)
from mintflow.domain.core.time import check_date
from mintflow.domain.transactions import events as e
from mintflow.domain.transactions.errors import (
    AlreadyMatched,
    MatchRefused,
    NothingToSplit,
    NotMatched,
    TextTooLong,
    TransactionIsLinked,
    TransactionIsNotLinked,
    TransactionIsNotPending,
    TransactionIsNotVoided,
    TransactionIsVoided,
)

TEXT_LENGTH_MAX = 2_000
TAGS_MAX = 50
TAG_LENGTH_MAX = 100
SPLITS_MAX = 100


class Transaction(Aggregate):
    """One line of an account. `booking` is None while it is voided or absorbed by a match."""

    TOPIC = "transaction"
    booking: Booking | None
    withdrawn: Booking | None
    unlinked: tuple[Allocation, ...] | None
    description: str
    counterparty: str
    memo: str
    notes: str
    tags: tuple[str, ...]
    origin: e.Origin
    category_source: e.CategorySource
    user_fields: frozenset[str]
    bank_id: str | None
    external_id: str | None
    import_id: UUID | None
    transfer_id: UUID | None
    matched_with: UUID | None
    absorbed_by: UUID | None

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
    ) -> Self:
        """Bring a transaction into the books. Raises DateOutOfRange, TextTooLong."""
        check_date(booking.date)
        check_texts(description, counterparty, memo, notes, tags=tags)
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
            tags=tuple(tags),
            origin=origin,
            category_source=category_source,
            user_fields=tuple(user_fields),
            bank_id=bank_id,
            external_id=external_id,
            import_id=import_id,
        )

    def post(
        self,
        now: dt.datetime,
        *,
        date: dt.date | None = None,
        amount: Decimal | str | None = None,
        bank_id: str | None = None,
        origin: e.Origin = "manual",
    ) -> None:
        """Book a pending transaction, maybe with another amount (a tip), date or bank id.

        A split keeps its parts; the difference of the amount goes to the largest one.
        Raises TransactionIsVoided, TransactionIsNotPending, TooManyDigits, DateOutOfRange, and by
        hand TransactionIsLinked (its amount); what the bank booked is taken as it is.
        """
        booking = self._standing()
        if booking.status != "pending":
            raise TransactionIsNotPending(
                "the transaction is posted already", transaction_id=str(self.id)
            )
        after = self._rebooked(booking, date, amount, origin, status="posted")
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

        Raises TransactionIsVoided, TransactionIsLinked (its amount), TooManyDigits,
        DateOutOfRange, TextTooLong.
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
        if self.transfer_id is not None and "amount" in fields:
            raise TransactionIsLinked(
                "a leg of a transfer keeps its amount", transaction_id=str(self.id)
            )
        now_texts = {name: getattr(self, name) for name in _TEXTS} | texts
        check_texts(*now_texts.values())
        self._book(
            e.TransactionAmended, now, after, fields=tuple(fields), origin=origin, **now_texts
        )
        return True

    def categorize(
        self,
        allocations: tuple[Allocation, ...],
        source: e.CategorySource,
        now: dt.datetime,
        reason: str = "",
    ) -> bool:
        """Give it one category or several; says whether anything changed.

        A rule or bank never overwrites what the user said, nor a bank what a rule did. Raises
        TransactionIsVoided, TransactionIsLinked, PostingsMustSumToZero.
        """
        booking = self._standing()
        if source != "user" and "category" in self.user_fields:
            return False
        if _STRENGTH[source] < _STRENGTH[self.category_source]:
            return False
        self.must_take_a_category()
        after = replace(booking, allocations=allocations)
        if after == booking and source == self.category_source:
            return False
        kind = e.TransactionSplit if len(allocations) > 1 else e.TransactionCategorized
        self._book(kind, now, after, source=source, reason=reason)
        return True

    def must_take_a_category(self) -> Booking:
        """What is booked, if it can be categorized. Raises TransactionIsVoided,
        TransactionIsLinked."""
        booking = self._standing()
        if self.transfer_id is not None:
            raise TransactionIsLinked(
                "a leg of a transfer has no category", transaction_id=str(self.id)
            )
        return booking

    def tag(self, tags: Sequence[str], now: dt.datetime) -> None:
        """Set the user's tags. Raises TransactionIsVoided, TextTooLong."""
        self._standing()
        check_texts(tags=tags)
        after = tuple(dict.fromkeys(tags))
        if after != self.tags:
            self.trigger_event(e.TransactionTagged, timestamp=now, before=self.tags, after=after)

    def note(self, notes: str, now: dt.datetime) -> None:
        """Set the user's note; "" removes it. Raises TransactionIsVoided, TextTooLong."""
        self._standing()
        check_texts(notes)
        if notes != self.notes:
            self.trigger_event(e.TransactionNoted, timestamp=now, notes=notes)

    def match(self, imported: Transaction, now: dt.datetime) -> None:
        """Take the bank's row `imported` as this hand-made transaction; it keeps its own fields.

        Raises TransactionIsVoided, AlreadyMatched, MatchRefused, TransactionIsLinked.
        """
        mine, theirs = self._standing(), imported._standing()
        if self.matched_with is not None or imported.matched_with is not None:
            raise AlreadyMatched("one of the two is matched", transaction_id=str(self.id))
        if imported.transfer_id is not None:
            raise TransactionIsLinked(
                "a leg of a transfer can not be absorbed", transaction_id=str(imported.id)
            )
        if (
            self.id == imported.id
            or mine.account_id != theirs.account_id
            or mine.amount != theirs.amount
        ):
            raise MatchRefused(
                "both must be in one account and of one amount", transaction_id=str(self.id)
            )
        self._book(
            e.TransactionMatched, now, replace(mine, status=theirs.status), imported_id=imported.id
        )
        imported.trigger_event(
            e.TransactionAbsorbed, timestamp=now, before=theirs, after=None, absorbed_by=self.id
        )

    def unmatch(self, imported: Transaction, now: dt.datetime) -> None:
        """Undo a match: both count on their own. Raises NotMatched, TransactionIsVoided."""
        booking = self._standing()
        if self.matched_with != imported.id or imported.withdrawn is None:
            raise NotMatched("the two are not matched", transaction_id=str(self.id))
        self._book(e.TransactionUnmatched, now, booking, imported_id=imported.id)
        imported.trigger_event(
            e.TransactionReleased,
            timestamp=now,
            before=None,
            after=imported.withdrawn,
            absorbed_by=self.id,
        )

    def link(self, transfer_id: UUID, now: dt.datetime) -> None:
        """Become a leg of a transfer. Raises TransactionIsVoided, TransactionIsLinked."""
        booking = self._standing()
        if self.transfer_id is not None:
            raise TransactionIsLinked(
                "the transaction is a leg of a transfer already", transaction_id=str(self.id)
            )
        after = replace(booking, allocations=whole(booking.amount, TRANSFER))
        self._book(e.TransactionLinked, now, after, transfer_id=transfer_id)

    def unlink(self, transfer_id: UUID, now: dt.datetime) -> None:
        """Leave the transfer and have the former category back.

        Raises TransactionIsVoided, TransactionIsNotLinked.
        """
        booking = self._standing()
        if self.transfer_id != transfer_id:
            raise TransactionIsNotLinked(
                "the transaction is no leg of this transfer", transaction_id=str(self.id)
            )
        former = resized(self.unlinked or whole(booking.amount, UNCATEGORIZED), booking.amount)
        self._book(
            e.TransactionUnlinked,
            now,
            replace(booking, allocations=former),
            transfer_id=transfer_id,
        )

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

    def _book(self, kind: type[MoneyEvent], now: dt.datetime, after: Booking, **facts: Any) -> None:
        self.trigger_event(kind, timestamp=now, before=self.booking, after=after, **facts)

    def _standing(self) -> Booking:
        if self.booking is None:
            raise TransactionIsVoided(
                "the transaction does not count (voided, or absorbed by a match)",
                transaction_id=str(self.id),
            )
        return self.booking

    def _rebooked(
        self,
        booking: Booking,
        date: dt.date | None,
        amount: Decimal | str | None,
        origin: e.Origin,
        *,
        status: Status,
    ) -> Booking:
        """The booking with another date and amount, except where the user's own stands."""
        kept = self.user_fields if origin != "manual" else frozenset()
        day = booking.date if date is None or "date" in kept else check_date(date)
        exact = booking.amount
        if amount is not None and "amount" not in kept:
            exact = exact_amount(amount, booking.currency)
        parts = resized(booking.allocations, exact)
        return replace(booking, date=day, amount=exact, allocations=parts, status=status)


_TEXTS = ("description", "counterparty", "memo")
_STRENGTH: dict[e.CategorySource, int] = {"none": 0, "bank": 1, "rule": 2, "user": 3}


def resized(parts: tuple[Allocation, ...], amount: Decimal) -> tuple[Allocation, ...]:
    """The parts for another amount: the difference goes to the largest one, the first of equals."""
    difference = EXACT.subtract(amount, exact_sum(part.amount for part in parts))
    if not difference:
        return parts
    largest = max(range(len(parts)), key=lambda i: parts[i].amount.copy_abs())
    return tuple(
        replace(part, amount=EXACT.add(part.amount, difference)) if i == largest else part
        for i, part in enumerate(parts)
    )


def checked_splits(
    splits: Sequence[tuple[str, Decimal | str]], booking_amount: Decimal, currency: str
) -> tuple[Allocation, ...]:
    """Allocations from (category id, amount) pairs.

    Raises NothingToSplit, TooManyDigits, PostingsMustSumToZero.
    """
    if not 1 <= len(splits) <= SPLITS_MAX:
        raise NothingToSplit("a split has 1 to 100 parts", parts=len(splits), parts_max=SPLITS_MAX)
    parts = tuple(Allocation(name, exact_amount(amount, currency)) for name, amount in splits)
    total = exact_sum(part.amount for part in parts)
    if total != booking_amount:
        raise PostingsMustSumToZero(
            "the parts of a split must sum to the transaction's amount",
            amount=str(booking_amount),
            parts=str(total),
            currency=currency,
        )
    return parts


def check_texts(*texts: str, tags: Sequence[str] = ()) -> None:
    """Raises TextTooLong for what the books do not keep."""
    for text in texts:
        if len(text) > TEXT_LENGTH_MAX:
            raise TextTooLong("the text is too long", length=len(text), length_max=TEXT_LENGTH_MAX)
    if len(tags) > TAGS_MAX or any(not 0 < len(tag) <= TAG_LENGTH_MAX for tag in tags):
        raise TextTooLong(
            "up to 50 tags of 1 to 100 characters", tags=len(tags), length_max=TAG_LENGTH_MAX
        )
