"""What commands look up before they decide; they see to it that the answer was complete."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from mintflow.domain.core.query import Facts, parse, predicate
from mintflow.projections.core.reading import Rows
from mintflow.projections.transactions import search


async def unmatched_manual(
    conn: AsyncConnection[Any], ledger_id: UUID, account_id: UUID, start: dt.date, end: dt.date
) -> Rows:
    """Hand-made transactions of an account, dated from start to end, that no bank row was matched
    with: [{transaction_id, date, amount, currency, status, transfer_id}]."""
    return await _rows(
        conn,
        """
        select transaction_id, date, amount, currency, status, transfer_id from transactions
        where ledger_id = %(ledger_id)s and account_id = %(account_id)s
            and date between %(start)s and %(end)s and status in ('posted', 'pending')
            and origin = 'manual' and bank_id is null and matched_with is null
        order by date, first_seq
        """,
        {"ledger_id": ledger_id, "account_id": account_id, "start": start, "end": end},
    )


async def rows_of_the_bank(
    conn: AsyncConnection[Any], ledger_id: UUID, account_id: UUID, start: dt.date, end: dt.date
) -> Rows:
    """Booked transactions of an account that came from the bank, dated from start to end, those
    that a hand-made one absorbed too:
    [{transaction_id, date, amount, origin, absorbed_by, bank_id, description}]."""
    return await _rows(
        conn,
        """
        select transaction_id, date, amount, origin, absorbed_by, bank_id, description
        from transactions
        where ledger_id = %(ledger_id)s and account_id = %(account_id)s
            and date between %(start)s and %(end)s and status in ('posted', 'absorbed')
            and origin <> 'manual'
        order by date, first_seq
        """,
        {"ledger_id": ledger_id, "account_id": account_id, "start": start, "end": end},
    )


async def pending_of_account(conn: AsyncConnection[Any], ledger_id: UUID, account_id: UUID) -> Rows:
    """Transactions of an account that came from the bank and are pending, or were when a hand-made
    one that still is pending absorbed them; oldest first:
    [{transaction_id, date, amount, currency, origin, bank_id, absorbed_by}]."""
    return await _rows(
        conn,
        """
        select t.transaction_id, t.date, t.amount, t.currency, t.origin, t.bank_id, t.absorbed_by
        from transactions t
        left join transactions h on h.ledger_id = t.ledger_id and h.transaction_id = t.absorbed_by
        where t.ledger_id = %(ledger_id)s and t.account_id = %(account_id)s
            and t.origin <> 'manual'
            and (t.status = 'pending' or (t.status = 'absorbed' and h.status = 'pending'))
        order by t.date, t.first_seq
        """,
        {"ledger_id": ledger_id, "account_id": account_id},
    )


async def waiting_of_account(
    conn: AsyncConnection[Any], ledger_id: UUID, account_id: UUID, start: dt.date, end: dt.date
) -> Rows:
    """Pending transactions of an account, dated from start to end, whoever brought them in, oldest
    first: [{transaction_id, date, amount, origin}]."""
    return await _rows(
        conn,
        """
        select transaction_id, date, amount, origin from transactions
        where ledger_id = %(ledger_id)s and account_id = %(account_id)s
            and date between %(start)s and %(end)s and status = 'pending'
        order by date, first_seq
        """,
        {"ledger_id": ledger_id, "account_id": account_id, "start": start, "end": end},
    )


async def transactions_in_category(
    conn: AsyncConnection[Any], ledger_id: UUID, category_id: str
) -> list[UUID]:
    """Every posted or pending transaction with a part in a category, oldest first."""
    rows = await _rows(
        conn,
        """
        select transaction_id from transactions
        where ledger_id = %(ledger_id)s and category_ids @> array[%(category_id)s::text]
            and status in ('posted', 'pending')
        order by first_seq
        """,
        {"ledger_id": ledger_id, "category_id": category_id},
    )
    return [row["transaction_id"] for row in rows]


async def standing_transactions(
    conn: AsyncConnection[Any], ledger_id: UUID, q: str | None
) -> list[tuple[Any, ...]]:
    """Posted and pending ones that are no leg of a transfer and fit a query, in the order in which
    they were recorded: (transaction id, facts, currency, category ids, category source, account
    kind, budgeted). Raises QueryNotReadable."""
    query = parse(q or "")
    fits = predicate(query)
    args: dict[str, Any] = {"ledger_id": ledger_id}
    condition = search.condition(query, args)
    rows = await _rows(conn, _STANDING.replace("{condition}", condition), args)
    found = []
    for row in rows:
        facts = Facts(
            description=row["description"],
            counterparty=row["counterparty"],
            merchant=row["merchant"],
            memo=row["memo"],
            notes=row["notes"],
            amount=row["amount"],
            date=row["date"],
            account=(row["name"], str(row["account_id"])),
            tags=row["tags"],
            categories=row["paths"],
            status=row["status"],
        )
        if fits(facts):
            found.append(
                (
                    row["transaction_id"],
                    facts,
                    row["currency"],
                    tuple(row["category_ids"]),
                    row["category_source"],
                    row["kind"],
                    row["budgeted"],
                )
            )
    return found


_STANDING = """
    with paths as (
        select category_id, path from categories where ledger_id = %(ledger_id)s
    )
    select t.transaction_id, t.account_id, a.name, a.kind, t.date, t.amount, t.currency, t.status,
        t.category_ids, t.category_source, t.description, t.counterparty, t.merchant, t.memo,
        t.notes, t.tags, t.budgeted,
        case when t.allocations is null then array[coalesce(p.path, t.category_ids[1])]
            else array(select coalesce(x.path, i.id) from unnest(t.category_ids) as i (id)
                left join paths x on x.category_id = i.id) end as paths
    from transactions t
    join accounts a on a.ledger_id = t.ledger_id and a.account_id = t.account_id
    left join paths p on p.category_id = t.category_ids[1]
    where t.ledger_id = %(ledger_id)s and t.status in ('posted', 'pending')
        and t.transfer_id is null and {condition}
    order by t.first_seq
"""


async def _rows(conn: AsyncConnection[Any], sql: str, args: dict[str, Any]) -> Rows:
    async with conn.cursor(row_factory=dict_row, binary=True) as cursor:
        await cursor.execute(sql.encode(), args, prepare=True)
        return await cursor.fetchall()
