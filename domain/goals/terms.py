"""What a goal is: its terms, how it is saved for by itself, and what is refused of either."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from typing import Literal
from uuid import UUID

from mintflow.domain.core.errors import Conflict, Invalid, NotFound
from mintflow.domain.core.money import EXACT, digits_of, exact_amount
from mintflow.domain.core.time import check_date

GoalKind = Literal["saving", "debt", "emergency"]
Funding = Literal["balance", "earmarks"]

PRIORITY_MAX = 1_000
ACCOUNTS_MAX = 50
# Ten years of spending set aside is no emergency fund but a typing error.
MONTHS_MAX = 120
PERCENT_DIGITS_MAX = 4
HUNDRED = Decimal(100)
_WIDE = Context(prec=60)


class GoalNotFound(NotFound):
    """There is no such goal in this ledger."""

    code = "goal_not_found"


class GoalIsArchived(Conflict):
    """An archived goal takes nothing any more."""

    code = "goal_is_archived"


class GoalNotUsable(Invalid):
    """What is said of a goal does not fit together; `field` says where."""

    code = "goal_not_usable"


class GoalAccountNotUsable(Invalid):
    """Debts are paid off in loans and on credit cards; everything else is saved elsewhere."""

    code = "goal_account_not_usable"


class SavingRuleNotUsable(Invalid):
    """A share of income or a fixed sum, above zero, as an earmark or a transfer to an account."""

    code = "saving_rule_not_usable"


@dataclass(frozen=True, slots=True)
class SavingRule:
    """What is set aside of income. percent or amount: one of the two.

    account_id: only of income into this account; None: into any of the goal's currency.
    to_account_id: the transfer that is pledged goes there; None: an earmark where the income is.
    since: of income from this day on; what came before is not looked at.
    """

    percent: Decimal | None
    amount: Decimal | None
    account_id: UUID | None
    to_account_id: UUID | None
    since: dt.date

    def of(self, income: Decimal, currency: str) -> Decimal:
        """What it sets aside of an income above zero: rounded down, and never more than it."""
        if self.amount is not None:
            return min(self.amount, income)
        assert self.percent is not None
        # A percent moves the point by two places: exact, until the currency's digits cut it off.
        share = EXACT.multiply(income, self.percent).scaleb(-2, EXACT)
        return share.quantize(Decimal(1).scaleb(-digits_of(currency)), ROUND_DOWN, _WIDE)


@dataclass(frozen=True, slots=True)
class GoalTerms:
    """What a goal is at a time.

    target: what it takes; None for a debt that is paid off whole, and for an emergency fund, whose
    target is `months` of spending. due: the day by which, if any. priority: 1 goes first.
    account_ids: those whose balance counts, in this order; none where money is earmarked.
    """

    kind: GoalKind
    target: Decimal | None
    months: int | None
    due: dt.date | None
    priority: int
    account_ids: tuple[UUID, ...]
    saving: SavingRule | None

    @property
    def funding(self) -> Funding:
        return "balance" if self.account_ids else "earmarks"


def checked_terms(terms: GoalTerms, currency: str) -> GoalTerms:
    """The terms with exact amounts. Raises GoalNotUsable, SavingRuleNotUsable, TooManyDigits,
    DateOutOfRange."""
    target = None if terms.target is None else exact_amount(terms.target, currency)
    if target is not None and target <= 0:
        raise GoalNotUsable("a target is above zero", field="target")
    wanted = {"saving": target is not None, "debt": True, "emergency": target is None}
    if not wanted[terms.kind]:
        raise GoalNotUsable(
            "saving has a target; that of an emergency fund is in months", field="target"
        )
    if (terms.months is not None) != (terms.kind == "emergency"):
        raise GoalNotUsable("an emergency fund, and no other goal, has months", field="months")
    if terms.months is not None and not 1 <= terms.months <= MONTHS_MAX:
        raise GoalNotUsable("months of spending", field="months", months_max=MONTHS_MAX)
    if not 1 <= terms.priority <= PRIORITY_MAX:
        raise GoalNotUsable("1 goes first", field="priority", priority_max=PRIORITY_MAX)
    if len(set(terms.account_ids)) != len(terms.account_ids):
        raise GoalNotUsable("an account is named twice", field="accounts")
    if len(terms.account_ids) > ACCOUNTS_MAX:
        raise GoalNotUsable("too many accounts", field="accounts", accounts_max=ACCOUNTS_MAX)
    if terms.kind == "debt" and not terms.account_ids:
        raise GoalNotUsable("say which accounts are paid off", field="accounts")
    if terms.due is not None:
        check_date(terms.due)
    return GoalTerms(
        terms.kind, target, terms.months, terms.due, terms.priority, terms.account_ids,
        None if terms.saving is None else _checked_rule(terms, terms.saving, currency),
    )  # fmt: skip


def _checked_rule(terms: GoalTerms, rule: SavingRule, currency: str) -> SavingRule:
    if (rule.percent is None) == (rule.amount is None):
        raise SavingRuleNotUsable("say either percent or amount", field="saving")
    if rule.percent is not None:
        digits = rule.percent.normalize(EXACT).as_tuple().exponent
        if not 0 < rule.percent <= HUNDRED or -int(digits) > PERCENT_DIGITS_MAX:
            raise SavingRuleNotUsable(
                "a share lies above 0 and is at most 100 percent",
                field="saving.percent",
                digits_max=PERCENT_DIGITS_MAX,
            )
    amount = None if rule.amount is None else exact_amount(rule.amount, currency)
    if amount is not None and amount <= 0:
        raise SavingRuleNotUsable("a sum is above zero", field="saving.amount")
    if rule.to_account_id is None and terms.account_ids:
        raise SavingRuleNotUsable(
            "the balance of accounts counts: say to which one the money goes",
            field="saving.to_account_id",
        )
    _to_own_account(terms.account_ids, rule)
    return SavingRule(
        rule.percent, amount, rule.account_id, rule.to_account_id, check_date(rule.since)
    )


def _to_own_account(account_ids: Sequence[UUID], rule: SavingRule) -> None:
    if rule.to_account_id is None:
        return
    if rule.to_account_id == rule.account_id:
        raise SavingRuleNotUsable("a transfer needs two accounts", field="saving.to_account_id")
    if account_ids and rule.to_account_id not in account_ids:
        raise SavingRuleNotUsable(
            "the money goes to one of the goal's accounts", field="saving.to_account_id"
        )
