"""What a budget could be: recommendations from history, and templates; each says why.

Pure arithmetic over what was spent in periods that are over. Nothing here sets a budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from typing import Literal

from mintflow.domain.budgets.periods import Period
from mintflow.domain.core.errors import Invalid
from mintflow.domain.core.money import EXACT, ZERO, digits_of, exact_sum
from mintflow.domain.core.time import Month

# Fewer periods say nothing about the next one; more than a year back is another life.
PERIODS_MIN, PERIODS_MAX = 3, 12
RECENT = 3
# How far the newest periods, or the same one of other years, must lie from the usual one to count.
TREND, SEASON = Decimal("0.15"), Decimal("0.25")
_ROUGH = Context(prec=60)

Basis = Literal["median", "trend", "season"]
TemplateKind = Literal["copy_last", "average", "fixed", "income_percent", "goal"]


class TemplateNotUsable(Invalid):
    """The template lacks a figure that its kind needs, its date is over, or the budget is by
    another period than the month."""

    code = "template_not_usable"


@dataclass(frozen=True, slots=True)
class Advice:
    """amount: rounded up to whole units. used: the periods it rests on, oldest first."""

    amount: Decimal
    basis: Basis
    reason: str
    used: tuple[tuple[Period, Decimal], ...]


def advise(
    history: Sequence[tuple[Period, Decimal]], per_year: int, currency: str
) -> Advice | None:
    """What the next period could be given, or None where too little is known or spent.

    history: whole periods up to the one asked for, in order; refunds have lowered them. per_year:
    how many make a year, 0 where none do, so that the same one of another year can be found.
    """
    usual = list(history[-PERIODS_MAX:])
    if len(usual) < PERIODS_MIN:
        return None
    typical = median([spent for _, spent in usual])
    seasonal = [history[-back] for back in _years(len(history), per_year)]
    basis: Basis = "median"
    amount, used = typical, usual
    reason = f"the median of the last {len(usual)} periods is {_text(typical, currency)}"
    recent, before = usual[-RECENT:], usual[:-RECENT]
    if len(before) >= PERIODS_MIN:
        now, then = (median([spent for _, spent in part]) for part in (recent, before))
        steady = all((spent > then) == (now > then) for _, spent in recent)
        if then > 0 and steady and abs(now - then) > then * TREND:
            basis, amount, used = "trend", now, recent
            way = "more" if now > then else "less"
            reason = (
                f"each of the last {RECENT} periods was {way} than before: their median is "
                f"{_text(now, currency)}, of the {len(before)} before them {_text(then, currency)}"
            )
    if len(seasonal) >= 2 and typical > 0:
        year_ago = median([spent for _, spent in seasonal])
        apart = all(abs(s - typical) > typical * SEASON for _, s in seasonal)
        one_way = len({s > typical for _, s in seasonal}) == 1
        if apart and one_way:
            basis, amount, used = "season", year_ago, seasonal[::-1]
            named = ", ".join(f"{_text(s, currency)} from {p.first}" for p, s in used)
            reason = (
                f"the same period of other years was {named}, and a usual one is "
                f"{_text(typical, currency)}"
            )
    if amount <= 0:
        return None
    return Advice(_whole(amount, currency), basis, reason, tuple(used))


@dataclass(frozen=True, slots=True)
class Figures:
    """What a template may need to know of one category and month.

    last: what was budgeted, or assigned, the month before; None where nothing was. spent: of the
    months before, newest last. saved: what an envelope holds already. income: of the month before.
    """

    last: Decimal | None
    spent: Sequence[Decimal]
    saved: Decimal
    income: Decimal


def from_template(
    kind: TemplateKind,
    figures: Figures,
    month: Month,
    currency: str,
    *,
    amount: Decimal | None = None,
    percent: Decimal | None = None,
    months: int = 3,
    by: Month | None = None,
) -> tuple[Decimal, str]:
    """(amount, reason). Raises TemplateNotUsable where a figure is missing."""
    if kind == "copy_last":
        if figures.last is None:
            raise TemplateNotUsable("nothing was budgeted the month before")
        return figures.last, "as much as the month before"
    if kind == "average":
        part = figures.spent[-months:]
        if not part:
            raise TemplateNotUsable("nothing is known of the months before")
        mean = _ROUGH.divide(exact_sum(part), Decimal(len(part)))
        return _cents(max(mean, ZERO), currency), f"the average of the last {len(part)} months"
    if kind == "fixed":
        return _needed(amount, "amount"), "a fixed sum"
    if kind == "income_percent":
        share = _needed(percent, "percent")
        part_of = _ROUGH.divide(_ROUGH.multiply(max(figures.income, ZERO), share), Decimal(100))
        reason = f"{share.normalize():f} % of an income of {_text(figures.income, currency)}"
        return _cents(part_of, currency), reason
    target = _needed(amount, "amount")
    if by is None or by < month:
        raise TemplateNotUsable("say by which month, from the one that is planned on", field="by")
    left = len([*month.until(by.next())])
    missing = max(EXACT.subtract(target, figures.saved), ZERO)
    return (
        _cents(_ROUGH.divide(missing, Decimal(left)), currency),
        f"{_text(missing, currency)} are missing, in {left} months until {by}",
    )


def median(values: Sequence[Decimal]) -> Decimal:
    """The middle one, or the mean of the two in the middle; there is at least one."""
    ordered, half = sorted(values), len(values) // 2
    if len(ordered) % 2:
        return ordered[half]
    return _ROUGH.divide(_ROUGH.add(ordered[half - 1], ordered[half]), Decimal(2))


def _years(known: int, per_year: int) -> list[int]:
    """How many periods back the one of a year ago lies, of two years ago, and so on."""
    return [] if not per_year else list(range(per_year, known + 1, per_year))


def _needed(value: Decimal | None, field: str) -> Decimal:
    if value is None or value < 0:
        raise TemplateNotUsable("this template needs a figure of zero or more", field=field)
    return value


def _whole(amount: Decimal, currency: str) -> Decimal:
    """Up to the next whole unit; of coins of a large value, to their digits."""
    digits = digits_of(currency)
    quantum = Decimal(1) if digits <= 4 else Decimal(1).scaleb(-digits)
    return amount.quantize(quantum, ROUND_CEILING, _ROUGH)


def _cents(amount: Decimal, currency: str) -> Decimal:
    """Up to the next coin, so that the target is reached."""
    return amount.quantize(Decimal(1).scaleb(-digits_of(currency)), ROUND_CEILING, _ROUGH)


def _text(amount: Decimal, currency: str) -> str:
    return f"{_cents(amount, currency):f} {currency}"
