"""How goals stand on a day: shares of the accounts, rates, targets. Which day is always said.

Everything is read as it was at the end of that day, so a goal looked at on another one is reckoned
from what was booked until then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.core.money import EXACT, ZERO, exact_figure, exact_sum, negated
from mintflow.domain.core.time import Month
from mintflow.domain.goals import GoalNotFound
from mintflow.domain.goals.allotment import Allotment, Claim, allot
from mintflow.domain.goals.progress import (
    RATE_DAYS,
    RATE_DAYS_MIN,
    SPENDING_MONTHS,
    Growth,
    Progress,
    progress,
    usual_spending,
)
from mintflow.projections.core.reading import Row, Rows, positioned, read
from mintflow.projections.insights.parts import ONE_SPAN, PARTS

Balances = Mapping[UUID, Decimal]

_DAY = dt.timedelta(days=1)


async def list_goals(
    conn: AsyncConnection[Any], ledger_id: UUID, today: dt.date, *, archived: bool = False
) -> tuple[Rows, int]:
    """How goals stand on a day, in order of priority, and the position.

    [{goal_id, name, note, kind, currency, target, months, monthly_spending, due, priority, funding,
    accounts, saving, started_on, archived, reached_at, saved, earmarked, remaining, ratio, rate,
    needed_per_month, projected_on, status, pledges}]. accounts: [{account_id, amount}] that the
    goal has of each, or of a debt what is owed. earmarked: what was set aside, which can be more
    than the accounts hold. archived: also those, behind the others, with nothing.
    """
    found, position = await _Known.read(conn, ledger_id, today)
    rows = [found.shown(row) for row in found.goals if not row["archived"]]
    if archived:
        rows += [found.shown(row) for row in found.goals if row["archived"]]
    return rows, position


async def get_goal(
    conn: AsyncConnection[Any], ledger_id: UUID, goal_id: UUID, today: dt.date
) -> tuple[Row, int]:
    """One goal as in list_goals, archived or not. Raises GoalNotFound."""
    rows, position = await list_goals(conn, ledger_id, today, archived=True)
    for row in rows:
        if row["goal_id"] == goal_id:
            return row, position
    raise GoalNotFound("there is no such goal", goal_id=str(goal_id))


async def free_of_goals(
    conn: AsyncConnection[Any], ledger_id: UUID, today: dt.date
) -> dict[UUID, Decimal]:
    """What every account holds that no goal has; also of what will be earmarked on days to come."""
    found, _ = await _Known.read(conn, ledger_id, today)
    free = {one: max(amount, ZERO) for one, amount in found.balances[today].items()}
    for goal in found.goals:
        if goal["archived"]:
            continue
        for account_id, amount in found.ever.get(goal["goal_id"], {}).items():
            free[account_id] = EXACT.subtract(free.get(account_id, ZERO), amount)
    shared = allot(found.claims(today), found.balances[today])
    return {one: min(max(left, ZERO), shared.free.get(one, ZERO)) for one, left in free.items()}


class _Known:
    """What was read of a ledger's goals, to be reckoned with on several days."""

    def __init__(self, today: dt.date) -> None:
        self.today = today
        self.goals: Rows = []
        self.opened: dict[UUID, dt.date | None] = {}
        self.balances: dict[dt.date, dict[UUID, Decimal]] = {today: {}}
        self.marks: dict[UUID, list[tuple[UUID, dt.date, Decimal]]] = {}
        self.ever: dict[UUID, dict[UUID, Decimal]] = {}
        self.pledges: dict[UUID, Rows] = {}
        self.spending: dict[str, Decimal | None] = {}
        self._shares: dict[dt.date, Allotment] = {}

    @classmethod
    async def read(
        cls, conn: AsyncConnection[Any], ledger_id: UUID, today: dt.date
    ) -> tuple[_Known, int]:
        found = cls(today)
        rows, position = await read(conn, _GOALS, ledger_id, {"today": today})
        for row in rows:
            marks, opened = row.pop("marks"), row.pop("opened")
            row["accounts"] = [UUID(one) for one in row.pop("account_ids")]
            found.goals.append(row)
            found.pledges[row["goal_id"]] = row.pop("pledges")
            found.opened |= {UUID(one): _date(day) for one, day in (opened or {}).items()}
            held = [
                (
                    UUID(one["account_id"]),
                    dt.date.fromisoformat(one["date"]),
                    Decimal(one["amount"]),
                )
                for one in marks
            ]
            found.marks[row["goal_id"]] = held
            found.ever[row["goal_id"]] = _summed(held, dt.date.max)
        if rows:
            await found._read_books(conn, ledger_id)
        return found, position

    async def _read_books(self, conn: AsyncConnection[Any], ledger_id: UUID) -> None:
        days = {self.today, *(day for goal in self.goals if (day := self.since(goal)))}
        for goal in self.goals:
            if goal["kind"] == "debt":
                days |= {goal["started_on"], goal["started_on"] - _DAY}
        rows, _ = await read(conn, _BALANCES, ledger_id, {"days": sorted(days)})
        for row in rows:
            self.balances.setdefault(row["day"], {})[row["account_id"]] = row["balance"]
        if any(goal["kind"] == "emergency" for goal in self.goals):
            await self._read_spending(conn, ledger_id)

    async def _read_spending(self, conn: AsyncConnection[Any], ledger_id: UUID) -> None:
        """Of the whole months before this one, from the first in which anything was spent."""
        this = Month.of(self.today)
        first = _months_before(this, SPENDING_MONTHS)
        args = {"first": first.first, "last": this.first - _DAY, "as_of": None}
        rows, _ = await read(conn, _SPENDING, ledger_id, args)
        for currency in {goal["currency"] for goal in self.goals}:
            own = {row["month"]: row["spent"] for row in rows if row["currency"] == currency}
            begun = min(own, default=this.first)
            months = [one for one in first.until(this) if one.first >= begun]
            spent = [own.get(one.first, ZERO) for one in months]
            self.spending[currency] = usual_spending(spent, currency)

    def since(self, goal: Row) -> dt.date | None:
        """From which day the present rate is reckoned; None where too little is known.

        An account that came into the books meanwhile did not grow by what it held then.
        """
        days = [self.today - dt.timedelta(days=RATE_DAYS)]
        if goal["accounts"]:
            days += [day for one in goal["accounts"] if (day := self.opened.get(one))]
        else:
            days.append(goal["started_on"])
        since: dt.date = max(days)
        return since if (self.today - since).days >= RATE_DAYS_MIN else None

    def claims(self, day: dt.date) -> list[Claim]:
        """What the goals that are not archived ask for of the accounts; debts ask for nothing."""
        return [
            Claim(
                goal["goal_id"],
                (goal["priority"], goal["created_seq"]),
                _summed(self.marks[goal["goal_id"]], day),
                goal["accounts"],
                self.target(goal),
            )
            for goal in self.goals
            if not goal["archived"] and goal["kind"] != "debt"
        ]

    def target(self, goal: Row) -> Decimal | None:
        """What it takes; of an emergency fund so many months of what is usually spent."""
        target: Decimal | None = goal["target"]
        if goal["kind"] == "emergency":
            usual = self.spending.get(goal["currency"])
            return None if usual is None else EXACT.multiply(usual, Decimal(goal["months"]))
        if goal["kind"] == "debt" and target is None:
            return self.owed_at_first(goal)
        return target

    def owed_at_first(self, goal: Row) -> Decimal:
        """At the end of the day on which it was set or of the one before, whichever is more: what
        is paid on that very day counts, and so does an account that came that day."""
        start: dt.date = goal["started_on"]
        return max(self.owed(goal, start - _DAY), self.owed(goal, start))

    def owed(self, goal: Row, day: dt.date) -> Decimal:
        """What the accounts of a debt owe together, zero or more."""
        held = self.balances.get(day, {})
        return negated(exact_sum(min(held.get(one, ZERO), ZERO) for one in goal["accounts"]))

    def saved(self, goal: Row, day: dt.date) -> dict[UUID, Decimal]:
        """account -> what the goal has of it at the end of a day."""
        if day not in self._shares:
            self._shares[day] = allot(self.claims(day), self.balances.get(day, {}))
        return dict(self._shares[day].goals.get(goal["goal_id"], {}))

    def shown(self, goal: Row) -> Row:
        currency, target = goal["currency"], self.target(goal)
        since = self.since(goal)
        if goal["kind"] == "debt":
            of_accounts = {
                one: negated(min(self.balances[self.today].get(one, ZERO), ZERO))
                for one in goal["accounts"]
            }
            start, now = self.owed_at_first(goal), exact_sum(of_accounts.values())
            assert target is not None
            # What is owed at the end is what was owed at first without the target.
            remaining = max(EXACT.add(EXACT.subtract(now, start), target), ZERO)
            saved = max(EXACT.subtract(target, remaining), ZERO)
            then = None if since is None else self.owed(goal, since)
            growth = None if then is None else EXACT.subtract(then, now)
        else:
            of_accounts = self.saved(goal, self.today)
            saved = exact_sum(of_accounts.values())
            left = None if target is None else max(EXACT.subtract(target, saved), ZERO)
            remaining = left  # type: ignore[assignment]
            before = None if since is None else exact_sum(self.saved(goal, since).values())
            growth = None if before is None else EXACT.subtract(saved, before)
        if goal["archived"]:
            growth = None
        grown = (
            None if growth is None or since is None else Growth(growth, (self.today - since).days)
        )
        stands = progress(target, saved, remaining, grown, goal["due"], self.today, currency)
        return self._row(goal, stands, of_accounts)

    def _row(self, goal: Row, stands: Progress, of_accounts: Balances) -> Row:
        currency = goal["currency"]

        def money(amount: Decimal | None) -> Decimal | None:
            return None if amount is None else exact_figure(amount, currency)

        marks = exact_sum(_summed(self.marks[goal["goal_id"]], self.today).values())
        usual = self.spending.get(currency) if goal["kind"] == "emergency" else None
        saving = goal["saving"]
        return {
            "goal_id": goal["goal_id"],
            "name": goal["name"],
            "note": goal["note"],
            "kind": goal["kind"],
            "currency": currency,
            "target": money(stands.target),
            "months": goal["months"],
            "monthly_spending": money(usual),
            "due": goal["due"],
            "priority": goal["priority"],
            "funding": "balance" if goal["accounts"] else "earmarks",
            "accounts": [
                {"account_id": one, "amount": money(of_accounts.get(one, ZERO))}
                for one in (goal["accounts"] or sorted(of_accounts))
            ],
            "saving": None if saving is None else _rule(saving),
            "started_on": goal["started_on"],
            "archived": goal["archived"],
            "reached_at": goal["reached_at"],
            "saved": money(stands.saved),
            "earmarked": money(marks),
            "remaining": money(stands.remaining),
            "ratio": stands.ratio,
            "rate": money(stands.rate),
            "needed_per_month": money(stands.needed_per_month),
            "projected_on": stands.projected_on,
            "status": stands.status,
            "pledges": [_pledge(one, self.today) for one in self.pledges[goal["goal_id"]]],
        }


def _rule(saving: dict[str, Any]) -> Row:
    return {**saving, "as": "earmark" if saving["to_account_id"] is None else "transfer"}


def _pledge(row: Row, today: dt.date) -> Row:
    until = dt.date.fromisoformat(row["until"])
    state = "expired" if until < today else "open"
    if row["withdrawn"]:
        state = "withdrawn"
    elif row["transfer_id"] is not None:
        state = "met"
    return {**{name: row[name] for name in row if name != "withdrawn"}, "status": state}


def _summed(marks: Sequence[tuple[UUID, dt.date, Decimal]], day: dt.date) -> dict[UUID, Decimal]:
    sums: dict[UUID, Decimal] = {}
    for account_id, on, amount in marks:
        if on <= day:
            sums[account_id] = EXACT.add(sums.get(account_id, ZERO), amount)
    return sums


def _months_before(month: Month, count: int) -> Month:
    number = month.year * 12 + month.month - 1 - count
    return Month(number // 12, number % 12 + 1)


def _date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


# Amounts go through JSON as text, where they keep every digit.
_GOALS = positioned(
    """
    select g.goal_id, g.name, g.note, g.kind, g.currency, g.target, g.months, g.due, g.priority,
        g.account_ids, g.saving, g.started_on, g.archived, g.reached_at, g.created_seq,
        coalesce((
            select jsonb_agg(jsonb_build_object(
                'account_id', e.account_id, 'date', e.date, 'amount', e.amount::text
            ) order by e.account_id, e.date)
            from goal_earmark_days e
            where e.ledger_id = g.ledger_id and e.goal_id = g.goal_id
        ), '[]') as marks,
        coalesce((
            select jsonb_agg(jsonb_build_object(
                'pledge_id', p.pledge_id, 'from_account_id', p.from_account_id,
                'to_account_id', p.to_account_id, 'amount', p.amount::text, 'date', p.date,
                'until', p.until, 'transaction_id', p.transaction_id,
                'transfer_id', p.transfer_id, 'met_on', p.met_on, 'withdrawn', p.withdrawn
            ) order by p.date desc, p.pledge_id)
            from goal_pledges p
            where p.ledger_id = g.ledger_id and p.goal_id = g.goal_id and p.date <= %(today)s
        ), '[]') as pledges,
        (
            select jsonb_object_agg(a.account_id, a.opening_date)
            from accounts a
            where a.ledger_id = g.ledger_id and a.account_id = any(g.account_ids::uuid[])
        ) as opened
    from goals g
    where g.ledger_id = %(ledger_id)s and g.started_on <= %(today)s
    order by g.priority, g.created_seq
    """,
    "goals",
    "accounts",
    "categories",
)
_BALANCES = positioned(
    """
    select d.day, a.account_id, coalesce(sum(b.posted), 0) as balance
    from unnest(%(days)s::date[]) as d(day)
    cross join accounts a
    left join account_days b
        on b.ledger_id = a.ledger_id and b.account_id = a.account_id and b.date <= d.day
    where a.ledger_id = %(ledger_id)s
    group by d.day, a.account_id
    """,
    "accounts",
)
# By parts and not by the sums of months: what came in unsorted would be taken off what went out
# unsorted, and a month whose only purchase was voided keeps a sum of nothing.
_SPENDING = positioned(
    f"""
    select date_trunc('month', p.date::timestamp)::date as month, p.currency, sum(p.spent) as spent
    from ({PARTS.format(spans=ONE_SPAN)}) p
    where p.spent is not null
    group by 1, 2
    """,  # noqa: S608 - constants only
    "transactions",
    "categories",
)
