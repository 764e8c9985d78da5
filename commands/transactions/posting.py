"""A client's row that is booked, and that the books hold as a pending one already.

As with a bank's own rows (`commands/imports/tips.py`): of the same amount, or of that with a tip,
under another id. A client's rows are often the user's own words, so here the payee must be the same
even where the amount is. What the pending one is called and counted as stays.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from uuid import UUID

from mintflow.commands.core.ports import Books, OpenRow
from mintflow.commands.core.unit import Unit
from mintflow.commands.imports.holdings import POST_DAYS, Holdings
from mintflow.commands.imports.rows import Row
from mintflow.commands.imports.tips import same_payee, that_can_be_tips, tips
from mintflow.commands.rules.sorting import Labels
from mintflow.commands.transactions.models import RecordTransaction
from mintflow.domain.core.errors import Unavailable
from mintflow.domain.core.postings import UNCATEGORIZED, whole
from mintflow.domain.core.time import DATE_MIN
from mintflow.domain.statements import StatementRow
from mintflow.domain.transactions import Transaction, TransactionAlias

_LATELY_MAX = 50_000


class Waiting:
    """The pending rows that a client's booked ones may be. One per process: it remembers in which
    accounts it recorded pending ones, for the read models may not show those yet."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._lately: OrderedDict[UUID, None] = OrderedDict()

    def recorded(self, account_id: UUID) -> None:
        """A pending row was recorded in this account."""
        self._lately[account_id] = None
        if len(self._lately) > _LATELY_MAX:
            self._lately.popitem(last=False)

    async def of(
        self, unit: Unit, account_id: UUID, first: dt.date, last: dt.date
    ) -> Sequence[OpenRow]:
        """Those of an account that rows of these days may be."""
        if account_id in self._lately:
            with suppress(Unavailable):
                await self._books.caught_up(unit.ledger_id)
                self._lately.pop(account_id, None)
        # A date that the books do not hold is refused where the row is made, after all else.
        start = max(first, DATE_MIN) - dt.timedelta(days=POST_DAYS)
        return await self._books.waiting(unit.ledger_id, account_id, start, last)

    async def that_is(
        self, unit: Unit, row: Row, merchant: str, waiting: Sequence[OpenRow]
    ) -> Transaction | None:
        """The one that this row is, to be booked; its id is another name of it from now on."""
        wanted = that_can_be_tips(waiting, {row.amount})
        read = await unit.prefetch(Transaction, [one.transaction_id for one in wanted])
        held = {key: one for key, one in read.items() if waits(one) and may_be_booked(one, row)}
        open_rows = [one for one in wanted if one.transaction_id in held]
        labels = {
            row.transaction_id: Labels(whole(row.amount, UNCATEGORIZED), "none", merchant=merchant)
        }
        near = [
            one
            for one in open_rows
            if one.amount == row.amount
            and 0 <= (row.source.date - one.date).days <= POST_DAYS
            and same_payee(held[one.transaction_id], row, labels)
        ]
        found: OpenRow | None
        if near:
            found = max(near, key=lambda one: (one.date, one.transaction_id))
        else:
            others = [one for one in open_rows if one.amount != row.amount]
            holdings = Holdings(set(), pending=others, candidates=held)
            found = tips([row], holdings, labels, ()).get(row.transaction_id)
        if found is None:
            return None
        unit.add(
            TransactionAlias.point(
                row.transaction_id, found.transaction_id, row.source.bank_id, unit.now
            )
        )
        return held[found.transaction_id]


def row_of(command: RecordTransaction, stream_id: UUID, amount: Decimal) -> Row:
    """The client's row, as a bank's one. stream_id: what its id gives."""
    source = StatementRow(
        command.date,
        amount,
        command.description,
        where="",
        bank_id=command.external_id,
        counterparty=command.counterparty,
    )
    return Row(stream_id, amount, source)


def waits(transaction: Transaction) -> bool:
    """Whether it is pending."""
    return transaction.booking is not None and transaction.booking.status == "pending"


def may_be_booked(transaction: Transaction, row: Row) -> bool:
    """A leg of a transfer keeps its amount; what met a row of the bank is booked by the bank."""
    booking = transaction.booking
    if transaction.matched_with is not None:
        return False
    return transaction.transfer_id is None or (booking is not None and booking.amount == row.amount)


def book(transaction: Transaction, row: Row, now: dt.datetime) -> None:
    """Book a pending one as the client's row has it."""
    origin = transaction.origin
    transaction.post(
        now,
        date=row.source.date,
        amount=row.amount,
        # The bank may still correct what it brought itself; what was typed is the user's.
        origin=origin if origin == "manual" else "sync",
    )
    if origin != "manual":
        transaction.amend(
            now,
            origin="sync",
            description=row.source.description,
            counterparty=row.source.counterparty or None,
        )
