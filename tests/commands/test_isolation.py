"""What belongs to another ledger is not there: for every command and every id that it takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from commands.product import Product, product, run

from mintflow.commands import accounts, budgets, connections, rules, transactions, transfers
from mintflow.commands.core.command import Command
from mintflow.commands.core.unit import Unit
from mintflow.commands.imports import ImportFile, SyncAccount
from mintflow.commands.ledgers import RenameLedger
from mintflow.domain.budgets import Budget, BudgetNotFound
from mintflow.domain.core.errors import NotFound
from mintflow.domain.ledgers import LedgerNotFound
from mintflow.domain.statements import Statement, StatementFile

DAY = dt.date(2025, 3, 1)
FILE = StatementFile("csv", (Statement(()),))

# Command -> how to make one that succeeds with ids of the right ledger, by name of the id.
COMMANDS: dict[type[Command], Callable[[dict[str, UUID]], Command]] = {
    accounts.ChangeAccount: lambda i: accounts.ChangeAccount(account_id=i["account_id"], name="x"),
    accounts.ReportBalance: lambda i: accounts.ReportBalance(
        account_id=i["account_id"], date=DAY, amount="1"
    ),
    accounts.SetImportProfile: lambda i: accounts.SetImportProfile(
        account_id=i["account_id"], profile={}
    ),
    transactions.RecordTransaction: lambda i: transactions.RecordTransaction(
        account_id=i["account_id"], date=DAY, amount="1", description=""
    ),
    transactions.RecordTransactions: lambda i: transactions.RecordTransactions(
        transactions=(
            transactions.RecordTransaction(
                account_id=i["account_id"], date=DAY, amount="1", description=""
            ),
        )
    ),
    transactions.PostTransaction: lambda i: transactions.PostTransaction(
        transaction_id=i["transaction_id"]
    ),
    transactions.AmendTransaction: lambda i: transactions.AmendTransaction(
        transaction_id=i["transaction_id"], description="x"
    ),
    transactions.CategorizeTransaction: lambda i: transactions.CategorizeTransaction(
        transaction_id=i["transaction_id"], category="bills"
    ),
    transactions.MatchTransactions: lambda i: transactions.MatchTransactions(
        transaction_id=i["transaction_id"], imported_id=i["imported_id"]
    ),
    transactions.UnmatchTransaction: lambda i: transactions.UnmatchTransaction(
        transaction_id=i["transaction_id"]
    ),
    transactions.VoidTransaction: lambda i: transactions.VoidTransaction(
        transaction_id=i["transaction_id"]
    ),
    transactions.ReinstateTransaction: lambda i: transactions.ReinstateTransaction(
        transaction_id=i["transaction_id"]
    ),
    rules.ChangeRule: lambda i: rules.ChangeRule(
        rule_id=i["rule_id"], name="x", condition="x", actions={"transfer": True}
    ),
    rules.SwitchRule: lambda i: rules.SwitchRule(rule_id=i["rule_id"], enabled=False),
    rules.RemoveRule: lambda i: rules.RemoveRule(rule_id=i["rule_id"]),
    transfers.MakeTransfer: lambda i: transfers.MakeTransfer(
        from_account_id=i["from_account_id"],
        to_account_id=i["to_account_id"],
        amount="1",
        date=DAY,
    ),
    transfers.LinkTransactions: lambda i: transfers.LinkTransactions(
        from_transaction_id=i["from_transaction_id"], to_transaction_id=i["to_transaction_id"]
    ),
    transfers.RejectPair: lambda i: transfers.RejectPair(
        from_transaction_id=i["from_transaction_id"], to_transaction_id=i["to_transaction_id"]
    ),
    transfers.UnlinkTransfer: lambda i: transfers.UnlinkTransfer(transfer_id=i["transfer_id"]),
    transfers.VoidTransfer: lambda i: transfers.VoidTransfer(transfer_id=i["transfer_id"]),
    ImportFile: lambda i: ImportFile(
        account_id=i["account_id"], sha256="", size_bytes=0, file=FILE
    ),
    budgets.DismissAlert: lambda i: budgets.DismissAlert(
        alert_id=i["alert_id"], budget_id=i["budget_id"]
    ),
    SyncAccount: lambda i: SyncAccount(
        connection_id=i["connection_id"], account_id=i["account_id"], cursor="",
        statement=Statement(()),
    ),
}  # fmt: skip
CASES = [
    (command, name)
    for command, make in COMMANDS.items()
    for name in make.__code__.co_consts
    if isinstance(name, str) and name.endswith("_id")
]


async def household(it: Product) -> tuple[UUID, dict[str, UUID]]:
    """A ledger, and an id of everything in it."""
    ledger = await it.open_ledger()
    one, two = await it.open_account(ledger), await it.open_account(ledger)
    row, imported = await it.record(ledger, one, "-1"), await it.record(ledger, one, "-1")
    enters = await it.record(ledger, two, "1")
    made = transfers.MakeTransfer(from_account_id=one, to_account_id=two, amount="1", date=DAY)
    transfer = (await it.do(made, ledger)).data["transfer_id"]
    opened = connections.OpenConnection(provider="sandbox", institution="Bank")
    connection = (await it.do(opened, ledger)).data["connection_id"]
    rule = rules.AddRule(name="r", condition="x", actions={"transfer": True})
    rule_id = (await it.do(rule, ledger)).data["rule_id"]
    budget_id, alert_id = await alert(it, ledger)
    return ledger, {
        "rule_id": UUID(rule_id),
        "budget_id": budget_id,
        "alert_id": alert_id,
        "account_id": one,
        "from_account_id": one,
        "to_account_id": two,
        "transaction_id": row,
        "imported_id": imported,
        "from_transaction_id": row,
        "to_transaction_id": enters,
        "transfer_id": UUID(transfer),
        "connection_id": UUID(connection),
    }


class RaiseAlert(Command):
    """What the reaction to spending does, without any."""

    budget_id: UUID


async def raise_alert(command: RaiseAlert, unit: Unit) -> str:
    budget = await unit.change(Budget, command.budget_id, BudgetNotFound)
    budget.observe((DAY, DAY), "exceeded", Decimal("2.00"), Decimal("1.00"), unit.now)
    return str(budget.alerts[DAY].alert_id)


async def alert(it: Product, ledger: UUID) -> tuple[UUID, UUID]:
    """A budget that was exceeded, and its alert."""
    it.bus._handlers[RaiseAlert] = raise_alert  # type: ignore[index]
    wanted = budgets.SetBudget(category="shopping", amount="1", period="monthly", rollover="none")
    budget_id = UUID((await it.do(wanted, ledger)).data["budget_id"])
    return budget_id, UUID((await it.do(RaiseAlert(budget_id=budget_id), ledger)).data)


@pytest.fixture(scope="module")
def refusals(postgres: Any) -> dict[tuple[type[Command], str], tuple[Any, Any, int]]:
    """Per case: what a foreign id gives, what one that is nowhere gives, and events appended."""

    async def play() -> dict[tuple[type[Command], str], tuple[Any, Any, int]]:
        found = {}
        with postgres.migrated() as url:
            async with product(url) as it:
                mine, my_ids = await household(it)
                theirs, their_ids = await household(it)
                before = len(await it.events(mine)) + len(await it.events(theirs))
                for command, name in CASES:
                    refused = []
                    for strange in (their_ids[name], uuid4()):
                        try:
                            await it.do(COMMANDS[command]({**my_ids, name: strange}), mine)
                        except NotFound as refusal:
                            said = str(refusal.details).replace(str(strange), "ID")
                            refused.append((type(refusal), refusal.message, said))
                        else:
                            refused.append(None)
                    after = len(await it.events(mine)) + len(await it.events(theirs))
                    found[command, name] = (refused[0], refused[1], after - before)
        return found

    result: dict[tuple[type[Command], str], tuple[Any, Any, int]] = run(play())
    return result


@pytest.mark.parametrize(
    ("command", "name"), CASES, ids=[f"{command.__name__}.{name}" for command, name in CASES]
)
def test_an_id_of_another_ledger_is_not_found_and_not_told_apart_from_none(
    refusals: Any, command: type[Command], name: str
) -> None:
    foreign, nowhere, appended = refusals[command, name]
    assert foreign is not None
    assert foreign == nowhere
    assert appended == 0


def test_every_command_that_takes_an_id_is_tried(database_url: str) -> None:
    async def handled() -> set[type[Command]]:
        async with product(database_url) as it:
            return set(it.bus._handlers)

    def takes_ids(command: type[Command]) -> bool:
        return any(
            field.annotation is UUID
            or any(isinstance(one, type) and issubclass(one, Command) and takes_ids(one)
                   for one in get_args(field.annotation))
            for field in command.model_fields.values()
        )  # fmt: skip

    assert {one for one in run(handled()) if takes_ids(one)} == COMMANDS.keys()
    named = {(command, name) for command, name in CASES}
    for command in COMMANDS:
        for name, field in command.model_fields.items():
            assert field.annotation is not UUID or (command, name) in named


def test_a_transaction_id_is_no_account_id(database_url: str) -> None:
    """Ids name a stream and its kind: one kind can not be taken for another."""

    async def play() -> None:
        async with product(database_url) as it:
            ledger, ids = await household(it)
            for name in ("transaction_id", "transfer_id", "connection_id"):
                with pytest.raises(NotFound):
                    await it.record(ledger, ids[name], "-1")
            with pytest.raises(NotFound):
                await it.do(transactions.VoidTransaction(transaction_id=ids["account_id"]), ledger)

    run(play())


def test_a_ledger_that_is_not_there_takes_nothing(database_url: str) -> None:
    async def play() -> None:
        async with product(database_url) as it:
            with pytest.raises(LedgerNotFound):
                await it.do(RenameLedger(name="x"), uuid4())

    run(play())
