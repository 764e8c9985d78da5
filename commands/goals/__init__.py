"""Commands on goals: what they are, what is set aside for them, and what happens by itself.

managing.py      create, change, archive
contributing.py  earmark, take back, pledge
tending.py       income, pledges and targets are looked at
"""

from mintflow.commands.core.command import Command, Handler
from mintflow.commands.core.ports import Books
from mintflow.commands.goals.contributing import (
    ContributeToGoal,
    WithdrawPledge,
    contribute_to_goal,
    withdraw_pledge,
)
from mintflow.commands.goals.managing import (
    ArchiveGoal,
    ChangeGoal,
    CreateGoal,
    archive_goal,
    change_goal,
    create_goal,
)
from mintflow.commands.goals.tending import TendGoals, tend_goals

HANDLERS: dict[type[Command], Handler] = {
    CreateGoal: create_goal,
    ChangeGoal: change_goal,
    ArchiveGoal: archive_goal,
    WithdrawPledge: withdraw_pledge,
}


def handlers_with_books(books: Books) -> dict[type[Command], Handler]:
    """Those that ask the read models."""
    return {ContributeToGoal: contribute_to_goal(books), TendGoals: tend_goals(books)}


__all__ = [
    "HANDLERS",
    "ArchiveGoal",
    "ChangeGoal",
    "ContributeToGoal",
    "CreateGoal",
    "TendGoals",
    "WithdrawPledge",
    "handlers_with_books",
]
