"""What stands out in a household's spending: months, single charges, new merchants, duplicates.

Pure functions over charges and a day that is taken for today; nothing is read, kept or learned, so
the same question about the same books always has the same answer. Robust figures throughout: the
median for what is usual and the median absolute deviation (MAD) for how far apart that lies, so one
odd month does not make the next one look usual. The rules stand in docs/reference/insights.md.
"""

from __future__ import annotations

import datetime as dt
import itertools
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal
from uuid import UUID

from mintflow.domain.core.money import EXACT, ZERO, digits_of, exact_sum
from mintflow.domain.core.time import Month

Kind = Literal["spike", "unusual_amount", "new_merchant", "duplicate_charge"]
Severity = Literal["low", "medium", "high"]

YEAR = dt.timedelta(days=365)
# MAD times this is the standard deviation where amounts are spread normally.
_SCALE = Decimal("1.4826")
# An excess of this share of a usual month's spending, or more, is high; medium.
_HIGH, _MEDIUM = Decimal("0.10"), Decimal("0.03")
MONTHS_MIN = 6  # Of history, before a month can be called unusual.
MONTHS_BACK = 12
SPIKE_SCORE, CHARGE_SCORE = Decimal("3.5"), Decimal(5)
CHARGES_MIN = 5  # Of a merchant, before one of its charges can be.
DUPLICATE_DAYS = 3
HISTORY_DAYS_MIN = 90  # Before a merchant can be new: in an empty ledger all are.
_LARGE = Decimal("0.95")  # Above this share of the year's charges a charge is large.
_LARGE_OF_MIN = 20  # Of fewer charges none is called large.
_FIGURES = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Charge:
    """What one transaction spent. amount: money out is positive; below zero for a refund.

    merchant: its key, in small letters; "" where nothing says who it is. name: as people read it.
    parts: category id -> (path, amount).
    """

    transaction_id: UUID
    date: dt.date
    account_id: UUID
    currency: str
    amount: Decimal
    merchant: str
    name: str
    parts: Mapping[str, tuple[str, Decimal]]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that stands out. about: what it is about, the same whenever it is found again.

    amount: what was spent. figures: those that the reason rests on. transactions: what explains it,
    the largest first.
    """

    kind: Kind
    about: tuple[str, ...]
    severity: Severity
    reason: str
    date: dt.date
    currency: str
    amount: Decimal
    figures: Mapping[str, Decimal | int]
    transactions: tuple[UUID, ...]
    category: str | None = None
    merchant: str | None = None


def first_day_looked_at(today: dt.date) -> dt.date:
    """This month and the one before are looked at; earlier days are only what they are held to."""
    return Month.of(Month.of(today).first - dt.timedelta(days=1)).first


def first_day_needed(today: dt.date) -> dt.date:
    """From here on charges are needed."""
    first = first_day_looked_at(today)
    return dt.date(first.year - 1, first.month, 1)


def anomalies(charges: Iterable[Charge], today: dt.date) -> list[Finding]:
    """All that stands out in this month and the one before, the gravest and newest first. charges:
    from `first_day_needed`, in any order; what is dated after `today` does not count."""
    by_currency: defaultdict[str, list[Charge]] = defaultdict(list)
    for one in charges:
        if one.date <= today:
            by_currency[one.currency].append(one)
    found: list[Finding] = []
    for own in by_currency.values():
        own.sort(key=lambda one: (one.date, str(one.transaction_id)))
        found += _of_currency(_Books(own, today))
    rank = {"high": 0, "medium": 1, "low": 2}
    found.sort(key=lambda one: (rank[one.severity], -one.date.toordinal(), one.about))
    return found


@dataclass(slots=True)
class _Books:
    """Charges of one currency in order of date, and what they usually come to."""

    charges: Sequence[Charge]
    today: dt.date
    months: dict[Month, Decimal] = field(default_factory=dict)
    by_merchant: dict[str, list[Charge]] = field(default_factory=dict)
    typical: Decimal = ZERO
    """The median charge."""
    usual_of: dict[tuple[str, Month], tuple[Decimal, Decimal, int]] = field(default_factory=dict)
    large_of: dict[dt.date, tuple[Decimal | None, int]] = field(default_factory=dict)
    # The amounts of the charges that `held` says, the smallest first.
    year: list[Decimal] = field(default_factory=list)
    held: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        self.typical = median([one.amount for one in self.charges if one.amount > 0])
        for one in self.charges:
            month = Month.of(one.date)
            self.months[month] = EXACT.add(self.months.get(month, ZERO), one.amount)
            if one.merchant:
                self.by_merchant.setdefault(one.merchant, []).append(one)

    @property
    def first(self) -> dt.date:
        return self.charges[0].date

    def looked_at(self) -> list[Charge]:
        begin = first_day_looked_at(self.today)
        return [one for one in self.charges if one.date >= begin and one.amount > 0]

    def usual(self, merchant: str, month: Month) -> tuple[Decimal, Decimal, int]:
        """Of a merchant's charges in the year before a month: median, spread, how many."""
        found = self.usual_of.get((merchant, month))
        if found is None:
            before = [
                one.amount
                for one in self.by_merchant.get(merchant, ())
                if month.first - YEAR <= one.date < month.first and one.amount > 0
            ]
            found = self.usual_of[merchant, month] = (
                median(before), deviation(before), len(before),
            )  # fmt: skip
        return found

    def large(self, day: dt.date) -> tuple[Decimal | None, int]:
        """Above what only one in twenty of the year before's charges is, None of few; how many."""
        found = self.large_of.get(day)
        if found is None:
            count = len(year := self._year_before(day))
            found = (year[int(count * _LARGE)] if count >= _LARGE_OF_MIN else None), count
            self.large_of[day] = found
        return found

    def _year_before(self, day: dt.date) -> list[Decimal]:
        """The year before a day: days are asked for in order, so it loses some and gets some."""
        begin, end = (
            bisect_left(self.charges, one, key=lambda charge: charge.date)
            for one in (day - YEAR, day)
        )
        (first, last), year = self.held, self.year
        if not first <= begin <= last <= end:
            year.clear()
            first = last = begin
        for gone in self.charges[first:begin]:
            if gone.amount > 0:
                del year[bisect_left(year, gone.amount)]
        year += [one.amount for one in self.charges[last:end] if one.amount > 0]
        year.sort()
        self.held = begin, end
        return year

    def usual_month(self) -> Decimal:
        """The median of the months that are over; of the running one where there is no other."""
        over = [spent for month, spent in self.months.items() if month < Month.of(self.today)]
        return max(median(over or list(self.months.values())), ZERO)

    def severity(self, excess: Decimal) -> Severity:
        month = self.usual_month()
        if excess >= _FIGURES.multiply(month, _HIGH):
            return "high"
        return "medium" if excess >= _FIGURES.multiply(month, _MEDIUM) else "low"


def _of_currency(books: _Books) -> list[Finding]:
    if not books.charges:
        return []
    found = [*_spikes(books), *_duplicates(books)]
    told = {transaction for one in found if one.kind == "duplicate_charge"
            for transaction in one.transactions}  # fmt: skip
    for charge in books.looked_at():
        # One charge is told of once, by the rule that says most.
        if charge.transaction_id not in told:
            one = _unusual(books, charge) or _new_merchant(books, charge)
            found += [one] if one is not None else []
    return found


def _spikes(books: _Books) -> list[Finding]:
    """Categories in which a month took far more than its months before."""
    spent: defaultdict[str, defaultdict[Month, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    paths: dict[str, str] = {}
    for one in books.charges:
        for category_id, (path, amount) in one.parts.items():
            months, month = spent[category_id], Month.of(one.date)
            months[month] = EXACT.add(months[month], amount)
            paths[category_id] = path
    found = []
    begin = Month.of(first_day_looked_at(books.today))
    for category_id, months in spent.items():
        for month in (begin, Month.of(books.today)):
            one_found = _spike(books, category_id, paths[category_id], months, month)
            if one_found is not None:
                found.append(one_found)
    return found


def _spike(
    books: _Books, category_id: str, path: str, months: Mapping[Month, Decimal], month: Month
) -> Finding | None:
    before = [one for one in _months_before(month) if one.first >= _whole_from(books.first)]
    amount = months.get(month, ZERO)
    if len(before) < MONTHS_MIN or amount <= 0:
        return None
    history = [months.get(one, ZERO) for one in before]
    usual, spread = median(history), deviation(history)
    tenth = _FIGURES.multiply(max(usual, ZERO), Decimal("0.1"))
    # Where a category is used now and then, a twentieth of a month's spending is no spike yet.
    least = _FIGURES.multiply(books.usual_month(), Decimal("0.05"))
    excess = EXACT.subtract(amount, usual)
    spread = max(spread, tenth)
    year_ago = months.get(Month(month.year - 1, month.month), ZERO)
    seasonal = year_ago >= _FIGURES.multiply(amount, Decimal("0.7"))
    if excess < least or seasonal or excess < _FIGURES.multiply(spread, SPIKE_SCORE):
        return None
    own = [one for one in books.charges
           if Month.of(one.date) == month and category_id in one.parts]  # fmt: skip
    own.sort(key=lambda one: (-one.parts[category_id][1], str(one.transaction_id)))
    code = books.charges[0].currency
    usual, spread = _rounded(usual, code), _rounded(spread, code)
    often = f"usually {_words(usual)}" if usual > 0 else "usually nothing"
    running = " so far" if month == Month.of(books.today) else ""
    return Finding(
        kind="spike",
        about=("spike", category_id, code, str(month)),
        severity=books.severity(excess),
        reason=f"{path} took {_words(amount)} {code} in {month}{running}, {often}: the median of "
        f"the {len(before)} months before",
        date=min(month.last, books.today),
        currency=code,
        amount=amount,
        figures={"median": usual, "spread": spread, "months": len(before)},
        transactions=tuple(one.transaction_id for one in own),
        category=path,
    )


def _duplicates(books: _Books) -> list[Finding]:
    """The same amount at the same merchant from the same account, twice within days, where that is
    not the habit and no refund has come."""
    begin = first_day_looked_at(books.today)
    found = []
    for charges in books.by_merchant.values():
        same: defaultdict[tuple[UUID, Decimal], list[Charge]] = defaultdict(list)
        for one in charges:
            same[one.account_id, abs(one.amount)].append(one)
        for equal in same.values():
            paid = [one for one in equal if one.amount > 0]
            near = [
                (one, after)
                for one, after in itertools.pairwise(paid)
                if (after.date - one.date).days <= DUPLICATE_DAYS
            ]
            # A second pair shows a habit, such as the fare of every morning.
            if len(near) != 1 or near[0][1].date < begin or near[0][1].amount < books.typical:
                continue
            one, after = near[0]
            if any(back.amount < 0 and back.date >= one.date for back in equal):
                continue
            found.append(_duplicate(books, one, after))
    return found


def _duplicate(books: _Books, one: Charge, after: Charge) -> Finding:
    days = (after.date - one.date).days
    when = "on one day" if days == 0 else f"within {days} day{'s' if days > 1 else ''}"
    ids = (one.transaction_id, after.transaction_id)
    return Finding(
        kind="duplicate_charge",
        about=("duplicate_charge", *sorted(map(str, ids))),
        severity=books.severity(after.amount),
        reason=f"{after.name} charged {_words(after.amount)} {after.currency} twice {when}",
        date=after.date,
        currency=after.currency,
        amount=after.amount,
        figures={"days": days},
        transactions=ids,
        merchant=after.name,
    )


def _unusual(books: _Books, charge: Charge) -> Finding | None:
    """A charge that is far above what its merchant took in the year before its month."""
    usual, spread, count = books.usual(charge.merchant, Month.of(charge.date))
    if count < CHARGES_MIN:
        return None
    spread = max(spread, _FIGURES.multiply(usual, Decimal("0.1")))
    excess = EXACT.subtract(charge.amount, usual)
    if excess < _FIGURES.multiply(spread, CHARGE_SCORE) or excess < books.typical:
        return None
    usual, spread = (_rounded(one, charge.currency) for one in (usual, spread))
    return Finding(
        kind="unusual_amount",
        about=("unusual_amount", str(charge.transaction_id)),
        severity=books.severity(excess),
        reason=f"{charge.name} took {_words(charge.amount)} {charge.currency}, usually "
        f"{_words(usual)}: the median of {count} charges in the year before",
        date=charge.date,
        currency=charge.currency,
        amount=charge.amount,
        figures={"median": usual, "spread": spread, "charges": count},
        transactions=(charge.transaction_id,),
        merchant=charge.name,
    )


def _new_merchant(books: _Books, charge: Charge) -> Finding | None:
    """A large first charge of a merchant that took nothing in the year before."""
    own = books.by_merchant.get(charge.merchant, [])
    if not own or own[0].date < books.first + dt.timedelta(days=HISTORY_DAYS_MIN):
        return None
    earlier = [one for one in own if charge.date - YEAR <= one.date < charge.date]
    same_day = [one for one in own if one.date == charge.date]
    if earlier or same_day[0].transaction_id != charge.transaction_id:
        return None
    large, count = books.large(charge.date)
    if large is None or charge.amount <= large:
        return None
    return Finding(
        kind="new_merchant",
        about=("new_merchant", str(charge.transaction_id)),
        severity=books.severity(charge.amount),
        reason=f"{charge.name} is new and took {_words(charge.amount)} {charge.currency}; 95 % of "
        f"the year's {count} charges are not above {_words(large)}",
        date=charge.date,
        currency=charge.currency,
        amount=charge.amount,
        figures={"large": large, "charges": count},
        transactions=(charge.transaction_id,),
        merchant=charge.name,
    )


def median(amounts: Sequence[Decimal]) -> Decimal:
    """The middle one, or half way between the two in the middle; zero of none."""
    if not amounts:
        return ZERO
    ordered, half = sorted(amounts), len(amounts) // 2
    if len(ordered) % 2:
        return ordered[half]
    return _FIGURES.divide(exact_sum(ordered[half - 1 : half + 1]), Decimal(2))


def deviation(amounts: Sequence[Decimal]) -> Decimal:
    """How far amounts lie from their median: the MAD, scaled to a standard deviation."""
    middle = median(amounts)
    distances = [_FIGURES.abs(_FIGURES.subtract(one, middle)) for one in amounts]
    return _FIGURES.multiply(median(distances), _SCALE)


def _months_before(month: Month) -> list[Month]:
    index = month.year * 12 + month.month - 1
    return [
        Month((index - back) // 12, (index - back) % 12 + 1) for back in range(MONTHS_BACK, 0, -1)
    ]


def _whole_from(first: dt.date) -> dt.date:
    """The first day of the first month that is known whole."""
    month = Month.of(first)
    return month.first if first.day <= 7 else month.next().first


def _rounded(amount: Decimal, currency: str) -> Decimal:
    quantum = Decimal(1).scaleb(-digits_of(currency))
    return amount.quantize(quantum, ROUND_HALF_EVEN, _FIGURES)


def _words(amount: Decimal) -> str:
    return f"{amount:,f}"
