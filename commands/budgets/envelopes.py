"""Commands on envelopes: assign money to a category for a month, and move it between two."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints

from mintflow.commands.core.command import (
    Amount,
    CategoryPath,
    Command,
    Currency,
    Handler,
    example,
)
from mintflow.commands.core.unit import Unit
from mintflow.domain.budgets.envelopes import (
    EnvelopeNotUsable,
    Envelopes,
    envelopes_stream,
)
from mintflow.domain.categories import CategoryNotFound, CategoryTree
from mintflow.domain.core.ids import category_tree_id
from mintflow.domain.core.money import check_currency, money_text
from mintflow.domain.core.time import Month
from mintflow.domain.ledgers import Ledger, LedgerNotFound

MonthText = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}$")]


class AssignMoney(Command):
    """Put so much into an envelope in a month; a negative amount takes it back.

    month: this one where not given. currency: the ledger's where not given.
    """

    model_config = example(category="food_dining.groceries", amount="300.00", month="2025-03")

    category: CategoryPath
    amount: Amount
    month: MonthText | None = None
    currency: Currency | None = None


class MoveMoney(Command):
    """Move so much from one envelope to another in a month (this one where not given)."""

    model_config = example(source="travel", target="health", amount="50.00", month="2025-03")

    source: CategoryPath
    target: CategoryPath
    amount: Amount
    month: MonthText | None = None
    currency: Currency | None = None


async def assign_money(command: AssignMoney, unit: Unit) -> dict[str, Any]:
    """Raises MonthNotReadable, CategoryNotFound, CategoryIsArchived, EnvelopeNotUsable,
    UnknownCurrency, TooManyDigits, AssignmentNotUsable."""
    month, currency, envelopes = await _about(command, unit)
    category_id, path = await _envelope(unit, command.category, archived=command.amount < 0)
    amount = envelopes.assign(category_id, month, command.amount, currency, unit.now)
    return {
        "category": path, "month": str(month), "amount": money_text(amount), "currency": currency,
    }  # fmt: skip


async def move_money(command: MoveMoney, unit: Unit) -> dict[str, Any]:
    """Raises as assign_money."""
    month, currency, envelopes = await _about(command, unit)
    # What lies in the envelope of an archived category must be able to leave it.
    source, from_path = await _envelope(unit, command.source, archived=True)
    target, to_path = await _envelope(unit, command.target, archived=False)
    amount = envelopes.move(source, target, month, command.amount, currency, unit.now)
    return {
        "source": from_path, "target": to_path, "month": str(month),
        "amount": money_text(amount), "currency": currency,
    }  # fmt: skip


async def _about(command: AssignMoney | MoveMoney, unit: Unit) -> tuple[Month, str, Envelopes]:
    month = Month.parse(command.month) if command.month else Month.of(unit.now.date())
    ledger = await unit.read(Ledger, unit.ledger_id, LedgerNotFound, guard=False)
    currency = check_currency(command.currency or ledger.currency)
    envelopes = await unit.find_to_change(Envelopes, envelopes_stream(unit.ledger_id))
    return month, currency, envelopes or unit.add(Envelopes.open(unit.ledger_id, unit.now))


async def _envelope(unit: Unit, path: str, *, archived: bool) -> tuple[str, str]:
    """(id, path) of a category that may have an envelope."""
    tree = await unit.read(CategoryTree, category_tree_id(unit.ledger_id), CategoryNotFound)
    node = tree.find(path) if archived else tree.resolve(path)
    if node.kind != "expense":
        raise EnvelopeNotUsable("only spending has envelopes", kind=node.kind)
    return node.category_id, node.path


HANDLERS: dict[type[Command], Handler] = {AssignMoney: assign_money, MoveMoney: move_money}
