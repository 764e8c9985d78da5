"""Whose holidays count, and that a name of the library is no country."""

from __future__ import annotations

import datetime as dt

import pytest

from mintflow.domain.bills import CountryNotKnown, country_of, free_days


def test_a_currency_keeps_the_holidays_of_its_country() -> None:
    independence, friday = dt.date(2025, 7, 4), dt.date(2025, 7, 11)
    assert free_days(country_of("USD"))(independence.toordinal())
    assert not free_days(country_of("USD"))(friday.toordinal())
    assert not free_days(country_of("EUR"))(independence.toordinal())


@pytest.mark.parametrize("name", ["MAR", "JAN", "QQ", "ZZZ"])
def test_refuses_what_is_no_country(name: str) -> None:
    with pytest.raises(CountryNotKnown):
        free_days(name)
