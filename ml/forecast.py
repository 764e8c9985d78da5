"""What an account will hold: what comes again and again, and the rest at the pace it had.

Pure functions over an account's history; no clock and nothing kept. A forecast is put to the test
on the last 90 days of that history, of which it then knows nothing, against plain seasonal-naive:
each day as the same day of the month before. Where it is not better, it is not shown.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from uuid import UUID

from mintflow.domain.bills import IsFree
from mintflow.domain.core.money import EXACT, ZERO, digits_of, exact_sum
from mintflow.ml.recurring import Payment, recurring_streams

DAYS = 90
HELD_OUT_DAYS = 90
KNOWN_DAYS_MIN = 90  # Before those: from less, no stream by the month is known.
PACE_WEEKS = 13
_DAY = dt.timedelta(days=1)
_FIGURES = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Move:
    """What one transaction did to the account; money out is negative. payee: one key for all
    of a payee. name: as people read it. habit: of daily life, where what is regular is no bill."""

    transaction_id: UUID
    date: dt.date
    amount: Decimal
    payee: str
    name: str
    habit: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """Something that is due. amount: money out is negative."""

    date: dt.date
    amount: Decimal
    payee: str


@dataclass(frozen=True, slots=True)
class Backtest:
    """How far off the balances of the days from start to end were, on average: those of the
    forecast, and those of plain seasonal-naive. Both knew only what was before."""

    start: dt.date
    end: dt.date
    error: Decimal
    naive_error: Decimal

    @property
    def is_better(self) -> bool:
        return self.error < self.naive_error


@dataclass(frozen=True, slots=True)
class Forecast:
    """points: (day, balance at its end). Where it is not shown, both lists are empty and `reason`
    says why."""

    shown: bool
    reason: str
    backtest: Backtest | None
    points: tuple[tuple[dt.date, Decimal], ...]
    expected: tuple[Expected, ...]

    @property
    def low_point(self) -> tuple[dt.date, Decimal] | None:
        """The first day of the lowest balance."""
        return min(self.points, key=lambda point: (point[1], point[0]), default=None)


def forecast(
    moves: Sequence[Move],
    balance: Decimal,
    currency: str,
    today: dt.date,
    is_free: IsFree,
    days: int = DAYS,
) -> Forecast:
    """What an account will hold at the end of each of the next days.

    moves: all of it, or its last years; later than today they do not count. balance: at the end of
    today. is_free: on which days nothing is booked in the currency.
    """
    known = sorted((one for one in moves if one.date <= today), key=lambda one: one.date)
    tested = backtest(known, currency, is_free)
    if tested is None:
        needed = HELD_OUT_DAYS + KNOWN_DAYS_MIN
        return Forecast(False, f"fewer than {needed} days of history are known", None, (), ())
    if not tested.is_better:
        reason = (
            f"on the last {HELD_OUT_DAYS} days it would have been off by {tested.error:f} "
            f"{currency} a day, no better than {tested.naive_error:f} of the month before repeated"
        )
        return Forecast(False, reason, tested, (), ())
    flows, expected = _predicted(known, currency, today, days, is_free)
    points = [
        (today + _DAY * number, EXACT.add(balance, change))
        for number, change in enumerate(_summed(flows), 1)
    ]
    reason = (
        f"on the last {HELD_OUT_DAYS} days it would have been off by {tested.error:f} {currency} "
        f"a day, the month before repeated by {tested.naive_error:f}"
    )
    return Forecast(True, reason, tested, tuple(points), tuple(expected))


def backtest(moves: Sequence[Move], currency: str, is_free: IsFree) -> Backtest | None:
    """The last 90 days of the history forecast from what was before; None of too short a history.

    moves: in order of date.
    """
    if not moves:
        return None
    end = moves[-1].date
    cut = end - _DAY * HELD_OUT_DAYS
    if moves[0].date > cut - _DAY * KNOWN_DAYS_MIN:
        return None
    before = [one for one in moves if one.date <= cut]
    truth = _summed(_flows([one for one in moves if one.date > cut], cut, HELD_OUT_DAYS))
    own, _ = _predicted(before, currency, cut, HELD_OUT_DAYS, is_free)
    naive = seasonal_naive(before, cut, HELD_OUT_DAYS)
    errors = [_error(_summed(flows), truth, currency) for flows in (own, naive)]
    return Backtest(cut + _DAY, end, *errors)


def seasonal_naive(moves: Sequence[Move], cut: dt.date, days: int) -> list[Decimal]:
    """What comes on each of the days after `cut`: what came on the same day of the last month
    that is known on it; on the last day of a shorter one where that has none."""
    by_day: defaultdict[dt.date, Decimal] = defaultdict(Decimal)
    for one in moves:
        by_day[one.date] = EXACT.add(by_day[one.date], one.amount)
    found = []
    for number in range(1, days + 1):
        day = cut + _DAY * number
        back, like = 0, day
        while like > cut:
            back += 1
            like = _months_earlier(day, back)
        found.append(by_day.get(like, ZERO))
    return found


def _predicted(
    moves: Sequence[Move], currency: str, cut: dt.date, days: int, is_free: IsFree
) -> tuple[list[Decimal], list[Expected]]:
    """What each of the days after `cut` adds, and what of that is due. moves: until `cut`."""
    streams = recurring_streams(
        [
            Payment(one.date.toordinal(), abs(one.amount), currency, one.payee, one.amount > 0,
                    one.habit, one)
            for one in moves if one.amount
        ],
        horizon=cut,
        free_of=lambda _: is_free,
    )  # fmt: skip
    last = (cut + _DAY * days).toordinal()
    flows, expected, regular = [ZERO] * days, [], set()
    for stream in streams:
        if stream.status != "mature" or stream.next_slot is None:
            continue
        newest = stream.payments[-1]
        regular |= {one.ref.transaction_id for one in stream.payments}
        amount = stream.amount if newest.income else -stream.amount
        slot = stream.next_slot
        while (due := stream.schedule.booked(slot, is_free)) <= last:
            # What is late already comes tomorrow at the earliest.
            at = max(due - cut.toordinal() - 1, 0)
            flows[at] = EXACT.add(flows[at], amount)
            expected.append(Expected(cut + _DAY * (at + 1), amount, newest.ref.name))
            slot += 1
    pace = _pace([one for one in moves if one.transaction_id not in regular], cut)
    quantum = Decimal(1).scaleb(-digits_of(currency))
    gone = ZERO
    for number in range(days):
        # Rounded on the sum, so that nothing is lost from day to day.
        so_far = _FIGURES.multiply(pace, Decimal(number + 1))
        so_far = so_far.quantize(quantum, ROUND_HALF_EVEN, _FIGURES)
        flows[number] = EXACT.add(flows[number], EXACT.subtract(so_far, gone))
        gone = so_far
    expected.sort(key=lambda one: (one.date, one.payee, one.amount))
    return flows, expected


def _pace(moves: Sequence[Move], cut: dt.date) -> Decimal:
    """What a day brings of all that is not regular: the mean of the last 13 weeks, without the
    highest and the lowest, for one large purchase is no pace."""
    weeks = [ZERO] * PACE_WEEKS
    for one in moves:
        ago = (cut - one.date).days // 7
        if ago < PACE_WEEKS:
            weeks[ago] = EXACT.add(weeks[ago], one.amount)
    kept = sorted(weeks)[1:-1]
    return _FIGURES.divide(exact_sum(kept), Decimal(len(kept) * 7))


def _flows(moves: Sequence[Move], cut: dt.date, days: int) -> list[Decimal]:
    found = [ZERO] * days
    for one in moves:
        at = (one.date - cut).days - 1
        found[at] = EXACT.add(found[at], one.amount)
    return found


def _summed(flows: Sequence[Decimal]) -> list[Decimal]:
    total, found = ZERO, []
    for flow in flows:
        total = EXACT.add(total, flow)
        found.append(total)
    return found


def _error(guess: Sequence[Decimal], truth: Sequence[Decimal], currency: str) -> Decimal:
    off = exact_sum(abs(EXACT.subtract(*pair)) for pair in zip(guess, truth, strict=True))
    mean = _FIGURES.divide(off, Decimal(len(truth)))
    return mean.quantize(Decimal(1).scaleb(-digits_of(currency)), ROUND_HALF_EVEN, _FIGURES)


def _months_earlier(day: dt.date, months: int) -> dt.date:
    year, index = divmod(day.year * 12 + day.month - 1 - months, 12)
    return dt.date(year, index + 1, min(day.day, monthrange(year, index + 1)[1]))
