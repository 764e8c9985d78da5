"""Compares what is found in households with what is true of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from evaluation.recurring.household import Household, Truth
from mintflow.domain.bills.calendar import country_of, free_days
from mintflow.ml.builtin import BuiltIn
from mintflow.ml.categorize import Row as Asked
from mintflow.ml.payees import payee_key
from mintflow.ml.recurring.payments import Payment, is_habit
from mintflow.ml.recurring.streams import RecurringStream, recurring_streams

NEXT_WITHIN_DAYS = 2


@dataclass(slots=True)
class Tally:
    """right: streams found that are one. wrong: those that are none. needed: that had to be found,
    found: of those. dated: next days that had to be told, near: told well enough."""

    right: int = 0
    wrong: int = 0
    needed: int = 0
    found: int = 0
    dated: int = 0
    near: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.found / max(1, self.needed)

    @property
    def near_share(self) -> float:
        return self.near / max(1, self.dated)


def streams_in(home: Household, categorizer: BuiltIn) -> Iterator[tuple[RecurringStream, str]]:
    """Every stream found, with its payee."""
    asked = [
        Asked(row.description, row.amount, home.currency, row.date, "checking") for row in home.rows
    ]
    told = categorizer.suggest(asked)
    payments = [
        Payment(
            row.date.toordinal(),
            abs(row.amount),
            home.currency,
            payee_key(one.merchant or "", row.description),
            row.amount > 0,
            is_habit(one.category or "", row.description),
            row,
        )
        for row, one in zip(home.rows, told, strict=True)
    ]
    for stream in recurring_streams(
        payments, horizon=home.until, free_of=lambda currency: free_days(country_of(currency))
    ):
        yield stream, stream.payments[-1].payee


def tally(homes: Iterable[Household]) -> dict[str, Tally]:
    """By case and in all (""); a stream is right if most of its rows are of one true stream, which
    no other one stands for, and its frequency is that one's."""
    categorizer = BuiltIn()
    counts: defaultdict[str, Tally] = defaultdict(Tally)
    for number, home in enumerate(homes):
        held: dict[int, RecurringStream] = {}
        for stream, payee in streams_in(home, categorizer):
            truth = _truth_of(stream)
            said = f"{number} {home.country} {payee}: {stream.frequency} {stream.status}"
            if truth is None or truth in held or (home.truths[truth].frequency != stream.frequency):
                case = "" if truth is None else home.truths[truth].case
                for one in {case, ""}:
                    counts[one].wrong += 1
                counts[""].faults.append(f"wrong {said} of {len(stream.payments)} ({case})")
                continue
            held[truth] = stream
        for index, truth in enumerate(home.truths):
            _count(counts, home, truth, held.get(index), number)
    return dict(counts)


def _count(
    counts: dict[str, Tally], home: Household, truth: Truth, stream: RecurringStream | None,
    number: int,
) -> None:  # fmt: skip
    said = f"{number} {home.country} {truth.frequency} {truth.case} of {truth.rows}"
    for one in (truth.case, ""):
        count = counts[one]
        if truth.needed:
            count.needed += 1
            count.found += stream is not None
        if stream is None:
            continue
        count.right += 1
        count.dated += 1
        if truth.next is None:
            near = stream.due is None
        else:
            near = stream.due is not None and (
                abs((stream.due - truth.next).days) <= NEXT_WITHIN_DAYS
            )
        count.near += near
        if not near and not one:
            count.faults.append(f"next {said}: {stream.due} is {truth.next}")
    if stream is None and truth.needed:
        counts[""].faults.append(f"missing {said}")


def _truth_of(stream: RecurringStream) -> int | None:
    counts: defaultdict[int | None, int] = defaultdict(int)
    for payment in stream.payments:
        counts[payment.ref.truth] += 1
    best = max(counts, key=lambda truth: counts[truth])
    return best if counts[best] > 0.7 * len(stream.payments) else None
