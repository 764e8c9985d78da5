"""What is due as iCalendar (RFC 5545): one whole day per time, without the history of the books."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from icalendar import Calendar, Event

from mintflow.domain.core.money import money_text
from mintflow.projections.core.reading import Row, Rows


def calendar_of(rows: Rows, ledger_id: UUID, day: dt.date) -> bytes:
    """rows: as `list_due` gives them. The same time has the same UID in every answer, so a
    calendar that asks again changes its entries instead of adding to them. day: from which it is
    reckoned; the stamp too, so the same books give the same bytes, also when they are replayed."""
    stamp = dt.datetime.combine(day, dt.time(), dt.UTC)
    calendar = Calendar()
    calendar.add("prodid", "-//MintFlow//Bills//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Bills")
    for row in rows:
        if row["status"] != "skipped":
            calendar.add_component(_event(row, ledger_id, stamp))
    feed: bytes = calendar.to_ical()
    return feed


def _event(row: Row, ledger_id: UUID, stamp: dt.datetime) -> Event:
    event = Event()
    event.add("uid", f"{row['bill_id'] or row['stream_id']}-{row['due']:%Y%m%d}@{ledger_id}")
    event.add("dtstamp", stamp)
    event.add("dtstart", row["expected_on"])
    event.add("dtend", row["expected_on"] + dt.timedelta(days=1))
    amount = money_text(abs(row["paid_amount"] or row["amount"]))
    about = "about " if row["variable"] and row["status"] != "paid" else ""
    event.add("summary", f"{row['name']}: {about}{amount} {row['currency']}")
    event.add("description", f"{row['status']}, {row['frequency'].replace('_', ' ')}")
    event.add("status", "CONFIRMED" if row["source"] == "bill" else "TENTATIVE")
    event.add("transp", "TRANSPARENT")
    return event
