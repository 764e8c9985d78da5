"""What was spent, by category, merchant, account or tag, beside two earlier spans of equal length.

Summed up when it is asked for, over the transactions of the three spans alone: a month of a
household is some hundred rows (docs/reference/insights.md has what that takes).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.core.money import EXACT, ZERO, exact_figure
from mintflow.domain.insights import Span, change, ratio
from mintflow.projections.core.reading import Row, Rows, positioned, read
from mintflow.projections.insights.parts import PARTS, THREE_SPANS, TRANSACTIONS

Dimension = Literal["category", "merchant", "account", "tag"]
_SPANS = ("now", "previous", "year_ago")


async def spending(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    span: Span,
    *,
    by: Dimension = "category",
    as_of: dt.date | None = None,
) -> tuple[Rows, int]:
    """What was spent per key and currency, the most first, and the position.

    [{<by>, currency, spent, transactions, previous, year_ago}]; previous, year_ago: {start, end,
    spent, transactions, difference, ratio}. spent: money out is positive, a refund lowers it and
    may bring it below zero. difference: now less then; ratio: that as a share of then, None where
    that was not above zero. Every key that has spending in one of the three spans is there.

    by category: each with all below it, `own` is without; a category that only holds others is
    there too. by merchant and tag: None for what has none; a transaction with two tags counts in
    both. by account: also `name`. transactions: a split counts once in each of its categories,
    and once in each category that has some of them below it.
    """
    rows, position = await read(conn, _BY[by], ledger_id, _args(span, as_of))
    if by == "category":
        sums = _subtrees(rows)
    else:
        sums = {}
        for row in rows:
            held = sums.setdefault((row["key"], row["currency"]), _Sums(row["label"]))
            held.add(row)
    found = [_shown(by, key, code, held, span) for (key, code), held in sums.items()]
    found.sort(key=lambda row: (-row["spent"], str(row[_NAMED[by]] or ""), row["currency"]))
    return found, position


async def summary(
    conn: AsyncConnection[Any], ledger_id: UUID, span: Span, *, as_of: dt.date | None = None
) -> tuple[Rows, int]:
    """Income, spending and what was saved per currency, beside the two earlier spans.

    [{currency, income, spent, saved, saving_rate, transactions, previous, year_ago}]; the latter
    two with their start and end. saved = income - spent; saving_rate: that as a share of income,
    None without income.
    """
    rows, position = await read(conn, _SUMMARY, ledger_id, _args(span, as_of))
    held: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        held[row["currency"]][row["span"]] = row
    spans = dict(zip(_SPANS, (span, span.previous(), span.year_ago()), strict=True))
    found = []
    for currency, own in sorted(held.items()):
        figures = {
            name: saved(currency, own.get(name), span=spans[name] if name != "now" else None)
            for name in _SPANS
        }
        now = figures.pop("now")
        found.append({"currency": currency, **now, **figures})
    return found, position


def saved(currency: str, row: Row | None, *, span: Span | None = None) -> Row:
    """What the sums of one span say: {income, spent, saved, saving_rate, transactions}."""
    income = exact_figure(row["earned"] if row else ZERO, currency)
    spent = exact_figure(row["spent"] if row else ZERO, currency)
    left = EXACT.subtract(income, spent)
    return {
        **({"start": span.first, "end": span.last} if span else {}),
        "income": income,
        "spent": spent,
        "saved": left,
        "saving_rate": ratio(left, income),
        "transactions": row["transactions"] if row else 0,
    }


class _Sums:
    """Per span what was spent, in how many transactions, and of that what is not of those below."""

    def __init__(self, label: str | None = None) -> None:
        self.label = label
        self.spent: dict[str, Decimal] = dict.fromkeys(_SPANS, ZERO)
        self.own = ZERO
        self._counts: dict[str, int] = dict.fromkeys(_SPANS, 0)
        self._splits: dict[str, set[UUID]] = {span: set() for span in _SPANS}

    def add(self, row: Row) -> None:
        span = row["span"]
        self.spent[span] = EXACT.add(self.spent[span], row["spent"])
        self._counts[span] += row["transactions"]
        # Several categories below one may have parts of the same transaction.
        self._splits[span].update(row["splits"] or ())

    def count(self, span: str) -> int:
        return self._counts[span] + len(self._splits[span])


_Key = tuple[str | None, str]
_NAMED = {"category": "category", "merchant": "merchant", "account": "account_id", "tag": "tag"}


def _subtrees(rows: Iterable[Row]) -> dict[_Key, _Sums]:
    sums: dict[_Key, _Sums] = {}
    for row in rows:
        parts = row["key"].split(".")
        for depth in range(1, len(parts) + 1):
            held = sums.setdefault((".".join(parts[:depth]), row["currency"]), _Sums())
            held.add(row)
            if depth == len(parts) and row["span"] == "now":
                held.own = EXACT.add(held.own, row["spent"])
    return sums


def _shown(by: Dimension, key: str | None, currency: str, held: _Sums, span: Span) -> Row:
    spent = exact_figure(held.spent["now"], currency)
    row: Row = {_NAMED[by]: held.label if by == "merchant" else key}
    if by == "account":
        row["name"] = held.label
    row |= {"currency": currency, "spent": spent, "transactions": held.count("now")}
    if by == "category":
        row["own"] = exact_figure(held.own, currency)
    for name, then in (("previous", span.previous()), ("year_ago", span.year_ago())):
        before = exact_figure(held.spent[name], currency)
        difference, share = change(spent, before)
        row[name] = {
            "start": then.first,
            "end": then.last,
            "spent": before,
            "transactions": held.count(name),
            "difference": difference,
            "ratio": share,
        }
    return row


def _args(span: Span, as_of: dt.date | None) -> dict[str, Any]:
    previous, year_ago = span.previous(), span.year_ago()
    return {
        "first": span.first,
        "last": span.last,
        "previous_first": previous.first,
        "previous_last": previous.last,
        "year_ago_first": year_ago.first,
        "year_ago_last": year_ago.last,
        "as_of": as_of,
    }


_PARTS = PARTS.format(spans=THREE_SPANS)


def _query(key: str, label: str, joined: str = "") -> str:
    return positioned(
        f"""
        select p.span, {key} as key, {label} as label, p.currency, sum(p.spent) as spent,
            count(*) filter (where p.single) as transactions,
            array_agg(distinct p.transaction_id) filter (where not p.single) as splits
        from ({_PARTS}) p {joined}
        where p.spent is not null
        group by p.span, {key}, p.currency
        """,  # noqa: S608 - constants only
        "transactions",
        "categories",
        "accounts",
    )


# The name that is written most often stands for a merchant, in whatever case it was written.
_MERCHANT = "coalesce(nullif(p.merchant, ''), nullif(p.counterparty, ''))"
_BY: dict[str, str] = {
    "category": _query("p.category", "null"),
    "merchant": _query(f"lower({_MERCHANT})", f"mode() within group (order by {_MERCHANT})"),
    "account": _query(
        "p.account_id",
        "max(a.name)",
        "left join accounts a on a.ledger_id = %(ledger_id)s and a.account_id = p.account_id",
    ),
    "tag": _query(
        "g.tag",
        "null",
        # Rows of before tags were recorded once may hold one twice; it is spent once.
        "left join lateral (select distinct unnest(p.tags) as tag) g on true",
    ),
}
_SUMMARY = positioned(
    f"""
    select p.span, p.currency, coalesce(sum(p.earned), 0) as earned,
        coalesce(sum(p.spent), 0) as spent, {TRANSACTIONS}::bigint as transactions
    from ({_PARTS}) p group by p.span, p.currency
    """,  # noqa: S608 - constants only
    "transactions",
    "categories",
)
