"""Bills: what is due again and again by the household's own word, and what became of each time.

A bill is written down by hand or confirmed from a recurring stream. What is due when follows from
its schedule and is never stored; what is stored is what somebody said of one time (paid, skipped)
and that it was reminded of, once. Judgements on streams that are no bills stand in judgement.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal, Self
from uuid import UUID

from mintflow.domain.bills.schedule import Schedule, check_schedule
from mintflow.domain.core.aggregates import Aggregate, Created, Event
from mintflow.domain.core.errors import Invalid, NotFound
from mintflow.domain.core.money import exact_amount
from mintflow.domain.core.time import check_date
from mintflow.domain.ledgers import check_name

REMIND_DAYS_MAX = 60
# What was said of times so many years ago is in the events, and of no use in the aggregate.
_KEPT_MAX = 200

Mark = Literal["paid", "skipped", "open"]


class BillNotFound(NotFound):
    """There is no such bill in this ledger."""

    code = "bill_not_found"


class BillAmountNotUsable(Invalid):
    """What is due is another amount than zero."""

    code = "bill_amount_not_usable"


class RemindDaysNotUsable(Invalid):
    """A reminder comes 0 to 60 days ahead."""

    code = "remind_days_not_usable"


class BillNotDueThen(Invalid):
    """The bill is not due on this day."""

    code = "bill_not_due_then"


@dataclass(frozen=True, slots=True)
class BillTerms:
    """amount: signed from the account's side, money out is negative. variable: it is about so much.
    account_id: which account it goes through, None where that is not said."""

    amount: Decimal
    currency: str
    variable: bool
    schedule: Schedule
    account_id: UUID | None = None
    category_id: str | None = None
    remind_days: int = 3


class BillAdded(Created):
    """A new bill. payee: whom its payments are with, as they are compared; "" where the name is
    all that is known. stream_id, transaction_id: of the recurring stream that it was confirmed
    from, and its newest payment; None of one that was written down."""

    TOPIC = "bill.added"
    SEALED: ClassVar[frozenset[str]] = frozenset({"name", "payee"})

    name: str
    payee: str
    terms: BillTerms
    stream_id: UUID | None
    transaction_id: UUID | None

    def apply(self, aggregate: Bill) -> None:
        aggregate.name, aggregate.payee, aggregate.terms = self.name, self.payee, self.terms
        aggregate.stream_id, aggregate.last_day = self.stream_id, None
        aggregate.marks, aggregate.reminded = {}, ()
        aggregate.gone = False


class BillChanged(Event):
    """Another name, or other terms."""

    TOPIC = "bill.changed"
    SEALED: ClassVar[frozenset[str]] = frozenset({"name", "payee"})

    name: str
    payee: str
    terms: BillTerms

    def apply(self, aggregate: Bill) -> None:
        aggregate.name, aggregate.payee, aggregate.terms = self.name, self.payee, self.terms


class BillEnded(Event):
    """Nothing of it is due after this day; None: it goes on after all."""

    TOPIC = "bill.ended"

    last_day: dt.date | None

    def apply(self, aggregate: Bill) -> None:
        aggregate.last_day = self.last_day


class BillMarked(Event):
    """What somebody said of the time that is due on a day. transaction_id: what it was paid with,
    None where that is not in the books."""

    TOPIC = "bill.marked"

    due: dt.date
    mark: Mark
    transaction_id: UUID | None

    def apply(self, aggregate: Bill) -> None:
        kept = dict(list(aggregate.marks.items())[-_KEPT_MAX:])
        aggregate.marks = {**kept, self.due: (self.mark, self.transaction_id)}


class BillReminded(Event):
    """It was told that something is due on a day, so many days ahead."""

    TOPIC = "bill.reminded"

    due: dt.date
    days_ahead: int
    amount: Decimal
    currency: str

    def apply(self, aggregate: Bill) -> None:
        aggregate.reminded = (*aggregate.reminded, self.due)[-_KEPT_MAX:]


@dataclass(frozen=True, slots=True)
class Marked:
    """What was said of the time that is due on a day."""

    due: dt.date
    mark: Mark
    transaction_id: UUID | None


class BillRestored(Event):
    """It is what it is without an operation that was undone, or with one that counts again. gone:
    it was never there. marks: those that are others now."""

    TOPIC = "bill.restored"
    SEALED: ClassVar[frozenset[str]] = frozenset({"name", "payee"})

    name: str
    payee: str
    terms: BillTerms
    last_day: dt.date | None
    gone: bool
    marks: tuple[Marked, ...]

    def apply(self, aggregate: Bill) -> None:
        aggregate.name, aggregate.payee, aggregate.terms = self.name, self.payee, self.terms
        aggregate.last_day, aggregate.gone = self.last_day, self.gone
        said = {one.due: (one.mark, one.transaction_id) for one in self.marks}
        aggregate.marks = {**aggregate.marks, **said}


class Bill(Aggregate):
    """Something that is due again and again. gone: whoever wrote it down undid that."""

    TOPIC = "bill"
    name: str
    payee: str
    terms: BillTerms
    stream_id: UUID | None
    last_day: dt.date | None
    gone: bool
    marks: Mapping[dt.date, tuple[Mark, UUID | None]]
    reminded: tuple[dt.date, ...]

    def __init__(self) -> None:
        """Attributes come from BillAdded."""

    @classmethod
    def add(
        cls, bill_id: UUID, name: str, payee: str, terms: BillTerms, now: datetime,
        *, stream_id: UUID | None = None, transaction_id: UUID | None = None,
    ) -> Self:  # fmt: skip
        """Raises NameNotUsable, ScheduleNotUsable, BillAmountNotUsable, RemindDaysNotUsable,
        TooManyDigits, UnknownCurrency, DateOutOfRange."""
        return cls._create(
            BillAdded,
            id=bill_id,
            timestamp=now,
            name=check_name(name),
            payee=payee,
            terms=checked(terms),
            stream_id=stream_id,
            transaction_id=transaction_id,
        )

    def change(self, name: str, payee: str, terms: BillTerms, now: datetime) -> None:
        """As `add`; nothing happens where nothing is another. Raises BillNotFound."""
        self._must_be_there()
        given = (check_name(name), payee, checked(terms))
        if given != (self.name, self.payee, self.terms):
            self.trigger_event(
                BillChanged, timestamp=now, name=given[0], payee=given[1], terms=given[2]
            )

    def end(self, last_day: dt.date | None, now: datetime) -> None:
        """Raises BillNotFound, DateOutOfRange."""
        self._must_be_there()
        if last_day is not None:
            check_date(last_day)
        if last_day != self.last_day:
            self.trigger_event(BillEnded, timestamp=now, last_day=last_day)

    def mark(self, due: dt.date, mark: Mark, transaction_id: UUID | None, now: datetime) -> None:
        """Say what became of the time that is due on a day. Raises BillNotFound, BillNotDueThen,
        DateOutOfRange."""
        self._must_be_there()
        if not self.is_due(due):
            raise BillNotDueThen("the bill is not due on this day", due=due.isoformat())
        if self.marks.get(due, ("open", None)) != (mark, transaction_id):
            self.trigger_event(
                BillMarked, timestamp=now, due=due, mark=mark, transaction_id=transaction_id
            )

    def remind(self, due: dt.date, today: dt.date, now: datetime) -> bool:
        """Remind of a time that is due, once; says whether it was not yet. Raises
        DateOutOfRange."""
        if due in self.reminded or not self.is_due(due):
            return False
        if self.marks.get(due, ("open", None))[0] != "open":
            return False
        self.trigger_event(
            BillReminded,
            timestamp=now,
            due=due,
            days_ahead=max(0, (due - today).days),
            amount=self.terms.amount,
            currency=self.terms.currency,
        )
        return True

    def restore(
        self, name: str, payee: str, terms: BillTerms, last_day: dt.date | None, gone: bool,
        marks: Sequence[Marked], now: datetime,
    ) -> bool:  # fmt: skip
        """Be what counts now; False where it is that already."""
        is_now = (self.name, self.payee, self.terms, self.last_day, self.gone)
        if is_now == (name, payee, terms, last_day, gone) and not marks:
            return False
        self.trigger_event(
            BillRestored, timestamp=now, name=name, payee=payee, terms=terms, last_day=last_day,
            gone=gone, marks=tuple(marks),
        )  # fmt: skip
        return True

    def _must_be_there(self) -> None:
        if self.gone:
            raise BillNotFound("there is no such bill in this ledger", bill_id=str(self.id))

    def is_due(self, day: dt.date) -> bool:
        """Whether a time of it is due on this day, weekends and holidays not counted.

        Raises DateOutOfRange."""
        schedule = self.terms.schedule
        on_time = schedule.nominal(schedule.slot_of(check_date(day))) == day.toordinal()
        return on_time and not self.gone and (self.last_day is None or day <= self.last_day)


def checked(terms: BillTerms) -> BillTerms:
    """The terms with exact amounts. Raises as `Bill.add`."""
    amount = exact_amount(terms.amount, terms.currency)
    if not amount:
        raise BillAmountNotUsable("what is due is another amount than zero")
    if not 0 <= terms.remind_days <= REMIND_DAYS_MAX:
        raise RemindDaysNotUsable(
            "a reminder comes 0 to 60 days ahead", remind_days_max=REMIND_DAYS_MAX
        )
    return BillTerms(
        amount,
        terms.currency,
        terms.variable,
        check_schedule(terms.schedule),
        terms.account_id,
        terms.category_id,
        terms.remind_days,
    )
