"""What commands need from outside, as protocols; `hosts/` gives them the real things."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Protocol
from uuid import UUID

from mintflow.domain.budgets.advice import Figures
from mintflow.domain.core.query import Facts
from mintflow.domain.core.time import Month
from mintflow.domain.rules.learning import Correction
from mintflow.domain.transactions.events import CategorySource
from mintflow.domain.transfers.pairing import Leg

Clock = Callable[[], dt.datetime]
IdSource = Callable[[], UUID]


# What a token is for. owner: everything in the caller's own ledgers, nothing elsewhere. analyst:
# the open facts of all ledgers' events. auditor: the proofs of all shards. None includes another.
Scope = Literal["owner", "analyst", "auditor"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. user_id: owner of ledgers, or the id of a token with another scope; actor: what
    events and logs carry, e.g. "user:<id>"."""

    user_id: UUID
    actor: str
    scope: Scope = "owner"


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A transaction that a bank row may turn out to be.

    origin: manual for hand-made, file or sync for the bank's own pending row. counts_as: the
    hand-made transaction that a pending row was matched with, and that stands for it. pending:
    whether a hand-made one was said to be pending. bank_id, description: as the bank gave them,
    where it was asked for what is booked.
    """

    transaction_id: UUID
    date: dt.date
    amount: Decimal
    origin: str
    counts_as: UUID | None = None
    pending: bool = False
    bank_id: str | None = None
    description: str = ""

    @property
    def standing_id(self) -> UUID:
        """The transaction that is in the books: itself, or the one that it was matched with."""
        return self.counts_as or self.transaction_id


@dataclass(frozen=True, slots=True)
class Standing:
    """How one period of a budget stands. level: ok, warning or exceeded."""

    budget_id: UUID
    first: dt.date
    last: dt.date
    level: str
    spent: Decimal
    to_spend: Decimal


@dataclass(frozen=True, slots=True)
class GoalStanding:
    """How a goal stands. target and remaining: None where they are not known."""

    goal_id: UUID
    saved: Decimal
    target: Decimal | None
    remaining: Decimal | None


@dataclass(frozen=True, slots=True)
class Movement:
    """A transfer as it is booked. amount: what enters; date: on which it does."""

    transfer_id: UUID
    from_account_id: UUID
    to_account_id: UUID
    amount: Decimal
    date: dt.date


@dataclass(frozen=True, slots=True)
class StandingRow:
    """A transaction as rules and categorizers look at it. category_ids: in order of its parts.

    category_source: who gave the category."""

    transaction_id: UUID
    facts: Facts
    currency: str
    category_ids: tuple[str, ...]
    category_source: CategorySource
    account_kind: str
    budgeted: bool


class Books(Protocol):
    """What a command may ask the read models, as of a moment that it then insists on.

    Each answer comes with the ledger_seq it reflects; the command is appended only if the ledger
    has not moved on since, so a decision is never made on stale books.
    """

    async def caught_up(self, ledger_id: UUID) -> int:
        """Wait until the read models hold all of the ledger; the ledger_seq that they hold."""

    async def hand_made(
        self, ledger_id: UUID, account_id: UUID, start: dt.date, end: dt.date
    ) -> Sequence[OpenRow]:
        """Hand-made transactions of an account that no bank row was matched with yet."""

    async def bank_rows(
        self, ledger_id: UUID, account_id: UUID, start: dt.date, end: dt.date
    ) -> Sequence[OpenRow]:
        """What files and syncs brought into an account and is booked, itself or in what it was
        matched with, oldest first."""

    async def pending(self, ledger_id: UUID, account_id: UUID) -> Sequence[OpenRow]:
        """Rows of an account that the bank said are pending, and that still are in the books."""

    async def waiting(
        self, ledger_id: UUID, account_id: UUID, start: dt.date, end: dt.date
    ) -> Sequence[OpenRow]:
        """Pending transactions of an account and of these days, whoever brought them in."""

    async def in_category(self, ledger_id: UUID, category_id: str) -> Sequence[UUID]:
        """Every transaction with a part in a category, voided ones left out."""

    async def budgets_standing(
        self,
        ledger_id: UUID,
        days: Sequence[dt.date],
        said: Sequence[dt.date],
        today: dt.date,
    ) -> Sequence[Standing]:
        """How the budgets stand in the periods of these days and of today. said: those of the
        days that somebody spoke of."""

    async def goals_standing(self, ledger_id: UUID, today: dt.date) -> Sequence[GoalStanding]:
        """How the goals that are not archived stand, in order of priority."""

    async def free_of_goals(self, ledger_id: UUID, today: dt.date) -> Mapping[UUID, Decimal]:
        """What accounts hold that no goal has."""

    async def movements(
        self, ledger_id: UUID, start: dt.date, end: dt.date, transfer_ids: Sequence[UUID]
    ) -> Sequence[Movement]:
        """Transfers that stand, of these days or of these ids, oldest first."""

    async def possible_legs(
        self, ledger_id: UUID, amounts: Sequence[Decimal], start: dt.date, end: dt.date
    ) -> Sequence[Leg]:
        """Transactions of these amounts and days that may be a leg of a transfer."""

    async def budget_recommendations(
        self, ledger_id: UUID, day: dt.date
    ) -> Sequence[Mapping[str, Any]]:
        """What budgets could be in the period of a day, with all that is needed to set them."""

    async def budget_figures(
        self, ledger_id: UUID, month: Month, category_ids: Sequence[str], *, of_envelopes: bool
    ) -> Mapping[str, Figures]:
        """What templates need to know of these categories before a month."""

    async def corrections(
        self, ledger_id: UUID, payees: Sequence[str]
    ) -> Mapping[str, Sequence[Correction]]:
        """What the user said of payees, newest first, by the payee in small letters."""

    async def standing(self, ledger_id: UUID, q: str | None) -> Sequence[StandingRow]:
        """Every posted or pending transaction that is no leg of a transfer and fits a query, in
        the order in which they were recorded."""
