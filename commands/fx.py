"""Commands on exchange rates: record those of some days."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from mintflow.commands.core.command import Amount, Command, Currency, Day, example
from mintflow.commands.core.unit import Unit
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.fx import DayRate, RateYear, rate_stream

RATES_MAX = 1_000


class RateGiven(Command):
    """Units of quote for one of base on a day: EUR, USD, 1.08 says that a euro was 1.08 dollars."""

    base: Currency
    quote: Currency
    date: Day
    rate: Amount


class RecordRates(Command):
    """Rates of days, all or none. A day that has a rate gets the new one."""

    model_config = example(
        rates=[{"base": "EUR", "quote": "USD", "date": "2025-03-14", "rate": "1.0883"}]
    )

    rates: tuple[RateGiven, ...] = Field(min_length=1, max_length=RATES_MAX)


async def record_rates(command: RecordRates, unit: Unit) -> dict[str, Any]:
    """Raises RateNotUsable, UnknownCurrency, DateOutOfRange; details have the index."""
    recorded = 0
    for index, given in enumerate(command.rates):
        one = DayRate(given.date, given.rate)
        stream_id = rate_stream(unit.ledger_id, given.base, given.quote, given.date.year)
        try:
            held = await unit.find_to_change(RateYear, stream_id)
            if held is None:
                unit.add(RateYear.begin(unit.ledger_id, given.base, given.quote, one, unit.now))
                recorded += 1
            else:
                recorded += held.record(one, unit.now)
        except MintFlowError as refusal:
            refusal.details["index"] = index
            raise
    return {"recorded": recorded, "known": len(command.rates) - recorded}


HANDLERS = {RecordRates: record_rates}
