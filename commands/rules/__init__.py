"""Rules: kept in order, applied to new rows and to history, and learned from corrections.

sorting.py   what a row gets, by the order of those who may say it
learning.py  rules that follow what the user corrects
keeping.py   the commands that add, change, switch, order and remove rules
applying.py  the commands that sort history, as one batch
"""

from mintflow.commands.rules.applying import Categorize, ChangedRow, PreviewRule
from mintflow.commands.rules.handlers import rule_handlers
from mintflow.commands.rules.keeping import (
    ActionsGiven,
    AddRule,
    ChangeRule,
    RemoveRule,
    ReorderRules,
    ShareGiven,
    SwitchRule,
)
from mintflow.commands.rules.learning import Learner
from mintflow.commands.rules.sorting import Given, Labels, Sorter

__all__ = [
    "ActionsGiven",
    "AddRule",
    "Categorize",
    "ChangeRule",
    "ChangedRow",
    "Given",
    "Labels",
    "Learner",
    "PreviewRule",
    "RemoveRule",
    "ReorderRules",
    "ShareGiven",
    "Sorter",
    "SwitchRule",
    "rule_handlers",
]
