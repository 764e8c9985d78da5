"""Transactions as clients see them: one, or pages of those that fit a filter."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from mintflow.domain.core.errors import Invalid
from mintflow.domain.core.money import exact_amount
from mintflow.domain.transactions import TransactionNotFound
from mintflow.projections.core.reading import Row, Rows, positioned, read, read_one
from mintflow.store.arrays import TextArray

LIMIT_MAX = 1_000


class CursorNotReadable(Invalid):
    """The cursor is none that was given out for this sort; begin again without one."""

    code = "cursor_not_readable"


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """What must hold of every row; None asks nothing.

    category: a path with all below it, parts of splits too. start_date, end_date: both count.
    min_amount, max_amount: signed. q: words that must all occur, in any case, in description,
    counterparty, memo or notes. status: posted and pending ones where None.
    """

    account_id: UUID | None = None
    category: str | None = None
    start_date: dt.date | None = None
    end_date: dt.date | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    q: str | None = None
    tag: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """rows, as in `list_transactions`; next_cursor: None on the last page."""

    rows: Rows
    position: int
    next_cursor: str | None


async def list_transactions(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    wanted: TransactionFilter,
    *,
    sort: str = "-date",
    limit: int = 100,
    cursor: str | None = None,
    as_of: dt.date | None = None,
) -> TransactionPage:
    """A page of transactions, as `get_transaction` shows them.

    sort: date, amount or recorded, with `-` for descending; equal ones stand in the order in which
    they were recorded. A page goes on after the last row of the one before, so rows that come in
    meanwhile shift nothing. as_of: only those dated until then. Raises CursorNotReadable.
    Leans on transactions_of_account and transactions_by_date.
    """
    by, descending = sort.lstrip("-"), sort.startswith("-")
    args: dict[str, Any] = {"limit_": min(max(limit, 1), LIMIT_MAX) + 1}
    conditions = [*_conditions(wanted, args)]
    if as_of is not None:
        conditions.append("t.date <= %(as_of)s")
        args["as_of"] = as_of
    columns = _SORTS[by]
    if cursor is not None:
        values = _read_cursor(cursor, sort)
        places = ", ".join(f"%(after_{index})s" for index in range(len(values)))
        conditions.append(f"({', '.join(columns)}) {'<' if descending else '>'} ({places})")
        args |= {f"after_{index}": value for index, value in enumerate(values)}
    order = ", ".join(f"{column} {'desc' if descending else 'asc'}" for column in columns)
    sql = _query(" and ".join(conditions), f"order by {order} limit %(limit_)s")
    rows, position = await read(conn, sql, ledger_id, args)
    more = len(rows) == args["limit_"]
    if more:
        rows.pop()
    next_cursor = _write_cursor(rows[-1], sort) if more else None
    return TransactionPage([_shown(row) for row in rows], position, next_cursor)


async def get_transaction(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    transaction_id: UUID,
    *,
    as_of: dt.date | None = None,
) -> tuple[Row, int]:
    """One transaction in any status, and the position.

    {transaction_id, account_id, date, amount, currency, description, merchant, category, splits,
    category_source, status, notes, tags, memo, origin, external_id, import_id, transfer_id,
    matched_with, recorded_at}. Amounts are decimal text, as JSON carries them: a page has hundreds.
    merchant: the counterparty, or None. category: its path now, None
    where the transaction is split; then splits has [{category, amount}].
    Raises TransactionNotFound, also for one dated after as_of.
    """
    missing = TransactionNotFound(
        "there is no such transaction", transaction_id=str(transaction_id)
    )
    args = {"transaction_id": transaction_id, "as_of": as_of}
    row, position = await read_one(conn, _GET, ledger_id, args, missing)
    return _shown(row), position


def _conditions(wanted: TransactionFilter, args: dict[str, Any]) -> list[str]:
    """SQL of the filter; its values go into `args`."""
    found = []
    for name, value, condition in (
        ("account_id", wanted.account_id, "t.account_id = %(account_id)s"),
        ("start_date", wanted.start_date, "t.date >= %(start_date)s"),
        ("end_date", wanted.end_date, "t.date <= %(end_date)s"),
        ("min_amount", wanted.min_amount, "t.amount >= %(min_amount)s"),
        ("max_amount", wanted.max_amount, "t.amount <= %(max_amount)s"),
        ("tag", wanted.tag, "t.tags @> array[%(tag)s::text]"),
        ("category", wanted.category, _IN_SUBTREE),
        ("status", wanted.status, "t.status = %(status)s"),
    ):
        if value is not None:
            found.append(condition)
            args[name] = value
    if wanted.status is None:
        found.append("t.status in ('posted', 'pending')")
    words = (wanted.q or "").replace("\0", "").split()
    if words:
        found.append(_HAS_WORDS)
        args["words"] = TextArray.of([f"%{_like_escaped(word)}%" for word in words])
    return found


def _like_escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _read_cursor(cursor: str, sort: str) -> list[Any]:
    """The values of the last row of the page before. Raises CursorNotReadable."""
    by = sort.lstrip("-")
    try:
        told: str
        values: list[Any]
        told, *values = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
        if told == sort and isinstance(values[-1], int) and len(values) == len(_SORTS[by]):
            if by == "date":
                values[0] = dt.date.fromisoformat(values[0])
            elif by == "amount":
                values[0] = exact_amount(values[0], "ETH")
            if type(values[-1]) is int and abs(values[-1]) < 2**63:
                return values
    except (binascii.Error, ValueError, TypeError, IndexError, Invalid):
        pass
    raise CursorNotReadable("the cursor does not belong to this list", sort=sort)


def _write_cursor(row: Row, sort: str) -> str:
    by = sort.lstrip("-")
    values = [row["first_seq"]]
    if by != "recorded":
        values.insert(0, row[by] if by == "amount" else row[by].isoformat())
    return base64.urlsafe_b64encode(orjson.dumps([sort, *values])).decode()


def _shown(row: Row) -> Row:
    del row["first_seq"]
    row["splits"] = row["splits"] or []
    return row


_SORTS = {
    "date": ("t.date", "t.first_seq"),
    "amount": ("t.amount", "t.first_seq"),
    "recorded": ("t.first_seq",),
}
_HAS_WORDS = (
    "lower(t.description || ' ' || t.counterparty || ' ' || t.memo || ' ' || t.notes)"
    " like all (array(select lower(word) from unnest(%(words)s::text[]) word))"
)
_IN_SUBTREE = """t.category_ids && array(
    select category_id from categories
    where ledger_id = %(ledger_id)s
        and (path = %(category)s or starts_with(path, %(category)s || '.'))
)"""


def _query(condition: str, tail: str) -> str:
    """Rows of transactions; the categories are looked up after the page was cut."""
    return positioned(
        f"""
        select t.transaction_id, t.account_id, t.date, t.amount::text as amount, t.currency,
            t.description,
            nullif(t.counterparty, '') as merchant,
            case when t.allocations is null then coalesce(c.path, t.category_ids[1]) end
                as category,
            case when t.allocations is not null then (
                select jsonb_agg(jsonb_build_object(
                    'category', coalesce(pc.path, part.part ->> 'category_id'),
                    'amount', part.part ->> 'amount') order by part.number)
                from jsonb_array_elements(t.allocations) with ordinality as part (part, number)
                left join categories pc on pc.ledger_id = %(ledger_id)s
                    and pc.category_id = part.part ->> 'category_id'
            ) end as splits,
            t.category_source, t.status, t.notes, t.tags, t.memo, t.origin, t.external_id,
            t.import_id, t.transfer_id, t.matched_with, t.recorded_at, t.first_seq
        from (
            select t.* from transactions t
            where t.ledger_id = %(ledger_id)s and {condition} {tail}
        ) t
        left join categories c on c.ledger_id = %(ledger_id)s
            and c.category_id = t.category_ids[1]
        {tail.replace("limit %(limit_)s", "")}
        """,  # noqa: S608 - constants of this file only
        "transactions",
        "categories",
    )


_GET = _query(
    "t.transaction_id = %(transaction_id)s and (%(as_of)s::date is null or t.date <= %(as_of)s)",
    "",
)
