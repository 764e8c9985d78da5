"""Whatever happens to a few transactions, the books balance and replay equals live."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.scenario import NOW, assert_same, booking, replay
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.money import exact_sum
from mintflow.domain.core.postings import (
    Allocation,
    Booking,
    imbalance,
    postings,
    whole,
)
from mintflow.domain.transactions import Transaction, checked_splits

CENTS = st.integers(-99_999, 99_999).map(lambda cents: Decimal(cents).scaleb(-2))
AMOUNTS = st.sampled_from([Decimal("-10.00"), Decimal("10.00"), Decimal("0.00")]) | CENTS
DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2025, 12, 31))
PICKS = st.integers(0, 4)
ORIGINS = st.sampled_from(["manual", "file", "sync"])
SOURCES = st.sampled_from(["user", "rule", "bank", "none"])
CATEGORIES = st.sampled_from(["food", "fun", "rent", "transfer"])
TRANSFERS = st.sampled_from([UUID(int=901), UUID(int=902)])


class AnyHistory(RuleBasedStateMachine):
    """Five transactions of one account: entered, pending, imported."""

    def __init__(self) -> None:
        super().__init__()
        self.all = [
            Transaction.record(
                UUID(int=number + 1),
                booking("-10.00", status=status),
                NOW,
                description=f"no {number}",
                origin=origin,  # type: ignore[arg-type]
                user_fields=fields,
            )
            for number, (status, origin, fields) in enumerate(
                [
                    ("posted", "manual", ("date", "amount", "description")),
                    ("posted", "manual", ()),
                    ("pending", "sync", ()),
                    ("pending", "file", ("category",)),
                    ("posted", "file", ()),
                ]
            )
        ]

    @rule(pick=PICKS, day=DAYS, amount=AMOUNTS, origin=ORIGINS)
    def post(self, pick: int, day: dt.date, amount: Decimal, origin: Any) -> None:
        one = self.all[pick]
        said = one.user_fields
        was = one.booking
        self._try(lambda: one.post(NOW, date=day, amount=amount, bank_id="B", origin=origin))
        self._keeps_what_the_user_said(one, was, said, origin)

    @rule(pick=PICKS, day=DAYS, amount=AMOUNTS, origin=ORIGINS, text=st.sampled_from("abc"))
    def amend(self, pick: int, day: dt.date, amount: Decimal, origin: Any, text: str) -> None:
        one = self.all[pick]
        said, was, description = one.user_fields, one.booking, one.description
        self._try(lambda: one.amend(NOW, origin=origin, date=day, amount=amount, description=text))
        self._keeps_what_the_user_said(one, was, said, origin)
        if origin != "manual" and "description" in said:
            assert one.description == description

    @rule(pick=PICKS, source=SOURCES, category=CATEGORIES)
    def categorize(self, pick: int, source: Any, category: str) -> None:
        one = self.all[pick]
        was, said = one.booking, "category" in one.user_fields
        amount = was.amount if was else Decimal(0)
        self._try(lambda: one.categorize(whole(amount, category), source, NOW))
        if said and source != "user":
            assert one.booking == was

    @rule(pick=PICKS, first=CENTS)
    def split(self, pick: int, first: Decimal) -> None:
        one = self.all[pick]
        amount = one.booking.amount if one.booking else Decimal(0)
        parts = checked_splits([("food", first), ("fun", amount - first)], amount, "USD")
        self._try(lambda: one.categorize(parts, "user", NOW))

    @rule(pick=PICKS)
    def void(self, pick: int) -> None:
        self._try(lambda: self.all[pick].void(NOW))

    @rule(pick=PICKS)
    def reinstate(self, pick: int) -> None:
        self._try(lambda: self.all[pick].reinstate(NOW))

    @rule(pick=PICKS, row=PICKS)
    def match(self, pick: int, row: int) -> None:
        self._try(lambda: self.all[pick].match(self.all[row], NOW))

    @rule(pick=PICKS, row=PICKS)
    def unmatch(self, pick: int, row: int) -> None:
        self._try(lambda: self.all[pick].unmatch(self.all[row], NOW))

    @rule(pick=PICKS, transfer=TRANSFERS)
    def link(self, pick: int, transfer: UUID) -> None:
        self._try(lambda: self.all[pick].link(transfer, NOW))

    @rule(pick=PICKS, transfer=TRANSFERS)
    def unlink(self, pick: int, transfer: UUID) -> None:
        self._try(lambda: self.all[pick].unlink(transfer, NOW))

    @invariant()
    def every_event_takes_out_exactly_what_was_in(self) -> None:
        for one in self.all:
            booked: Booking | None = None
            for event in one.pending_events:
                before, after = event.bookings()  # type: ignore[attr-defined]
                if before is not None or after is not None:
                    assert before == booked
                    booked = after
                for side in (before, after):
                    assert side is None or imbalance(side) == 0
            assert booked == one.booking

    @invariant()
    def a_match_is_mutual(self) -> None:
        by_id = {one.id: one for one in self.all}
        for one in self.all:
            if one.matched_with is not None:
                assert by_id[one.matched_with].absorbed_by == one.id
            if one.absorbed_by is not None:
                assert one.booking is None
                assert by_id[one.absorbed_by].matched_with == one.id

    @invariant()
    def replay_equals_live(self) -> None:
        for one in self.all:
            assert_same(replay(list(one.pending_events)), one)

    @staticmethod
    def _keeps_what_the_user_said(
        one: Transaction, was: Booking | None, said: frozenset[str], origin: str
    ) -> None:
        if origin == "manual" or was is None:
            return
        assert one.booking is not None
        if "date" in said:
            assert one.booking.date == was.date
        if "amount" in said:
            assert one.booking.amount == was.amount

    @staticmethod
    def _try(act: Callable[[], object]) -> None:
        with suppress(MintFlowError):
            act()


AnyHistory.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestAnyHistory = AnyHistory.TestCase


PARTS = st.lists(CENTS, min_size=1, max_size=20).map(
    lambda amounts: tuple(Allocation(f"c{n}", one) for n, one in enumerate(amounts))
)


@given(PARTS)
def test_postings_of_a_booking_sum_to_zero(parts: tuple[Allocation, ...]) -> None:
    total = exact_sum(part.amount for part in parts)
    one = Booking(UUID(int=1), dt.date(2025, 1, 1), total, "USD", "posted", parts)
    legs = list(postings(one))
    assert exact_sum(leg.amount for leg in legs) == 0 == imbalance(one)
    assert (legs[0].account_id, legs[0].amount) == (one.account_id, total)
    assert [leg.category_id for leg in legs[1:]] == [part.category_id for part in parts]
    assert all((leg.account_id is None) != (leg.category_id is None) for leg in legs)
