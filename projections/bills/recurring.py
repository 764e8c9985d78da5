"""Recurring streams: found in the transactions read model whenever they are asked for.

No table of their own: they depend on the day, and a corrected or undone row must not leave a stream
behind. Looked at are the last three years before the newest row: enough for three payments by the
year, and as much work for the books of twenty years as for those of three.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from psycopg import AsyncConnection

from mintflow.domain.bills import (
    IsFree,
    country_of,
    free_days,
)
from mintflow.domain.core.errors import NotFound
from mintflow.domain.core.postings import TRANSFER
from mintflow.ml.payees import payee_key
from mintflow.ml.recurring import Payment, RecurringStream, is_habit, recurring_streams
from mintflow.projections.core.reading import Row, Rows, positioned, read

LOOK_BACK_DAYS = 3 * 366


# A payee with so many purchases besides, and none of them for so long, is not used any more.
_PURCHASES_MIN, UNUSED_AFTER_DAYS = 3, 180


class RecurringNotFound(NotFound):
    """There is no such recurring stream in this ledger, on this day."""

    code = "recurring_not_found"


@dataclass(frozen=True, slots=True)
class Detected:
    """A stream with its id and what is said of it. shown: the newest of its transactions. name: as
    somebody called it, or its payee. unused: what else was bought of its payee was long ago."""

    stream_id: UUID
    stream: RecurringStream
    payee: str
    shown: Row
    name: str
    dismissed: bool
    unused: bool

    @property
    def sign(self) -> int:
        """Of its amounts, from the account's side."""
        return 1 if self.stream.payments[-1].income else -1


async def detected_streams(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    *,
    today: dt.date,
    as_of: dt.date | None = None,
    country: str | None = None,
) -> tuple[list[Detected], int]:
    """Every stream, ended ones too, and the position.

    today: later rows are not looked at. as_of: nor are those after it. country: whose holidays
    move days; each currency's own where None. Raises CountryNotKnown.
    """
    until = today if as_of is None else min(today, as_of)
    rows, position = await read(conn, _ROWS, ledger_id, {"until": until, "days": LOOK_BACK_DAYS})
    if not rows:
        return [], position

    def free_of(currency: str) -> IsFree:
        return free_days(country_of(currency) if country is None else country)

    horizon = rows[-1]["date"]
    payments = [_payment(row) for row in rows]
    found = recurring_streams(payments, horizon=horizon, free_of=free_of)
    held = {payment.ref["transaction_id"] for one in found for payment in one.payments}
    bought: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for payment in payments:
        if not payment.income and payment.ref["transaction_id"] not in held:
            bought[payment.payee, payment.currency].append(payment.day)
    judged, reached = await read(conn, _JUDGED, ledger_id, {})
    counts: Counter[str] = Counter()
    detected = []
    for stream in found:
        newest = stream.payments[-1]
        same = f"{newest.payee}|{newest.currency}|{newest.income}|{stream.frequency}"
        counts[same] += 1
        stream_id = uuid5(ledger_id, f"recurring:{same}|{counts[same]}")
        said = _said(judged, stream_id, stream)
        others = bought[newest.payee, newest.currency]
        row: Row = newest.ref
        detected.append(
            Detected(
                stream_id,
                stream,
                newest.payee,
                row,
                (said and said["name"]) or row["payee"] or row["description"],
                said is not None and said["verdict"] == "dismissed",
                len(others) >= _PURCHASES_MIN
                and horizon.toordinal() - max(others) > UNUSED_AFTER_DAYS,
            )
        )
    return detected, min(position, reached)


def _said(judged: Rows, stream_id: UUID, stream: RecurringStream) -> Row | None:
    """The word on a stream: on its id, or on one that had a payment of it then."""
    for row in judged:
        if row["stream_id"] == stream_id:
            return row
    hits = {payment.ref["transaction_id"] for payment in stream.payments}
    return next((row for row in judged if row["transaction_id"] in hits), None)


async def list_recurring(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    *,
    today: dt.date,
    as_of: dt.date | None = None,
    country: str | None = None,
    dismissed: bool = False,
) -> tuple[Rows, int]:
    """Recurring streams, those that are due next first, then ended ones; and the position.

    Amounts are signed from the account's side. dismissed: those too that somebody dismissed.
    Raises CountryNotKnown.
    """
    found, position = await detected_streams(
        conn, ledger_id, today=today, as_of=as_of, country=country
    )
    found.sort(key=lambda one: (one.stream.due or dt.date.max, one.payee))
    return [shown(one) for one in found if dismissed or not one.dismissed], position


async def stream_of(
    conn: AsyncConnection[Any], ledger_id: UUID, stream_id: UUID, *, today: dt.date
) -> Detected:
    """One stream. Raises RecurringNotFound."""
    found, _ = await detected_streams(conn, ledger_id, today=today)
    for one in found:
        if one.stream_id == stream_id:
            return one
    raise RecurringNotFound("there is no such recurring stream", stream_id=str(stream_id))


def shown(one: Detected) -> Row:
    """A stream as it is answered."""
    stream, newest = one.stream, one.shown
    currency, sign = newest["currency"], one.sign
    low, high = sorted((sign * stream.lowest, sign * stream.highest))
    return {
        "stream_id": one.stream_id,
        "name": one.name,
        "dismissed": one.dismissed,
        "payee": newest["payee"],
        "merchant": newest["merchant"] or None,
        "description": newest["description"],
        "direction": "inflow" if sign > 0 else "outflow",
        "kind": kind_of(one),
        "frequency": stream.frequency,
        "status": stream.status,
        "active": stream.status != "ended",
        "amount": sign * stream.amount,
        "amount_min": low,
        "amount_max": high,
        "variable": not stream.fixed,
        "last_amount": newest["amount"],
        "currency": currency,
        "yearly_amount": sign * stream.yearly_cost,
        "category": newest["category"],
        "account_id": newest["account_id"],
        "first_date": dt.date.fromordinal(stream.payments[0].day),
        "last_date": newest["date"],
        "next_date": stream.due,
        "hits": len(stream.payments),
        "missed": stream.missed,
        "price_change": price_change_of(one),
        "confidence": stream.confidence,
        "transaction_ids": [payment.ref["transaction_id"] for payment in stream.payments],
    }


def kind_of(one: Detected) -> str:
    """income, subscription or bill: a price of what no household has to have is a subscription."""
    if one.sign > 0:
        return "income"
    category = one.shown["category"].partition(".")[0]
    if not one.stream.fixed or category in ("housing", "bills", "financial", TRANSFER):
        return "bill"
    return "subscription"


def price_change_of(one: Detected) -> Row | None:
    """The newest change of a stream's price as it is answered; None where it has none."""
    change = one.stream.price_change
    if change is None:
        return None
    return price_shown(one.sign * change.before, one.sign * change.after, change.since)


def price_shown(before: Decimal, after: Decimal, since: dt.date) -> Row:
    """A change of a price as it is answered. before, after: signed alike, neither is 0."""
    return {
        "before": before,
        "after": after,
        "since": since,
        "percent": round((after - before) * 100 / before, 1),
        "rise": abs(after) > abs(before),
    }


def _payment(row: Row) -> Payment:
    amount: Decimal = row["amount"]
    category = row["category"]
    return Payment(
        row["date"].toordinal(),
        abs(amount),
        row["currency"],
        payee_key(row["payee"], row["description"]),
        amount > 0,
        is_habit(category, row["description"]) or category == TRANSFER,
        row,
    )


_JUDGED = positioned(
    "select stream_id, transaction_id, verdict, name from recurring_judgements"
    " where ledger_id = %(ledger_id)s",
    "bills",
)
# Leans on transactions_by_date. Legs of transfers come and go between own accounts.
_ROWS = positioned(
    """
    select t.transaction_id, t.date, t.amount, t.currency, t.account_id,
        coalesce(nullif(t.merchant, ''), t.counterparty) as payee, t.merchant, t.description,
        coalesce(c.path, t.category_ids[1], '') as category, t.category_ids[1] as category_id
    from transactions t
    left join categories c on c.ledger_id = t.ledger_id and c.category_id = t.category_ids[1]
    where t.ledger_id = %(ledger_id)s and t.status in ('posted', 'pending')
        and t.transfer_id is null and t.amount <> 0 and t.date <= %(until)s
        and t.date > (
            select max(n.date) from transactions n where n.ledger_id = %(ledger_id)s
                and n.date <= %(until)s and n.status in ('posted', 'pending')
        ) - %(days)s::int
    order by t.date, t.first_seq
    """,
    "transactions",
    "categories",
)
