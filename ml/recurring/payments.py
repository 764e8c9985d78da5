"""Payments, and the streams of them that were found."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mintflow.domain.bills.schedule import Schedule

_HABITS = (
    "food_dining", "shopping", "transportation.gas", "transportation.parking",
    "transportation.ride_share", "transportation.public_transit", "entertainment.movies",
    "entertainment.concerts", "health.pharmacy",
)  # fmt: skip


def is_habit(category: str) -> bool:
    """Whether a category is one of daily life, where what is regular is a habit and no bill."""
    return category.startswith(_HABITS)


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment. amount: without a sign. payee: one key for all payments of a payee. income: it
    came in. habit: its category is one of daily life, so only a fixed price makes it a bill.
    ref: what the caller knows it by."""

    day: int
    amount: Decimal
    currency: str
    payee: str
    income: bool
    habit: bool
    ref: Any


@dataclass(frozen=True, slots=True)
class Found:
    """A stream: payments in order of days, their slots in the schedule, and slots without one.
    fixed: the amount is a price, which may have changed."""

    schedule: Schedule
    payments: tuple[Payment, ...]
    slots: tuple[int, ...]
    missed: int
    off_mean: float
    fixed: bool
