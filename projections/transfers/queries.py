"""Possible legs of transfers, and the pairs among them that a user may accept or reject."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.core.money import money_text
from mintflow.domain.core.postings import TRANSFER, UNCATEGORIZED
from mintflow.domain.transfers.pairing import WINDOW_DAYS, Leg, Rates, pairs, words_in
from mintflow.projections.core.reading import Row, Rows, positioned, read
from mintflow.store.arrays import TextArray

# Pairs in two currencies are looked for among the rows of this many days.
FX_DAYS = 120


async def possible_legs(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    amounts: Sequence[Decimal],
    start: dt.date,
    end: dt.date,
) -> list[Leg]:
    """Transactions of these amounts and days that may be a leg: posted or pending, not linked, and
    without a category of the user's that is none of transfers. Leans on transactions_by_amount."""
    args = {
        "amounts": TextArray.of([money_text(one) for one in amounts]),
        "start": start,
        "end": end,
    }
    rows, _ = await read(conn, _LEGS_OF_AMOUNTS, ledger_id, args)
    return [_leg(row) for row in rows]


async def transfer_suggestions(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    *,
    limit: int = 100,
    as_of: dt.date | None = None,
    rates: Rates | None = None,
) -> tuple[Rows, int]:
    """Pairs that may be one movement, surest first, and the position.

    [{from_transaction_id, to_transaction_id, from_account_id, to_account_id, from_date, to_date,
    amount, currency, to_amount, to_currency, from_description, to_description, confidence,
    certain, reasons}]. rates: without them two currencies are no pair. A rejected pair is absent.
    """
    rows, position = await read(conn, _PAIRED, ledger_id, {"as_of": as_of})
    if rates is not None:
        more, _ = await read(conn, _LATE, ledger_id, {"as_of": as_of, "days": FX_DAYS})
        held = {row["transaction_id"] for row in rows}
        rows += [row for row in more if row["transaction_id"] not in held]
    rejected, _ = await read(conn, _REJECTED, ledger_id, {})
    never = {(one["from_transaction_id"], one["to_transaction_id"]) for one in rejected}
    by_id = {row["transaction_id"]: row for row in rows}
    found: Rows = []
    for pair in pairs([_leg(row) for row in rows], rates):
        out, into = pair.out, pair.into
        if (out.transaction_id, into.transaction_id) in never:
            continue
        found.append(
            {
                "from_transaction_id": out.transaction_id,
                "to_transaction_id": into.transaction_id,
                "from_account_id": out.account_id,
                "to_account_id": into.account_id,
                "from_date": out.date,
                "to_date": into.date,
                "amount": out.amount.copy_abs(),
                "currency": out.currency,
                "to_amount": into.amount,
                "to_currency": into.currency,
                "from_description": by_id[out.transaction_id]["description"],
                "to_description": by_id[into.transaction_id]["description"],
                "confidence": pair.confidence,
                "certain": pair.certain,
                "reasons": list(pair.reasons),
            }
        )
        if len(found) >= limit:
            break
    return found, position


def _leg(row: Row) -> Leg:
    return Leg(
        row["transaction_id"],
        row["account_id"],
        row["kind"],
        row["name"].casefold(),
        row["date"],
        row["amount"],
        row["currency"],
        words_in(row["description"], row["counterparty"], row["memo"], row["merchant"]),
        row["category_id"] == TRANSFER,
        row["category_id"] not in (TRANSFER, UNCATEGORIZED),
    )


_COLUMNS = """
    t.transaction_id, t.account_id, a.kind, a.name, t.date, t.amount, t.currency, t.description,
    t.counterparty, t.memo, t.merchant, t.category_ids[1] as category_id
"""
_FREE = """
    {t}.ledger_id = %(ledger_id)s and {t}.status in ('posted', 'pending')
    and {t}.transfer_id is null and {t}.amount <> 0
    and ({t}.category_source <> 'user' or {t}.category_ids = array['transfer'])
"""


def _query(condition: str) -> str:
    return positioned(
        f"""
        select {_COLUMNS} from transactions t
        join accounts a on a.ledger_id = t.ledger_id and a.account_id = t.account_id
        where {_FREE.format(t="t")} and {condition}
        order by t.date, t.first_seq
        """,  # noqa: S608 - constants only
        "transactions",
        "accounts",
        "transfers",
    )


_LEGS_OF_AMOUNTS = _query(
    "t.amount = any(%(amounts)s::text[]::numeric[]) and t.date between %(start)s and %(end)s"
)
# Rows with at least one possible partner of the same currency. What came in is a small part of a
# household's rows, so partners are looked for from there; both sides lean on
# transactions_by_amount. An array is made once, whatever the planner believes: of a table that has
# no statistics yet it takes one row for granted, and would look for all pairs again for every row.
_PAIRED = _query(
    f"""t.transaction_id = any(array(
        select unnest(array[i.transaction_id, o.transaction_id])
        from transactions i join transactions o on {_FREE.format(t="o")}
            and o.amount = -i.amount and o.currency = i.currency
            and o.account_id <> i.account_id
            and o.date between i.date - {WINDOW_DAYS} and i.date + {WINDOW_DAYS}
            and (%(as_of)s::date is null or o.date <= %(as_of)s)
        where {_FREE.format(t="i")} and i.amount > 0
            and (%(as_of)s::date is null or i.date <= %(as_of)s)
    ))"""  # noqa: S608 - constants only
)
_LATE = _query(
    """(%(as_of)s::date is null or t.date <= %(as_of)s)
    and t.date > (select max(m.date) from transactions m where m.ledger_id = %(ledger_id)s
        and (%(as_of)s::date is null or m.date <= %(as_of)s)) - %(days)s::integer"""
)
_REJECTED = positioned(
    """
    select from_transaction_id, to_transaction_id from transfer_rejections
    where ledger_id = %(ledger_id)s
    """,
    "transfers",
)
