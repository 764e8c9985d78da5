"""What can happen to a goal. An event that changes what is earmarked says by how much, and where.

`delta` and `account_id` are what a read model adds up; no fold needs to remember an earlier event.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Literal
from uuid import UUID

from mintflow.domain.core.aggregates import Created, Event
from mintflow.domain.core.money import EXACT
from mintflow.domain.goals.terms import GoalTerms, SavingRule

if TYPE_CHECKING:
    from mintflow.domain.goals.goal import Goal


@dataclass(frozen=True, slots=True)
class Earmark:
    """How much more (or, below zero, less) of an account is set aside."""

    account_id: UUID
    delta: Decimal


@dataclass(frozen=True, slots=True)
class Aside:
    """What was set aside of one income: as an earmark, or by a pledge. income and rule: as they
    were then, so that a change of the rule later changes nothing of it."""

    account_id: UUID
    income: Decimal
    amount: Decimal
    rule: SavingRule
    pledge_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Pledge:
    """A transfer that is to come. transfer_id: the one that met it. transaction_id: the income."""

    pledge_id: UUID
    from_account_id: UUID
    to_account_id: UUID
    amount: Decimal
    date: dt.date
    until: dt.date
    transaction_id: UUID | None
    transfer_id: UUID | None = None
    withdrawn: bool = False

    @property
    def is_open(self) -> bool:
        return self.transfer_id is None and not self.withdrawn


class GoalCreated(Created):
    """Somebody wants to get somewhere. started_on: the day from which progress is counted."""

    TOPIC = "goal.created"
    SEALED: ClassVar[frozenset[str]] = frozenset({"name", "note"})

    name: str
    note: str
    currency: str
    started_on: dt.date
    terms: GoalTerms

    def apply(self, aggregate: Goal) -> None:
        aggregate.name, aggregate.note = self.name, self.note
        aggregate.currency, aggregate.started_on = self.currency, self.started_on
        aggregate.terms = self.terms
        aggregate.archived = aggregate.reached = False
        aggregate.earmarks = {}
        aggregate.asides = {}
        aggregate.pledges = {}


class GoalChanged(Event):
    """Name, note or terms are others from now on."""

    TOPIC = "goal.changed"
    SEALED: ClassVar[frozenset[str]] = frozenset({"name", "note"})

    name: str
    note: str
    terms: GoalTerms

    def apply(self, aggregate: Goal) -> None:
        aggregate.name, aggregate.note, aggregate.terms = self.name, self.note, self.terms


class GoalContributed(Event):
    """Somebody set money of an account aside for it (delta above zero)."""

    TOPIC = "goal.contributed"

    account_id: UUID
    delta: Decimal
    date: dt.date

    def effective_on(self) -> dt.date:
        return self.date

    def apply(self, aggregate: Goal) -> None:
        aggregate.mark(self.account_id, self.delta)


class GoalReleased(Event):
    """Somebody took back what was set aside (delta below zero)."""

    TOPIC = "goal.released"

    account_id: UUID
    delta: Decimal
    date: dt.date

    def effective_on(self) -> dt.date:
        return self.date

    def apply(self, aggregate: Goal) -> None:
        aggregate.mark(self.account_id, self.delta)


class GoalSetAside(Event):
    """The rule set aside a part of an income; again, with another amount, where the income became
    another one or was voided (income zero)."""

    TOPIC = "goal.set_aside"

    transaction_id: UUID
    account_id: UUID
    income: Decimal
    amount: Decimal
    delta: Decimal
    date: dt.date
    rule: SavingRule

    def effective_on(self) -> dt.date:
        return self.date

    def apply(self, aggregate: Goal) -> None:
        aside = Aside(self.account_id, self.income, self.amount, self.rule)
        aggregate.asides = {**aggregate.asides, self.transaction_id: aside}
        aggregate.mark(self.account_id, self.delta)


class GoalPledged(Event):
    """So much is to be moved from one account to another by a day; by somebody, or by the rule
    because of an income."""

    TOPIC = "goal.pledged"

    pledge_id: UUID
    from_account_id: UUID
    to_account_id: UUID
    amount: Decimal
    date: dt.date
    until: dt.date
    transaction_id: UUID | None
    income: Decimal | None
    rule: SavingRule | None

    def effective_on(self) -> dt.date:
        return self.date

    def apply(self, aggregate: Goal) -> None:
        pledge = Pledge(
            self.pledge_id, self.from_account_id, self.to_account_id, self.amount, self.date,
            self.until, self.transaction_id,
        )  # fmt: skip
        aggregate.pledges = {**aggregate.pledges, self.pledge_id: pledge}
        if self.transaction_id is not None and self.income is not None and self.rule is not None:
            aside = Aside(self.from_account_id, self.income, self.amount, self.rule, self.pledge_id)
            aggregate.asides = {**aggregate.asides, self.transaction_id: aside}


class GoalPledgeWithdrawn(Event):
    """It is not to be moved after all. why: the user said so, or the income is another one now;
    income: what it is then."""

    TOPIC = "goal.pledge_withdrawn"

    pledge_id: UUID
    why: Literal["user", "income", "undo"]
    income: Decimal | None

    def apply(self, aggregate: Goal) -> None:
        held = aggregate.pledges[self.pledge_id]
        pledges = {**aggregate.pledges, self.pledge_id: replace(held, withdrawn=True)}
        aggregate.pledges = pledges
        if held.transaction_id is not None and self.income is not None:
            aside = aggregate.asides[held.transaction_id]
            gone = replace(
                aside, income=self.income, amount=EXACT.subtract(aside.amount, aside.amount)
            )
            aggregate.asides = {**aggregate.asides, held.transaction_id: gone}


class GoalPledgeRestored(Event):
    """It is to be moved again, because that it was withdrawn was undone."""

    TOPIC = "goal.pledge_restored"

    pledge_id: UUID

    def apply(self, aggregate: Goal) -> None:
        held = aggregate.pledges[self.pledge_id]
        again = replace(held, withdrawn=False)
        aggregate.pledges = {**aggregate.pledges, self.pledge_id: again}
        if held.transaction_id is not None:
            aside = replace(aggregate.asides[held.transaction_id], amount=held.amount)
            aggregate.asides = {**aggregate.asides, held.transaction_id: aside}


class GoalPledgeMet(Event):
    """The real transfer came. delta: what is earmarked where it went; zero where balances count."""

    TOPIC = "goal.pledge_met"

    pledge_id: UUID
    transfer_id: UUID
    account_id: UUID
    delta: Decimal
    date: dt.date

    def effective_on(self) -> dt.date:
        return self.date

    def apply(self, aggregate: Goal) -> None:
        held = aggregate.pledges[self.pledge_id]
        met = replace(held, transfer_id=self.transfer_id)
        aggregate.pledges = {**aggregate.pledges, self.pledge_id: met}
        aggregate.mark(self.account_id, self.delta)


class GoalPledgeReopened(Event):
    """The transfer that met it was unlinked or voided."""

    TOPIC = "goal.pledge_reopened"

    pledge_id: UUID
    transfer_id: UUID
    account_id: UUID
    delta: Decimal
    date: dt.date

    def effective_on(self) -> dt.date:
        return self.date

    def apply(self, aggregate: Goal) -> None:
        held = aggregate.pledges[self.pledge_id]
        again = replace(held, transfer_id=None)
        aggregate.pledges = {**aggregate.pledges, self.pledge_id: again}
        aggregate.mark(self.account_id, self.delta)


class GoalReached(Event):
    """What is saved came to the target; both as they were then."""

    TOPIC = "goal.reached"

    saved: Decimal
    target: Decimal

    def apply(self, aggregate: Goal) -> None:
        aggregate.reached = True


class GoalFellShort(Event):
    """What is saved fell below the target again, or the target rose above it."""

    TOPIC = "goal.fell_short"

    saved: Decimal
    target: Decimal

    def apply(self, aggregate: Goal) -> None:
        aggregate.reached = False


class GoalArchived(Event):
    """It takes nothing any more, and what was set aside for it is free."""

    TOPIC = "goal.archived"

    def apply(self, aggregate: Goal) -> None:
        aggregate.archived = True


class GoalRestored(Event):
    """It is again what it was without an operation that was undone. earmarks: what that changes."""

    TOPIC = "goal.restored"
    SEALED: ClassVar[frozenset[str]] = frozenset({"name", "note"})

    name: str
    note: str
    terms: GoalTerms
    archived: bool
    earmarks: tuple[Earmark, ...]
    date: dt.date

    def effective_on(self) -> dt.date:
        return self.date

    def apply(self, aggregate: Goal) -> None:
        aggregate.name, aggregate.note, aggregate.terms = self.name, self.note, self.terms
        aggregate.archived = self.archived
        for one in self.earmarks:
            aggregate.mark(one.account_id, one.delta)
