"""What was spent in the categories of budgets, as the tree is now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.budgets import Spending, period_at, runs_between
from mintflow.domain.core.money import EXACT, ZERO
from mintflow.domain.fx import KnownRates
from mintflow.projections.budgets.held import Held
from mintflow.projections.core.reading import Row, positioned, read
from mintflow.projections.fx import known_rates
from mintflow.store.arrays import Int4Array


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which days count for one budget, and which of them together.

    borders: ordinals of days, ascending, on which a period begins; the first is the first day that
    may matter, the last begins what is asked for day by day. last: of the period that is asked for.
    closed_on: what was recorded after this day came late.
    """

    held: Held
    borders: Sequence[int]
    last: dt.date
    closed_on: dt.date


@dataclass(slots=True)
class Found:
    """What was spent on each day, by its ordinal, positive; between two borders all of it stands on
    the first. own: in the budget's currency, which has other currencies in it where a rate of the
    day is known. other: those without, (ordinal, currency, spent). late: what came after the period
    was closed, in the budget's currency alone."""

    own: dict[int, Decimal] = field(default_factory=dict)
    other: list[tuple[int, str, Decimal]] = field(default_factory=list)
    late: Decimal = ZERO

    @property
    def spending(self) -> Spending:
        return Spending(self.own)

    def add(self, day: int, spent: Decimal) -> None:
        """Count something more on a day."""
        held = self.own.get(day)
        self.own[day] = spent if held is None else EXACT.add(held, spent)


def borders_since(held: Held, since: dt.date, first: dt.date) -> Sequence[int]:
    """Where the periods of a budget begin, from that of a day to the one that begins on `first`."""
    running = period_at(held.terms, since)
    begin = since if running is None else running.first
    runs = [run.borders for run in runs_between(held.terms, begin, first)]
    # Where no budget holds for a while, what is spent in between is in no period that is asked for.
    if len(runs) == 1 and (runs[0][0], runs[0][-1]) == (begin.toordinal(), first.toordinal()):
        return runs[0]
    found = {border for run in runs for border in run}
    return tuple(sorted(found | {begin.toordinal(), first.toordinal()}))


async def spending_of(
    conn: AsyncConnection[Any], ledger_id: UUID, wanted: Sequence[Wanted], until: dt.date
) -> tuple[list[Found], int]:
    """What was spent, for each of the wanted, until a day (counted); and the position.

    A category that a budget reaches twice (itself and one above it) counts once. What somebody
    said that budgets do not count is taken out again.
    """
    rows, position = await read(conn, _SPENT, ledger_id, _told(wanted, until))
    found = [Found() for _ in wanted]
    foreign: list[tuple[int, str, Iterable[tuple[int, Decimal]]]] = []
    for row in sorted(rows, key=_part):
        n, days = row["n"], row["days"]
        spent = map(Decimal, row["spent"][1:-1].split(","))
        if row["part"] == "late":
            found[n].late = next(spent)
        elif row["part"] == "before":
            found[n].own.update(zip(map(wanted[n].borders.__getitem__, days), spent, strict=True))
        elif row["currency"] != wanted[n].held.currency:
            foreign.append((n, row["currency"], zip(days, spent, strict=True)))
        else:
            for day, amount in zip(days, spent, strict=True):
                found[n].add(day, amount)
    if foreign:
        rates = await known_rates(conn, ledger_id)
        for n, code, spent_on in foreign:
            _convert(found[n], code, wanted[n].held.currency, spent_on, rates)
    return found, position


def _told(wanted: Sequence[Wanted], until: dt.date) -> dict[str, Any]:
    """The wanted as the statement is told of them."""
    spans: dict[Sequence[int], _Span] = {}
    borders: list[int] = []
    for one in wanted:
        # Most budgets of a household have the same borders, which are sent once.
        if one.borders not in spans:
            spans[one.borders] = _Span.of(one.borders, len(borders) + 1)
            borders += one.borders[: spans[one.borders].count]
    asked = [(n, want, spans[want.borders]) for n, want in enumerate(wanted)]
    scope = [(n, one) for n, want, _ in asked for one in want.held.category_ids]
    return {
        "n": [n for n, _, _ in asked],
        "currency": [want.held.currency for _, want, _ in asked],
        "currencies": sorted({want.held.currency for want in wanted}),
        "since": [span.since for _, _, span in asked],
        "first": [span.first for _, _, span in asked],
        "last": [min(want.last, until) for _, want, _ in asked],
        "closed": [want.closed_on for _, want, _ in asked],
        # Months can not be cut at a day: where the last one lies before the period, days are read.
        "months": [span.of_months and until >= span.first for _, _, span in asked],
        "from": min((span.since for _, _, span in asked), default=until),
        "step": [span.step for _, _, span in asked],
        "place": [span.place for _, _, span in asked],
        "count": [span.count for _, _, span in asked],
        "borders": Int4Array.of(borders),
        "scope_n": [n for n, _ in scope],
        "scope_id": [one for _, one in scope],
    }


def _part(row: Row) -> str:
    """By name they are in order: what was before comes in one go."""
    part: str = row["part"]
    return part


def _convert(
    one: Found, code: str, to: str, days: Iterable[tuple[int, Decimal]], rates: KnownRates
) -> None:
    """What a rate of the day is known for is in the budget's currency, the rest as it was."""
    for day, spent in days:
        worth = rates.convert(spent, code, to, dt.date.fromordinal(day))
        if worth is None:
            one.other.append((day, code, spent))
        else:
            one.add(day, worth)


@dataclass(frozen=True, slots=True)
class _Span:
    """Borders as a statement is told of them. step: how far apart they are, where they are all
    alike; 0 where they are sent: place of the first one among all that are, and their count.
    of_months: whether sums of calendar months are enough, as all begin on the first of one."""

    since: dt.date
    first: dt.date
    step: int
    place: int
    count: int
    of_months: bool

    @classmethod
    def of(cls, borders: Sequence[int], place: int) -> Self:
        step = borders.step if isinstance(borders, range) else 0
        return cls(
            dt.date.fromordinal(borders[0]),
            dt.date.fromordinal(borders[-1]),
            step,
            place,
            0 if step else len(borders),
            all(dt.date.fromordinal(border).day == 1 for border in borders),
        )


# What was spent before the period that is asked for is summed up here by period, as their borders
# say: out of sums of months where all borders are firsts of one, out of days otherwise. Both are
# read in one pass over the ledger's part of a table, for by index twenty years take four times as
# long, row by row; hence `offset 0`, which keeps a pass or a look-up what it is. Other currencies
# are told by days in any case, for a rate is that of a day; the months say where there are any.
# Days are counted as Python counts them, and sums are text, which it reads fastest.
_SPENT = positioned(
    """
    with wanted as materialized (
        select w.n, w.currency, w.since, w.first, w.last, w.closed, w.months, w.step,
            (%(borders)s::int[])[w.place : w.place + w.count - 1] as borders
        from unnest(
            %(n)s::int[], %(currency)s::text[], %(since)s::date[], %(first)s::date[],
            %(last)s::date[], %(closed)s::date[], %(months)s::boolean[], %(step)s::int[],
            %(place)s::int[], %(count)s::int[]
        ) as w (n, currency, since, first, last, closed, months, step, place, count)
    ), scope as materialized (
        select distinct k.n, s.category_id
        from unnest(%(scope_n)s::int[], %(scope_id)s::text[]) as k (n, category_id)
        join categories c on c.ledger_id = %(ledger_id)s and c.category_id = k.category_id
        join categories s on s.ledger_id = %(ledger_id)s
            and (s.path = c.path or starts_with(s.path, c.path || '.'))
    ), reach as materialized (
        select w.*, s.category_id from wanted w join scope s on s.n = w.n
    ), before as (
        select w.n::bigint << 32 | case
                when w.step > 0 then (d.date - w.since) / w.step
                else width_bucket(d.date - date '0001-01-01' + 1, w.borders) - 1
            end as place, -d.amount as spent
        from (
            select d.category_id, d.date, d.currency, d.amount, false as months
            from category_days d
            where d.ledger_id = %(ledger_id)s and d.date >= %(from)s and d.category_id = any(array(
                select w.category_id from reach w where w.since < w.first and not w.months
            ))
            union all
            select m.category_id, m.month, m.currency, m.amount, true
            from category_months m where m.ledger_id = %(ledger_id)s and m.month >= %(from)s
            offset 0
        ) d
        join reach w on w.category_id = d.category_id and w.months = d.months
            and w.currency = d.currency
        where d.date >= w.since and d.date < w.first and d.date <= w.last
        offset 0
    ), elsewhere as (
        select distinct m.category_id, m.month, m.currency
        from category_months m
        where m.ledger_id = %(ledger_id)s and m.month > %(from)s - 31
            and m.currency <> any(%(currencies)s::text[])
        offset 0
    )
    select (b.place >> 32)::int as n, null as currency, 'before' as part,
        array_agg((b.place & 4294967295)::int) as days, array_agg(b.spent)::text as spent
    from (select place, sum(spent) as spent from before group by place offset 0) b
    group by 1
    union all
    select q.n, q.currency, q.part, array_agg(q.day), array_agg(q.spent)::text
    from (
        select w.n, d.currency, 'days' as part, d.date - date '0001-01-01' + 1 as day,
            -sum(d.amount) as spent
        from reach w cross join lateral (
            select d.date, d.currency, d.amount from category_days d
            where d.ledger_id = %(ledger_id)s and d.category_id = w.category_id
                and d.date >= w.first and d.date <= w.last
            offset 0
        ) d
        group by w.n, d.currency, d.date
        union all
        select w.n, d.currency, 'days', d.date - date '0001-01-01' + 1, -sum(d.amount)
        from elsewhere m join reach w on w.category_id = m.category_id
            and w.currency <> m.currency and m.month < w.first
        cross join lateral (
            select d.date, d.currency, d.amount from category_days d
            where d.ledger_id = %(ledger_id)s and d.category_id = m.category_id
                and d.date >= m.month and d.date < m.month + interval '1 month'
                and d.date >= w.since and d.date < w.first and d.date <= w.last
                and d.currency = m.currency
            offset 0
        ) d
        group by w.n, d.currency, d.date
        union all
        select w.n, x.currency, 'left out', x.date - date '0001-01-01' + 1, sum(x.amount)
        from not_budgeted x join reach w on w.category_id = x.category_id
            and x.date >= w.since and x.date <= w.last
        where x.ledger_id = %(ledger_id)s
        group by w.n, x.currency, x.date
        union all
        select w.n, w.currency, 'late', 0, -sum(l.amount)
        from reach w
        join category_days l on l.ledger_id = %(ledger_id)s and l.category_id = w.category_id
            and l.date >= w.first and l.date <= w.last and l.recorded_on > w.closed
            and l.recorded_on > l.date and l.currency = w.currency
        group by w.n, w.currency
    ) q group by q.n, q.currency, q.part
    """,
    "budgets",
    "categories",
    "transactions",
    "fx",
)
