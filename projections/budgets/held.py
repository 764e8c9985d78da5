"""Budgets with their terms, and what was spent in their categories, as the tree is now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.budgets import BudgetTerm, Cycle
from mintflow.domain.budgets.periods import A_MONDAY, DAYS_OF, MONTHS_OF
from mintflow.domain.fx import KnownRates
from mintflow.projections.core.reading import Row, positioned, read
from mintflow.projections.fx import known_rates


@dataclass(frozen=True, slots=True)
class Held:
    """A budget as the read models have it. categories: paths as they are now, in order."""

    budget_id: UUID
    category_ids: tuple[str, ...]
    categories: tuple[str, ...]
    currency: str
    set_on: dt.date
    terms: tuple[BudgetTerm, ...]

    @property
    def category(self) -> str:
        """What it is called: its category's path, or all of them."""
        return " + ".join(self.categories)

    @property
    def by_months(self) -> bool:
        """Whether sums of calendar months are enough for periods that are over: every border
        between two of them is the first of a month."""
        return all(
            term.cycle.period in MONTHS_OF and term.cycle.anchor.day == 1 for term in self.terms
        )

    @property
    def by_days(self) -> tuple[int, dt.date]:
        """How many days count together in periods that are over, and a day on which one begins;
        single days where the cycle ever changed or is none of days."""
        cycles = {term.cycle for term in self.terms}
        if len(cycles) == 1:
            (cycle,) = cycles
            if cycle.period in DAYS_OF:
                return DAYS_OF[cycle.period], cycle.anchor
        return 1, A_MONDAY


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which days count for one budget.

    since: the first that may matter. first, last: of the period that is asked for. closed_on:
    what was recorded after this day came late.
    """

    held: Held
    since: dt.date
    first: dt.date
    last: dt.date
    closed_on: dt.date


@dataclass(frozen=True, slots=True)
class Found:
    """days: (day, currency, spent), spent positive; of periods that are over, what counts together
    stands on the first day of its month or run of days. What was spent
    in another currency is in the budget's, at the rate of its day, where one is known. late: what
    of the period came after it was closed, in the budget's currency alone."""

    days: list[tuple[dt.date, str, Decimal]]
    late: Decimal


async def held_budgets(conn: AsyncConnection[Any], ledger_id: UUID) -> tuple[list[Held], int]:
    """All budgets in order of their categories, and the position."""
    rows, position = await read(conn, _HELD, ledger_id, {})
    return [_held(row) for row in rows], position


async def spending_of(
    conn: AsyncConnection[Any], ledger_id: UUID, wanted: Sequence[Wanted], until: dt.date
) -> tuple[list[Found], int]:
    """What was spent, for each of the wanted, until a day (counted); and the position.

    A category that a budget reaches twice (itself and one above it) counts once. What somebody
    said that budgets do not count is taken out again, on its own day.
    """
    scope = [(n, one) for n, want in enumerate(wanted) for one in want.held.category_ids]
    runs = [want.held.by_days for want in wanted]
    # Months can not be cut at a day, so where the last day lies before the period, days are read.
    args = {
        "n": list(range(len(wanted))),
        "currency": [want.held.currency for want in wanted],
        "since": [want.since for want in wanted],
        "first": [want.first for want in wanted],
        "last": [min(want.last, until) for want in wanted],
        "closed": [want.closed_on for want in wanted],
        "months": [want.held.by_months and until >= want.first for want in wanted],
        "run": [length for length, _ in runs],
        "anchor": [anchor for _, anchor in runs],
        "scope_n": [n for n, _ in scope],
        "scope_id": [one for _, one in scope],
    }
    rows, position = await read(conn, _SPENT, ledger_id, args)
    found = [Found([], Decimal(0)) for _ in wanted]
    late: dict[int, Decimal] = {}
    for row in rows:
        if row["late"]:
            late[row["n"]] = row["spent"]
        else:
            found[row["n"]].days.append((row["day"], row["currency"], row["spent"]))
    foreign = any(
        currency != want.held.currency
        for want, one in zip(wanted, found, strict=True)
        for _, currency, _ in one.days
    )
    rates = await known_rates(conn, ledger_id) if foreign else None
    return [
        Found(_converted(one.days, want.held.currency, rates), late.get(n, one.late))
        for n, (want, one) in enumerate(zip(wanted, found, strict=True))
    ], position


def _converted(
    days: list[tuple[dt.date, str, Decimal]], currency: str, rates: KnownRates | None
) -> list[tuple[dt.date, str, Decimal]]:
    """What a rate of the day is known for is in the budget's currency, the rest as it was."""
    if rates is None:
        return days
    found = []
    for day, code, spent in days:
        worth = None if code == currency else rates.convert(spent, code, currency, day)
        found.append((day, code, spent) if worth is None else (day, currency, worth))
    return found


def _held(row: Row) -> Held:
    return Held(
        row["budget_id"],
        tuple(row["category_ids"]),
        tuple(row["paths"]),
        row["currency"],
        row["set_on"],
        tuple(_term(term) for term in row["terms"] or ()),
    )


def _term(term: Row) -> BudgetTerm:
    until = term["until"]
    return BudgetTerm(
        start=term["start"],
        amount=None if term["amount"] is None else Decimal(term["amount"]),
        rollover=term["rollover"],
        alert_threshold=Decimal(term["alert_threshold"]),
        carry_from=term["carry_from"],
        cycle=Cycle(
            term["period"],
            dt.date.fromisoformat(term["anchor"]),
            None if until is None else dt.date.fromisoformat(until),
        ),
        cap=None if term["cap"] is None else Decimal(term["cap"]),
    )


_HELD = positioned(
    """
    select b.budget_id, b.category_ids, p.paths, b.currency, b.set_on, t.terms
    from budgets b
    cross join lateral (
        select array_agg(coalesce(c.path, k.id) order by coalesce(c.path, k.id) collate "C")
            as paths
        from unnest(b.category_ids) as k(id)
        left join categories c on c.ledger_id = b.ledger_id and c.category_id = k.id
    ) p
    cross join lateral (
        select jsonb_agg(jsonb_build_object(
            'start', t.start, 'amount', t.amount::text, 'rollover', t.rollover,
            'alert_threshold', t.alert_threshold::text, 'carry_from', t.carry_from,
            'period', t.period, 'anchor', t.anchor, 'until', t.until, 'cap', t.cap::text
        ) order by t.start collate "C") as terms
        from budget_terms t where t.ledger_id = b.ledger_id and t.budget_id = b.budget_id
    ) t
    where b.ledger_id = %(ledger_id)s
    order by array_to_string(p.paths, ' + ') collate "C", b.budget_id
    """,
    "budgets",
    "categories",
)
# Other currencies are read by days even where months would do, for a rate is that of a day; the
# months say where there are any.
_SPENT = positioned(
    """
    with wanted as (
        select * from unnest(
            %(n)s::int[], %(currency)s::text[], %(since)s::date[], %(first)s::date[],
            %(last)s::date[], %(closed)s::date[], %(months)s::boolean[], %(run)s::int[],
            %(anchor)s::date[]
        ) as w (n, currency, since, first, last, closed, months, run, anchor)
    ), scope as (
        select distinct k.n, s.category_id
        from unnest(%(scope_n)s::int[], %(scope_id)s::text[]) as k (n, category_id)
        join categories c on c.ledger_id = %(ledger_id)s and c.category_id = k.category_id
        join categories s on s.ledger_id = %(ledger_id)s
            and (s.path = c.path or starts_with(s.path, c.path || '.'))
    )
    select w.n, case
            when w.run = 1 or d.date >= w.first or d.currency <> w.currency then d.date
            else greatest(d.date - ((d.date - w.anchor) %% w.run + w.run) %% w.run, w.since)
        end as day, d.currency, -sum(d.amount) as spent, false as late
    from wanted w join scope s on s.n = w.n
    join category_days d on d.ledger_id = %(ledger_id)s and d.category_id = s.category_id
        and d.date >= case when w.months then w.first else w.since end and d.date <= w.last
    group by 1, 2, 3
    union all
    select w.n, d.date, d.currency, -sum(d.amount), false
    from wanted w join scope s on s.n = w.n
    join category_months m on m.ledger_id = %(ledger_id)s and m.category_id = s.category_id
        and m.month > w.since - 31 and m.month < w.first and m.currency <> w.currency
    join category_days d on d.ledger_id = m.ledger_id and d.category_id = m.category_id
        and d.date >= m.month and d.date < m.month + interval '1 month'
        and d.currency = m.currency and d.date >= w.since and d.date < w.first
    where w.months
    group by w.n, d.date, d.currency
    union all
    select w.n, m.month, m.currency, -sum(m.amount), false
    from wanted w join scope s on s.n = w.n
    join category_months m on m.ledger_id = %(ledger_id)s and m.category_id = s.category_id
        and m.month >= w.since and m.month < w.first and m.currency = w.currency
    where w.months
    group by w.n, m.month, m.currency
    union all
    select w.n, x.date, x.currency, sum(x.amount), false
    from wanted w join scope s on s.n = w.n
    join not_budgeted x on x.ledger_id = %(ledger_id)s and x.category_id = s.category_id
        and x.date >= w.since and x.date <= w.last
    group by w.n, x.date, x.currency
    union all
    select w.n, null, w.currency, -sum(l.amount), true
    from wanted w join scope s on s.n = w.n
    join category_late l on l.ledger_id = %(ledger_id)s and l.category_id = s.category_id
        and l.date >= w.first and l.date <= w.last and l.recorded_on > w.closed
        and l.currency = w.currency
    group by w.n, w.currency
    """,
    "budgets",
    "categories",
    "transactions",
    "fx",
)
