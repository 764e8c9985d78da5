"""What commands look up before they decide; they see to it that the answer was complete."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from mintflow.projections.core.reading import Rows


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


async def _rows(conn: AsyncConnection[Any], sql: str, args: dict[str, Any]) -> Rows:
    async with conn.cursor(row_factory=dict_row, binary=True) as cursor:
        await cursor.execute(sql.encode(), args, prepare=True)
        return await cursor.fetchall()
