"""The user says that two transactions are not one movement."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from mintflow.commands.core.command import Command, example
from mintflow.commands.core.unit import Unit
from mintflow.commands.transfers.ending import end, reject_legs
from mintflow.domain.transactions import Transaction, TransactionNotFound
from mintflow.domain.transfers import Transfer, TransferNotFound


class RejectPair(Command):
    """They are never suggested nor linked by themselves again; a link between them ends, and each
    has back what it had."""

    model_config = example(
        from_transaction_id="01999999-0000-7000-8000-000000000001",
        to_transaction_id="01999999-0000-7000-8000-000000000002",
    )

    from_transaction_id: UUID
    to_transaction_id: UUID


async def reject_pair(command: RejectPair, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound."""
    legs = command.from_transaction_id, command.to_transaction_id
    out, into = [await unit.read(Transaction, one, TransactionNotFound) for one in legs]
    if out.transfer_id is not None and out.transfer_id == into.transfer_id:
        await end(await unit.change(Transfer, out.transfer_id, TransferNotFound), "unlinked", unit)
    else:
        await reject_legs(*legs, unit)
    return {
        "from_transaction_id": str(out.id),
        "to_transaction_id": str(into.id),
        "rejected": True,
    }
