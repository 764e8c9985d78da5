"""The rules of a ledger: which transactions, and what becomes of them.

    actions.py   what a rule does: category, split, merchant, tags, note, transfer, budgets
    rule.py      one rule; events.py what happens to rules; ruleset.py all of a ledger's, in order
    engine.py    the rules over the facts of transactions: what each would get, and why
    learning.py  rules from what a user corrected

The stages go one after another, and a rule sees what those before it set. Of each field the first
rule that says it keeps it; tags add up. What the user said himself no rule changes.
"""

from mintflow.domain.rules.actions import Actions, Share
from mintflow.domain.rules.engine import Engine, Outcome
from mintflow.domain.rules.errors import (
    RuleNotFound,
    RuleNotUsable,
    TooManyRules,
)
from mintflow.domain.rules.rule import Rule, Stage
from mintflow.domain.rules.ruleset import RuleSet, rule_set_id

__all__ = [
    "Actions",
    "Engine",
    "Outcome",
    "Rule",
    "RuleNotFound",
    "RuleNotUsable",
    "RuleSet",
    "Share",
    "Stage",
    "TooManyRules",
    "rule_set_id",
]
