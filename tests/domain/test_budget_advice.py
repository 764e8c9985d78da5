"""Recommendations say what history says, and why; templates reckon what they promise."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from mintflow.domain.budgets.advice import (
    Advice,
    Figures,
    TemplateNotUsable,
    advise,
    from_template,
)
from mintflow.domain.budgets.periods import Period
from mintflow.domain.core.time import Month

MARCH = Month(2025, 3)


def history(*amounts: int) -> list[tuple[Period, Decimal]]:
    """Months, of which the last one is February 2025."""
    months = [Month(2020, 1)]
    while months[-1] != Month(2025, 2):
        months.append(months[-1].next())
    named = months[-len(amounts) :]
    return [
        (Period(month.first, month.last), Decimal(amount))
        for month, amount in zip(named, amounts, strict=True)
    ]


def advice(*amounts: int) -> Advice:
    found = advise(history(*amounts), 12, "USD")
    assert found is not None
    return found


def test_two_periods_say_nothing_and_income_is_no_budget() -> None:
    assert advise(history(10, 20), 12, "USD") is None
    assert advise(history(-10, -20, -30), 12, "USD") is None


def test_one_strange_month_does_not_move_the_median() -> None:
    found = advice(100, 102, 98, 900, 101)
    assert (found.amount, found.basis, len(found.used)) == (101, "median", 5)
    assert found.reason == "the median of the last 5 periods is 101.00 USD"


def test_a_steady_rise_counts_and_one_month_of_it_does_not() -> None:
    found = advice(100, 100, 100, 100, 130, 131, 132)
    assert (found.amount, found.basis) == (131, "trend")
    assert "more than before" in found.reason
    assert advice(100, 100, 100, 100, 90, 131, 132).basis == "median"


def test_a_month_that_is_dear_every_year_is_dear_again() -> None:
    usual = [100] * 11
    found = advice(300, *usual, 320, *usual)
    assert (found.amount, found.basis) == (310, "season")
    assert [spent for _, spent in found.used] == [300, 320]
    assert found.used[0][0].first == dt.date(2023, 3, 1)
    assert advice(100, *usual, 320, *usual).basis == "median"


def test_amounts_go_up_to_whole_units() -> None:
    found = advise([(p, s + Decimal("0.01")) for p, s in history(10, 10, 10)], 12, "USD")
    assert found is not None
    assert found.amount == 11


FIGURES = Figures(Decimal("80.00"), [Decimal(n) for n in (1, 100, 100, 101)], Decimal(200),
                  Decimal("3333.33"))  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "facts", "amount"),
    [
        ("copy_last", {}, "80.00"),
        ("average", {}, "100.34"),
        ("average", {"months": 12}, "75.50"),
        ("fixed", {"amount": Decimal(7)}, "7"),
        ("income_percent", {"percent": Decimal(10)}, "333.34"),
        ("goal", {"amount": Decimal(1200), "by": Month(2025, 5)}, "333.34"),
        ("goal", {"amount": Decimal(100), "by": MARCH}, "0.00"),
    ],
)
def test_a_template_gives_its_amount(kind: str, facts: dict[str, object], amount: str) -> None:
    found, reason = from_template(kind, FIGURES, MARCH, "USD", **facts)  # type: ignore[arg-type]
    assert str(found) == amount
    assert reason


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("copy_last", {}), ("average", {}), ("fixed", {}), ("income_percent", {}),
        ("goal", {"amount": Decimal(5)}),
        ("goal", {"amount": Decimal(5), "by": Month(2025, 2)}),
        ("fixed", {"amount": Decimal(-5)}),
    ],
)  # fmt: skip
def test_refuses_a_template_without_its_figures(kind: str, facts: dict[str, object]) -> None:
    nothing = Figures(None, [], Decimal(0), Decimal(0))
    with pytest.raises(TemplateNotUsable):
        from_template(kind, nothing, MARCH, "USD", **facts)  # type: ignore[arg-type]
