"""Goals: what is saved for, what debt is to go, and how much is kept for bad days.

terms.py      what a goal is, and how it is saved for by itself
events.py     what can happen to one
goal.py       the aggregate
allotment.py  how several goals share the accounts
progress.py   how far one is, what it needs per month, when it is there
"""

from mintflow.domain.goals.goal import (
    PLEDGE_DAYS,
    PLEDGE_DAYS_BEFORE,
    Goal,
    GoalTakesNoEarmarks,
    MoreThanIsFree,
    MoreThanIsSetAside,
    PledgeNotFound,
)
from mintflow.domain.goals.terms import (
    ACCOUNTS_MAX,
    GoalAccountNotUsable,
    GoalIsArchived,
    GoalKind,
    GoalNotFound,
    GoalNotUsable,
    GoalTerms,
    SavingRule,
    SavingRuleNotUsable,
)

__all__ = [
    "ACCOUNTS_MAX",
    "PLEDGE_DAYS",
    "PLEDGE_DAYS_BEFORE",
    "Goal",
    "GoalAccountNotUsable",
    "GoalIsArchived",
    "GoalKind",
    "GoalNotFound",
    "GoalNotUsable",
    "GoalTakesNoEarmarks",
    "GoalTerms",
    "MoreThanIsFree",
    "MoreThanIsSetAside",
    "PledgeNotFound",
    "SavingRule",
    "SavingRuleNotUsable",
]
