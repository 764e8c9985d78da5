"""Commands of every kind, in any order, to the product and to the oracle."""

from __future__ import annotations

from properties.machine.accounts import AccountRules
from properties.machine.bank import BankRules
from properties.machine.pairs import PairRules
from properties.machine.plans import PlanRules
from properties.machine.transactions import TransactionRules


class Household(AccountRules, BankRules, TransactionRules, PairRules, PlanRules):
    """All rules on one ledger."""
