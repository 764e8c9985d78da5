"""Who the money went to and came from: merchants over the transactions read model.

No table of its own: whom a transaction is with stands in its row, and rules change it there.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.projections.core.reading import Rows, positioned, read

MERCHANTS_MAX = 1_000


async def list_merchants(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    *,
    q: str = "",
    limit: int = 100,
    as_of: dt.date | None = None,
) -> tuple[Rows, int]:
    """Merchants with the most transactions first, and the position.

    [{merchant, transactions, category, first_date, last_date, amounts: [{currency, amount}]}].
    A transaction without a known merchant counts under its counterparty; those with neither are
    left out. category: the most frequent one. amount: from the account's side, posted ones only.
    q: the merchant contains it, in any case.
    """
    args = {"q": q.lower(), "limit_": min(max(limit, 1), MERCHANTS_MAX), "as_of": as_of}
    return await read(conn, _LIST, ledger_id, args)


_LIST = positioned(
    """
    with named as (
        select coalesce(nullif(t.merchant, ''), t.counterparty) as merchant, t.date, t.amount,
            t.currency, t.status, t.category_ids[1] as category_id
        from transactions t
        where t.ledger_id = %(ledger_id)s and t.status in ('posted', 'pending')
            and coalesce(nullif(t.merchant, ''), t.counterparty) <> ''
            and (%(as_of)s::date is null or t.date <= %(as_of)s)
    ), by_currency as (
        select lower(merchant) as key, currency,
            mode() within group (order by merchant) as merchant,
            count(*) as transactions, min(date) as first_date, max(date) as last_date,
            mode() within group (order by category_id) as category_id,
            coalesce(sum(amount) filter (where status = 'posted'), 0) as amount
        from named where %(q)s = '' or strpos(lower(merchant), %(q)s) > 0
        group by lower(merchant), currency
    ), counted as (
        select key, sum(transactions)::bigint as transactions,
            min(first_date) as first_date, max(last_date) as last_date,
            (array_agg(merchant order by transactions desc, currency))[1] as merchant,
            (array_agg(category_id order by transactions desc, currency))[1] as category_id,
            jsonb_agg(jsonb_build_object('currency', currency, 'amount', amount::text)
                order by currency) as amounts
        from by_currency group by key order by 2 desc, key limit %(limit_)s
    )
    select c.merchant, c.transactions, coalesce(k.path, c.category_id) as category, c.first_date,
        c.last_date, c.amounts
    from counted c
    left join categories k on k.ledger_id = %(ledger_id)s and k.category_id = c.category_id
    order by c.transactions desc, c.key
    """,
    "transactions",
    "categories",
)
