"""What the rules of a ledger refuse."""

from __future__ import annotations

from mintflow.domain.core.errors import Conflict, Invalid, NotFound


class RuleNotFound(NotFound):
    """There is no such rule in this ledger."""

    code = "rule_not_found"


class RuleNotUsable(Invalid):
    """The rule does nothing, or says things that can not both be; the message says which."""

    code = "rule_not_usable"


class TooManyRules(Conflict):
    """The ledger holds as many rules as it can."""

    code = "too_many_rules"
