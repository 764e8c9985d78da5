"""Commands on budgets: what may be spent, and what was warned of."""

from mintflow.commands.budgets.tracking import HANDLERS, ArchiveBudget, SetBudget

__all__ = ["HANDLERS", "ArchiveBudget", "SetBudget"]
