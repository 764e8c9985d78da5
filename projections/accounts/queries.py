"""What accounts hold now, on a day, and over time."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.accounts import UNDATED, AccountNotFound
from mintflow.domain.core.errors import Invalid
from mintflow.domain.core.time import DATE_MAX, DATE_MIN, Month
from mintflow.projections.core.reading import Row, Rows, positioned, read, read_one

# A hundred years of days; more would be a mistake, and answers are held in memory.
POINTS_MAX = 40_000


class TooManyPoints(Invalid):
    """The range has more days or months than one answer holds; ask for a shorter one."""

    code = "too_many_points"


async def list_accounts(
    conn: AsyncConnection[Any], ledger_id: UUID, *, as_of: dt.date | None = None
) -> tuple[Rows, int]:
    """All accounts in the order in which they were opened, and the position.

    {account_id, name, kind, currency, balance, pending, available, closed_on, reported}. balance:
    what is posted; available: balance less what pending rows take out, for pending income is not
    there yet. reported: the bank's last word {date, amount, drift} or None; drift is what the bank
    has more than the books at the end of that day.
    """
    sql = _LIST if as_of is None else _LIST_AS_OF
    rows, position = await read(conn, sql, ledger_id, {"as_of": as_of, "account_id": None})
    return [_shown(row) for row in rows], position


async def get_account(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    account_id: UUID,
    *,
    as_of: dt.date | None = None,
) -> tuple[Row, int]:
    """One account, as in `list_accounts`. Raises AccountNotFound."""
    sql = _GET if as_of is None else _GET_AS_OF
    args = {"as_of": as_of, "account_id": account_id}
    row, position = await read_one(conn, sql, ledger_id, args, _missing(account_id))
    return _shown(row), position


async def account_history(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    account_id: UUID,
    *,
    interval: Literal["day", "month"] = "day",
    start: dt.date | None = None,
    end: dt.date | None = None,
    as_of: dt.date | None = None,
) -> tuple[Rows, int]:
    """[{date, balance}]: the posted balance at the end of each day or month, none left out.

    A month is dated by its last day and counts whole. Without start or end: from the first to the
    last day that has a booking; none for an account without any. as_of: bookings after it do not
    count. Raises AccountNotFound, TooManyPoints.
    """
    args = {"account_id": account_id, "undated": UNDATED, "as_of": as_of or DATE_MAX}
    span, position = await read_one(conn, _SPAN, ledger_id, args, _missing(account_id))
    first, last = start or span["first"], end or span["last"]
    if first is None or last is None or first > last:
        return [], position
    first, last = max(first, DATE_MIN), min(last, DATE_MAX)
    if interval == "month":
        first, last = Month.of(first).last, Month.of(last).last
        points = (last.year - first.year) * 12 + last.month - first.month + 1
    else:
        points = (last - first).days + 1
    if points > POINTS_MAX:
        raise TooManyPoints(
            "the range has too many points; ask for months or for less", points_max=POINTS_MAX
        )
    args |= {"start": first, "end": last}
    return await read(conn, _HISTORY[interval], ledger_id, args)


def _shown(row: Row) -> Row:
    date, amount, drift = row.pop("reported_on"), row.pop("reported"), row.pop("drift")
    row["reported"] = None
    if date is not None:
        row["reported"] = {"date": date, "amount": amount, "drift": drift}
    return row


def _missing(account_id: UUID) -> AccountNotFound:
    return AccountNotFound("there is no such account", account_id=str(account_id))


def _accounts(*, one: bool, as_of: bool) -> str:
    """The query of accounts; balances now come from their row, those of a day from the days."""
    balances = "account_balances b"
    reported_until, booked_until = "", ""
    closed_on = "a.closed_on"
    if as_of:
        balances = """lateral (
            select zero.posted * 0 + coalesce(sum(d.posted), 0) as posted,
                zero.posted * 0 + coalesce(sum(d.pending), 0) as pending,
                zero.posted * 0 + coalesce(sum(d.pending_out), 0) as pending_out
            from account_balances zero left join account_days d
                on d.ledger_id = zero.ledger_id and d.account_id = zero.account_id
                and d.date <= %(as_of)s
            where zero.ledger_id = a.ledger_id and zero.account_id = a.account_id
            group by zero.posted
        ) b"""
        reported_until = "and r.date <= %(as_of)s"
        booked_until = "and d.date <= %(as_of)s"
        closed_on = "case when a.closed_on <= %(as_of)s then a.closed_on end"
    own = "and a.account_id = %(account_id)s" if one else ""
    joined = "true" if as_of else "b.ledger_id = a.ledger_id and b.account_id = a.account_id"
    return positioned(
        f"""
        select a.account_id, a.name, a.kind, a.currency, b.posted as balance, b.pending,
            b.posted + b.pending_out as available, {closed_on} as closed_on,
            r.date as reported_on, r.amount as reported,
            r.amount - b.posted + r.booked_after as drift
        from accounts a join {balances} on {joined}
        left join lateral (
            select r.date, r.amount, coalesce((
                select sum(d.posted) from account_days d
                where d.ledger_id = a.ledger_id and d.account_id = a.account_id
                    and d.date > r.date {booked_until}
            ), 0) as booked_after
            from reported_balances r
            where r.ledger_id = a.ledger_id and r.account_id = a.account_id {reported_until}
            order by r.date desc limit 1
        ) r on true
        where a.ledger_id = %(ledger_id)s {own}
        order by a.opened_seq
        """,  # noqa: S608 - constants only
        "accounts",
    )


_LIST, _LIST_AS_OF = _accounts(one=False, as_of=False), _accounts(one=False, as_of=True)
_GET, _GET_AS_OF = _accounts(one=True, as_of=False), _accounts(one=True, as_of=True)

# An opening balance without a date stands before everything and is not where a history begins.
_SPAN = positioned(
    """
    select min(d.date) filter (where d.date <> %(undated)s) as first,
        max(d.date) filter (where d.date <> %(undated)s) as last
    from accounts a left join account_days d
        on d.ledger_id = a.ledger_id and d.account_id = a.account_id and d.date <= %(as_of)s
    where a.ledger_id = %(ledger_id)s and a.account_id = %(account_id)s
    group by a.account_id
    """,
    "accounts",
)


def _history(step: str, day: str) -> str:
    """day: the point at whose end a day's bookings are counted first, as SQL over `d.date`."""
    return positioned(
        f"""
        select g.date::date as date,
            sum(zero.posted * 0 + coalesce(m.posted, 0)) over (order by g.date) as balance
        from {step} as g (date)
        cross join (
            select posted from account_balances
            where ledger_id = %(ledger_id)s and account_id = %(account_id)s
        ) zero
        left join (
            select greatest({day}, %(start)s) as date, sum(d.posted) as posted
            from account_days d
            where d.ledger_id = %(ledger_id)s and d.account_id = %(account_id)s
                and d.date <= least(%(end)s, %(as_of)s)
            group by 1
        ) m on m.date = g.date
        order by g.date
        """,  # noqa: S608 - constants only
        "accounts",
    )


_HISTORY = {
    "day": _history("generate_series(%(start)s::date, %(end)s::date, interval '1 day')", "d.date"),
    # Months are counted from their first days, because adding months to the 31st loses days.
    "month": _history(
        "(select (m + interval '1 month')::date - 1 from generate_series("
        "date_trunc('month', %(start)s::timestamp), %(end)s::date, interval '1 month') m)",
        "(date_trunc('month', d.date::timestamp) + interval '1 month')::date - 1",
    ),
}
