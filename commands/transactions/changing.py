"""Commands that change one transaction: post, amend, match, void and what undoes them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from mintflow.commands.core.command import Command, Handler
from mintflow.commands.core.unit import Unit
from mintflow.commands.rules.tree import follow_merges, tree_of
from mintflow.commands.transactions.models import (
    AmendTransaction,
    MatchTransactions,
    PostTransaction,
    ReinstateTransaction,
    UnmatchTransaction,
    VoidTransaction,
)
from mintflow.commands.transactions.view import view
from mintflow.commands.transfers.ending import give_way
from mintflow.commands.undo.following import follow
from mintflow.domain.core.ids import transaction_id_by_bank_id
from mintflow.domain.core.money import exact_amount
from mintflow.domain.transactions import (
    BankIdIsTaken,
    Transaction,
    TransactionAlias,
    TransactionNotFound,
)


async def post_transaction(command: PostTransaction, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, TransactionIsVoided, TransactionIsNotPending, TooManyDigits,
    TransactionIsLinked (its amount), BankIdIsTaken."""
    transaction = await to_change(unit, command.transaction_id)
    transaction.post(
        unit.now, date=command.date, amount=command.amount, bank_id=command.bank_id, origin="manual"
    )
    if command.bank_id is not None:
        await _know_by(command.bank_id, transaction, unit)
    return view(transaction, await tree_of(unit))


async def amend_transaction(command: AmendTransaction, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, TransactionIsVoided, TransactionIsLinked, TooManyDigits."""
    transaction = await to_change(unit, command.transaction_id)
    if command.amount is not None and transaction.booking is not None:
        wanted = exact_amount(command.amount, transaction.booking.currency)
        if wanted != transaction.booking.amount:
            await give_way(transaction, unit)
    transaction.amend(
        unit.now,
        origin="manual",
        date=command.date,
        amount=command.amount,
        description=command.description,
        counterparty=command.counterparty,
    )
    if command.tags is not None:
        transaction.tag(command.tags, unit.now)
    if command.notes is not None:
        transaction.note(command.notes, unit.now)
    if command.merchant is not None:
        transaction.name_merchant(command.merchant, unit.now)
    if command.budgeted is not None:
        transaction.budget(command.budgeted, unit.now)
    return view(transaction, await tree_of(unit))


async def match_transactions(command: MatchTransactions, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, TransactionIsVoided, AlreadyMatched, MatchRefused."""
    mine = await to_change(unit, command.transaction_id)
    mine.match(await to_change(unit, command.imported_id), unit.now)
    return view(mine, await tree_of(unit))


async def unmatch_transaction(command: UnmatchTransaction, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, TransactionIsVoided, NotMatched."""
    mine = await to_change(unit, command.transaction_id)
    imported = await to_change(unit, mine.matched_with or mine.id)
    mine.unmatch(imported, unit.now)
    await follow(unit, [imported.id])
    if imported.booking is not None:
        await follow_merges(imported, unit)
    return view(mine, await tree_of(unit))


async def void_transaction(command: VoidTransaction, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, TransactionIsVoided, TransactionIsLinked."""
    transaction = await to_change(unit, command.transaction_id)
    await give_way(transaction, unit)
    transaction.void(unit.now)
    return view(transaction, await tree_of(unit))


async def reinstate_transaction(command: ReinstateTransaction, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, TransactionIsNotVoided."""
    transaction = await to_change(unit, command.transaction_id)
    transaction.reinstate(unit.now)
    await follow(unit, [transaction.id])
    await follow_merges(transaction, unit)
    return view(transaction, await tree_of(unit))


async def to_change(unit: Unit, transaction_id: UUID) -> Transaction:
    """Raises TransactionNotFound."""
    return await unit.change(Transaction, transaction_id, TransactionNotFound)


async def _know_by(bank_id: str, transaction: Transaction, unit: Unit) -> None:
    """See to it that the bank's row of this id is known as this transaction when it comes."""
    booking = transaction.booking
    assert booking is not None
    stream_id = transaction_id_by_bank_id(booking.account_id, bank_id)
    if stream_id == transaction.id:
        return
    alias = await unit.find(TransactionAlias, stream_id)
    if alias is not None and alias.transaction_id == transaction.id:
        return
    if alias is not None or await unit.exist([stream_id]):
        raise BankIdIsTaken(
            "this bank id is that of another transaction", transaction_id=str(transaction.id)
        )
    unit.add(TransactionAlias.point(stream_id, transaction.id, bank_id, unit.now))


HANDLERS: dict[type[Command], Handler] = {
    PostTransaction: post_transaction,
    AmendTransaction: amend_transaction,
    MatchTransactions: match_transactions,
    UnmatchTransaction: unmatch_transaction,
    VoidTransaction: void_transaction,
    ReinstateTransaction: reinstate_transaction,
}
