"""Bringing the derived series up to the read models: only the days that events have touched.

Which days those are is read from the events themselves: every money event says what it takes out
and what it puts in, with account, day and categories. A late or backdated one names an early day,
and every balance from there on is made again. Rows come from the exact read models, which may be
further than the events looked at; the next refresh then finds the same days again and nothing to
change. So a refresh may be repeated, killed, or run twice, and the series end equal.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from mintflow.projections.core.bookings import MONEY_TYPES, category_legs
from mintflow.store.arrays import Int4Array, Int8Array, TextArray, UuidArray
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.reader import read_shards

# As many events as a transaction should look at: it holds no lock that a reader waits for.
_EVENTS = 5_000
# The projections whose rows the series are made of.
FOLLOWED = ("accounts", "categories")
_FROM_THE_FIRST = "update series.refreshed set position = 0"


@dataclass(frozen=True, slots=True)
class Refreshed:
    """events: looked at. balances, spending: rows written. behind: events that are still to come,
    because the read models have not applied them yet."""

    events: int = 0
    balances: int = 0
    spending: int = 0
    behind: int = 0


@dataclass(slots=True)
class _Touched:
    """From which day on each account has to be made again, and which days of which categories."""

    accounts: dict[tuple[str, str], str] = field(default_factory=dict)
    categories: set[tuple[str, str, str, str]] = field(default_factory=set)

    def note(self, events: Iterable[RecordedEvent]) -> None:
        for event in events:
            if event.type not in MONEY_TYPES:
                continue
            ledger_id: str = event.envelope["ledger_id"]
            for booking in (event.data["before"], event.data["after"]):
                if booking is None:
                    continue
                account, day = (ledger_id, booking["account_id"]), booking["date"]
                self.accounts[account] = min(day, self.accounts.get(account, day))
                for category_id, _ in category_legs(booking):
                    self.categories.add((ledger_id, category_id, day, booking["currency"]))


async def refresh(
    conn: AsyncConnection[Any], mapper: Mapper, *, everything: bool = False
) -> Refreshed:
    """Follow the read models until nothing is left that they have and the series have not.

    conn: in autocommit mode, with the read models in its search path. everything: from the first
    event on, over rows that are there.
    """
    if everything:
        await conn.execute(_FROM_THE_FIRST)
    events = balances = spending = 0
    while True:
        left = await _left(conn)
        ready = {shard: (at, to) for shard, (at, to, _) in left.items() if to > at}
        if not ready:
            behind = sum(head - at for at, _, head in left.values())
            return Refreshed(events, balances, spending, behind)
        done = await _step(conn, mapper, ready)
        events, balances, spending = events + done[0], balances + done[1], spending + done[2]


def look_again(conn: psycopg.Connection[Any], projections: Collection[str]) -> None:
    """Have the next refresh look at every event, where some of these projections, which have other
    rows from now on, are followed. Within the transaction that gives them the rows."""
    there = conn.execute("select to_regclass('series.refreshed') is not null").fetchone()
    if there and there[0] and not set(FOLLOWED).isdisjoint(projections):
        conn.execute(_FROM_THE_FIRST)


async def _left(conn: AsyncConnection[Any]) -> dict[int, tuple[int, int, int]]:
    """Shard -> (where the series are, where the read models are, where the log is)."""
    cursor = await conn.execute(_LEFT, [list(FOLLOWED)])
    return {shard: (at, to, head) for shard, at, to, head in await cursor.fetchall()}


async def _step(
    conn: AsyncConnection[Any], mapper: Mapper, ready: Mapping[int, tuple[int, int]]
) -> tuple[int, int, int]:
    """Look at the next events of some shards and make the days again that they touch.

    ready: shard -> (where the series are, how far they may go).
    """
    async with conn.transaction():
        shards = Int4Array.of([*ready])
        await conn.execute(
            "insert into series.refreshed (shard, position)"
            " select shard, 0 from unnest(%s) as u (shard) on conflict do nothing",
            [shards],
        )
        cursor = await conn.execute(
            "select shard, position from series.refreshed where shard = any(%s)"
            " order by shard for update",
            [shards],
        )
        # Where another host was meanwhile, there is another place now.
        after = {shard: at for shard, at in await cursor.fetchall() if at == ready[shard][0]}
        if not after:
            return 0, 0, 0
        longest = max(ready[shard][1] - at for shard, at in after.items())
        limit = min(max(_EVENTS // len(after), 1), longest)
        found = await read_shards(conn, mapper, after, limit)
        moved, count, touched = {}, 0, _Touched()
        for shard in after:
            until = ready[shard][1]
            events = [event for event in found.get(shard, ()) if event.position <= until]
            touched.note(events)
            moved[shard] = events[-1].position if events else until
            count += len(events)
        balances = await _balances(conn, touched)
        spending = await _spending(conn, touched)
        await conn.execute(
            "update series.refreshed r set position = u.position"
            " from unnest(%s, %s) as u (shard, position) where r.shard = u.shard",
            [Int4Array.of([*moved]), Int8Array.of([*moved.values()])],
        )
    return count, balances, spending


async def _balances(conn: AsyncConnection[Any], touched: _Touched) -> int:
    keys = list(touched.accounts)
    cursor = await conn.execute(
        _BALANCES,
        [
            UuidArray.of([UUID(ledger) for ledger, _ in keys]),
            UuidArray.of([UUID(account) for _, account in keys]),
            [dt.date.fromisoformat(touched.accounts[key]) for key in keys],
        ],
    )
    return cursor.rowcount


async def _spending(conn: AsyncConnection[Any], touched: _Touched) -> int:
    keys = sorted(touched.categories)
    cursor = await conn.execute(
        _SPENDING,
        [
            UuidArray.of([UUID(ledger) for ledger, *_ in keys]),
            TextArray.of([category for _, category, *_ in keys]),
            [dt.date.fromisoformat(day) for _, _, day, _ in keys],
            TextArray.of([currency for *_, currency in keys]),
        ],
    )
    return cursor.rowcount


_LEFT = """
select h.shard, coalesce(r.position, 0), coalesce(min(c.position), 0), h.position
from log.shard_head h
left join series.refreshed r using (shard)
left join checkpoint c on c.shard = h.shard and c.projection = any(%s)
where h.position > coalesce(r.position, 0)
group by h.shard, r.position, h.position order by h.shard
"""
# The balance before the first day comes from all days before it, never from the series themselves:
# an error in them would otherwise live on.
_BALANCES = """
with touched as (
    select * from unnest(%s, %s, %s::date[]) as t (ledger_id, account_id, day)
)
insert into series.balance_day (ledger_id, account_id, day, currency, change, balance)
select d.ledger_id, d.account_id, d.date, a.currency, d.posted,
    before.balance + sum(d.posted) over (partition by d.ledger_id, d.account_id order by d.date)
from touched t
join accounts a using (ledger_id, account_id)
cross join lateral (
    select coalesce(sum(o.posted), 0) as balance from account_days o
    where o.ledger_id = t.ledger_id and o.account_id = t.account_id and o.date < t.day
) before
join account_days d on d.ledger_id = t.ledger_id and d.account_id = t.account_id
    and d.date >= t.day
on conflict (ledger_id, account_id, day) do update
set currency = excluded.currency, change = excluded.change, balance = excluded.balance
where (balance_day.change, balance_day.balance) is distinct from
    (excluded.change, excluded.balance)
"""
_SPENDING = """
insert into series.spending_day (ledger_id, category_id, day, currency, amount, transactions)
select c.ledger_id, c.category_id, c.date, c.currency, sum(c.amount), sum(c.transactions)
from unnest(%s, %s, %s::date[], %s) as t (ledger_id, category_id, day, currency)
join category_days c on c.ledger_id = t.ledger_id and c.category_id = t.category_id
    and c.date = t.day and c.currency = t.currency
group by c.ledger_id, c.category_id, c.date, c.currency
on conflict (ledger_id, category_id, day, currency) do update
set amount = excluded.amount, transactions = excluded.transactions
where (spending_day.amount, spending_day.transactions) is distinct from
    (excluded.amount, excluded.transactions)
"""
