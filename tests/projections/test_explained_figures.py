"""Which events are read for a figure: all that add to it, and few others."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from read_models.books import NOW, Books

from mintflow.domain.core.postings import Allocation
from mintflow.projections.explain import EXPLAINED_TYPES, Figure
from mintflow.store.mapper import RecordedEvent
from mintflow.store.reader import read_ledger

FOOD, TRAVEL = "food_dining.groceries", "travel"


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def lived(books: Books) -> None:
    """Everything that can happen to a booking, in three months and four categories."""
    for number in range(24):
        category = (FOOD, TRAVEL, "health", "uncategorized")[number % 4]
        account = (books.checking, books.savings)[number % 3 % 2]
        made = books.record(
            f"-{number + 1}.00", f"2025-{number % 3 + 1:02d}-{number + 1:02d}", category,
            account=account, status="pending" if number % 7 == 0 else "posted",
        )  # fmt: skip
        if number % 7 == 0:
            made.post(NOW, origin="file")
        if number % 5 == 0:
            made.amend(NOW, origin="manual", date=day("2025-02-28"))
        if number % 5 == 1:
            rest = made.booking.amount + 1
            parts = (Allocation("shopping", made.booking.amount - rest), Allocation(FOOD, rest))
            if rest:
                made.categorize(parts, "user", NOW)
        if number % 5 == 2:
            made.void(NOW)
        books.put(made)


def figures(books: Books) -> list[Figure]:
    spans = [("2025-01-01", "2025-01-31"), ("2025-01-15", "2025-03-02"), ("1900-01-01",
             "2200-12-31"), ("2025-02-10", "2025-02-20")]  # fmt: skip
    many = frozenset({FOOD, TRAVEL, *(f"other{n}" for n in range(20))})
    return [
        *(
            Figure(day(first), day(last), category_ids=ids)
            for first, last in spans
            for ids in (frozenset({FOOD}), frozenset({TRAVEL, "shopping", "health"}), many)
        ),
        Figure(dt.date.min, day("2025-02-14"), account_id=str(books.checking.id)),
        Figure(dt.date.min, dt.date.max, account_id=str(books.savings.id)),
    ]


def read(books: Books, marks: tuple[bytes, ...]) -> list[RecordedEvent]:
    async def query(conn: Any) -> list[RecordedEvent]:
        return await read_ledger(
            conn, books.mapper, books.ledger_id, 0, 1_000, EXPLAINED_TYPES, marks=marks
        )

    return books.ask(query)


def test_no_event_that_adds_to_a_figure_is_passed_over(books: Books) -> None:
    lived(books)
    everything, spared = read(books, ()), 0
    for figure in figures(books):
        marked = read(books, figure.marks())
        assert [one.event_id for one in marked if figure.added_by(one)] == [
            one.event_id for one in everything if figure.added_by(one)
        ]
        assert any(figure.added_by(one) for one in marked)
        spared += len(marked) < len(everything)
    # All but the many categories of all days.
    assert spared == len(figures(books)) - 1


@pytest.mark.parametrize(
    ("first", "last", "ids", "marks"),
    [
        ("2025-03-01", "2025-03-31", 30, [b'"date":"2025-03-']),
        ("2024-12-31", "2025-01-01", 2, [b'"date":"2024-12-', b'"date":"2025-01-']),
        ("2024-01-01", "2025-01-01", 1, [b'"category_id":"c0"']),
        ("2024-01-01", "2025-01-01", 30, []),
        ("2025-03-01", "2025-02-01", 30, []),
    ],
)  # fmt: skip
def test_months_or_categories_mark_a_record_whichever_are_fewer(
    first: str, last: str, ids: int, marks: list[bytes]
) -> None:
    wanted = frozenset(f"c{number}" for number in range(ids))
    assert Figure(day(first), day(last), category_ids=wanted).marks() == tuple(marks)


def test_a_category_with_quotes_is_found_as_it_is_written() -> None:
    [mark] = Figure(dt.date.min, dt.date.max, category_ids=frozenset({'caf"é'})).marks()
    assert mark == '"category_id":"caf\\"é"'.encode()
