"""Record transactions that are entered by hand or by a client.

What the user says of one is his; where he says no category, his rules do, and what was learned.
Nothing is guessed: what nobody said stays uncategorized until `L/categorize` is asked for.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID

from mintflow.commands.core.ports import OpenRow
from mintflow.commands.core.unit import Unit
from mintflow.commands.rules.learning import Learner
from mintflow.commands.rules.sorting import Given, Labels, Sorter
from mintflow.commands.rules.tree import tree_of
from mintflow.commands.transactions.models import RecordTransaction, RecordTransactions
from mintflow.commands.transactions.posting import (
    Waiting,
    book,
    may_be_booked,
    row_of,
    waits,
)
from mintflow.commands.transactions.view import view
from mintflow.domain.accounts import Account, AccountNotFound
from mintflow.domain.core.aggregates import Aggregate
from mintflow.domain.core.errors import MintFlowError, Unavailable
from mintflow.domain.core.ids import transaction_id_by_external_id
from mintflow.domain.core.money import exact_amount
from mintflow.domain.core.postings import UNCATEGORIZED, Booking, whole
from mintflow.domain.core.query import Facts
from mintflow.domain.rules import RuleSet, rule_set_id
from mintflow.domain.rules.learning import payee_of
from mintflow.domain.transactions import Transaction, TransactionAlias, TransactionNotFound


class Recorder:
    """Its methods are the handlers. learner: None where nothing is learned."""

    def __init__(self, sorter: Sorter, learner: Learner | None, waiting: Waiting) -> None:
        self._sorter = sorter
        self._learner = learner
        self._waiting = waiting

    async def record(self, command: RecordTransaction, unit: Unit) -> dict[str, Any]:
        """Raises AccountNotFound, CategoryNotFound, AccountIsClosed, CategoryIsArchived,
        TooManyDigits, AmountNotReadable, DateOutOfRange."""
        return await self._record(command, unit, None, await self._open_rows([command], unit))

    async def record_all(self, command: RecordTransactions, unit: Unit) -> list[dict[str, Any]]:
        """As `record` for each; the refusal of one refuses all and names its index."""
        merchants = await self._merchants(command.transactions, unit)
        waiting = await self._open_rows(command.transactions, unit)
        answers = []
        for index, one in enumerate(command.transactions):
            try:
                merchant = merchants[index] if merchants else None
                answer = await self._record(one, unit, merchant, waiting)
            except MintFlowError as refusal:
                refusal.details["index"] = index
                raise
            answers.append({"transaction_id": answer["transaction_id"], "known": answer["known"]})
        return answers

    async def _record(
        self,
        command: RecordTransaction,
        unit: Unit,
        merchant: str | None,
        waiting: Mapping[UUID, Sequence[OpenRow]],
    ) -> dict[str, Any]:
        account = await unit.read(Account, command.account_id, AccountNotFound)
        stream_id = None
        if command.external_id is not None:
            stream_id = transaction_id_by_external_id(account.id, command.external_id)
            known = await _known(command, stream_id, unit)
            if known is None and waiting.get(account.id):
                known = await self._booked(command, account, stream_id, unit, waiting[account.id])
            if known is not None:
                return {**view(known, await tree_of(unit)), "known": True}
        category_id = None
        if command.category is not None:
            tree = await tree_of(unit, guard=True)
            tree.find(command.category)
            account.must_be_open()
            category_id = tree.resolve(command.category).category_id
        account.must_be_open()
        amount = exact_amount(command.amount, account.currency)
        labels = await self._labels(command, account, amount, unit, merchant)
        parts = labels.allocations if category_id is None else whole(amount, category_id)
        said = category_id is not None
        transaction = unit.add(
            Transaction.record(
                stream_id or unit.new_id(),
                Booking(account.id, command.date, amount, account.currency, command.status, parts),
                unit.now,
                description=command.description,
                counterparty=command.counterparty,
                notes=command.notes or labels.notes,
                tags=(*command.tags, *labels.tags),
                origin="manual",
                category_source="user" if said else labels.source,
                user_fields=_user_fields(command),
                external_id=command.external_id,
                merchant=labels.merchant,
                reason="" if said else labels.reason,
                rule_id=None if said else labels.rule_id,
                budgeted=labels.budgeted,
            )
        )
        if command.status == "pending":
            self._waiting.recorded(account.id)
        return {**view(transaction, await tree_of(unit)), "known": False}

    async def _open_rows(
        self, commands: Sequence[RecordTransaction], unit: Unit
    ) -> Mapping[UUID, Sequence[OpenRow]]:
        """By account, the pending rows that booked ones with an id of their own may be."""
        days: defaultdict[UUID, list[dt.date]] = defaultdict(list)
        for one in commands:
            if one.external_id is not None and one.status == "posted":
                days[one.account_id].append(one.date)
        return {
            account_id: await self._waiting.of(unit, account_id, min(found), max(found))
            for account_id, found in days.items()
        }

    async def _booked(
        self,
        command: RecordTransaction,
        account: Account,
        stream_id: UUID,
        unit: Unit,
        waiting: Sequence[OpenRow],
    ) -> Transaction | None:
        """The pending transaction that this row is, if it is one; it is booked now."""
        if command.status == "pending":
            return None
        account.must_be_open()
        amount = exact_amount(command.amount, account.currency)
        given = _given(command, amount, account)
        merchant = self._sorter.suggestions([given])[0].merchant or ""
        row = row_of(command, stream_id, amount)
        found = await self._waiting.that_is(unit, row, merchant, waiting)
        if found is not None:
            book(found, row, unit.now)
            await _take_over(found, command, unit)
        return found

    async def _labels(
        self,
        command: RecordTransaction,
        account: Account,
        amount: Decimal,
        unit: Unit,
        merchant: str | None,
    ) -> Labels:
        """What the rules give it. A ledger without rules is asked nothing."""
        silent = Labels(whole(amount, UNCATEGORIZED), "none")
        rules = await unit.find(RuleSet, rule_set_id(unit.ledger_id))
        owes = self._learner is not None and self._learner.owes_any(unit.ledger_id)
        if (rules is None or not rules.rules) and not owes:
            return silent
        if merchant is None:
            merchant = self._sorter.suggestions([_given(command, amount, account)])[0].merchant
        if owes:
            await self._learn(command, merchant or "", unit)
        book = await self._sorter.rulebook(unit)
        given = _given(command, amount, account)
        given.facts.change(merchant=merchant or "")
        return self._sorter.sort(book, [given], suggest=False)[0]

    async def _learn(self, command: RecordTransaction, merchant: str, unit: Unit) -> None:
        assert self._learner is not None
        payee = payee_of(merchant, command.counterparty, command.description)
        if self._learner.owes(unit.ledger_id, payee):
            with suppress(Unavailable):
                await self._learner.wait(unit)
                name = merchant or command.counterparty or command.description
                await self._learner.catch_up(unit, {payee: name})

    async def _merchants(
        self, commands: Sequence[RecordTransaction], unit: Unit
    ) -> list[str] | None:
        """Of all at once, where there are rules that may ask for them."""
        if await unit.find(RuleSet, rule_set_id(unit.ledger_id)) is None:
            return None
        given = [_given(one, one.amount, None) for one in commands]
        return [one.merchant or "" for one in self._sorter.suggestions(given)]


async def _known(command: RecordTransaction, stream_id: UUID, unit: Unit) -> Transaction | None:
    """The transaction with this id of the client's; one that was pending is booked if it says so
    now."""
    found = await unit.find(Aggregate, stream_id)
    if isinstance(found, TransactionAlias):
        found = await unit.find(Transaction, found.transaction_id)
    if not isinstance(found, Transaction):
        return None
    if command.status == "posted" and waits(found):
        assert found.booking is not None
        row = row_of(command, stream_id, exact_amount(command.amount, found.booking.currency))
        same_way = (row.amount < 0) == (found.booking.amount < 0)
        if same_way and may_be_booked(found, row):
            found = await unit.change(Transaction, found.id, TransactionNotFound)
            book(found, row, unit.now)
            await _take_over(found, command, unit)
    return found


async def _take_over(transaction: Transaction, command: RecordTransaction, unit: Unit) -> None:
    """What the booked row says itself, where the user said nothing yet."""
    if command.category is not None and "category" not in transaction.user_fields:
        category_id = (await tree_of(unit, guard=True)).resolve(command.category).category_id
        if transaction.booking is not None and transaction.transfer_id is None:
            transaction.categorize(whole(transaction.booking.amount, category_id), "user", unit.now)
    if command.notes and not transaction.notes:
        transaction.note(command.notes, unit.now)
    if command.tags:
        transaction.tag((*transaction.tags, *command.tags), unit.now)


def _given(command: RecordTransaction, amount: Decimal, account: Account | None) -> Given:
    facts = Facts(
        description=command.description,
        counterparty=command.counterparty,
        amount=amount,
        date=command.date,
        account=(account.name, str(account.id)) if account is not None else (),
        notes=command.notes,
        tags=command.tags,
        categories=(command.category or UNCATEGORIZED,),
        status=command.status,
    )
    currency = account.currency if account is not None else ""
    return Given(facts, currency, account.kind if account is not None else "")


def _user_fields(command: RecordTransaction) -> list[str]:
    given = {"category": command.category, "notes": command.notes, "tags": command.tags}
    return ["date", "amount", "description", *(name for name, value in given.items() if value)]
