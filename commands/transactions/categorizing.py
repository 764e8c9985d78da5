"""Give a transaction a category, or several; what the user says here is learned from."""

from __future__ import annotations

from typing import Any

from mintflow.commands.core.unit import Unit
from mintflow.commands.rules.learning import Learner
from mintflow.commands.rules.sorting import Sorter
from mintflow.commands.rules.tree import tree_of
from mintflow.commands.transactions.changing import to_change
from mintflow.commands.transactions.models import CategorizeTransaction
from mintflow.commands.transactions.view import view
from mintflow.commands.transfers.ending import give_way
from mintflow.domain.accounts import Account
from mintflow.domain.categories import CategoryTree
from mintflow.domain.core.postings import TRANSFER, UNCATEGORIZED, whole
from mintflow.domain.rules.learning import Correction, payee_of
from mintflow.domain.transactions import Transaction, checked_splits
from mintflow.domain.transfers import Transfer


class Categorizing:
    """Its method is the handler. learner: None where nothing is learned."""

    def __init__(self, sorter: Sorter, learner: Learner | None) -> None:
        self._sorter = sorter
        self._learner = learner

    async def categorize(self, command: CategorizeTransaction, unit: Unit) -> dict[str, Any]:
        """Raises TransactionNotFound, CategoryNotFound, TransactionIsVoided, TransactionIsLinked,
        CategoryIsArchived, NothingToSplit, PostingsMustSumToZero, TooManyDigits."""
        transaction = await to_change(unit, command.transaction_id)
        tree = await tree_of(unit, guard=True)
        splits = command.splits or ()
        for path in [command.category] if command.category else [part.category for part in splits]:
            tree.find(path)
        if await self._stays_a_transfer(command, transaction, tree, unit):
            return view(transaction, tree)
        booking = transaction.must_take_a_category()
        payee = merchant = ""
        if command.category is not None:
            parts = whole(booking.amount, tree.resolve(command.category).category_id)
            account = await unit.find(Account, booking.account_id, guard=False)
            merchant = self._sorter.merchant_of(transaction, account)
            payee = payee_of(merchant, transaction.counterparty, transaction.description)
        else:
            wanted = [(tree.resolve(part.category).category_id, part.amount) for part in splits]
            parts = checked_splits(wanted, booking.amount, booking.currency)
        if parts[0].category_id == UNCATEGORIZED:
            payee = ""  # Taking a category away says nothing of what is right.
        changed = transaction.categorize(parts, "user", unit.now, payee=payee)
        if changed and payee and self._learner is not None:
            said = Correction(parts[0].category_id, booking.amount < 0)
            name = merchant or transaction.counterparty or _short(transaction)
            await self._learner.corrected(unit, payee, said, name)
        return view(transaction, tree)

    async def _stays_a_transfer(
        self,
        command: CategorizeTransaction,
        transaction: Transaction,
        tree: CategoryTree,
        unit: Unit,
    ) -> bool:
        """Whether a leg that was linked by itself is what the user says anyway; if he says
        something else of it, the link gives way."""
        if transaction.transfer_id is None:
            return False
        path = command.category
        if path is not None and tree.resolve(path).category_id == TRANSFER:
            transfer = await unit.find(Transfer, transaction.transfer_id, guard=False)
            return transfer is not None and transfer.origin == "found"
        await give_way(transaction, unit)
        return False


def _short(transaction: Transaction) -> str:
    return " ".join(transaction.description.split())[:100]
