"""Ledgers: whose books there are; and the proof that those of one ledger balance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.ledgers import LedgerNotFound
from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection, private
from mintflow.projections.core.reading import Rows, positioned, read, read_one
from mintflow.projections.core.tables import Column, Index, Table
from mintflow.store.mapper import RecordedEvent

LEDGERS = Table(
    "ledgers",
    (
        Column("ledger_id", "uuid"),
        Column("name", "text"),
        Column("currency", "text"),
        Column("owner", "text"),
        Column("opened_at", "timestamptz"),
    ),
    key=("ledger_id",),
    indexes=(Index("ledgers_by_owner", "owner, opened_at, ledger_id"),),
)


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    for event in batch:
        if event.type == "ledger.opened":
            data = event.data
            changes.insert(
                LEDGERS,
                [
                    event.envelope["ledger_id"],
                    private(event).get("name", ""),
                    data["currency"],
                    data["owner"],
                    event.recorded_at.isoformat(),
                ],
            )
        elif event.type == "ledger.renamed":
            key = (event.envelope["ledger_id"],)
            changes.patch(LEDGERS, key, {"name": private(event).get("name", "")})


PROJECTION = Projection("ledgers", 1, (LEDGERS,), fold, topics=("ledger.opened", "ledger.renamed"))


async def list_ledgers(conn: AsyncConnection[Any], owner: str) -> list[dict[str, Any]]:
    """A caller's ledgers, oldest first: {ledger_id, name, currency}. They lie in many shards, so
    there is no one position."""
    cursor = await conn.execute(_LIST, {"owner": owner}, prepare=True, binary=True)
    return [
        {"ledger_id": ledger_id, "name": name, "currency": currency}
        for ledger_id, name, currency in await cursor.fetchall()
    ]


async def default_ledger(conn: AsyncConnection[Any], owner: str) -> UUID | None:
    """The caller's oldest ledger that is not erased, which the address `default` stands for."""
    cursor = await conn.execute(_DEFAULT, {"owner": owner}, prepare=True, binary=True)
    row = await cursor.fetchone()
    return row[0] if row else None


async def get_ledger(conn: AsyncConnection[Any], ledger_id: UUID) -> tuple[dict[str, Any], int]:
    """{ledger_id, name, currency} and the position. Raises LedgerNotFound."""
    return await read_one(
        conn,
        _GET,
        ledger_id,
        {},
        LedgerNotFound("there is no such ledger", ledger_id=str(ledger_id)),
    )


async def trial_balance(
    conn: AsyncConnection[Any], ledger_id: UUID, *, as_of: dt.date | None = None
) -> tuple[Rows, int]:
    """Per currency {currency, debits, credits, difference}, posted bookings only.

    Net balances with the sign of assets, of real accounts and of categories: debits is the sum of
    those above zero, credits of those below (as a positive number). difference is always 0.
    """
    if as_of is None:
        return await read(conn, _TRIAL_BALANCE, ledger_id, {})
    return await read(conn, _TRIAL_BALANCE_AS_OF, ledger_id, {"as_of": as_of})


_LIST = (
    "select ledger_id, name, currency from ledgers where owner = %(owner)s"
    " order by opened_at, ledger_id"
)
# One that is erased comes last: who begins again means the new one.
_DEFAULT = (
    "select l.ledger_id from ledgers l left join erasures e"
    " on e.ledger_id = l.ledger_id and e.state = 'erased' where l.owner = %(owner)s"
    " order by e.ledger_id is not null, l.opened_at, l.ledger_id limit 1"
)
_GET = positioned(
    "select ledger_id, name, currency from ledgers where ledger_id = %(ledger_id)s", "ledgers"
)


def _trial_balance(accounts: str, categories: str) -> str:
    return positioned(
        f"""
        select n.currency,
            coalesce(sum(n.net) filter (where n.net > 0), 0 * sum(n.net)) as debits,
            -coalesce(sum(n.net) filter (where n.net < 0), 0 * sum(n.net)) as credits,
            sum(n.net) as difference
        from ({accounts} union all {categories}) as n (currency, net)
        group by n.currency order by n.currency
        """,  # noqa: S608 - constants only
        "accounts",
        "categories",
    )


_TRIAL_BALANCE = _trial_balance(
    "select currency, posted from account_balances where ledger_id = %(ledger_id)s",
    "select currency, -sum(amount) from category_months where ledger_id = %(ledger_id)s"
    " group by currency, category_id",
)
_TRIAL_BALANCE_AS_OF = _trial_balance(
    "select a.currency, sum(d.posted) from account_days d"
    " join accounts a using (ledger_id, account_id)"
    " where d.ledger_id = %(ledger_id)s and d.date <= %(as_of)s group by a.currency, a.account_id",
    "select currency, -sum(amount) from category_days"
    " where ledger_id = %(ledger_id)s and date <= %(as_of)s group by currency, category_id",
)
