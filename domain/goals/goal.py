"""A goal: money that is to be there, or a debt that is to be gone, and what was set aside for it.

Either the balance of its accounts counts, or what is earmarked within accounts. An earmark moves no
money; how far accounts really hold what is earmarked is reckoned in allotment.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self
from uuid import UUID, uuid5

from mintflow.domain.core.aggregates import Aggregate
from mintflow.domain.core.errors import Conflict, Invalid, NotFound
from mintflow.domain.core.money import EXACT, ZERO, check_currency, exact_amount, negated
from mintflow.domain.core.time import check_date
from mintflow.domain.goals import events
from mintflow.domain.goals.events import Aside, Earmark, Pledge
from mintflow.domain.goals.terms import (
    GoalIsArchived,
    GoalNotUsable,
    GoalTerms,
    SavingRule,
    checked_terms,
)
from mintflow.domain.ledgers import check_name

# A transfer by hand is made within days; after a month it is another decision.
PLEDGE_DAYS = 30
# A movement may have been booked just before the income was known.
PLEDGE_DAYS_BEFORE = 4


class ContributionNotUsable(Invalid):
    """Nothing is contributed, or a pledge of less than nothing, or to the account it comes from."""

    code = "contribution_not_usable"


class GoalTakesNoEarmarks(Conflict):
    """The balance of its accounts counts: money is moved there, and nothing is earmarked."""

    code = "goal_takes_no_earmarks"


class MoreThanIsSetAside(Conflict):
    """Less than that is set aside in this account for this goal."""

    code = "more_than_is_set_aside"


class MoreThanIsFree(Conflict):
    """The account holds less than that beyond what goals have of it already."""

    code = "more_than_is_free"


class PledgeNotFound(NotFound):
    """The goal has no such open pledge."""

    code = "pledge_not_found"


class Goal(Aggregate):
    """The stream of one goal. earmarks: account -> what is set aside in it, never below zero.
    asides: income -> what was set aside of it."""

    TOPIC = "goal"
    name: str
    note: str
    currency: str
    started_on: dt.date
    terms: GoalTerms
    archived: bool
    reached: bool
    earmarks: Mapping[UUID, Decimal]
    asides: Mapping[UUID, Aside]
    pledges: Mapping[UUID, Pledge]

    def __init__(self) -> None:
        """Attributes come from GoalCreated."""

    @classmethod
    def create(
        cls,
        goal_id: UUID,
        name: str,
        currency: str,
        terms: GoalTerms,
        now: datetime,
        note: str = "",
    ) -> Self:
        """Raises NameNotUsable, UnknownCurrency, and as checked_terms."""
        check_currency(currency)
        return cls._create(
            events.GoalCreated, id=goal_id, timestamp=now, name=check_name(name), note=note,
            currency=currency, started_on=now.date(), terms=checked_terms(terms, currency),
        )  # fmt: skip

    def change(self, name: str, note: str, terms: GoalTerms, now: datetime) -> None:
        """Raises GoalIsArchived, NameNotUsable, GoalNotUsable where kind or funding would be
        another one, and as checked_terms."""
        self.must_be_active()
        terms, name = checked_terms(terms, self.currency), check_name(name)
        if terms.kind != self.terms.kind:
            raise GoalNotUsable("a goal keeps its kind", field="kind")
        if terms.funding != self.terms.funding:
            raise GoalNotUsable(
                "a goal keeps to accounts, or to earmarks: make another one", field="accounts"
            )
        if (name, note, terms) != (self.name, self.note, self.terms):
            self.trigger_event(events.GoalChanged, timestamp=now, name=name, note=note, terms=terms)

    def archive(self, now: datetime) -> None:
        """Raises GoalIsArchived."""
        self.must_be_active()
        self.trigger_event(events.GoalArchived, timestamp=now)

    def contribute(
        self, account_id: UUID, amount: Decimal | str, on: dt.date, now: datetime
    ) -> Decimal:
        """Earmark money of an account, or less of it; the exact amount. Raises GoalIsArchived,
        GoalTakesNoEarmarks, ContributionNotUsable, MoreThanIsSetAside, TooManyDigits."""
        self.must_be_active()
        if self.terms.funding != "earmarks":
            raise GoalTakesNoEarmarks(
                "the balance of its accounts counts: move money there", goal_id=str(self.id)
            )
        exact = exact_amount(amount, self.currency)
        if not exact:
            raise ContributionNotUsable("say how much; below zero takes it back")
        held = self.earmarks.get(account_id, ZERO)
        if EXACT.add(held, exact) < 0:
            raise MoreThanIsSetAside(
                "less than that is set aside there", account_id=str(account_id)
            )
        happens = events.GoalContributed if exact > 0 else events.GoalReleased
        self.trigger_event(
            happens, timestamp=now, account_id=account_id, delta=exact, date=check_date(on)
        )
        return exact

    def pledge(
        self, pledge_id: UUID, source: UUID, target: UUID, amount: Decimal | str, on: dt.date,
        now: datetime,
    ) -> Pledge:  # fmt: skip
        """Somebody is going to move so much. Raises GoalIsArchived, ContributionNotUsable,
        GoalNotUsable, TooManyDigits."""
        self.must_be_active()
        exact = exact_amount(amount, self.currency)
        if exact <= 0 or source == target:
            raise ContributionNotUsable("a pledge moves more than nothing between two accounts")
        if self.terms.account_ids and target not in self.terms.account_ids:
            raise GoalNotUsable("money goes to one of the goal's accounts", field="account_id")
        self._pledge(pledge_id, source, target, exact, check_date(on), now)
        return self.pledges[pledge_id]

    def withdraw(
        self, pledge_id: UUID, now: datetime, why: Literal["user", "undo"] = "user"
    ) -> None:
        """A pledge is not kept. Raises PledgeNotFound, also for one that was met."""
        held = self.pledges.get(pledge_id)
        if held is None or not held.is_open:
            raise PledgeNotFound("there is no such open pledge", pledge_id=str(pledge_id))
        income = None
        if held.transaction_id is not None:
            # Kept, so that another look at the same income pledges nothing anew.
            income = self.asides[held.transaction_id].income
        self.trigger_event(
            events.GoalPledgeWithdrawn, timestamp=now, pledge_id=pledge_id, why=why, income=income
        )

    def restore_pledge(self, pledge_id: UUID, now: datetime) -> None:
        """A pledge that somebody withdrew is open again. Raises GoalIsArchived."""
        self.must_be_active()
        assert self.pledges[pledge_id].withdrawn
        self.trigger_event(events.GoalPledgeRestored, timestamp=now, pledge_id=pledge_id)

    def save_from(
        self, transaction_id: UUID, account_id: UUID, income: Decimal, on: dt.date, most: Decimal,
        now: datetime,
    ) -> None:  # fmt: skip
        """Set aside of an income what the rule says; the same income again changes nothing.

        income: as it stands now, zero where it was voided or is none any more. most: what may be
        set aside at all. An income that was looked at keeps the rule of then.
        """
        held = self.asides.get(transaction_id)
        if self.archived or (held is not None and held.income == income):
            return
        if held is not None and held.pledge_id is not None:
            pledge = self.pledges[held.pledge_id]
            if pledge.transfer_id is not None:
                return  # The money was moved: what became of the income does not move it back.
            if pledge.is_open:
                self.trigger_event(
                    events.GoalPledgeWithdrawn, timestamp=now, pledge_id=pledge.pledge_id,
                    why="income", income=income,
                )  # fmt: skip
        rule = held.rule if held is not None else self.terms.saving
        if rule is None or (held is None and not _looks_at(rule, account_id, income, on)):
            return
        amount = min(rule.of(income, self.currency), most) if income > 0 else ZERO
        amount = exact_amount(max(amount, ZERO), self.currency)
        if rule.to_account_id is not None:
            if amount > 0 and rule.to_account_id != account_id:
                number = uuid5(self.id, f"pledge:{transaction_id}:{self.version}")
                self._pledge(
                    number, account_id, rule.to_account_id, amount, on, now,
                    transaction_id=transaction_id, income=income, rule=rule,
                )  # fmt: skip
            return
        before = ZERO if held is None else held.amount
        where = account_id if held is None else held.account_id
        # What somebody released since is gone already.
        delta = max(EXACT.subtract(amount, before), negated(self.earmarks.get(where, ZERO)))
        if amount or held is not None:
            self.trigger_event(
                events.GoalSetAside, timestamp=now, transaction_id=transaction_id,
                account_id=where, income=income, amount=amount,
                delta=exact_amount(delta, self.currency), date=on, rule=rule,
            )  # fmt: skip

    def meet(self, pledge_id: UUID, transfer_id: UUID, on: dt.date, now: datetime) -> None:
        """The transfer that was pledged came."""
        pledge = self.pledges[pledge_id]
        assert pledge.is_open
        self.trigger_event(
            events.GoalPledgeMet, timestamp=now, pledge_id=pledge_id, transfer_id=transfer_id,
            account_id=pledge.to_account_id, delta=self._earmarked_by(pledge), date=on,
        )  # fmt: skip

    def reopen(self, pledge_id: UUID, now: datetime) -> None:
        """The transfer that met a pledge is none any more."""
        pledge = self.pledges[pledge_id]
        assert pledge.transfer_id is not None
        held = self.earmarks.get(pledge.to_account_id, ZERO)
        delta = negated(min(self._earmarked_by(pledge), held))
        self.trigger_event(
            events.GoalPledgeReopened, timestamp=now, pledge_id=pledge_id,
            transfer_id=pledge.transfer_id, account_id=pledge.to_account_id,
            delta=exact_amount(delta, self.currency), date=now.date(),
        )  # fmt: skip

    def observe(self, saved: Decimal, target: Decimal, now: datetime) -> None:
        """Note once that the target was reached, or is not any more."""
        if not self.archived and (saved >= target) != self.reached:
            happens: Any = events.GoalFellShort if self.reached else events.GoalReached
            self.trigger_event(happens, timestamp=now, saved=saved, target=target)

    def restore(
        self, name: str, note: str, terms: GoalTerms, archived: bool,
        earmarks: Sequence[Earmark], now: datetime,
    ) -> bool:  # fmt: skip
        """Be what counts without an operation; False where it is that already."""
        is_now = (self.name, self.note, self.terms, self.archived)
        if is_now == (name, note, terms, archived) and not earmarks:
            return False
        self.trigger_event(
            events.GoalRestored, timestamp=now, name=name, note=note, terms=terms,
            archived=archived, earmarks=tuple(earmarks), date=now.date(),
        )  # fmt: skip
        return True

    def must_be_active(self) -> None:
        """Raises GoalIsArchived."""
        if self.archived:
            raise GoalIsArchived("the goal is archived", goal_id=str(self.id))

    def mark(self, account_id: UUID, delta: Decimal) -> None:
        """For events: what is set aside in an account becomes more or less."""
        total = EXACT.add(self.earmarks.get(account_id, ZERO), delta)
        self.earmarks = {**self.earmarks, account_id: total}

    def _earmarked_by(self, pledge: Pledge) -> Decimal:
        """What the transfer of a pledge sets aside where it goes."""
        return exact_amount(
            pledge.amount if self.terms.funding == "earmarks" else ZERO, self.currency
        )

    def _pledge(
        self, pledge_id: UUID, source: UUID, target: UUID, amount: Decimal, on: dt.date,
        now: datetime, *, transaction_id: UUID | None = None, income: Decimal | None = None,
        rule: SavingRule | None = None,
    ) -> None:  # fmt: skip
        until = on + dt.timedelta(days=PLEDGE_DAYS)
        self.trigger_event(
            events.GoalPledged, timestamp=now, pledge_id=pledge_id, from_account_id=source,
            to_account_id=target, amount=amount, date=on, until=until,
            transaction_id=transaction_id, income=income, rule=rule,
        )  # fmt: skip


def _looks_at(rule: SavingRule, account_id: UUID, income: Decimal, on: dt.date) -> bool:
    return income > 0 and on >= rule.since and rule.account_id in (None, account_id)
