"""Envelopes: money that is there is assigned to what it is for, every unit of it.

An envelope is a category to which money was assigned at some time; it begins with the first month
of that. What is booked in the category, and below it where no other envelope is nearer, comes out
of it. Everything else that moves the cash of the budget (income, opening balances, transfers with
accounts outside it, spending that has no envelope) moves what is ready to be assigned.

At the end of a month an envelope that is overdrawn begins the next one empty, and what was
overdrawn is taken from what is ready to assign then. So after any history, in every month,

    sum(available) + ready_to_assign = cash of the accounts on budget.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID, uuid5

from mintflow.domain.core.aggregates import Aggregate, Created, Event
from mintflow.domain.core.errors import Conflict, Invalid
from mintflow.domain.core.money import EXACT, ZERO, exact_amount, exact_sum, negated
from mintflow.domain.core.time import Month

# Money that can be spent at once, and cards: what is owed on one was taken out of an envelope when
# it was spent, and paying the bill moves money between two accounts on budget, so it changes
# nothing. Loans and investments lie outside: a payment to one is spending that needs an envelope.
ON_BUDGET_KINDS = ("checking", "savings", "cash", "wallet", "credit_card")


class EnvelopeNotUsable(Conflict):
    """Only spending has envelopes; income, transfers and equity have none."""

    code = "envelope_not_usable"


class AssignmentNotUsable(Invalid):
    """Nothing to assign, or a move from an envelope to itself or of nothing or less."""

    code = "assignment_not_usable"


class EnvelopesOpened(Created):
    """The first assignment of a ledger is to come."""

    TOPIC = "envelopes.opened"

    def apply(self, aggregate: Envelopes) -> None:
        """Nothing is held: what was assigned is summed by a read model."""


class MoneyAssigned(Event):
    """Money was assigned to an envelope in a month; a negative amount takes it back."""

    TOPIC = "envelopes.assigned"

    category_id: str
    month: dt.date
    currency: str
    amount: Decimal

    def effective_on(self) -> dt.date:
        return self.month

    def apply(self, aggregate: Envelopes) -> None:
        """Nothing is held."""


class MoneyMoved(Event):
    """Money went from one envelope to another in a month."""

    TOPIC = "envelopes.moved"

    from_category_id: str
    to_category_id: str
    month: dt.date
    currency: str
    amount: Decimal

    def effective_on(self) -> dt.date:
        return self.month

    def apply(self, aggregate: Envelopes) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an assignment or one side of a move added to an envelope, with its sign. times: how
    many assignments more or less there are; without any there is no envelope."""

    category_id: str
    month: dt.date
    currency: str
    amount: Decimal
    times: int


class AssignmentsRestored(Event):
    """Assignments and moves count no more because they were undone, or count again."""

    TOPIC = "envelopes.restored"

    taken: tuple[Taken, ...]

    def apply(self, aggregate: Envelopes) -> None:
        """Nothing is held."""


class Envelopes(Aggregate):
    """The stream of what one ledger assigns."""

    TOPIC = "envelopes"

    def __init__(self) -> None:
        """There are no attributes."""

    @classmethod
    def open(cls, ledger_id: UUID, now: datetime) -> Self:
        return cls._create(EnvelopesOpened, id=envelopes_stream(ledger_id), timestamp=now)

    def assign(
        self, category_id: str, month: Month, amount: Decimal | str, currency: str, now: datetime
    ) -> Decimal:
        """The exact amount. Raises AssignmentNotUsable for zero, TooManyDigits."""
        exact = exact_amount(amount, currency)
        if not exact:
            raise AssignmentNotUsable("say how much is assigned; less than zero takes it back")
        self.trigger_event(
            MoneyAssigned, timestamp=now, category_id=category_id, month=month.first,
            currency=currency, amount=exact,
        )  # fmt: skip
        return exact

    def move(
        self, source: str, target: str, month: Month, amount: Decimal | str, currency: str,
        now: datetime,
    ) -> Decimal:  # fmt: skip
        """The exact amount. Raises AssignmentNotUsable, TooManyDigits."""
        exact = exact_amount(amount, currency)
        if exact <= 0 or source == target:
            raise AssignmentNotUsable("money moves from one envelope to another, more than zero")
        self.trigger_event(
            MoneyMoved, timestamp=now, from_category_id=source, to_category_id=target,
            month=month.first, currency=currency, amount=exact,
        )  # fmt: skip
        return exact

    def restore(self, taken: Iterable[Taken], now: datetime) -> None:
        """Have these assignments count or not."""
        self.trigger_event(AssignmentsRestored, timestamp=now, taken=tuple(taken))


def envelopes_stream(ledger_id: UUID) -> UUID:
    """The one stream of a ledger's envelopes."""
    return uuid5(ledger_id, "envelopes")


@dataclass(slots=True)
class Envelope:
    """One envelope in one month: available = carried_in + assigned + activity."""

    carried_in: Decimal = ZERO
    assigned: Decimal = ZERO
    activity: Decimal = ZERO

    @property
    def available(self) -> Decimal:
        return exact_sum((self.carried_in, self.assigned, self.activity))


@dataclass(slots=True)
class EnvelopeMonth:
    """All envelopes of one currency at the end of a month.

    inflow: by kind of category, what moved the cash without an envelope, until now. overdrawn:
    what months before overdrew, taken from what is ready to assign. assigned_later: in months to
    come, out of what is ready now.
    """

    ready_to_assign: Decimal
    envelopes: dict[str, Envelope]
    inflow: dict[str, Decimal]
    overdrawn: Decimal
    assigned_later: Decimal = ZERO


@dataclass(slots=True)
class Flows:
    """What is known of one currency; months are their first days.

    assigned: (category, month) -> sum. booked: (category, month) -> sum over the accounts on
    budget, money out is negative. paths and kinds: of every category.
    """

    paths: Mapping[str, str]
    kinds: Mapping[str, str]
    assigned: dict[tuple[str, dt.date], Decimal] = field(default_factory=dict)
    booked: dict[tuple[str, dt.date], Decimal] = field(default_factory=dict)


def envelopes_in(flows: Flows, month: Month) -> EnvelopeMonth:
    """How the envelopes of one currency stand at the end of a month."""
    begins: dict[str, dt.date] = {}
    for category_id, first in flows.assigned:
        begins[category_id] = min(first, begins.get(category_id, first))
    owner = _owners(flows, begins)
    inflow: dict[str, Decimal] = {}
    drawn: dict[dt.date, list[tuple[str, Decimal]]] = {}
    for (category_id, first), amount in flows.booked.items():
        if first > month.first:
            continue
        held = owner(category_id, first)
        if held is None:
            kind = flows.kinds.get(category_id, "uncategorized")
            inflow[kind] = EXACT.add(inflow.get(kind, ZERO), amount)
        else:
            drawn.setdefault(first, []).append((held, amount))
    given: dict[dt.date, list[tuple[str, Decimal]]] = {}
    for (category_id, first), amount in flows.assigned.items():
        given.setdefault(first, []).append((category_id, amount))
    envelopes: dict[str, Envelope] = {}
    overdrawn = ZERO
    for at in sorted({*drawn, *given} | {month.first}):
        if at > month.first:
            break
        # Months without anything between two of these change no envelope but an overdrawn one,
        # whose first month end empties it.
        before = [one.available for one in envelopes.values()]
        overdrawn = EXACT.subtract(overdrawn, exact_sum(min(left, ZERO) for left in before))
        for one in envelopes.values():
            one.carried_in, one.assigned, one.activity = max(one.available, ZERO), ZERO, ZERO
        for category_id, amount in given.get(at, ()):
            one = envelopes.setdefault(category_id, Envelope())
            one.assigned = EXACT.add(one.assigned, amount)
        for category_id, amount in drawn.get(at, ()):
            one = envelopes.setdefault(category_id, Envelope())
            one.activity = EXACT.add(one.activity, amount)
    sums = {True: ZERO, False: ZERO}
    for (_, first), amount in flows.assigned.items():
        sums[first <= month.first] = EXACT.add(sums[first <= month.first], amount)
    ready = exact_sum((*inflow.values(), negated(sums[True]), negated(overdrawn)))
    return EnvelopeMonth(ready, envelopes, inflow, overdrawn, sums[False])


def _owners(flows: Flows, begins: Mapping[str, dt.date]) -> Callable[[str, dt.date], str | None]:
    by_path = {flows.paths[one]: one for one in begins if one in flows.paths}

    def owner(category_id: str, first: dt.date) -> str | None:
        """The nearest envelope that has begun: the category's own, or one above it."""
        if category_id in begins and begins[category_id] <= first:
            return category_id
        path = flows.paths.get(category_id, "")
        for above in _above(path):
            held = by_path.get(above)
            if held is not None and begins[held] <= first:
                return held
        return None

    return owner


def _above(path: str) -> Iterable[str]:
    parts = path.split(".")
    return (".".join(parts[:depth]) for depth in range(len(parts) - 1, 0, -1))
