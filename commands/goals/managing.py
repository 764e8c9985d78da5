"""Commands on what a goal is: create, change, archive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from mintflow.commands.core.command import (
    Amount,
    Command,
    Currency,
    Day,
    Name,
    Proportion,
    Text,
    example,
)
from mintflow.commands.core.unit import Unit
from mintflow.domain.accounts import Account, AccountNotFound
from mintflow.domain.core.money import CurrencyMustMatch, money_text
from mintflow.domain.goals import (
    ACCOUNTS_MAX,
    Goal,
    GoalAccountNotUsable,
    GoalKind,
    GoalNotFound,
    GoalTerms,
    SavingRule,
)
from mintflow.domain.ledgers import Ledger, LedgerNotFound

_OWED = ("loan", "credit_card")


class Saving(Command):
    """What is set aside by itself when income arrives: percent of it, or a fixed amount.

    An earmark in the account where the income arrived, or the pledge of a transfer to
    to_account_id where that is given. account_id: only of income into this account. since: of
    income from this day on; from today where not given.
    """

    percent: Proportion | None = None
    amount: Amount | None = None
    account_id: UUID | None = None
    to_account_id: UUID | None = None
    since: Day | None = None


class GoalTermsAsked(Command):
    """What may be said of a goal again and again."""

    name: Name
    target: Amount | None = None
    months: int | None = Field(default=None, ge=1, le=120)
    due: Day | None = None
    priority: int = Field(default=100, ge=1, le=1_000)
    accounts: Annotated[tuple[UUID, ...], Field(max_length=ACCOUNTS_MAX)] = ()
    saving: Saving | None = None
    note: Text = ""


class CreateGoal(GoalTermsAsked):
    """Save for something, pay off a debt, or keep months of spending for bad days.

    target: what it takes; of a debt what is to be paid off, all of it where not given. months: of
    an emergency fund, instead of a target. accounts: whose balance counts, in this order; without
    any, what is earmarked counts. priority: 1 goes first where goals share an account. currency:
    the ledger's where not given.
    """

    model_config = example(
        name="Summer holiday", target="1800.00", due="2026-07-01",
        saving={"percent": "10"},
    )  # fmt: skip

    kind: GoalKind = "saving"
    currency: Currency | None = None


class ChangeGoal(GoalTermsAsked):
    """Have all of these terms from now on; one that is not given is none. Kind, currency, and
    whether accounts or earmarks count, stay."""

    model_config = example(
        goal_id="01999999-0000-7000-8000-000000000001", name="Summer holiday", target="2000.00"
    )

    goal_id: UUID


class ArchiveGoal(Command):
    """It takes nothing any more; what was set aside for it is free."""

    goal_id: UUID


async def create_goal(command: CreateGoal, unit: Unit) -> dict[str, Any]:
    """Raises NameNotUsable, UnknownCurrency, GoalNotUsable, SavingRuleNotUsable, TooManyDigits,
    DateOutOfRange, AccountNotFound, CurrencyMustMatch, GoalAccountNotUsable."""
    currency = command.currency
    if currency is None:
        ledger = await unit.read(Ledger, unit.ledger_id, LedgerNotFound, guard=False)
        currency = ledger.currency
    goal = Goal.create(
        unit.new_id(), command.name, currency, _terms(command, command.kind, unit), unit.now,
        command.note,
    )  # fmt: skip
    await _check_accounts(goal, unit)
    return view(unit.add(goal))


async def change_goal(command: ChangeGoal, unit: Unit) -> dict[str, Any]:
    """Raises GoalNotFound, GoalIsArchived, and as create_goal."""
    goal = await unit.change(Goal, command.goal_id, GoalNotFound)
    terms = _terms(command, goal.terms.kind, unit, goal.terms.saving)
    goal.change(command.name, command.note, terms, unit.now)
    await _check_accounts(goal, unit)
    return view(goal)


async def archive_goal(command: ArchiveGoal, unit: Unit) -> dict[str, Any]:
    """Raises GoalNotFound, GoalIsArchived."""
    goal = await unit.change(Goal, command.goal_id, GoalNotFound)
    goal.archive(unit.now)
    return view(goal)


def _terms(
    command: GoalTermsAsked, kind: GoalKind, unit: Unit, before: SavingRule | None = None
) -> GoalTerms:
    asked, rule = command.saving, None
    if asked is not None:
        since = asked.since or (unit.now.date() if before is None else before.since)
        rule = SavingRule(asked.percent, asked.amount, asked.account_id, asked.to_account_id, since)
    return GoalTerms(
        kind, command.target, command.months, command.due, command.priority, command.accounts, rule
    )


async def _check_accounts(goal: Goal, unit: Unit) -> None:
    """Every account that the goal names is the ledger's, in its currency, and of a usable kind."""
    terms = goal.terms
    for account_id in terms.account_ids:
        await usable(goal, account_id, unit, owed=terms.kind == "debt")
    if terms.saving is not None:
        if terms.saving.account_id is not None:
            await usable(goal, terms.saving.account_id, unit, owed=None)
        if terms.saving.to_account_id is not None:
            await usable(goal, terms.saving.to_account_id, unit, owed=terms.kind == "debt")


async def usable(goal: Goal, account_id: UUID, unit: Unit, *, owed: bool | None) -> Account:
    """The account. owed: whether it is one of debts; None: either. Raises AccountNotFound,
    CurrencyMustMatch, GoalAccountNotUsable."""
    account = await unit.read(Account, account_id, AccountNotFound, guard=False)
    if account.currency != goal.currency:
        raise CurrencyMustMatch(
            "the account is not in the goal's currency",
            account_id=str(account_id),
            currency=goal.currency,
            account_currency=account.currency,
        )
    if owed is not None and (account.kind in _OWED) != owed:
        raise GoalAccountNotUsable(
            "debts are paid off in loans and on credit cards, all else is saved elsewhere",
            account_id=str(account_id),
            kind=account.kind,
        )
    return account


def view(goal: Goal) -> dict[str, Any]:
    """A goal as a command answers it: what was said, without figures of the read models."""
    terms = goal.terms
    return {
        "goal_id": str(goal.id),
        "name": goal.name,
        "note": goal.note,
        "kind": terms.kind,
        "currency": goal.currency,
        "target": None if terms.target is None else money_text(terms.target),
        "months": terms.months,
        "due": _day(terms.due),
        "priority": terms.priority,
        "funding": terms.funding,
        "accounts": [str(one) for one in terms.account_ids],
        "saving": None if terms.saving is None else rule_view(terms.saving),
        "archived": goal.archived,
        "earmarks": _earmarks(goal),
    }


def rule_view(rule: SavingRule) -> dict[str, Any]:
    """A saving rule as it is asked for."""
    return {
        "percent": None if rule.percent is None else money_text(rule.percent),
        "amount": None if rule.amount is None else money_text(rule.amount),
        "as": "earmark" if rule.to_account_id is None else "transfer",
        "account_id": None if rule.account_id is None else str(rule.account_id),
        "to_account_id": None if rule.to_account_id is None else str(rule.to_account_id),
        "since": rule.since.isoformat(),
    }


def _earmarks(goal: Goal) -> Sequence[dict[str, str]]:
    return [
        {"account_id": str(account_id), "amount": money_text(amount)}
        for account_id, amount in goal.earmarks.items()
        if amount
    ]


def _day(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()
