"""Spans beside each other: no day is lost and none counted twice."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintflow.domain.insights import Span, SpanNotUsable, change, checked_span, intervals

days = st.dates(dt.date(1950, 1, 1), dt.date(2150, 1, 1))


@given(first=days, length=st.integers(1, 1_000))
def test_the_previous_span_ends_the_day_before_and_is_as_long(first: dt.date, length: int) -> None:
    span = Span(first, first + dt.timedelta(days=length - 1))
    before = span.previous()
    assert before.last == first - dt.timedelta(days=1)
    assert span.is_whole_months or before.days == span.days


@pytest.mark.parametrize(
    ("span", "previous", "year_ago"),
    [
        ("2025-03-01 2025-03-31", "2025-02-01 2025-02-28", "2024-03-01 2024-03-31"),
        ("2025-02-01 2025-02-28", "2025-01-01 2025-01-31", "2024-02-01 2024-02-29"),
        ("2024-02-29 2024-02-29", "2024-02-28 2024-02-28", "2023-02-28 2023-02-28"),
        ("2025-01-01 2025-03-31", "2024-10-01 2024-12-31", "2024-01-01 2024-03-31"),
        ("2025-01-01 2025-12-31", "2024-01-01 2024-12-31", "2024-01-01 2024-12-31"),
        ("2025-03-01 2025-03-10", "2025-02-19 2025-02-28", "2024-03-01 2024-03-10"),
    ],
)
def test_months_are_compared_with_months(span: str, previous: str, year_ago: str) -> None:
    one = read(span)
    assert (one.previous(), one.year_ago()) == (read(previous), read(year_ago))


@given(first=days, length=st.integers(1, 800), interval=st.sampled_from(
    ["day", "week", "month", "quarter", "year"]))  # fmt: skip
def test_intervals_follow_each_other_and_hold_the_span(
    first: dt.date, length: int, interval: str
) -> None:
    span = Span(first, first + dt.timedelta(days=length - 1))
    found = list(intervals(span, interval))  # type: ignore[arg-type]
    assert found[0].first <= span.first <= found[0].last
    assert found[-1].first <= span.last <= found[-1].last
    for one, after in itertools.pairwise(found):
        assert after.first == one.last + dt.timedelta(days=1)


def test_a_change_from_nothing_or_less_has_no_share() -> None:
    assert change(Decimal("3.00"), Decimal("0.00")) == (Decimal("3.00"), None)
    assert change(Decimal("3.00"), Decimal("-1.00")) == (Decimal("4.00"), None)
    assert change(Decimal("1.00"), Decimal("3.00")) == (Decimal("-2.00"), Decimal("-0.6667"))


def test_refuses_a_span_that_ends_before_it_begins() -> None:
    with pytest.raises(SpanNotUsable):
        checked_span(dt.date(2025, 3, 2), dt.date(2025, 3, 1))


def read(text: str) -> Span:
    first, last = map(dt.date.fromisoformat, text.split())
    return Span(first, last)
