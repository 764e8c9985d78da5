"""Given events, when something is asked of an aggregate, then events: the words of domain tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import pytest

from mintflow.domain.core.aggregates import Aggregate, Event
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.postings import UNCATEGORIZED, Booking, imbalance, whole
from mintflow.domain.transactions import Transaction

A = TypeVar("A", bound=Aggregate)

NOW = dt.datetime(2025, 3, 15, 12, tzinfo=dt.UTC)
DAY = dt.date(2025, 3, 14)
ACCOUNT = UUID(int=100)
OTHER_ACCOUNT = UUID(int=101)
_LIBRARY = {"originator_id", "originator_version", "timestamp", "originator_topic"}


def events_of(aggregate: Aggregate) -> list[Event]:
    """What the aggregate did since it was last looked at."""
    found: list[Any] = list(aggregate.pending_events)
    aggregate.pending_events.clear()
    return found


def facts_of(event: Event) -> dict[str, Any]:
    """An event's own fields."""
    return {
        field.name: getattr(event, field.name)
        for field in fields(event)  # type: ignore[arg-type]
        if field.name not in _LIBRARY
    }


def given(aggregate: A) -> A:
    """The aggregate as it reads from its stream: nothing pending."""
    replayed = replay(list(aggregate.pending_events))
    assert_same(replayed, aggregate)
    replayed.pending_events.clear()
    return replayed  # type: ignore[return-value]


def replay(events: list[Any]) -> Any:
    """An aggregate from its events."""
    aggregate = None
    for event in events:
        aggregate = event.mutate(aggregate)
    return aggregate


def state_of(aggregate: Aggregate) -> dict[str, Any]:
    """Everything that an aggregate is, without what is pending."""
    return {name: value for name, value in vars(aggregate).items() if name != "_pending_events"}


def assert_same(one: Aggregate, other: Aggregate) -> None:
    """Equal in kind, version and every attribute."""
    assert type(one) is type(other)
    assert state_of(one) == state_of(other)


def assert_balanced(events: list[Event]) -> None:
    """Every booking that goes in or out balances."""
    for event in events:
        for booking in event.bookings():
            assert booking is None or imbalance(booking) == 0


def refuses(
    error: type[MintFlowError], aggregate: Aggregate | None, act: Callable[[], Any]
) -> MintFlowError:
    """The act is refused with exactly this class, and leaves no trace."""
    before = state_of(aggregate) if aggregate is not None else None
    pending = list(aggregate.pending_events) if aggregate is not None else None
    with pytest.raises(error) as caught:
        act()
    assert type(caught.value) is error
    if aggregate is not None:
        assert state_of(aggregate) == before
        assert list(aggregate.pending_events) == pending
    return caught.value


def booking(
    amount: str = "-42.10",
    *,
    account: UUID = ACCOUNT,
    category: str = UNCATEGORIZED,
    currency: str = "USD",
    day: dt.date = DAY,
    status: Any = "posted",
) -> Booking:
    """A booking that is not split."""
    exact = Decimal(amount)
    return Booking(account, day, exact, currency, status, whole(exact, category))


def transaction(amount: str = "-42.10", number: int = 1, **facts: Any) -> Transaction:
    """A transaction as it reads from its stream. facts: of the booking, or of `record`."""
    of_booking = {
        name: facts.pop(name)
        for name in ("account", "category", "currency", "day", "status")
        if name in facts
    }
    return given(
        Transaction.record(
            UUID(int=number),
            booking(amount, **of_booking),
            NOW,
            **{"description": "Coffee", "origin": "manual", **facts},
        )
    )
