"""Which payments come again and again: recurring streams in what one payee got or gave.

Pure: payments in, streams out; no clock and no database. A payee may have several streams, so
payments are first parted by amount (equal, then nearly equal), each part is asked for its schedule,
parts that follow each other are one stream whose price changed; and all of them together are asked
as well, because a utility's amount varies. What explains more is kept. The rules that keep habits
out are in `_is_bill`, and told in docs/reference/bills.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from statistics import median

from mintflow.domain.bills.calendar import IsFree
from mintflow.domain.bills.schedule import Frequency
from mintflow.ml.recurring.fitting import OFF_DAYS_MAX, Fit, best_fit
from mintflow.ml.recurring.joining import EQUAL, NEAR, as_of_late, close, joined, renamed
from mintflow.ml.recurring.payments import Found, Payment, without_refunds
from mintflow.ml.recurring.remembered import known

# What a variable bill of one payee lies between, largest by smallest.
_RANGE_MAX = 6.0
_DEPTH_MAX = 2
# Where payments are parted to find streams, those hold so much of them together.
_EXPLAINED_MIN = 0.75
# Hits that a stream has at least that was picked from a crowd of other payments.
_CROWD_HITS_MIN: Mapping[Frequency, int] = {
    "weekly": 7, "two_weekly": 6, "semi_monthly": 7, "four_weekly": 5, "monthly": 5,
    "two_monthly": 6, "quarterly": 5, "half_yearly": 5, "yearly": 4,
}  # fmt: skip
# A payee with more payments than this is a shop; its newest ones say enough of a subscription.
_PAYMENTS_MAX = 400


def streams_of(payments: Iterable[Payment], free_of: Callable[[str], IsFree]) -> list[Found]:
    """The streams among payments, in order of payee, first day and amount.

    payments: any order. free_of: on which days nothing is booked in a currency.
    """
    groups: defaultdict[tuple[str, str, bool], list[Payment]] = defaultdict(list)
    for one in payments:
        groups[one.payee, one.currency, one.income].append(one)
    found: list[Found] = []
    # What no stream holds, by the first word of the payee: a bank may write a code into the name.
    left: defaultdict[tuple[str, str, bool], list[Payment]] = defaultdict(list)
    for (payee, currency, income), rows in without_refunds(groups).items():
        newest = rows[-_PAYMENTS_MAX:]
        streams = known(newest, free_of(currency), income, _streams_of_payee)
        taken = {id(one) for stream in streams for one in stream.payments}
        rest = [one for one in newest if id(one) not in taken]
        found += [_completed(stream, rest, free_of(currency)) for stream in streams]
        left[payee.partition(" ")[0], currency, income] += rest
    for (_, currency, income), rows in left.items():
        found += _of_other_names(rows, free_of(currency), income)
    found = renamed(found)
    return sorted(
        found,
        key=lambda one: (one.payments[-1].payee, one.payments[0].day, one.payments[0].amount),
    )


def _of_other_names(rows: list[Payment], is_free: IsFree, income: bool) -> list[Found]:
    """Streams of one price under several names that begin alike."""
    by_amount: defaultdict[Decimal, list[Payment]] = defaultdict(list)
    for one in rows:
        by_amount[one.amount].append(one)
    found = []
    for level in by_amount.values():
        if len(level) < 3 or len({one.payee for one in level}) < 2:
            continue
        level.sort(key=lambda one: one.day)
        found += known(level, is_free, income, _stream_of_price)
    return found


def _stream_of_price(rows: Sequence[Payment], is_free: IsFree, income: bool) -> list[Found]:
    stream = _fitted(rows, is_free)
    if stream is not None and _is_bill(stream, rows, income, crowd=True):
        return [stream]
    return []


def _streams_of_payee(rows: Sequence[Payment], is_free: IsFree, income: bool) -> list[Found]:
    return [as_of_late(one, is_free) for one in _streams(rows, is_free, income, 0)]


def _streams(rows: Sequence[Payment], is_free: IsFree, income: bool, depth: int) -> list[Found]:
    if len(rows) < 2:
        return []
    whole = _fitted(rows, is_free)
    together = (
        [whole] if whole is not None and _is_bill(whole, rows, income, crowd=depth > 0) else []
    )
    apart = _by_level(rows, is_free, income)
    if together and not _rather_apart(together[0], apart):
        return [*together, *_after(rows, together, is_free, income, depth)]
    if apart:
        return [*apart, *_after(rows, apart, is_free, income, depth)]
    if depth >= _DEPTH_MAX:
        return []
    for halves in (_by_pause(rows), _by_size(rows)):
        if halves is not None:
            found = [one for half in halves for one in _streams(half, is_free, income, depth + 1)]
            # A few of many that happen to be regular are chance.
            if sum(len(one.payments) for one in found) >= _EXPLAINED_MIN * len(rows):
                return joined(found)
    return []


def _after(
    rows: Sequence[Payment], found: list[Found], is_free: IsFree, income: bool, depth: int
) -> list[Found]:
    """What else there is beside what was found."""
    taken = {id(one) for stream in found for one in stream.payments}
    rest = [one for one in rows if id(one) not in taken]
    if depth >= _DEPTH_MAX or len(rest) < 3 or len(rest) == len(rows):
        return []
    return _streams(rest, is_free, income, depth + 1)


def _fitted(rows: Sequence[Payment], is_free: IsFree) -> Found | None:
    fit = best_fit([one.day for one in rows], is_free)
    return None if fit is None else _stream(rows, fit)


def _stream(rows: Sequence[Payment], fit: Fit) -> Found:
    kept = tuple(rows[index] for _, index in fit.hits)
    return Found(
        fit.schedule,
        kept,
        tuple(slot for slot, _ in fit.hits),
        fit.missed,
        fit.off_mean,
        is_fixed([one.amount for one in kept]),
    )


def is_fixed(amounts: Sequence[Decimal]) -> bool:
    """Whether amounts, in order of days, are a price: nearly all equal the one before."""
    if len(amounts) < 2:
        return True
    changes = sum(not close(before, after, EQUAL) for before, after in pairwise(amounts))
    return changes <= max(1 if len(amounts) > 2 else 0, len(amounts) // 5)


def _is_bill(found: Found, rows: Sequence[Payment], income: bool, *, crowd: bool) -> bool:
    """Whether a stream is one, and no habit. rows: all that it was looked for in. crowd: those
    were picked from more, so chance had more tries."""
    hits, frequency = len(found.payments), found.schedule.frequency
    limit = OFF_DAYS_MAX[frequency]
    extras = _others(found, rows)
    if found.missed > max(1 if hits >= 3 else 0, (hits + found.missed) // 5):
        return False
    if extras > max(1 if hits >= 4 else 0, hits // 6):
        return False
    if crowd and (hits < _CROWD_HITS_MIN[frequency] or found.off_mean > limit / 3):
        return False
    if frequency in ("two_monthly", "half_yearly") and hits < 4:
        return False
    amounts = [float(one.amount) for one in found.payments]
    spread = max(amounts) / max(min(amounts), 0.01)
    if hits == 2:
        return _is_early(found, rows, spread, income)
    if hits == 3 and found.missed and frequency != "yearly":
        return found.fixed and not extras and found.off_mean <= limit / 4
    if found.fixed:
        return True
    if any(one.habit for one in found.payments[-6:]):
        return False
    if frequency in ("weekly", "two_weekly", "four_weekly") and not income:
        # Groceries every Saturday are a habit. A bill by weeks is a price, or nearly.
        middle = median(amounts)
        return sum(abs(one - middle) > 0.1 * middle for one in amounts) <= hits // 8
    if hits < 5 and spread > 2.5:
        return False
    if spread > _RANGE_MAX:
        low, high = _quarter(amounts, 1), _quarter(amounts, 9)
        if high / max(low, 0.01) > _RANGE_MAX:
            return False
    return found.off_mean <= (0.3 if crowd else 0.45) * limit


def _is_early(found: Found, rows: Sequence[Payment], spread: float, income: bool) -> bool:
    """Whether two payments are enough to speak of a stream."""
    frequency = found.schedule.frequency
    gap = found.payments[1].day - found.payments[0].day
    if len(rows) > 2:
        return False
    if any(one.habit for one in found.payments):
        return frequency == "yearly" and spread <= 1.005 and abs(gap - 365.5) <= 4
    if frequency == "yearly":
        return spread <= 1.35 and abs(gap - 365.5) <= 8
    if frequency == "monthly":
        return spread <= (1.1 if income else 1.005) and 27 <= gap <= 34
    if frequency == "quarterly":
        return spread <= 1.005 and 88 <= gap <= 94
    return False


def _others(found: Found, rows: Sequence[Payment]) -> int:
    """Payments during the stream that it does not hold, without those that came double."""
    first, last = found.payments[0].day, found.payments[-1].day
    taken = {id(one) for one in found.payments}
    held = [(one.day, one.amount) for one in found.payments]
    others = [one for one in rows if id(one) not in taken and first <= one.day <= last + 3]
    double = sum(
        any(abs(one.day - day) <= 3 and one.amount == amount for day, amount in held)
        for one in others
    )
    return len(others) - min(double, max(1, len(held) // 6))


def _quarter(amounts: Sequence[float], tenths: int) -> float:
    ordered = sorted(amounts)
    return ordered[(len(ordered) - 1) * tenths // 10]


def _by_level(rows: Sequence[Payment], is_free: IsFree, income: bool) -> list[Found]:
    """Streams of equal amounts, then of nearly equal ones in what is left."""
    found: list[Found] = []
    rest = list(rows)
    for share in (EQUAL, NEAR):
        for level in _levels(rest, share):
            if len(level) < (2 if len(rows) <= 4 else 3):
                continue
            one = _fitted(level, is_free)
            if one is not None and _is_bill(one, level, income, crowd=len(level) < len(rows) // 2):
                found.append(one)
        taken = {id(one) for stream in found for one in stream.payments}
        rest = [one for one in rest if id(one) not in taken]
    return joined(found)


def _levels(rows: Sequence[Payment], share: float) -> list[list[Payment]]:
    """Payments by amount, each level in order of days."""
    levels: list[list[Payment]] = []
    for one in sorted(rows, key=lambda one: one.amount):
        if levels and close(levels[-1][-1].amount, one.amount, share):
            levels[-1].append(one)
        else:
            levels.append([one])
    return [sorted(level, key=lambda one: one.day) for level in levels]


def _rather_apart(whole: Found, apart: list[Found]) -> bool:
    """Whether several streams side by side say it better than one through all."""
    if len(apart) < 2:
        return False
    side_by_side = any(
        one.payments[0].day <= other.payments[-1].day
        and other.payments[0].day <= one.payments[-1].day
        for number, one in enumerate(apart)
        for other in apart[number + 1 :]
    )
    held = sum(len(one.payments) for one in apart)
    enough = all(len(one.payments) >= 3 for one in apart)
    return side_by_side and enough and held >= 0.9 * len(whole.payments)


def _by_pause(rows: Sequence[Payment]) -> tuple[Sequence[Payment], Sequence[Payment]] | None:
    """Before and after the gap that is most unlike the usual one: another day, another start."""
    if len(rows) < 6:
        return None
    gaps = [after.day - before.day for before, after in pairwise(rows)]
    usual = median(gaps)
    _, at = max((abs(gap - usual), index) for index, gap in enumerate(gaps))
    if at < 1 or len(rows) - at - 1 < 2:
        return None
    return rows[: at + 1], rows[at + 1 :]


def _by_size(rows: Sequence[Payment]) -> tuple[Sequence[Payment], Sequence[Payment]] | None:
    """Small and large ones, where there is a clear border between them."""
    if len(rows) < 8:
        return None
    ordered = sorted(float(one.amount) for one in rows)
    steps = [(after / max(before, 0.01), before) for before, after in pairwise(ordered[2:-2])]
    if not steps or max(steps)[0] < 1.2:
        return None
    border = max(steps)[1]
    return (
        [one for one in rows if float(one.amount) <= border],
        [one for one in rows if float(one.amount) > border],
    )


def _completed(found: Found, rest: list[Payment], is_free: IsFree) -> Found:
    """With payments that fill its empty slots, or come next, at another price: a rise that came
    once so far, a month with something extra. Those are taken out of `rest`."""
    if not found.fixed or len(found.payments) < 3:
        return found
    limit = max(2, OFF_DAYS_MAX[found.schedule.frequency] // 2)
    held = dict(zip(found.slots, found.payments, strict=True))
    newest = max(held)
    for one in sorted(rest, key=lambda one: one.day):
        slot, off = found.schedule.nearest(one.day, is_free)
        near = min(held, key=lambda have: abs(have - slot))
        ratio = float(one.amount) / max(float(held[near].amount), 0.01)
        if (
            slot in held
            or not min(held) < slot <= newest + 2
            or abs(off) > limit
            or not 0.7 <= ratio <= 1.5
        ):
            continue
        held[slot] = one
        newest = max(newest, slot)
        rest.remove(one)
    slots = tuple(sorted(held))
    return replace(
        found,
        payments=tuple(held[slot] for slot in slots),
        slots=slots,
        missed=slots[-1] - slots[0] + 1 - len(slots),
    )
