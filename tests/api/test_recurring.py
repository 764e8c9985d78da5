"""GET recurring: what the API tells of streams, as of a day, and as known once."""

from __future__ import annotations

import datetime as dt
from typing import Any


def rent_and_a_subscription(ledger: Any) -> None:
    for month in range(1, 8):
        ledger.record(date=f"2025-{month:02}-03", amount="-900.00", description="STO LETTINGS RENT")
        price = "-9.99" if month < 7 else "-11.99"
        ledger.record(date=f"2025-{month:02}-14", amount=price, description="NETFLIX.COM 4711")


def test_streams_are_told_with_their_next_day_and_a_price_rise(ledger: Any) -> None:
    rent_and_a_subscription(ledger)
    found = ledger.client.get(f"{ledger.path}/recurring")
    by_amount = {one["amount"]: one for one in found}
    rent, film = by_amount["-900.00"], by_amount["-11.99"]
    assert (rent["frequency"], rent["status"], rent["direction"]) == (
        "monthly",
        "mature",
        "outflow",
    )
    assert abs((dt.date.fromisoformat(rent["next_date"]) - dt.date(2025, 8, 3)).days) <= 2
    assert len(rent["transaction_ids"]) == rent["hits"] == 7
    assert rent["yearly_amount"] == "-10800.00"
    change = film["price_change"]
    assert (change["before"], change["after"], change["since"]) == (
        "-9.99",
        "-11.99",
        "2025-07-14",
    )
    assert film["kind"] == "subscription"


def test_streams_as_of_a_day_know_nothing_of_later_ones(ledger: Any) -> None:
    rent_and_a_subscription(ledger)
    found = ledger.client.get(f"{ledger.path}/recurring", as_of="2025-04-30")
    assert {one["amount"] for one in found} == {"-900.00", "-9.99"}
    assert {one["hits"] for one in found} == {4}
    assert ledger.client.get(f"{ledger.path}/recurring", as_of="2025-01-31") == []


def test_a_country_without_holidays_is_refused(ledger: Any) -> None:
    ledger.record(date="2025-01-03", amount="-9.00", description="NETFLIX.COM 4711")
    answer = ledger.client.send("GET", f"{ledger.path}/recurring?country=XQ")
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "country_not_known"
