"""Rules on two transactions that are one: matches and transfers."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from properties.machine.base import Machine
from properties.machine.values import AMOUNTS, DAYS, PICK
from properties.oracle import transactions
from properties.oracle.books import Transfer

from mintflow.commands.transactions import MatchTransactions, UnmatchTransaction
from mintflow.commands.transfers import (
    LinkTransactions,
    MakeTransfer,
    UnlinkTransfer,
    VoidTransfer,
)


class PairRules(Machine):
    """Match, unmatch, transfer, link, unlink."""

    @rule(which=PICK, other=PICK)
    @precondition(lambda self: self.books.rows)
    def match(self, which: int, other: int) -> None:
        mine = self._row(which)
        same = [
            one.known_id
            for one in self.books.rows
            if one.amount == self.books.row(mine).amount and one.id != mine
        ]
        theirs = same[other % len(same)] if same and other % 5 else self._row(other)
        self._both(
            MatchTransactions(transaction_id=mine, imported_id=theirs),
            lambda: transactions.match(self.books, mine, theirs),
        )

    @rule(which=PICK)
    @precondition(lambda self: self.books.rows)
    def unmatch(self, which: int) -> None:
        matched = [one.known_id for one in self.books.rows if one.matched_with]
        mine = matched[which % len(matched)] if matched and which % 9 else self._row(which)
        self._both(
            UnmatchTransaction(transaction_id=mine),
            lambda: transactions.unmatch(self.books, mine),
        )

    @rule(leaves=PICK, enters=PICK, amount=AMOUNTS, day=DAYS)
    def make_transfer(self, leaves: int, enters: int, amount: Decimal, day: dt.date) -> None:
        source_id, target_id = self._account(leaves).id, self._account(enters).id
        answer, made = self._both(
            MakeTransfer(
                from_account_id=UUID(source_id),
                to_account_id=UUID(target_id),
                amount=abs(amount),
                date=day,
            ),
            lambda: transactions.make_transfer(self.books, source_id, target_id, abs(amount), day),
        )
        if answer is not None:
            made.id = answer["transfer_id"]
            made.leaves.id, made.enters.id = (UUID(leg["transaction_id"]) for leg in answer["legs"])

    @rule(which=PICK, other=PICK)
    @precondition(lambda self: self.books.rows)
    def link(self, which: int, other: int) -> None:
        leaves = self._row(which)
        leg = self.books.row(leaves)
        opposite = [
            one.known_id
            for one in self.books.rows
            if one.amount == -leg.amount and one.account is not leg.account
        ]
        enters = opposite[other % len(opposite)] if opposite and other % 5 else self._row(other)
        answer, made = self._both(
            LinkTransactions(from_transaction_id=leaves, to_transaction_id=enters),
            lambda: transactions.link(self.books, leaves, enters),
        )
        if answer is not None:
            made.id = answer["transfer_id"]

    @rule(which=PICK, void_both=st.booleans())
    @precondition(lambda self: self.books.transfers)
    def end_transfer(self, which: int, void_both: bool) -> None:
        transfer: Transfer = self.books.transfers[which % len(self.books.transfers)]
        kind = VoidTransfer if void_both else UnlinkTransfer
        self._both(
            kind(transfer_id=UUID(transfer.id)),
            lambda: transactions.end_transfer(self.books, transfer, void_both=void_both),
        )
