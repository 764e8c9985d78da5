"""What is ahead: what each account will hold, and what the month will take per branch of spending.

Worked out when it is asked for, from the last three years; no table of its own.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.bills import country_of, free_days
from mintflow.domain.budgets import Period
from mintflow.domain.budgets.advice import advise
from mintflow.domain.core.money import EXACT, ZERO, exact_figure
from mintflow.domain.core.postings import TRANSFER
from mintflow.domain.core.time import Month
from mintflow.ml.forecast import DAYS, Forecast, Move, forecast
from mintflow.ml.payees import payee_key
from mintflow.ml.recurring import is_habit
from mintflow.projections.accounts import list_accounts
from mintflow.projections.core.reading import Row, Rows, positioned, read
from mintflow.projections.insights.parts import ONE_SPAN, PARTS

LOOK_BACK_DAYS = 3 * 366
YEARS = 4
_OWED = ("credit_card", "loan")


async def forecasts(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    today: dt.date,
    *,
    account_id: UUID | None = None,
    days: int = DAYS,
) -> tuple[Rows, int]:
    """What each open account will hold at the end of each of the next days, and the position.

    [{account_id, name, kind, currency, balance, shown, reason, backtest, low_point, points,
    expected}]. backtest: {start, end, error, naive_error} or None. points: [{date, balance}];
    expected: [{date, amount, payee}]; both empty where it is not shown. low_point: {date, balance,
    warning, text}; warning: it is below zero, and the account is none that is owed on.
    """
    accounts, _ = await list_accounts(conn, ledger_id, as_of=today)
    args = {"today": today, "first": today - dt.timedelta(days=LOOK_BACK_DAYS)}
    rows, position = await read(conn, _MOVES, ledger_id, {**args, "account_id": account_id})
    moves: defaultdict[UUID, list[Move]] = defaultdict(list)
    for row in rows:
        moves[row["account_id"]].append(_move(row))
    found = []
    for one in accounts:
        if account_id not in (None, one["account_id"]) or one["closed_on"] is not None:
            continue
        is_free = free_days(country_of(one["currency"]))
        made = forecast(
            moves[one["account_id"]], one["balance"], one["currency"], today, is_free, days
        )
        names = ("account_id", "name", "kind", "currency", "balance")
        found.append({name: one[name] for name in names} | _shown(made, one))
    return found, position


async def predictions(
    conn: AsyncConnection[Any], ledger_id: UUID, today: dt.date
) -> tuple[Rows, int]:
    """What the running month will take, per branch at the top of the tree and currency.

    [{category, currency, month, amount, basis, reason, spent, used}] in order of category. amount:
    rounded up to whole units. basis: median, trend or season of the months that are over. spent: so
    far. used: [{start, end, spent}]. Nothing where fewer than three months are known.
    """
    month = Month.of(today)
    args = {"first": dt.date(month.year - YEARS, month.month, 1), "last": today, "as_of": None}
    rows, position = await read(conn, _MONTHS, ledger_id, args)
    spent: defaultdict[tuple[str, str], dict[dt.date, Decimal]] = defaultdict(dict)
    begun: dict[str, dt.date] = {}
    for row in rows:
        currency = row["currency"]
        own = spent[row["category"], currency]
        own[row["month"]] = EXACT.add(own.get(row["month"], ZERO), row["spent"])
        begun[currency] = min(begun.get(currency, row["month"]), row["month"])
    found = []
    for (category, currency), own in sorted(spent.items()):
        history = [
            (Period(one.first, one.last), own.get(one.first, ZERO))
            for one in Month.of(begun[currency]).until(month)
        ]
        advice = advise(history, 12, currency)
        if advice is not None:
            found.append(
                {
                    "category": category,
                    "currency": currency,
                    "month": str(month),
                    "amount": exact_figure(advice.amount, currency),
                    "basis": advice.basis,
                    "reason": advice.reason,
                    "spent": exact_figure(own.get(month.first, ZERO), currency),
                    "used": [
                        {"start": period.first, "end": period.last, "spent": amount}
                        for period, amount in advice.used
                    ],
                }
            )
    return found, position


def _move(row: Row) -> Move:
    transfer = row["category"] == TRANSFER
    name = row["payee"] or row["description"]
    return Move(
        row["transaction_id"],
        row["date"],
        row["amount"],
        payee_key(row["payee"], row["description"]),
        name,
        is_habit(row["category"]) and not transfer,
    )


def _shown(made: Forecast, account: Row) -> Row:
    low, tested = made.low_point, made.backtest
    warning = low is not None and low[1] < 0 and account["kind"] not in _OWED
    text = None
    if low is not None:
        verb = "falls to" if warning else "is lowest at"
        text = f"{account['name']} {verb} {low[1]:,f} {account['currency']} on {low[0]}"
    return {
        "shown": made.shown,
        "reason": made.reason,
        "backtest": None
        if tested is None
        else {
            "start": tested.start,
            "end": tested.end,
            "error": tested.error,
            "naive_error": tested.naive_error,
        },
        "low_point": None
        if low is None
        else {"date": low[0], "balance": low[1], "warning": warning, "text": text},
        "points": [{"date": day, "balance": balance} for day, balance in made.points],
        "expected": [
            {"date": one.date, "amount": one.amount, "payee": one.payee} for one in made.expected
        ],
    }


# Leans on transactions_by_date.
_MOVES = positioned(
    """
    select t.transaction_id, t.account_id, t.date, t.amount, t.description,
        coalesce(nullif(t.merchant, ''), t.counterparty) as payee,
        coalesce(c.path, t.category_ids[1], '') as category
    from transactions t
    left join categories c on c.ledger_id = t.ledger_id and c.category_id = t.category_ids[1]
    where t.ledger_id = %(ledger_id)s and t.status = 'posted'
        and t.date between %(first)s and %(today)s
        and (%(account_id)s::uuid is null or t.account_id = %(account_id)s)
    order by t.date, t.first_seq
    """,
    "transactions",
    "categories",
    "accounts",
)
_MONTHS = positioned(
    f"""
    select split_part(p.category, '.', 1) as category, p.currency,
        date_trunc('month', p.date::timestamp)::date as month, sum(p.spent) as spent
    from ({PARTS.format(spans=ONE_SPAN)}) p
    where p.spent is not null
    group by 1, 2, 3
    """,  # noqa: S608 - constants only
    "transactions",
    "categories",
)
