"""Working days: on which days payments in a currency are not booked.

A currency stands for the days of its settlement: the euro for the days of the euro system, any
other for the public holidays of its country. Another country may be named. What is not known has
weekends only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache

from mintflow.domain.core.errors import Invalid

IsFree = Callable[[int], bool]
"""Whether nothing is booked on a day, given as its ordinal."""

_EURO = "ECB"
_COUNTRY = {
    "USD": "US", "GBP": "GB", "CHF": "CH", "SEK": "SE", "NOK": "NO", "DKK": "DK", "INR": "IN",
    "NGN": "NG", "CAD": "CA", "AUD": "AU", "NZD": "NZ", "PLN": "PL", "CZK": "CZ", "HUF": "HU",
    "RON": "RO", "JPY": "JP", "BRL": "BR", "MXN": "MX", "ZAR": "ZA", "SGD": "SG", "HKD": "HK",
    "TRY": "TR", "ISK": "IS", "BGN": "BG", "KRW": "KR", "KES": "KE", "AED": "AE",
}  # fmt: skip


class CountryNotKnown(Invalid):
    """Of this country no public holidays are known."""

    code = "country_not_known"


def country_of(currency: str) -> str:
    """Whose holidays a currency keeps: a country, "ECB" for the euro, "" where none is known."""
    return _EURO if currency == "EUR" else _COUNTRY.get(currency, "")


@lru_cache(maxsize=256)
def free_days(country: str) -> IsFree:
    """Weekends and holidays of a country. Raises CountryNotKnown."""
    _of_year(country, 2025)

    def is_free(day: int) -> bool:
        return (day + 6) % 7 >= 5 or day in _of_year(country, date.fromordinal(day).year)

    return is_free


@lru_cache(maxsize=2_048)
def _of_year(country: str, year: int) -> frozenset[int]:
    if not country:
        return frozenset()
    # Here, because it costs a tenth of a second that most commands of the command line can do
    # without.
    import holidays

    if country == _EURO:
        found: holidays.HolidayBase = holidays.financial_holidays(country, years=year)
    elif country in holidays.list_supported_countries():
        found = holidays.country_holidays(country, years=year)
    else:
        # Looked up before: the library takes any name of its own, such as MAR, for a country.
        raise CountryNotKnown("no holidays of this country are known", country=country[:8])
    return frozenset(day.toordinal() for day in found)


def working_day(day: int, roll: str, is_free: IsFree) -> int:
    """The day on which what is due on `day` is booked. roll: following, preceding or none."""
    step = {"following": 1, "preceding": -1}.get(roll, 0)
    while step and is_free(day):
        day += step
    return day
