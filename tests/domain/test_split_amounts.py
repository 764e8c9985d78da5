"""What becomes of the parts of a split when its amount becomes another one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from domain.scenario import DAY, NOW, booking, transaction
from hypothesis import given
from hypothesis import strategies as st

from mintflow.domain.core.money import digits_of, exact_amount, exact_sum
from mintflow.domain.core.postings import Allocation
from mintflow.domain.transactions import checked_splits
from mintflow.domain.transactions.parts import resized

CURRENCIES = st.sampled_from(["USD", "JPY", "KWD", "ETH"])
UNITS = st.integers(-30, 30) | st.integers(-99_999, 99_999) | st.integers(-(10**14), 10**14)


def parts_of(currency: str, *units: int) -> tuple[Allocation, ...]:
    """A part per number of the currency's smallest units."""
    return tuple(Allocation(f"c{n}", money(one, currency)) for n, one in enumerate(units))


def money(units: int, currency: str) -> Decimal:
    return exact_amount(Decimal(units).scaleb(-digits_of(currency)), currency)


def sign(amount: Decimal) -> int:
    return (amount > 0) - (amount < 0)


@pytest.mark.parametrize(
    ("currency", "parts", "to", "after"),
    [
        # The difference goes to the largest part, the first of equals.
        ("USD", "-60.00 -40.00", "-110.00", "-70.00 -40.00"),
        ("USD", "-60.00 -40.00", "-40.01", "-0.01 -40.00"),
        ("USD", "-5.00 -5.00", "-9.99", "-4.99 -5.00"),
        ("USD", "-100.00 10.00", "-30.00", "-40.00 10.00"),
        ("USD", "-100.00 10.00", "5.00", "-5.00 10.00"),
        ("USD", "-60.00", "30.00", "30.00"),
        # It would be used up or turned: all are scaled, and what is left over is the largest's.
        ("USD", "-60.00 -40.00", "-40.00", "-24.00 -16.00"),
        ("USD", "-60.00 -40.00", "-30.00", "-18.00 -12.00"),
        ("USD", "1000.00 200.00", "150.00", "125.00 25.00"),
        ("USD", "-10.00 -10.00 -10.00", "-10.00", "-3.34 -3.33 -3.33"),
        ("USD", "60.00 50.00 -10.00", "30.00", "18.00 15.00 -3.00"),
        ("JPY", "-60 -40", "-33", "-20 -13"),
        ("JPY", "-5 -4 -3 -3", "-3", "-3 0 0 0"),
        ("USD", "-60.00 -40.00", "0.00", "0.00 0.00"),
        # Where the whole turns its sign, all do.
        ("USD", "-60.00 -40.00", "100.00", "60.00 40.00"),
        ("USD", "-60.00 -40.00", "10.00", "6.00 4.00"),
        ("USD", "-60.00 -40.00", "300.00", "180.00 120.00"),
        ("USD", "-100.00 10.00", "90.00", "100.00 -10.00"),
        # Parts of both signs never grow by scaling: a few cents would become thousands.
        ("USD", "100.00 -99.00", "-200.00", "100.00 -300.00"),
        ("USD", "60.00 -50.00 -50.00", "-120.00", "60.00 -130.00 -50.00"),
        ("USD", "100.00 -100.00", "-100.00", "100.00 -200.00"),
        # What is nothing has no proportions.
        ("USD", "0.00 0.00", "-3.00", "-3.00 0.00"),
    ],
)
def test_what_a_split_becomes(currency: str, parts: str, to: str, after: str) -> None:
    given = tuple(Allocation(f"c{n}", Decimal(one)) for n, one in enumerate(parts.split()))
    found = resized(given, Decimal(to), currency)
    assert " ".join(str(part.amount) for part in found) == after


@given(CURRENCIES, st.lists(UNITS, min_size=1, max_size=20), UNITS)
def test_adds_up_in_its_digits_and_keeps_the_order(
    currency: str, units: list[int], to: int
) -> None:
    parts, amount = parts_of(currency, *units), money(to, currency)
    after = resized(parts, amount, currency)
    assert exact_sum(part.amount for part in after) == amount
    assert [part.category_id for part in after] == [part.category_id for part in parts]
    for part in after:
        assert str(part.amount) == str(exact_amount(part.amount, currency))
    assert resized(after, amount, currency) == after


@given(CURRENCIES, st.lists(UNITS, min_size=1, max_size=20), UNITS)
def test_no_part_turns_its_sign_but_with_the_whole(
    currency: str, units: list[int], to: int
) -> None:
    parts, amount = parts_of(currency, *units), money(to, currency)
    whole = exact_sum(part.amount for part in parts)
    after = resized(parts, amount, currency)
    ways = {sign(now.amount) * sign(was.amount) for was, now in zip(parts, after, strict=True)}
    if len(parts) > 1 and sign(whole) * sign(amount) >= 0:
        assert -1 not in ways
    # All turn, or none does; those of nothing stay so, or take all.
    assert not ways >= {1, -1}
    if len({sign(part.amount) for part in parts} - {0}) == 1:
        assert {sign(part.amount) for part in after} <= {sign(amount), 0}


@given(CURRENCIES, st.lists(st.integers(1, 10**9), min_size=2, max_size=20), st.data())
def test_the_difference_goes_to_the_largest_alone_while_something_of_it_is_left(
    currency: str, units: list[int], data: st.DataObject
) -> None:
    parts, largest = parts_of(currency, *units), max(units)
    whole = sum(units)
    rest = whole - largest
    to = data.draw(st.integers(rest + 1, 2 * whole) | st.integers(1, rest))
    after = resized(parts, money(to, currency), currency)
    changed = [n for n, (one, now) in enumerate(zip(parts, after, strict=True)) if one != now]
    if to > rest:
        assert changed in ([], [units.index(largest)])
        return
    for n, part in enumerate(after):
        exact = Decimal(units[n] * to) / Decimal(whole)
        left_over = len(units) if n == units.index(largest) else 1
        now = part.amount.scaleb(digits_of(currency))
        assert abs(now - exact) < left_over


def test_posting_for_less_makes_no_refund_of_a_part() -> None:
    one = transaction("-100.00", status="pending", origin="sync")
    parts = (("food", "-60.00"), ("gas", "-40.00"))
    one.categorize(checked_splits(parts, Decimal("-100.00"), "USD"), "user", NOW)
    one.post(NOW, amount="-30.00", origin="sync")
    assert one.booking is not None
    assert [str(part.amount) for part in one.booking.allocations] == ["-18.00", "-12.00"]


def test_a_leg_that_posted_for_less_has_its_split_back_scaled() -> None:
    one = transaction("-100.00", status="pending", origin="sync")
    parts = (("food", "-60.00"), ("gas", "-40.00"))
    one.categorize(checked_splits(parts, Decimal("-100.00"), "USD"), "user", NOW)
    transfer = booking("-100.00").account_id
    one.link(transfer, NOW)
    one.post(NOW, date=DAY, amount="-30.00", origin="sync")
    one.unlink(transfer, NOW)
    assert one.booking is not None
    assert [str(part.amount) for part in one.booking.allocations] == ["-18.00", "-12.00"]
