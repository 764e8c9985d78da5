"""Commands on transfers: made by the user, or two transactions linked; unlinked, voided."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from mintflow.commands.core.command import (
    Amount,
    Command,
    Day,
    Handler,
    Text,
    example,
)
from mintflow.commands.core.unit import Unit
from mintflow.commands.rules.tree import tree_of
from mintflow.commands.transactions.view import view
from mintflow.commands.transfers.ending import end, give_way
from mintflow.domain.accounts import Account, AccountNotFound
from mintflow.domain.core.money import CurrencyMustMatch, exact_amount, money_text, negated
from mintflow.domain.core.postings import TRANSFER, Booking, whole
from mintflow.domain.transactions import Transaction, TransactionIsVoided, TransactionNotFound
from mintflow.domain.transfers import (
    LegsMustBeOpposite,
    Transfer,
    TransferAmountNotUsable,
    TransferNeedsTwoAccounts,
    TransferNotFound,
)


class MakeTransfer(Command):
    """amount leaves from_account; where the other account keeps another currency, to_amount
    enters it."""

    model_config = example(
        from_account_id="01999999-0000-7000-8000-000000000001",
        to_account_id="01999999-0000-7000-8000-000000000002",
        amount="250.00",
        date="2025-03-14",
    )

    from_account_id: UUID
    to_account_id: UUID
    amount: Amount
    date: Day
    to_amount: Amount | None = None
    description: Text = "Transfer"


class LinkTransactions(Command):
    """Two transactions are the two sides of one movement between own accounts."""

    from_transaction_id: UUID
    to_transaction_id: UUID


class UnlinkTransfer(Command):
    """Both legs stand on their own again and have back the categories they had."""

    transfer_id: UUID


class VoidTransfer(Command):
    """Neither leg counts any more."""

    transfer_id: UUID


async def make_transfer(command: MakeTransfer, unit: Unit) -> dict[str, Any]:
    """Raises TransferNeedsTwoAccounts, AccountNotFound, AccountIsClosed, CurrencyMustMatch,
    TransferAmountNotUsable, TooManyDigits, DateOutOfRange."""
    if command.from_account_id == command.to_account_id:
        raise TransferNeedsTwoAccounts("a transfer needs two different accounts")
    source = await unit.read(Account, command.from_account_id, AccountNotFound)
    target = await unit.read(Account, command.to_account_id, AccountNotFound)
    source.must_be_open()
    target.must_be_open()
    if source.currency != target.currency and command.to_amount is None:
        raise CurrencyMustMatch(
            "the accounts keep different currencies: say to_amount as well",
            from_currency=source.currency,
            to_currency=target.currency,
        )
    leaves = exact_amount(command.amount, source.currency)
    enters = leaves if command.to_amount is None else command.to_amount
    enters = exact_amount(enters, target.currency)
    if leaves <= 0 or enters <= 0:
        raise TransferAmountNotUsable("the amount of a transfer is above zero")
    if source.currency == target.currency and leaves != enters:
        raise TransferAmountNotUsable("in one currency what leaves is what enters")
    transfer_id = unit.new_id()
    legs = []
    for account, amount in ((source, negated(leaves)), (target, enters)):
        leg = Transaction.record(
            unit.new_id(),
            Booking(
                account.id,
                command.date,
                amount,
                account.currency,
                "posted",
                whole(amount, TRANSFER),
            ),
            unit.now,
            description=command.description,
            origin="manual",
            category_source="user",
            user_fields=("date", "amount", "description", "category"),
        )
        leg.link(transfer_id, unit.now)
        legs.append(unit.add(leg))
    transfer = unit.add(Transfer.start(transfer_id, legs[0].id, legs[1].id, "made", unit.now))
    return await _answer(unit, transfer, legs)


async def link_transactions(command: LinkTransactions, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, TransactionIsVoided, TransactionIsLinked, LegsMustBeOpposite."""
    legs = [
        await unit.change(Transaction, one, TransactionNotFound)
        for one in (command.from_transaction_id, command.to_transaction_id)
    ]
    held = legs[0].transfer_id
    if held is not None and held == legs[1].transfer_id:
        transfer = await unit.read(Transfer, held, TransferNotFound)
        if transfer.origin == "found" and transfer.from_transaction_id == legs[0].id:
            return await _answer(unit, transfer, legs)
    for leg in legs:
        await give_way(leg, unit)
    leaves, enters = legs[0].booking, legs[1].booking
    if leaves is None or enters is None:
        raise TransactionIsVoided("one of the two does not count")
    if leaves.account_id == enters.account_id or leaves.amount >= 0 or enters.amount <= 0:
        raise LegsMustBeOpposite("one leg leaves an account, the other enters another one")
    if leaves.currency == enters.currency and leaves.amount != negated(enters.amount):
        raise LegsMustBeOpposite(
            "both legs have one amount, and what leaves is not what enters",
            leaves=money_text(negated(leaves.amount)),
            enters=money_text(enters.amount),
            currency=leaves.currency,
        )
    transfer = Transfer.start(unit.new_id(), legs[0].id, legs[1].id, "linked", unit.now)
    for leg in legs:
        leg.link(transfer.id, unit.now)
    unit.add(transfer)
    return await _answer(unit, transfer, legs)


async def unlink_transfer(command: UnlinkTransfer, unit: Unit) -> dict[str, Any]:
    """Raises TransferNotFound, TransferIsEnded."""
    return await _end(command.transfer_id, "unlinked", unit)


async def void_transfer(command: VoidTransfer, unit: Unit) -> dict[str, Any]:
    """Raises TransferNotFound, TransferIsEnded."""
    return await _end(command.transfer_id, "voided", unit)


async def _end(transfer_id: UUID, how: Literal["unlinked", "voided"], unit: Unit) -> dict[str, Any]:
    transfer = await unit.change(Transfer, transfer_id, TransferNotFound)
    return await _answer(unit, transfer, await end(transfer, how, unit))


async def _answer(unit: Unit, transfer: Transfer, legs: list[Transaction]) -> dict[str, Any]:
    tree = await tree_of(unit)
    source, target = (view(leg, tree) for leg in legs)
    gone = legs[0].booking or legs[0].withdrawn
    assert gone is not None
    return {
        "transfer_id": str(transfer.id),
        "from_account_id": source["account_id"],
        "to_account_id": target["account_id"],
        "amount": money_text(negated(gone.amount)),
        "currency": source["currency"],
        "to_amount": target["amount"],
        "to_currency": target["currency"],
        "date": source["date"],
        "ended": transfer.ended,
        "legs": [source, target],
    }


HANDLERS: dict[type[Command], Handler] = {
    MakeTransfer: make_transfer,
    LinkTransactions: link_transactions,
    UnlinkTransfer: unlink_transfer,
    VoidTransfer: void_transfer,
}
