"""Commands of erasing a person's books: ask for it, call it off, note that it is done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import Field

from mintflow.commands.core.command import Command, Handler, Text, example
from mintflow.commands.core.unit import Unit
from mintflow.domain import erasure
from mintflow.domain.ledgers import Ledger, LedgerNotFound


class RequestErasure(Command):
    """confirm: the phrase `erase everything`."""

    model_config = example(confirm=erasure.PHRASE)

    confirm: Text = Field(description="The phrase `erase everything`.")


class CancelErasure(Command):
    """Call off an erasure that waits."""


class CompleteErasure(Command):
    """Take down that a ledger is erased, once its waiting time is over. For the host alone: no
    route takes it. The keys are destroyed after it, so that whatever called the erasure off in
    time has been seen."""


def erasure_handlers(wait: timedelta) -> Mapping[type[Command], Handler]:
    """wait: how long an erasure can be called off."""

    async def request(command: RequestErasure, unit: Unit) -> dict[str, Any]:
        """Raises ErasureNotConfirmed, LedgerNotFound."""
        ledger = await unit.change(Ledger, unit.ledger_id, LedgerNotFound)
        erasure.request(ledger, command.confirm, wait, unit.now)
        return _state(ledger)

    async def cancel(_command: CancelErasure, unit: Unit) -> dict[str, Any]:
        """Raises NoErasureWaits, LedgerNotFound."""
        ledger = await unit.change(Ledger, unit.ledger_id, LedgerNotFound)
        erasure.cancel(ledger, unit.now)
        return _state(ledger)

    async def complete(_command: CompleteErasure, unit: Unit) -> dict[str, Any]:
        """Raises NoErasureWaits, ErasureNotDue, LedgerNotFound."""
        ledger = await unit.change(Ledger, unit.ledger_id, LedgerNotFound)
        erasure.complete(ledger, unit.now)
        return _state(ledger)

    return {RequestErasure: request, CancelErasure: cancel, CompleteErasure: complete}


def _state(ledger: Ledger) -> dict[str, Any]:
    due_at = ledger.erasure_due_at
    return {
        "ledger_id": str(ledger.id),
        "due_at": due_at.isoformat() if due_at is not None else None,
        "erased": ledger.erased,
    }
