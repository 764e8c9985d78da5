"""The end of a transfer: both legs stand on their own again, and nothing of them is lost."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from mintflow.commands.core.unit import Unit
from mintflow.commands.rules.tree import follow_merges
from mintflow.commands.undo.following import follow
from mintflow.domain.transactions import Transaction, TransactionNotFound
from mintflow.domain.transfers import Transfer, TransferNotFound, TransferRejection, rejection_id


async def end(
    transfer: Transfer, how: Literal["unlinked", "voided"], unit: Unit, *, for_good: bool = True
) -> list[Transaction]:
    """Both legs, with the categories that they had. for_good: a person unlinks them, so they are
    not put together again. Raises TransferIsEnded."""
    transfer.end(how, unit.now)
    legs = [
        await unit.change(Transaction, one, TransactionNotFound)
        for one in (transfer.from_transaction_id, transfer.to_transaction_id)
    ]
    for leg in legs:
        leg.unlink(transfer.id, unit.now)
        if how == "voided":
            leg.void(unit.now)
    if how == "unlinked":
        await follow(unit, [leg.id for leg in legs])
        for leg in legs:
            if leg.booking is not None:
                await follow_merges(leg, unit)
        if for_good:
            await reject(transfer, unit)
    return legs


async def reject(transfer: Transfer, unit: Unit) -> None:
    """What the user parted is not put together again by itself, nor suggested."""
    await reject_legs(transfer.from_transaction_id, transfer.to_transaction_id, unit)


async def reject_legs(out: UUID, into: UUID, unit: Unit) -> None:
    """These two are no movement; nothing happens where that was said."""
    held = await unit.find_to_change(TransferRejection, rejection_id(out, into))
    if held is None:
        unit.add(TransferRejection.of(out, into, unit.now))
    else:
        held.set_standing(True, unit.now)


async def give_way(transaction: Transaction, unit: Unit) -> bool:
    """Part a transfer that was found by itself, because the user says something else of this leg.

    Says whether it did; what the user himself linked stays.
    """
    if transaction.transfer_id is None:
        return False
    transfer = await unit.change(Transfer, transaction.transfer_id, TransferNotFound)
    if transfer.origin != "found":
        return False
    await end(transfer, "unlinked", unit)
    return True
