"""What becomes of each row: added, known, updated, or matched with what is in the books already.

Pure: it is given what the books hold and appends to aggregates; a dry run is the same plan without
the append, so it predicts exactly. User fields are safe because the aggregates refuse to lose them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from mintflow.commands.core.ports import OpenRow
from mintflow.commands.imports.holdings import MATCH_DAYS, POST_DAYS, Holdings
from mintflow.commands.imports.rows import Row
from mintflow.commands.imports.tips import has_a_tip, tips
from mintflow.commands.rules import Labels
from mintflow.domain.accounts import Account
from mintflow.domain.core.aggregates import Aggregate
from mintflow.domain.core.money import money_text
from mintflow.domain.core.postings import Booking
from mintflow.domain.statements import Finding
from mintflow.domain.transactions import Transaction, TransactionAlias
from mintflow.domain.transactions.events import Origin


@dataclass(slots=True)
class Counts:
    """Rows by what became of them. matched are part of updated."""

    added: int = 0
    known: int = 0
    updated: int = 0
    skipped: int = 0
    matched: int = 0


class Plan:
    """One pass over the rows; `made` are the new aggregates, in order. moved: the found transfers
    of which a leg got another amount, with where its row stands.

    labels: what each new row gets, by its stream id. gone: pending rows that the bank took back
    in the same breath.
    """

    def __init__(
        self,
        account: Account,
        holdings: Holdings,
        labels: Mapping[UUID, Labels],
        origin: Origin,
        import_id: UUID,
        now: dt.datetime,
        gone: Collection[UUID] = (),
    ) -> None:
        self._account = account
        self._holdings = holdings
        self._labels = labels
        self._gone = gone
        self._tipped: Mapping[UUID, OpenRow] = {}
        self._origin = origin
        self._import_id = import_id
        self._now = now
        self._hand_made = _by_amount(holdings.hand_made)
        self._pending = _by_amount(holdings.pending)
        self.counts = Counts()
        self.made: list[Aggregate] = []
        self.moved: dict[UUID, str] = {}
        self.findings: list[Finding] = []

    def run(self, rows: Sequence[Row]) -> None:
        """Decide on every row."""
        elsewhere = self._holdings.elsewhere
        met = {*self._holdings.known, *elsewhere}
        new = [row for row in rows if row.transaction_id not in met]
        self._tipped = tips(new, self._holdings, self._labels, self._gone)
        for row in rows:
            if row.transaction_id in self._holdings.known:
                self._meet_again(row)
            elif row.transaction_id in elsewhere:
                # From now on the row is known by this name too, in whichever file it comes.
                self.made.append(self._alias(row, elsewhere[row.transaction_id]))
                self.counts.known += 1
            elif not (self._posts_a_pending_one(row) or self._matches_a_hand_made_one(row)):
                self.made.append(self._record(row))
                self.counts.added += 1

    def _meet_again(self, row: Row) -> None:
        transaction = self._holdings.transactions.get(row.transaction_id)
        changed = transaction is not None and self._update(transaction, row)
        back = self._holdings.back.get(row.transaction_id)
        if back is not None and self._matches_again(back):
            self.counts.updated += 1
            self.counts.matched += 1
        elif changed:
            self.counts.updated += 1
        elif back is not None:
            self.counts.added += 1
        else:
            self.counts.known += 1

    def _update(self, transaction: Transaction, row: Row) -> bool:
        """Take over what the bank says differently now; says whether anything changed."""
        booking = transaction.booking
        if booking is None:
            return False
        if booking.status == "pending" and not row.source.pending:
            self._post(transaction, row, with_tip=self._gives_way(transaction, row))
            if row.transaction_id != transaction.id:
                self._correct(transaction, row)
            return True
        # A row without the bank's id is its own id: there is nothing else to correct by it.
        return row.source.bank_id is not None and self._correct(transaction, row)

    def _gives_way(self, transaction: Transaction, row: Row) -> bool:
        """Whether the amount that somebody typed gives way to the one that is booked: to a tip on
        it, and to any while it is that of the bank's row that it was matched with."""
        booking = transaction.booking
        if booking is None or transaction.origin != "manual":
            return False
        if has_a_tip(row.amount, booking.amount):
            return True
        met = self._holdings.met.get(transaction.matched_with or transaction.id)
        waited = met.withdrawn if met is not None else None
        return waited is not None and waited.amount == booking.amount

    def _correct(self, transaction: Transaction, row: Row) -> bool:
        """Take over day, amount and words of the bank; what the user worded stays."""
        booking = transaction.booking
        assert booking is not None
        if transaction.origin == "manual":
            return False
        if row.source.pending and booking.status == "posted":
            return False  # An older file: it says nothing new of what is booked since.
        if transaction.bank_id is None and row.source.bank_id is not None:
            return False  # Another file brought it, in other words, and two files would take turns.
        texts = {
            "description": row.source.description,
            "counterparty": row.source.counterparty,
            "memo": row.source.memo,
        }
        changed = {
            name: text
            for name, text in texts.items()
            if " ".join(text.split()).casefold()
            != " ".join(getattr(transaction, name).split()).casefold()
        }
        amount = self._amount_of(transaction, row)
        return transaction.amend(
            self._now, origin=self._origin, date=row.source.date, amount=amount, **changed
        )

    def _amount_of(self, transaction: Transaction, row: Row) -> Decimal | None:
        """What the bank says the amount is; None for a leg of a transfer that a person made, which
        keeps its own. Both is noted where the two differ."""
        booking, transfer_id = transaction.booking, transaction.transfer_id
        if transfer_id is None or booking is None or booking.amount == row.amount:
            return row.amount
        if transfer_id in self._holdings.found:
            self.moved[transfer_id] = row.source.where
            return row.amount
        if transaction.origin == "manual" or "amount" not in transaction.user_fields:
            own, said = money_text(booking.amount), money_text(row.amount)
            detail = f"a leg of a transfer is {own}, and the bank says {said}"
            finding = Finding("LEG_KEEPS_AMOUNT", row.source.where, detail)
            if finding not in self.findings:
                self.findings.append(finding)
        return None

    def _posts_a_pending_one(self, row: Row) -> bool:
        """A posted row under a new id, of the amount of a pending one of the days before, or of
        that with a tip."""
        if row.source.pending:
            return False
        found = self._tipped.get(row.transaction_id)
        if found is not None and found not in self._of_its_amount(found):
            return False  # A row of its own amount, of another day, was it.
        if found is None:
            found = _take_nearest(
                self._pending, row.amount, row.source.date, days_before=POST_DAYS, days_after=0
            )
        else:
            self._of_its_amount(found).remove(found)
        if found is None:
            return False
        transaction = self._holdings.candidates[found.standing_id]
        self._post(transaction, row, with_tip=found.amount != row.amount)
        # The bank words it anew as well.
        self._correct(transaction, row)
        self.made.append(self._alias(row, found.transaction_id))
        self.counts.updated += 1
        return True

    def _of_its_amount(self, one: OpenRow) -> list[OpenRow]:
        return (self._hand_made if one.origin == "manual" else self._pending)[one.amount]

    def _matches_a_hand_made_one(self, row: Row) -> bool:
        found = _take_nearest(
            self._hand_made,
            row.amount,
            row.source.date,
            days_before=MATCH_DAYS,
            days_after=MATCH_DAYS,
        )
        if found is None:
            return False
        imported = self._record(row)
        self._holdings.candidates[found.transaction_id].match(imported, self._now)
        self.made.append(imported)
        self.counts.updated += 1
        self.counts.matched += 1
        return True

    def _matches_again(self, imported: Transaction) -> bool:
        """One that stands again, of an amount that was entered by hand; not with what a person
        parted it from."""
        booking = imported.booking
        if booking is None or imported.origin == "manual" or imported.transfer_id is not None:
            return False
        found = _take_nearest(
            self._hand_made,
            booking.amount,
            booking.date,
            days_before=MATCH_DAYS,
            days_after=MATCH_DAYS,
            never=self._holdings.parted.get(imported.id, ()),
        )
        if found is None:
            return False
        self._holdings.candidates[found.transaction_id].match(imported, self._now)
        return True

    def _alias(self, row: Row, transaction_id: UUID) -> TransactionAlias:
        return TransactionAlias.point(
            row.transaction_id, transaction_id, row.source.bank_id, self._now
        )

    def _post(self, transaction: Transaction, row: Row, *, with_tip: bool = False) -> None:
        transaction.post(
            self._now,
            date=row.source.date,
            amount=self._amount_of(transaction, row),
            # A hand-made one stays apart from the row that it was matched with: they may part.
            bank_id=row.source.bank_id if transaction.origin != "manual" else None,
            origin=self._origin,
            with_tip=with_tip,
        )

    def _record(self, row: Row) -> Transaction:
        source = row.source
        labels = self._labels[row.transaction_id]
        return Transaction.record(
            row.transaction_id,
            Booking(
                self._account.id,
                source.date,
                row.amount,
                self._account.currency,
                "pending" if source.pending else "posted",
                labels.allocations,
            ),
            self._now,
            description=source.description,
            counterparty=source.counterparty,
            memo=source.memo,
            origin=self._origin,
            category_source=labels.source,
            reason=labels.reason,
            confidence=labels.confidence,
            rule_id=labels.rule_id,
            merchant=labels.merchant,
            notes=labels.notes,
            tags=labels.tags,
            budgeted=labels.budgeted,
            bank_id=source.bank_id,
            import_id=self._import_id,
        )


def _by_amount(rows: Sequence[OpenRow]) -> dict[Decimal, list[OpenRow]]:
    found: defaultdict[Decimal, list[OpenRow]] = defaultdict(list)
    for row in rows:
        found[row.amount].append(row)
    return found


def _take_nearest(
    candidates: dict[Decimal, list[OpenRow]],
    amount: Decimal,
    day: dt.date,
    *,
    days_before: int,
    days_after: int,
    never: Collection[UUID] = (),
) -> OpenRow | None:
    """The candidate of this amount nearest in time, taken so that no other row gets it too."""
    same_amount = candidates.get(amount)
    if not same_amount:
        return None
    near = [
        one
        for one in same_amount
        if -days_after <= (day - one.date).days <= days_before and one.transaction_id not in never
    ]
    if not near:
        return None
    best = min(near, key=lambda one: (abs((day - one.date).days), one.date, one.transaction_id))
    same_amount.remove(best)
    return best
