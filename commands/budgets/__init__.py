"""Commands on budgets: what may be spent, and what was warned of."""

from mintflow.commands.budgets.alerts import (
    CheckBudgets,
    DismissAlert,
    check_budgets,
    dismiss_alert,
)
from mintflow.commands.budgets.envelopes import HANDLERS as ENVELOPE_HANDLERS
from mintflow.commands.budgets.envelopes import AssignMoney, MoveMoney
from mintflow.commands.budgets.planning import (
    AcceptRecommendations,
    ApplyTemplates,
    accept_recommendations,
    apply_templates,
)
from mintflow.commands.budgets.tracking import (
    ArchiveBudget,
    SetBudget,
    archive_budget,
    set_budget,
)
from mintflow.commands.core.command import Command, Handler
from mintflow.commands.core.ports import Books

HANDLERS: dict[type[Command], Handler] = {
    SetBudget: set_budget,
    ArchiveBudget: archive_budget,
    DismissAlert: dismiss_alert,
    **ENVELOPE_HANDLERS,
}


def handlers_with_books(books: Books) -> dict[type[Command], Handler]:
    """Those that ask the read models."""
    return {
        CheckBudgets: check_budgets(books),
        AcceptRecommendations: accept_recommendations(books),
        ApplyTemplates: apply_templates(books),
    }


__all__ = [
    "HANDLERS",
    "AcceptRecommendations",
    "ApplyTemplates",
    "ArchiveBudget",
    "AssignMoney",
    "CheckBudgets",
    "DismissAlert",
    "MoveMoney",
    "SetBudget",
    "handlers_with_books",
]
