"""Bills: what is due again and again, on which days, and whether it came."""

from mintflow.domain.bills.calendar import CountryNotKnown, IsFree, country_of, free_days
from mintflow.domain.bills.schedule import PER_YEAR, Frequency, Roll, Schedule

__all__ = [
    "PER_YEAR",
    "CountryNotKnown",
    "Frequency",
    "IsFree",
    "Roll",
    "Schedule",
    "country_of",
    "free_days",
]
