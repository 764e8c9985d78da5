"""What becomes of streams once they are found: those that go on where another one ended are one.

A price rises, a payee is renamed, a card is renewed and another day is meant since. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from mintflow.domain.bills.calendar import IsFree
from mintflow.domain.bills.schedule import PER_YEAR
from mintflow.ml.recurring.fitting import best_fit
from mintflow.ml.recurring.payments import Found

# Amounts of one level differ by no more than this, relatively: the same price; a price in another
# currency.
EQUAL, NEAR = 0.004, 0.04
# A new price lies between these shares of the old one.
_CHANGE_MIN, _CHANGE_MAX = 0.55, 1.8
# So many of the newest payments show that another day is meant now.
_LATE_HITS = 5
# "The" and "DD" begin everybody's names.
_NAME_LENGTH_MIN = 4


def joined(found: Iterable[Found], *, another_name: bool = False) -> list[Found]:
    """Streams that go on where another one ended are that one, with another price.
    another_name: and of another name; then the price tells, so it has to be nearly the same."""
    ordered = sorted(found, key=lambda one: one.payments[0].day)
    kept: list[Found] = []
    for one in ordered:
        for index, before in enumerate(kept):
            whole = None if another_name and not _same_price(before, one) else _follows(before, one)
            if whole is not None:
                kept[index] = whole
                break
        else:
            kept.append(one)
    return kept


def _same_price(before: Found, after: Found) -> bool:
    last, first = before.payments[-1], after.payments[0]
    both_fixed = before.fixed and after.fixed
    return both_fixed and last.payee != first.payee and close(last.amount, first.amount, NEAR)


def _follows(before: Found, after: Found) -> Found | None:
    """Both as one stream with the schedule of the later one; None where they are two."""
    if before.schedule.frequency != after.schedule.frequency:
        return None
    last, first = before.payments[-1], after.payments[0]
    ratio = float(first.amount) / max(float(last.amount), 0.01)
    usual = before.schedule.every_days or 365.25 / PER_YEAR[before.schedule.frequency]
    gap = (first.day - last.day) / usual
    # Nobody has two of the same and pays them in turns; a pause of half a year is another start.
    if not 0.4 <= gap <= max(2.6, 190 / usual):
        return None
    if not _CHANGE_MIN <= ratio <= _CHANGE_MAX:
        return None
    payments = (*before.payments, *after.payments)
    between = max(1, round(gap))
    shift = after.slots[0] - between - before.slots[-1]
    slots = (*(slot + shift for slot in before.slots), *after.slots)
    return Found(
        after.schedule,
        payments,
        slots,
        before.missed + after.missed + between - 1,
        max(before.off_mean, after.off_mean),
        before.fixed and after.fixed,
    )


def renamed(found: list[Found]) -> list[Found]:
    """With those as one that go on at their price under another name that begins alike."""
    families: defaultdict[tuple[str, str, bool], list[Found]] = defaultdict(list)
    for one in found:
        newest = one.payments[-1]
        families[newest.payee.partition(" ")[0], newest.currency, newest.income].append(one)
    kept: list[Found] = []
    for (first, _, _), members in families.items():
        alike = len(first) >= _NAME_LENGTH_MIN and len(members) > 1
        kept += joined(members, another_name=True) if alike else members
    return kept


def as_of_late(found: Found, is_free: IsFree) -> Found:
    """With the schedule of its newest payments where that fits them better: a card was renewed, and
    another day of the month is meant since."""
    late = found.payments[-_LATE_HITS:]
    if len(late) < _LATE_HITS or len(found.payments) == _LATE_HITS:
        return found
    fit = best_fit([one.day for one in late], is_free)
    if fit is None or fit.schedule.frequency != found.schedule.frequency:
        return found
    offs = [abs(found.schedule.nearest(one.day, is_free)[1]) for one in late]
    if fit.missed or fit.extras or sum(offs) / len(offs) < fit.off_mean + 1:
        return found
    shift = fit.hits[-1][0] - found.slots[-1]
    return replace(found, schedule=fit.schedule, slots=tuple(slot + shift for slot in found.slots))


def close(one: Decimal, other: Decimal, share: float) -> bool:
    return abs(float(one) - float(other)) <= share * max(float(one), float(other))
