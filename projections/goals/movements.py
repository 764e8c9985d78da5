"""Transfers as they are booked, for pledges to meet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.projections.core.reading import Rows, positioned, read


async def movements(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    start: dt.date,
    end: dt.date,
    transfer_ids: Sequence[UUID],
) -> Rows:
    """Transfers that stand and enter their account on these days, or have these ids; oldest first.

    [{transfer_id, from_account_id, to_account_id, amount, date}]. amount: what enters. Leans on
    transactions_by_date.
    """
    args = {"start": start, "end": end, "ids": list(transfer_ids)}
    return (await read(conn, _MOVEMENTS, ledger_id, args))[0]


_MOVEMENTS = positioned(
    """
    select i.transfer_id, o.account_id as from_account_id, i.account_id as to_account_id,
        i.amount, i.date
    from transactions i join transactions o
        on o.ledger_id = i.ledger_id and o.transfer_id = i.transfer_id and o.amount < 0
        and o.status = 'posted'
    where i.ledger_id = %(ledger_id)s and i.transfer_id is not null and i.amount > 0
        and i.status = 'posted'
        and (i.date between %(start)s and %(end)s or i.transfer_id = any(%(ids)s::uuid[]))
    order by i.date, i.transfer_id
    """,
    "transactions",
)
