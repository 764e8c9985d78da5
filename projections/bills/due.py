"""What is due: bills and recurring streams with what became of each time, for a range of days."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.bills import Schedule, country_of, free_days
from mintflow.domain.bills.occurrences import Expected, Occurrence, Paid, new_price, occurrences
from mintflow.ml.payees import payee_key
from mintflow.projections.bills.recurring import (
    Detected,
    detected_streams,
    kind_of,
    price_change_of,
    price_shown,
)
from mintflow.projections.core.reading import Row, Rows, positioned, read

REMINDERS_MAX = 1_000
# Payments before the first day that is asked about may have paid what is due then, and tell since
# when a bill costs what it costs, also one by the year.
_AROUND_DAYS = 400


async def list_bills(conn: AsyncConnection[Any], ledger_id: UUID) -> tuple[Rows, int]:
    """The bills in order of name, ended ones too, and the position."""
    return await read(conn, _BILLS, ledger_id, {})


async def list_due(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    span: tuple[dt.date, dt.date],
    *,
    today: dt.date,
    as_of: dt.date | None = None,
    streams: bool = True,
) -> tuple[Rows, int]:
    """What is due from span[0] to span[1] in order of days, and the position.

    price_change of a row: the price that its newest payments have, where it is another one than the
    bill says, or than the stream had before.

    as_of: payments after it are not known. streams: also what recurring streams expect that are no
    bills; dismissed and ended ones are left out, and those whose payments pay a bill.
    """
    bills, position = await list_bills(conn, ledger_id)
    found: Rows = []
    payments = {bill["transaction_id"] for bill in bills} - {None}
    if bills:
        marks: defaultdict[UUID, dict[dt.date, tuple[str, UUID | None]]] = defaultdict(dict)
        for row in (await read(conn, _MARKS, ledger_id, {}))[0]:
            marks[row["bill_id"]][row["due"]] = (row["mark"], row["transaction_id"])
        until = today if as_of is None else min(today, as_of)
        around = dt.timedelta(days=_AROUND_DAYS)
        paid, reached = await _payments(
            conn, ledger_id, max(span[0], dt.date(1900, 3, 1)) - around, until
        )
        position = min(position, reached)
        for bill in bills:
            if bill["amount"] is not None:
                times = _of_bill(bill, paid, marks[bill["bill_id"]], span, today)
                payments |= {one["transaction_id"] for one in times} - {None}
                found += (one for one in times if one["expected_on"] >= span[0])
    if streams:
        taken = {bill["stream_id"] for bill in bills}
        detected, reached = await detected_streams(conn, ledger_id, today=today, as_of=as_of)
        position = min(position, reached)
        for one in detected:
            hits = {payment.ref["transaction_id"] for payment in one.stream.payments}
            if one.dismissed or one.stream_id in taken or hits & payments:
                continue
            if one.stream.status != "ended":
                found += _of_stream(one, span, today)
    found.sort(key=lambda row: (row["expected_on"], row["name"], row["amount"]))
    return found, position


async def to_remind(
    conn: AsyncConnection[Any], ledger_id: UUID, today: dt.date
) -> list[tuple[UUID, dt.date]]:
    """(bill, due) of what is due within each bill's days of reminding, and was not reminded of."""
    rows, _ = await list_due(
        conn, ledger_id, (today, today + dt.timedelta(days=61)), today=today, streams=False
    )
    known = {
        (row["bill_id"], row["due"]) for row in (await read(conn, _REMINDED, ledger_id, {}))[0]
    }
    return [
        (row["bill_id"], row["due"])
        for row in rows
        if row["status"] == "due" and (row["bill_id"], row["due"]) not in known
    ]


async def ledgers_with_bills(conn: AsyncConnection[Any], today: dt.date) -> list[UUID]:
    """Every ledger with a bill that goes on; for the host that reminds."""
    cursor = await conn.execute(
        "select distinct ledger_id from bills"
        " where not gone and (last_day is null or last_day >= %s)",
        [today],
    )
    return [row[0] for row in await cursor.fetchall()]


async def list_reminders(
    conn: AsyncConnection[Any], ledger_id: UUID, *, limit: int
) -> tuple[Rows, int]:
    """The newest reminders first: [{bill_id, name, due, days_ahead, amount, currency,
    reminded_at}], and the position."""
    return await read(conn, _REMINDERS, ledger_id, {"limit": min(limit, REMINDERS_MAX)})


def schedule_of(stored: Row) -> Schedule:
    """A schedule as it is stored with its bill."""
    return Schedule(
        stored["frequency"],
        dt.date.fromisoformat(stored["anchor"]),
        tuple(stored["days"]),
        stored["nth_weekday"],
        stored["roll"],
        stored["every_days"],
    )


def _of_bill(
    bill: Row,
    paid: dict[tuple[str, bool], list[tuple[str, Paid]]],
    marks: dict[dt.date, tuple[str, UUID | None]],
    span: tuple[dt.date, dt.date],
    today: dt.date,
) -> Rows:
    """Its times to the end of the span, those before it too that its payments were known for."""
    schedule = schedule_of(bill["schedule"])
    expected = Expected(
        schedule, bill["amount"], bill["variable"], bill["remind_days"], bill["last_day"]
    )
    payee = bill["payee"]
    words = set(payee.split())
    named = {said for mark, said in marks.values() if mark == "paid"}
    candidates = [
        one
        for key, one in paid.get((bill["currency"], bill["amount"] > 0), ())
        if (words and words <= set(key.split())) or one.transaction_id in named
    ]
    # A bill begins with its first day; one from a stream, with what is known of the stream.
    begin = schedule.anchor if bill["stream_id"] is None else dt.date.min
    looked_at = max(span[0], dt.date(1900, 3, 1)) - dt.timedelta(days=_AROUND_DAYS)
    times = occurrences(
        expected,
        candidates,
        marks,
        (max(looked_at, begin), span[1]),
        today,
        free_days(country_of(bill["currency"])),
    )
    price = new_price(expected, times)
    change = None if price is None else price_shown(bill["amount"], *price)
    return [
        _row(one, bill["amount"], bill["currency"])
        | {
            "source": "bill",
            "bill_id": bill["bill_id"],
            "stream_id": bill["stream_id"],
            "name": bill["name"],
            "kind": "income" if bill["amount"] > 0 else "bill",
            "variable": bill["variable"],
            "frequency": schedule.frequency,
            "category": bill["category"],
            "account_id": bill["account_id"],
            "price_change": change,
        }
        for one in times
    ]


def _of_stream(one: Detected, span: tuple[dt.date, dt.date], today: dt.date) -> Rows:
    stream = one.stream
    amount = one.sign * stream.amount
    payments = [
        Paid(row.ref["transaction_id"], row.ref["date"], row.ref["amount"])
        for row in stream.payments
    ]
    is_free = free_days(country_of(one.shown["currency"]))
    first = max(span[0], dt.date.fromordinal(stream.payments[0].day))
    times = occurrences(
        Expected(stream.schedule, amount, True), payments, {}, (first, span[1]), today, is_free
    )
    return [
        _row(time, amount, one.shown["currency"])
        | {
            "source": "detected",
            "bill_id": None,
            "stream_id": one.stream_id,
            "name": one.name,
            "kind": kind_of(one),
            "variable": not stream.fixed,
            "frequency": stream.frequency,
            "category": one.shown["category"],
            "account_id": one.shown["account_id"],
            "price_change": price_change_of(one),
        }
        for time in times
    ]


def _row(time: Occurrence, amount: Decimal, currency: str) -> Row:
    paid = time.paid
    return {
        "due": time.due,
        "expected_on": time.expected_on,
        "status": time.status,
        "amount": amount,
        "currency": currency,
        "paid_on": None if paid is None else paid.date,
        "paid_amount": None if paid is None else paid.amount,
        "transaction_id": None if paid is None else paid.transaction_id,
    }


async def _payments(
    conn: AsyncConnection[Any], ledger_id: UUID, first: dt.date, last: dt.date
) -> tuple[dict[tuple[str, bool], list[tuple[str, Paid]]], int]:
    """(currency, whether it came in) -> [(payee, payment)], and the position."""
    rows, position = await read(conn, _PAID, ledger_id, {"first": first, "last": last})
    found: defaultdict[tuple[str, bool], list[tuple[str, Paid]]] = defaultdict(list)
    for row in rows:
        key = payee_key(row["payee"], row["description"])
        one = Paid(row["transaction_id"], row["date"], row["amount"])
        found[row["currency"], row["amount"] > 0].append((key, one))
    return found, position


_BILLS = positioned(
    """
    select b.bill_id, b.name, b.payee, b.amount, b.currency, b.variable, b.schedule, b.account_id,
        c.path as category, b.category_id, b.remind_days, b.stream_id, b.transaction_id, b.last_day
    from bills b
    left join categories c on c.ledger_id = b.ledger_id and c.category_id = b.category_id
    where b.ledger_id = %(ledger_id)s and not b.gone order by b.name, b.bill_id
    """,
    "bills",
    "categories",
)
_MARKS = positioned(
    "select bill_id, due, mark, transaction_id from bill_marks where ledger_id = %(ledger_id)s"
    " and mark <> 'open'",
    "bills",
)
_REMINDED = positioned(
    "select bill_id, due from bill_reminders where ledger_id = %(ledger_id)s", "bills"
)
_REMINDERS = positioned(
    """
    select r.bill_id, b.name, r.due, r.days_ahead, r.amount, r.currency, r.reminded_at
    from bill_reminders r
    join bills b on b.ledger_id = r.ledger_id and b.bill_id = r.bill_id
    where r.ledger_id = %(ledger_id)s and not b.gone
    order by r.reminded_seq desc, r.bill_id limit %(limit)s
    """,
    "bills",
)
# Leans on transactions_by_date.
_PAID = positioned(
    """
    select t.transaction_id, t.date, t.amount, t.currency, t.description,
        coalesce(nullif(t.merchant, ''), t.counterparty) as payee
    from transactions t
    where t.ledger_id = %(ledger_id)s and t.status in ('posted', 'pending')
        and t.amount <> 0 and t.date between %(first)s and %(last)s
    order by t.date, t.first_seq
    """,
    "transactions",
)
