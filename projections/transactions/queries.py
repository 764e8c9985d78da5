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
from mintflow.domain.core.query import Facts, Node, parse, predicate
from mintflow.domain.transactions import TransactionNotFound, band_of
from mintflow.projections.core.reading import Row, Rows, positioned, read, read_one
from mintflow.projections.transactions import search

LIMIT_MAX = 1_000
SCAN_MAX = 20_000  # Rows that one page of a query with a pattern looks at.


class CursorNotReadable(Invalid):
    """The cursor is none that was given out for this sort; begin again without one."""

    code = "cursor_not_readable"


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """What must hold of every row; None asks nothing.

    category: a path with all below it, parts of splits too. start_date, end_date: both count.
    min_amount, max_amount: signed. q: a query (docs/reference/queries.md); nothing but words means
    words that must all occur, in any case, in description, counterparty, merchant, memo or notes.
    status: posted and pending ones where None, unless the query asks for a status.
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
    meanwhile shift nothing. as_of: only those dated until then. A query with a pattern looks at
    20,000 rows for a page, which may then be short or empty and still have a next one. Raises
    CursorNotReadable, QueryNotReadable.
    Leans on transactions_of_account and transactions_by_date.
    """
    by, descending = sort.lstrip("-"), sort.startswith("-")
    columns = _SORTS[by]
    order = ", ".join(f"{column} {'desc' if descending else 'asc'}" for column in columns)
    query = parse(wanted.q or "")
    fits = predicate(query) if search.asks_more_than_sql(query) else None
    query_walks = by == "amount" and bool(wanted.q)
    limit = min(max(limit, 1), LIMIT_MAX)
    found: Rows = []
    looked_at = 0
    while True:
        args: dict[str, Any] = {"limit_": (limit if fits is None else LIMIT_MAX) + 1}
        conditions = _conditions(wanted, query, args)
        if as_of is not None:
            conditions.append("t.date <= %(as_of)s")
            args["as_of"] = as_of
        if cursor is not None:
            values = _read_cursor(cursor, sort)
            places = ", ".join(f"%(after_{index})s" for index in range(len(values)))
            conditions.append(f"({', '.join(columns)}) {'<' if descending else '>'} ({places})")
            args |= {f"after_{index}": value for index, value in enumerate(values)}
        cut = f"order by {order} limit %(limit_)s"
        if query_walks:
            # Words are few or nowhere: looking through all rows in the order in which they lie
            # takes a third of what it does in the order of their amounts.
            cut = cut.replace("t.amount", "t.amount + 0")
        sql = _query(" and ".join(conditions), cut)
        rows, position = await read(conn, sql, ledger_id, args)
        more = len(rows) == args["limit_"]
        if more:
            rows.pop()
        looked_at += len(rows)
        cursor = _write_cursor(rows[-1], sort) if more else None
        if fits is None:
            found = rows
            break
        # A pattern is no question for SQL: rows are read in order and put to it one by one.
        for row in rows:
            if len(found) == limit:
                cursor = _write_cursor(found[-1], sort)
                break
            if fits(_facts(row)):
                found.append(row)
        if len(found) == limit or cursor is None or looked_at >= SCAN_MAX:
            break
    return TransactionPage([_shown(row) for row in found], position, cursor)


async def get_transaction(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    transaction_id: UUID,
    *,
    as_of: dt.date | None = None,
) -> tuple[Row, int]:
    """One transaction in any status, and the position.

    {transaction_id, account_id, date, amount, currency, description, merchant, category, splits,
    category_source, category_reason, category_confidence, category_band, rule_id, budgeted,
    status, notes, tags, memo, origin, external_id, import_id, transfer_id,
    matched_with, recorded_at}. Amounts are decimal text, as JSON carries them: a page has hundreds.
    merchant: its usual name, else the counterparty, or None. category: its path now, None
    where the transaction is split; then splits has [{category, amount}]. category_confidence: 0 to
    1 where it was suggested, and category_band the word for it. budgeted: whether budgets count it.
    Raises TransactionNotFound, also for one dated after as_of.
    """
    missing = TransactionNotFound(
        "there is no such transaction", transaction_id=str(transaction_id)
    )
    args = {"transaction_id": transaction_id, "as_of": as_of}
    row, position = await read_one(conn, _GET, ledger_id, args, missing)
    return _shown(row), position


def _conditions(wanted: TransactionFilter, query: Node, args: dict[str, Any]) -> list[str]:
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
    if wanted.status is None and not search.asks_for_a_status(query):
        found.append("t.status in ('posted', 'pending')")
    if wanted.q:
        found.append(search.condition(query, args))
    return found


def _facts(row: Row) -> Facts:
    """What the query can ask of a row. A split row's categories stand in its parts."""
    splits = row["splits"] or ()
    return Facts(
        description=row["description"],
        counterparty=row["counterparty"],
        merchant=row["merchant"] or "",
        memo=row["memo"],
        notes=row["notes"],
        amount=Decimal(row["amount"]),
        date=row["date"],
        account=(row["account_name"], str(row["account_id"])),
        tags=row["tags"],
        categories=[part["category"] for part in splits] or [row["category"]],
        status=row["status"],
    )


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
    del row["first_seq"], row["counterparty"], row["account_name"]
    confidence = row["category_confidence"]
    row["category_band"] = band_of(None if confidence is None else Decimal(confidence))
    row["splits"] = row["splits"] or []
    return row


_SORTS = {
    "date": ("t.date", "t.first_seq"),
    "amount": ("t.amount", "t.first_seq"),
    "recorded": ("t.first_seq",),
}
_IN_SUBTREE = """t.category_ids && array(
    select category_id from categories
    where ledger_id = %(ledger_id)s
        and (path = %(category)s or starts_with(path, %(category)s || '.'))
)"""


def _query(condition: str, tail: str) -> str:
    """Rows of transactions; the categories are looked up after the page was cut."""
    return positioned(
        f"""
        select t.transaction_id, t.account_id, a.name as account_name, t.date,
            t.amount::text as amount, t.currency, t.description, t.counterparty,
            coalesce(nullif(t.merchant, ''), nullif(t.counterparty, '')) as merchant,
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
            t.category_source, nullif(t.reason, '') as category_reason,
            t.confidence::text as category_confidence, t.rule_id, t.budgeted,
            t.status, t.notes, t.tags, t.memo, t.origin, t.external_id,
            t.import_id, t.transfer_id, t.matched_with, t.recorded_at, t.first_seq
        from (
            select t.* from transactions t
            where t.ledger_id = %(ledger_id)s and {condition} {tail}
        ) t
        left join categories c on c.ledger_id = %(ledger_id)s
            and c.category_id = t.category_ids[1]
        left join accounts a on a.ledger_id = %(ledger_id)s and a.account_id = t.account_id
        {tail.replace("limit %(limit_)s", "")}
        """,  # noqa: S608 - constants of this file only
        "transactions",
        "categories",
    )


_GET = _query(
    "t.transaction_id = %(transaction_id)s and (%(as_of)s::date is null or t.date <= %(as_of)s)",
    "",
)
