"""Exchange rates: the rate of the day, or unknown; never 1, never from a later day."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintflow.domain.core.money import UnknownCurrency
from mintflow.domain.fx import STALE_DAYS, DayRate, KnownRates, RateNotUsable, check_rate

DAY = dt.date(2025, 3, 14)


def rates(*rows: tuple[str, str, dt.date, str]) -> KnownRates:
    return KnownRates((base, quote, on, Decimal(rate)) for base, quote, on, rate in rows)


def test_a_missing_rate_is_unknown_and_none_is_taken_from_a_later_day() -> None:
    known = rates(("EUR", "USD", DAY, "1.10"))
    assert known.convert(Decimal("10.00"), "EUR", "USD", DAY) == Decimal("11.00")
    assert known.convert(Decimal("10.00"), "EUR", "USD", DAY - dt.timedelta(days=1)) is None
    assert known.convert(Decimal("10.00"), "GBP", "USD", DAY) is None
    assert known.rate("USD", "GBP", DAY) is None


def test_the_last_rate_counts_over_a_weekend_and_not_for_ever() -> None:
    known = rates(("EUR", "USD", DAY, "1.10"))
    assert known.rate("EUR", "USD", DAY + dt.timedelta(days=STALE_DAYS)) == Decimal("1.10")
    assert known.rate("EUR", "USD", DAY + dt.timedelta(days=STALE_DAYS + 1)) is None


def test_the_other_direction_serves_and_the_newer_of_both_counts() -> None:
    known = rates(("USD", "EUR", DAY, "0.8"))
    assert known.convert(Decimal("8.00"), "EUR", "USD", DAY) == Decimal("10.00")
    newer = DAY + dt.timedelta(days=1)
    both = rates(("USD", "EUR", DAY, "0.8"), ("EUR", "USD", newer, "2"))
    assert both.convert(Decimal("8.00"), "EUR", "USD", DAY) == Decimal("10.00")
    assert both.convert(Decimal("8.00"), "EUR", "USD", newer) == Decimal("16.00")


def test_an_amount_is_rounded_once_half_to_even_in_the_digits_of_its_currency() -> None:
    known = rates(("EUR", "USD", DAY, "1.005"), ("EUR", "JPY", DAY, "160.25"))
    assert str(known.convert(Decimal("1.00"), "EUR", "USD", DAY)) == "1.00"
    assert str(known.convert(Decimal("-1.00"), "EUR", "JPY", DAY)) == "-160"


@given(
    amount=st.decimals("-999999999999", "999999999999", places=2),
    rate=st.decimals("0.000001", "999999", places=6),
)
def test_a_conversion_is_never_off_by_more_than_half_of_the_last_digit(
    amount: Decimal, rate: Decimal
) -> None:
    worth = rates(("EUR", "USD", DAY, str(rate))).convert(amount, "EUR", "USD", DAY)
    assert worth is not None
    assert abs(worth - amount * rate) <= Decimal("0.005")


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity", "1e15", "0.0000000000000000001"])
def test_refuses_what_is_no_rate(rate: str) -> None:
    with pytest.raises(RateNotUsable):
        check_rate("EUR", "USD", DayRate(DAY, Decimal(rate)))


def test_refuses_a_currency_that_is_none_and_a_pair_of_one() -> None:
    with pytest.raises(UnknownCurrency):
        check_rate("EUR", "QQQ", DayRate(DAY, Decimal(1)))
    with pytest.raises(RateNotUsable):
        check_rate("EUR", "EUR", DayRate(DAY, Decimal(1)))
