"""Two transactions that are one thing: a match with the bank's row, and the legs of a transfer."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

from mintflow.domain.core.postings import TRANSFER, UNCATEGORIZED, Booking, whole
from mintflow.domain.transactions import events as e
from mintflow.domain.transactions.errors import (
    AlreadyMatched,
    MatchRefused,
    NotMatched,
    TransactionIsLinked,
    TransactionIsNotLinked,
)
from mintflow.domain.transactions.parts import resized
from mintflow.domain.transactions.state import TransactionState


class Paired(TransactionState):
    """Match and unmatch, link and unlink."""

    def match(self, imported: Paired, now: dt.datetime) -> None:
        """Take the bank's row `imported` as this hand-made transaction; it keeps its own fields.

        Raises TransactionIsVoided, AlreadyMatched, MatchRefused, TransactionIsLinked.
        """
        mine, theirs = self._both_free(imported)
        if (
            self.id == imported.id
            or mine.account_id != theirs.account_id
            or mine.amount != theirs.amount
        ):
            raise MatchRefused(
                "both must be in one account and of one amount", transaction_id=str(self.id)
            )
        self._take(imported, replace(mine, status=theirs.status), now)

    def match_again(self, imported: Paired, now: dt.datetime) -> None:
        """A match that was undone holds again, whatever became of the amounts since: of one that
        stood nobody asks that they be equal either. What it gave is given already.

        Raises TransactionIsVoided, AlreadyMatched, TransactionIsLinked.
        """
        mine, _ = self._both_free(imported)
        self._take(imported, mine, now)

    def unmatch(self, imported: Paired, now: dt.datetime) -> None:
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
        held = self.unlinked or whole(booking.amount, UNCATEGORIZED)
        former = resized(held, booking.amount, booking.currency)
        self._book(
            e.TransactionUnlinked,
            now,
            replace(booking, allocations=former),
            transfer_id=transfer_id,
        )

    def _both_free(self, imported: Paired) -> tuple[Booking, Booking]:
        mine, theirs = self._standing(), imported._standing()
        if self.matched_with is not None or imported.matched_with is not None:
            raise AlreadyMatched("one of the two is matched", transaction_id=str(self.id))
        if imported.transfer_id is not None:
            raise TransactionIsLinked(
                "a leg of a transfer can not be absorbed", transaction_id=str(imported.id)
            )
        return mine, theirs

    def _take(self, imported: Paired, after: Booking, now: dt.datetime) -> None:
        theirs = imported.booking
        self._book(e.TransactionMatched, now, after, imported_id=imported.id)
        imported.trigger_event(
            e.TransactionAbsorbed, timestamp=now, before=theirs, after=None, absorbed_by=self.id
        )
