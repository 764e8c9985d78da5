"""Commands on bills: write down, change, end, mark, remind of; and judge recurring streams."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from mintflow.commands.core.command import (
    Amount,
    CategoryPath,
    Command,
    Currency,
    Day,
    Handler,
    Name,
    Text,
    example,
)
from mintflow.commands.core.unit import Unit
from mintflow.domain.accounts import Account, AccountNotFound
from mintflow.domain.bills import Frequency, Roll, Schedule
from mintflow.domain.bills.bill import (
    REMIND_DAYS_MAX,
    Bill,
    BillNotFound,
    BillTerms,
    checked,
)
from mintflow.domain.bills.judgement import Judgement, bill_of_stream, judgement_id
from mintflow.domain.categories import CategoryNotFound, CategoryTree
from mintflow.domain.core.ids import category_tree_id
from mintflow.domain.core.money import money_text
from mintflow.domain.ledgers import Ledger, LedgerNotFound, check_name
from mintflow.domain.transactions import Transaction, TransactionNotFound
from mintflow.ml.payees import payee_key

_DUE_MAX = 1_000
RemindDays = Annotated[int, Field(ge=0, le=REMIND_DAYS_MAX)]


class AddBill(Command):
    """A bill that is due on `first_due` and from then on by its frequency. amount: signed from the
    account's side, so money out is negative. day, second_day: of the month, 31 being the last;
    that of first_due where not given. second_day: of semi_monthly only. roll: to which working day
    it moves. payee: whom its payments are with, where that is not its name."""

    model_config = example(
        name="Car insurance", amount="-420.00", frequency="yearly", first_due="2026-03-01"
    )

    name: Name
    amount: Amount
    frequency: Frequency
    first_due: Day
    day: Annotated[int, Field(ge=1, le=31)] | None = None
    second_day: Annotated[int, Field(ge=1, le=31)] | None = None
    roll: Roll = "none"
    variable: bool = False
    currency: Currency | None = None
    payee: Text | None = None
    account_id: UUID | None = None
    category: CategoryPath | None = None
    remind_days: RemindDays = 3


class ConfirmStream(Command):
    """A bill with all that a recurring stream says of itself."""

    stream_id: UUID
    transaction_id: UUID
    name: Name
    payee: Text
    amount: Amount
    currency: Currency
    variable: bool
    frequency: Frequency
    anchor: Day
    days: tuple[int, ...] = ()
    nth_weekday: int | None = None
    roll: Roll = "none"
    every_days: int = 0
    account_id: UUID | None = None
    category_id: str | None = None
    remind_days: RemindDays = 3


class ChangeBill(Command):
    """Another name, amount or reminder; what is left out stays."""

    bill_id: UUID
    name: Name | None = None
    payee: Text | None = None
    amount: Amount | None = None
    variable: bool | None = None
    remind_days: RemindDays | None = None


class EndBill(Command):
    """Nothing of it is due after this day, today where not given. reopen: it goes on after all."""

    bill_id: UUID
    last_day: Day | None = None
    reopen: bool = False


class MarkBill(Command):
    """What became of the time that is due on a day (`due` of GET bills). open: nothing was said."""

    bill_id: UUID
    due: Day
    mark: Literal["paid", "skipped", "open"]
    transaction_id: UUID | None = None


class JudgeStream(Command):
    """Dismiss a recurring stream, take it back, or call it otherwise. name: "" for its own."""

    stream_id: UUID
    transaction_id: UUID
    verdict: Literal["none", "dismissed"] | None = None
    name: Text | None = None


class DueBill(Command):
    """A time that a bill is to be reminded of."""

    bill_id: UUID
    due: Day


class RemindBills(Command):
    """Remind of what is due soon; each time once, whoever asks how often."""

    due: tuple[DueBill, ...] = Field(max_length=_DUE_MAX)


async def add_bill(command: AddBill, unit: Unit) -> dict[str, Any]:
    """Raises AccountNotFound, CategoryNotFound, and as `Bill.add`."""
    ledger = await unit.read(Ledger, unit.ledger_id, LedgerNotFound, guard=False)
    account = None
    if command.account_id is not None:
        account = await unit.read(Account, command.account_id, AccountNotFound, guard=False)
    category_id = None
    if command.category is not None:
        tree = await unit.read(CategoryTree, category_tree_id(unit.ledger_id), CategoryNotFound)
        category_id = tree.resolve(command.category).category_id
    first = command.first_due
    days: tuple[int, ...] = ()
    if command.frequency not in ("weekly", "two_weekly", "four_weekly"):
        given = [command.day or first.day]
        if command.frequency == "semi_monthly" or command.second_day is not None:
            given.append(command.second_day or (given[0] + 15 if given[0] <= 16 else given[0] - 15))
        days = tuple(sorted(given))
    terms = BillTerms(
        command.amount,
        command.currency or (account.currency if account is not None else ledger.currency),
        command.variable,
        Schedule(command.frequency, first, days, roll=command.roll),
        command.account_id,
        category_id,
        command.remind_days,
    )
    payee = payee_key(command.payee or "", command.name)
    return _answer(unit.add(Bill.add(unit.new_id(), command.name, payee, terms, unit.now)))


async def confirm_stream(command: ConfirmStream, unit: Unit) -> dict[str, Any]:
    """Raises as `Bill.add`. Confirmed again, it is the bill that there is."""
    bill_id = bill_of_stream(unit.ledger_id, command.stream_id)
    held = await unit.find_to_change(Bill, bill_id)
    terms = BillTerms(
        command.amount,
        command.currency,
        command.variable,
        Schedule(
            command.frequency,
            command.anchor,
            command.days,
            command.nth_weekday,
            command.roll,
            command.every_days,
        ),
        command.account_id,
        command.category_id,
        command.remind_days,
    )
    if held is not None and held.gone:
        terms = checked(terms)
        held.restore(check_name(command.name), command.payee, terms, None, False, (), unit.now)
        return _answer(held)
    if held is not None:
        held.change(command.name, command.payee, terms, unit.now)
        held.end(None, unit.now)
        return _answer(held)
    bill = Bill.add(
        bill_id,
        command.name,
        command.payee,
        terms,
        unit.now,
        stream_id=command.stream_id,
        transaction_id=command.transaction_id,
    )
    return _answer(unit.add(bill))


async def change_bill(command: ChangeBill, unit: Unit) -> dict[str, Any]:
    """Raises BillNotFound, and as `Bill.add`."""
    bill = await unit.change(Bill, command.bill_id, BillNotFound)
    terms = bill.terms
    if command.amount is not None:
        terms = replace(terms, amount=command.amount)
    if command.variable is not None:
        terms = replace(terms, variable=command.variable)
    if command.remind_days is not None:
        terms = replace(terms, remind_days=command.remind_days)
    payee = bill.payee if command.payee is None else payee_key(command.payee, "")
    bill.change(command.name or bill.name, payee, terms, unit.now)
    return _answer(bill)


async def end_bill(command: EndBill, unit: Unit) -> dict[str, Any]:
    """Raises BillNotFound, DateOutOfRange."""
    bill = await unit.change(Bill, command.bill_id, BillNotFound)
    bill.end(None if command.reopen else command.last_day or unit.now.date(), unit.now)
    return _answer(bill)


async def mark_bill(command: MarkBill, unit: Unit) -> dict[str, Any]:
    """Raises BillNotFound, TransactionNotFound, BillNotDueThen, DateOutOfRange."""
    bill = await unit.change(Bill, command.bill_id, BillNotFound)
    if command.transaction_id is not None:
        await unit.read(Transaction, command.transaction_id, TransactionNotFound, guard=False)
    bill.mark(command.due, command.mark, command.transaction_id, unit.now)
    return {**_answer(bill), "due": command.due.isoformat(), "mark": command.mark}


async def judge_stream(command: JudgeStream, unit: Unit) -> dict[str, Any]:
    """Raises NameNotUsable."""
    judgement = await unit.find_to_change(
        Judgement, judgement_id(unit.ledger_id, command.stream_id)
    )
    if judgement is None:
        judgement = unit.add(
            Judgement.first(
                unit.ledger_id,
                command.stream_id,
                command.transaction_id,
                command.verdict or "none",
                command.name or "",
                unit.now,
            )
        )
    else:
        verdict = command.verdict or judgement.verdict
        judgement.again(command.transaction_id, verdict, command.name, unit.now)
    return {
        "stream_id": str(command.stream_id),
        "dismissed": judgement.verdict == "dismissed",
        "name": judgement.name or None,
    }


async def remind_bills(command: RemindBills, unit: Unit) -> dict[str, Any]:
    """What was reminded of already, ended or was marked meanwhile is passed over. Raises
    DateOutOfRange."""
    reminded = 0
    for one in command.due:
        bill = await unit.find_to_change(Bill, one.bill_id)
        if bill is not None:
            reminded += bill.remind(one.due, unit.now.date(), unit.now)
    return {"reminded": reminded}


def _answer(bill: Bill) -> dict[str, Any]:
    terms = bill.terms
    return {
        "bill_id": str(bill.id),
        "name": bill.name,
        "amount": money_text(terms.amount),
        "currency": terms.currency,
        "variable": terms.variable,
        "frequency": terms.schedule.frequency,
        "remind_days": terms.remind_days,
        "stream_id": None if bill.stream_id is None else str(bill.stream_id),
        "last_day": None if bill.last_day is None else bill.last_day.isoformat(),
    }


HANDLERS: dict[type[Command], Handler] = {
    AddBill: add_bill,
    ConfirmStream: confirm_stream,
    ChangeBill: change_bill,
    EndBill: end_bill,
    MarkBill: mark_bill,
    JudgeStream: judge_stream,
    RemindBills: remind_bills,
}
