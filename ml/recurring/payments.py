"""Payments as the detection looks at them, and the streams of them that were found: which are
daily life, and which only came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from mintflow.domain.bills.schedule import Schedule
from mintflow.ml.words import words_of

_HABITS = (
    "food_dining", "shopping", "transportation.gas", "transportation.parking",
    "transportation.ride_share", "transportation.public_transit", "entertainment.movies",
    "entertainment.concerts", "health.pharmacy",
)  # fmt: skip
# Who writes one of these means a contract, whatever else is sold there: the card of a warehouse
# club, the season ticket of a railway.
_CONTRACTS = frozenset(
    """membership memberships member annual dues subscription subscr subscriptions abo abonnement
    abonnements abonnemang abonament abbonamento abono jahresbeitrag mitgliedsbeitrag mitgliedschaft
    beitrag cotisation adhesion cuota socio socios contributie lidmaatschap medlem medlemskap
    medlemsavgift kontingent jasenmaksu skladka quota iscrizione anuidade mensalidade bahncard
    insurance versicherung assurance seguro verzekering forsakring forsikring vakuutus
    """.split()
)
# Money that a shop gives back comes within so many days.
_REFUND_DAYS = 60

Groups = dict[tuple[str, str, bool], list["Payment"]]


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


def is_habit(category: str, text: str = "") -> bool:
    """Whether a category is one of daily life, where what is regular is a habit and no bill. text:
    of the row, which may say that it is a contract nevertheless."""
    return category.startswith(_HABITS) and not (text and _is_contract(text))


@lru_cache(maxsize=65_536)
def _is_contract(text: str) -> bool:
    """Kept, because every look at the streams asks it of every row of years."""
    return not _CONTRACTS.isdisjoint(words_of(text))


def without_refunds(groups: Mapping[tuple[str, str, bool], Sequence[Payment]]) -> Groups:
    """The payments of each payee, in order of days, without what a payee gave back: that comes as
    regularly as mistakes do, and is nobody's income."""
    found: Groups = {}
    for (payee, currency, income), rows in groups.items():
        kept = sorted(rows, key=lambda one: (one.day, one.amount))
        paid = groups.get((payee, currency, False), ())
        # Who gives more often than he takes pays wages, and no refunds.
        if income and len(paid) > len(kept):
            kept = _earned(kept, paid)
        found[payee, currency, income] = kept
    return found


def _earned(income: Sequence[Payment], paid: Sequence[Payment]) -> list[Payment]:
    days: defaultdict[Decimal, list[int]] = defaultdict(list)
    for one in paid:
        days[one.amount].append(one.day)
    return [
        one
        for one in income
        if not any(0 <= one.day - day <= _REFUND_DAYS for day in days[one.amount])
    ]
