"""The rules of a ledger as they run, and what the user said of payees, from which is learned."""

from mintflow.projections.rules.fold import PROJECTION
from mintflow.projections.rules.queries import corrections_of, get_rule, list_rules

__all__ = ["PROJECTION", "corrections_of", "get_rule", "list_rules"]
