"""Which two transactions may be the two legs of one movement, and how surely.

They lie in two accounts, a few days apart; what leaves one enters the other: the same amount, or in
another currency what the rate of that day makes of it, within a tolerance. Without a known rate two
currencies are no pair. What is certain may be linked by itself; the rest is suggested.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from mintflow.domain.core.money import EXACT, negated

WINDOW_DAYS = 4
CERTAIN = Decimal("0.85")
FX_TOLERANCE = Decimal("0.03")  # Banks take one to three percent for changing money.

# Words with which banks say so, whole words in small letters; with the names of own accounts.
_WORDS = frozenset(
    """transfer xfer payment autopay repayment withdrawal atm cash savings überweisung umbuchung
    virement retrait traspaso transferencia overboeking överföring overføring siirto giro
    thank paying""".split()
)
_WORD = re.compile(r"[^\W_]+")  # Letters and digits of any script, as str.isalnum knows them.
_OWED = frozenset({"credit_card", "loan"})
_KEPT = frozenset({"savings", "cash", "investment", "wallet"})


class Rates(Protocol):
    """Where rates of exchange come from."""

    def rate(self, base: str, quote: str, day: dt.date) -> Decimal | None:
        """Units of quote for one of base on a day, or None: unknown, and never a guess."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One transaction as a possible leg. words: of its texts, in small letters. says_so: its
    category is that of transfers; says_else: it is another one. name: the account's, in small
    letters."""

    transaction_id: UUID
    account_id: UUID
    kind: str
    name: str
    date: dt.date
    amount: Decimal
    currency: str
    words: frozenset[str]
    says_so: bool = False
    says_else: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """out leaves its account, into enters another one. confidence: 0 to 1. reasons: in words."""

    out: Leg
    into: Leg
    confidence: Decimal
    reasons: tuple[str, ...]

    @property
    def certain(self) -> bool:
        return self.confidence >= CERTAIN


def pairs(legs: Iterable[Leg], rates: Rates | None = None) -> list[Pair]:
    """Every two that may be one movement, surest first. A leg with several partners is sure of
    none of them, so the order in which the legs came does not matter; but of equal movements
    between the same two accounts, as many out as in, each is that of its turn."""
    outs: list[Leg] = []
    by_amount: defaultdict[tuple[str, Decimal], list[Leg]] = defaultdict(list)
    others: defaultdict[str, list[Leg]] = defaultdict(list)
    for leg in legs:
        if leg.amount < 0:
            outs.append(leg)
        elif leg.amount > 0:
            by_amount[leg.currency, leg.amount].append(leg)
            others[leg.currency].append(leg)
    found: list[tuple[Leg, Leg]] = []
    for out in outs:
        candidates = list(by_amount.get((out.currency, negated(out.amount)), ()))
        if rates is not None:
            candidates += [
                into
                for currency, ins in others.items()
                if currency != out.currency
                for into in ins
                if _worth_the_same(out, into, rates)
            ]
        found += [(out, into) for into in candidates if _may_be_one(out, into)]
    sure = _alone(found)
    made = [
        _judged(out, into, alone=(out.transaction_id, into.transaction_id) in sure)
        for out, into in found
    ]
    return sorted(
        made,
        key=lambda pair: (
            -pair.confidence, -pair.out.date.toordinal(), pair.out.transaction_id,
            pair.into.transaction_id,
        ),
    )  # fmt: skip


def words_in(*texts: str) -> frozenset[str]:
    """The words of texts, in small letters."""
    return frozenset(_WORD.findall(" ".join(texts).casefold()))


def _alone(found: Sequence[tuple[Leg, Leg]]) -> set[tuple[UUID, UUID]]:
    """The pairs that leave no choice: no leg fits another one as well, or the others are as many
    equal movements between the same accounts, and then which is which is told by their turn."""
    partners: defaultdict[UUID, dict[UUID, Leg]] = defaultdict(dict)
    for out, into in found:
        partners[out.transaction_id][into.transaction_id] = into
        partners[into.transaction_id][out.transaction_id] = out
    sure: set[tuple[UUID, UUID]] = set()
    seen: set[UUID] = set()
    for first, _ in found:
        if first.transaction_id in seen:
            continue
        legs = {first.transaction_id: first}
        waiting = [first]
        while waiting:
            for other in partners[waiting.pop().transaction_id].values():
                if other.transaction_id not in legs:
                    legs[other.transaction_id] = other
                    waiting.append(other)
        seen |= legs.keys()
        turns = _by_turns(list(legs.values()))
        if all(into.transaction_id in partners[out.transaction_id] for out, into in turns):
            sure |= {(out.transaction_id, into.transaction_id) for out, into in turns}
    return sure


def _by_turns(legs: Sequence[Leg]) -> list[tuple[Leg, Leg]]:
    """Each that leaves one account with the one of its turn that enters the other; nothing where
    they are not as many, or of several accounts or currencies."""
    ordered = sorted(legs, key=lambda leg: (leg.date, leg.transaction_id))
    outs = [leg for leg in ordered if leg.amount < 0]
    ins = [leg for leg in ordered if leg.amount > 0]
    one_way = all(len({(leg.account_id, leg.amount) for leg in side}) == 1 for side in (outs, ins))
    return list(zip(outs, ins, strict=True)) if one_way and len(outs) == len(ins) else []


def _may_be_one(out: Leg, into: Leg) -> bool:
    if out.says_else and into.says_else and not (_WORDS & into.words or _is_named(out, into)):
        return False  # A purchase, and what another shop gave back.
    return out.account_id != into.account_id and abs((into.date - out.date).days) <= WINDOW_DAYS


def _worth_the_same(out: Leg, into: Leg, rates: Rates) -> bool:
    if not _may_be_one(out, into):
        return False
    rate = rates.rate(out.currency, into.currency, out.date)
    if rate is None:
        return False
    expected = EXACT.multiply(negated(out.amount), rate)
    difference = EXACT.subtract(into.amount, expected).copy_abs()
    return difference <= EXACT.multiply(expected, FX_TOLERANCE)


def _judged(out: Leg, into: Leg, *, alone: bool) -> Pair:
    confidence, reasons = Decimal("0.50"), ["opposite amounts"]
    days = abs((into.date - out.date).days)
    if days <= 1:
        confidence += Decimal("0.10")
        reasons.append("on the same day" if days == 0 else "a day apart")
    else:
        reasons.append(f"{days} days apart")
    if _is_said(out, into):
        confidence += Decimal("0.20")
        reasons.append("the words or the category of one say so")
    if out.says_so and into.says_so:
        confidence += Decimal("0.10")
    if into.kind in _OWED:
        confidence += Decimal("0.10")
        reasons.append("it pays what is owed")
    elif into.kind in _KEPT or out.kind in _KEPT:
        confidence += Decimal("0.10")
        reasons.append(f"one account is {'cash' if 'cash' in (out.kind, into.kind) else 'savings'}")
    if out.currency != into.currency:
        confidence = min(confidence, Decimal("0.80"))
        reasons[0] = "worth the same at the rate of the day"
    if _is_else(out, into):
        confidence = min(confidence, Decimal("0.80"))
        if not (out.says_so or into.says_so):
            confidence -= Decimal("0.20")
        reasons.append("one of them is of another category")
    if not alone:
        confidence = min(confidence, Decimal("0.60")) - Decimal("0.10")
        reasons.append("others fit as well")
    return Pair(out, into, confidence, tuple(reasons))


def _is_else(out: Leg, into: Leg) -> bool:
    """Whether one is rather what its category says: a purchase, a refund, interest. What pays a
    loan has a category of its own, and what comes in may be called by the bank's words as well."""
    if into.kind in _OWED and into.says_so:
        return False
    return out.says_else or (into.says_else and not _WORDS & into.words)


def _is_said(out: Leg, into: Leg) -> bool:
    if out.says_so or into.says_so or _WORDS & out.words or _WORDS & into.words:
        return True
    return _is_named(out, into)


def _is_named(out: Leg, into: Leg) -> bool:
    """Whether one's texts name the other's account."""
    names = ((words_in(out.name), into.words), (words_in(into.name), out.words))
    return any(name and name <= words for name, words in names)


def certain_pairs(legs: Sequence[Leg]) -> list[Pair]:
    """The pairs that may be linked by themselves."""
    return [pair for pair in pairs(legs) if pair.certain]
