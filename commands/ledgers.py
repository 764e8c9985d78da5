"""Commands on a ledger itself: open the books, name them."""

from __future__ import annotations

from typing import Any

from mintflow.commands.core.command import Command, Currency, Name, example
from mintflow.commands.core.unit import Unit
from mintflow.domain.categories import CategoryTree
from mintflow.domain.core.money import check_currency
from mintflow.domain.ledgers import Ledger, LedgerNotFound, check_name


class OpenLedger(Command):
    """New books with the default category tree; currency is the one that they are shown in."""

    model_config = example(name="Home", currency="USD")

    name: Name
    currency: Currency


class RenameLedger(Command):
    name: Name


async def open_ledger(command: OpenLedger, unit: Unit) -> dict[str, Any]:
    """Raises NameNotUsable, UnknownCurrency."""
    check_name(command.name)
    check_currency(command.currency)
    ledger_id = unit.new_id()
    unit.open_ledger(ledger_id)
    owner = str(unit.context.principal.user_id)
    ledger = unit.add(Ledger.open(ledger_id, command.name, command.currency, owner, unit.now))
    unit.add(CategoryTree.plant(ledger_id, unit.now))
    return {"ledger_id": str(ledger_id), "name": ledger.name, "currency": ledger.currency}


async def rename_ledger(command: RenameLedger, unit: Unit) -> dict[str, Any]:
    """Raises NameNotUsable, LedgerNotFound."""
    ledger = await unit.change(Ledger, unit.ledger_id, LedgerNotFound)
    ledger.rename(command.name, unit.now)
    return {"ledger_id": str(ledger.id), "name": ledger.name, "currency": ledger.currency}


HANDLERS = {OpenLedger: open_ledger, RenameLedger: rename_ledger}
