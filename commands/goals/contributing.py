"""Commands on what a goal has: earmark, take back, pledge a transfer, withdraw a pledge."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from mintflow.commands.core.command import Amount, Command, Day, Handler, example
from mintflow.commands.core.ports import Books
from mintflow.commands.core.unit import Unit
from mintflow.commands.goals.managing import usable, view
from mintflow.domain.core.money import ZERO, exact_amount, money_text
from mintflow.domain.goals import Goal, GoalNotFound, MoreThanIsFree


class ContributeToGoal(Command):
    """Set so much of an account aside; a negative amount takes it back.

    from_account_id: the money is going to be moved from there to account_id, which is pledged and
    counts when the real transfer comes. date: today where not given.
    """

    model_config = example(
        goal_id="01999999-0000-7000-8000-000000000001",
        account_id="01999999-0000-7000-8000-000000000002",
        amount="50.00",
    )

    goal_id: UUID
    account_id: UUID
    amount: Amount
    from_account_id: UUID | None = None
    date: Day | None = None


class WithdrawPledge(Command):
    """The money is not going to be moved after all."""

    goal_id: UUID
    pledge_id: UUID


def contribute_to_goal(books: Books) -> Handler:
    """The handler of ContributeToGoal: what is earmarked is there, as the books stand."""

    async def handle(command: ContributeToGoal, unit: Unit) -> dict[str, Any]:
        """Raises GoalNotFound, GoalIsArchived, AccountNotFound, CurrencyMustMatch,
        GoalAccountNotUsable, GoalTakesNoEarmarks, ContributionNotUsable, MoreThanIsSetAside,
        MoreThanIsFree, GoalNotUsable, TooManyDigits, DateOutOfRange."""
        goal = await unit.change(Goal, command.goal_id, GoalNotFound)
        goal.must_be_active()
        on = command.date or unit.now.date()
        owed = goal.terms.kind == "debt"
        await usable(goal, command.account_id, unit, owed=owed)
        if command.from_account_id is not None:
            await usable(goal, command.from_account_id, unit, owed=None)
            pledge = goal.pledge(
                unit.new_id(), command.from_account_id, command.account_id, command.amount, on,
                unit.now,
            )  # fmt: skip
            return {**view(goal), "pledge_id": str(pledge.pledge_id)}
        amount = goal.contribute(command.account_id, command.amount, on, unit.now)
        if amount > 0:
            # The books must not move on, or the same money is set aside twice.
            unit.expected_seq = await books.caught_up(unit.ledger_id)
            free = await books.free_of_goals(unit.ledger_id, unit.now.date())
            free_here = exact_amount(free.get(command.account_id, ZERO), goal.currency)
            if amount > free_here:
                raise MoreThanIsFree(
                    "the account holds less than that beyond what goals have of it",
                    account_id=str(command.account_id),
                    free=money_text(free_here),
                    currency=goal.currency,
                )
        return {**view(goal), "pledge_id": None}

    return handle


async def withdraw_pledge(command: WithdrawPledge, unit: Unit) -> dict[str, Any]:
    """Raises GoalNotFound, PledgeNotFound."""
    goal = await unit.change(Goal, command.goal_id, GoalNotFound)
    goal.withdraw(command.pledge_id, unit.now)
    return {**view(goal), "pledge_id": str(command.pledge_id)}
