"""What every event and every aggregate of the books is: the library's classes, with our discipline.

Events are the eventsourcing library's frozen dataclasses with three additions: a stable `TOPIC`
that is what gets stored (never an import path), a `SCHEMA_VERSION` that grows when the shape
changes (store/upcasts.py then knows the way from the old one), and `SEALED`, the fields that are
encrypted under the ledger's key. The clock and new ids are always arguments.
"""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, Self
from uuid import UUID

from eventsourcing.domain import AggregateCreated, AggregateEvent, BaseAggregate
from eventsourcing.utils import register_topic, resolve_topic

from mintflow.domain.core.postings import Booking

EVENT_TYPES: dict[str, type[Event]] = {}


class Event(AggregateEvent):
    """A fact about one stream. `originator_id` is the stream, `originator_version` counts 1, 2, 3.

    An event that moves money carries `before` and `after`, the bookings that it takes out of the
    books and puts in; either may be None. Every money projection is the difference of the two, so
    no fold needs to remember an earlier event (docs/decisions/0003).
    """

    TOPIC: ClassVar[str]
    SCHEMA_VERSION: ClassVar[int] = 1
    SEALED: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        topic = cls.__dict__.get("TOPIC")
        if topic is not None:
            register_topic(topic, cls)
            EVENT_TYPES[topic] = cls

    def effective_on(self) -> date | None:
        """The day on which it happened in the world, or None where that is when it was recorded."""
        return None

    def bookings(self) -> tuple[Booking | None, Booking | None]:
        """(before, after): what this event takes out of the books and what it puts in."""
        return None, None


class Created(Event, AggregateCreated):
    """The first event of a stream."""

    def mutate(self, aggregate: Any) -> Any:
        """Make the aggregate. Attributes come from `apply` alone, so the library's search for
        constructor arguments is left out: it is half of the cost of a new transaction."""
        assert aggregate is None
        kind = resolve_topic(self.originator_topic)
        made = object.__new__(kind)
        made.__base_init__(self.originator_id, self.originator_version, self.timestamp)
        self.apply(made)
        return made


class MoneyEvent(Event):
    """An event that changes what is booked: `before` goes out, `after` comes in."""

    before: Booking | None
    after: Booking | None

    def effective_on(self) -> date | None:
        booking = self.after or self.before
        return booking.date if booking else None

    def bookings(self) -> tuple[Booking | None, Booking | None]:
        return self.before, self.after


class Aggregate(BaseAggregate[UUID]):
    """A stream's current state. Its attributes are immutable values, so a shallow copy is safe."""

    TOPIC: ClassVar[str]

    class Event(AggregateEvent):
        """Required by the library; the events of MintFlow stand at module level."""

    @classmethod
    def _create(cls, event_class: type[Any], *, id: UUID | None = None, **facts: Any) -> Self:  # noqa: A002
        """As the library's; the id is always given, so none is looked for."""
        created = event_class(
            originator_topic=cls.TOPIC, originator_id=id, originator_version=1, **facts
        )
        made: Self = created.mutate(None)
        made.pending_events.append(created)
        return made

    def copy(self) -> Self:
        """A copy that can be changed without changing this one; pending events are not taken."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._pending_events = []
        return twin
