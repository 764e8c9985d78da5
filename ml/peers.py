"""What the other rows of a payee say of one that says nothing: rows that come together are asked.

A bank writes "eating out" beside some visits to a restaurant and nothing beside others; a refund
names the shop alone; an employer's name says nothing, but it pays every second week. Only rows that
nobody was sure of are answered so, and only where the others agree. Pure; knows no ledger.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from mintflow.ml.categorize import Row, Suggestion, band_of
from mintflow.ml.model.features import UNITS
from mintflow.ml.payees import payee_key
from mintflow.ml.recurring import Payment, recurring_streams

# So many rows of a payee have to agree, and so large a share of those that say anything.
_AGREEING_MIN, _AGREEING_SHARE = 2, 0.8
# Below this an answer was a guess, which the others may know better.
_SURE = 0.75
_AGREED, _WAGES = 0.85, 0.75
SALARY = "income.salary"
_WAGE_FREQUENCIES = frozenset(("weekly", "two_weekly", "four_weekly", "semi_monthly", "monthly"))
_WAGE_HITS_MIN = 4
# Less than this is rather somebody's share of a rent; times what one unit of money buys.
_WAGE_MIN = Decimal(700)
_WAGE_ACCOUNTS = frozenset(("checking", "savings", ""))


def with_peers(rows: Sequence[Row], found: Sequence[Suggestion]) -> list[Suggestion]:
    """The suggestions, and one from its payee's other rows for each that has none or a weak one.

    rows, found: in the same order.
    """
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index, (row, told) in enumerate(zip(rows, found, strict=True)):
        if row.amount and (key := _key(row, told)):
            groups[key].append(index)
    answers = list(found)
    for members in groups.values():
        if len(members) <= _AGREEING_MIN or all(_is_sure(found[one]) for one in members):
            continue
        agreed = _agreed([(rows[one], found[one]) for one in members])
        if agreed is None:
            wages = _regular_income([(one, rows[one]) for one in members if not _told(found[one])])
            for one in wages:
                answers[one] = _answer(
                    found[one], SALARY, _WAGES, "comes in regularly from one payee"
                )
            continue
        for one in members:
            if not _is_sure(found[one]) and not _means_more(rows[one], found[one], agreed):
                answers[one] = _answer(
                    found[one], agreed, _AGREED, "most rows of this payee are that"
                )
    return answers


def _key(row: Row, told: Suggestion) -> str:
    return payee_key(told.merchant or row.counterparty, row.description)


def _told(one: Suggestion) -> bool:
    return one.category is not None


def _is_sure(one: Suggestion) -> bool:
    return one.category is not None and one.source != "model" and one.confidence >= _SURE


def _agreed(members: Sequence[tuple[Row, Suggestion]]) -> str | None:
    """What those say that are sure, of money that went out; what came in may be a refund of it.
    Where none is sure, what was guessed of any of them, for a guess depends on the amount."""
    spent = [told for row, told in members if row.amount is not None and row.amount < 0]
    said = Counter(told.category for told in spent if _is_sure(told))
    if not said:
        guessed = Counter(told.category for told in spent if _told(told))
        return next(iter(guessed)) if len(guessed) == 1 and guessed.total() > 1 else None
    category, count = said.most_common(1)[0]
    enough = count >= _AGREEING_MIN and count >= _AGREEING_SHARE * said.total()
    return category if enough and category is not None else None


def _means_more(row: Row, told: Suggestion, agreed: str) -> bool:
    """Whether money in is something else than a refund: wages of a shop that one also buys at."""
    if row.amount is None or row.amount < 0:
        return False
    return agreed.startswith(("income.", "transfer", "financial.")) or told.category == SALARY


def _regular_income(members: Sequence[tuple[int, Row]]) -> list[int]:
    """The rows of a payee's money in that come as wages do."""
    payments = [
        Payment(row.date.toordinal(), row.amount, row.currency or "", "", True, False, index)
        for index, row in members
        if row.amount is not None
        and row.amount >= _WAGE_MIN * UNITS.get((row.currency or "").upper(), 1)
        and row.date is not None
        and (row.account_kind or "") in _WAGE_ACCOUNTS
    ]
    if len(payments) < _WAGE_HITS_MIN:
        return []
    streams = recurring_streams(
        payments,
        horizon=dt.date.fromordinal(max(one.day for one in payments)),
        free_of=lambda _: _is_weekend,
    )
    return [
        payment.ref
        for stream in streams
        if stream.frequency in _WAGE_FREQUENCIES
        and len(stream.payments) >= _WAGE_HITS_MIN
        and not stream.missed
        for payment in stream.payments
    ]


def _is_weekend(day: int) -> bool:
    return dt.date.fromordinal(day).weekday() >= 5


def _answer(told: Suggestion, category: str, confidence: float, reason: str) -> Suggestion:
    return replace(
        told,
        category=category,
        confidence=confidence,
        band=band_of(confidence),
        source="merchant",
        reason=reason,
    )
