"""Names that are derived, and months: the same on every machine, for ever."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from domain.scenario import refuses

from mintflow.domain.core.ids import (
    SHARDS,
    budget_id,
    category_tree_id,
    shard_of,
    transaction_id_by_bank_id,
    transaction_id_by_external_id,
    transaction_id_by_row,
)
from mintflow.domain.core.time import (
    DATE_MAX,
    DATE_MIN,
    DateOutOfRange,
    Month,
    MonthNotReadable,
    check_date,
)

ACCOUNT = UUID("018f0000-0000-7000-8000-000000000011")
DAY = dt.date(2025, 3, 14)


def test_derived_names_never_change() -> None:
    """They are in every log: another value would make known rows new and lose ledgers."""
    assert shard_of(ACCOUNT) == 25
    assert str(category_tree_id(ACCOUNT)) == "ad6f645a-7240-5ffb-9f0d-9f9d77e6577d"
    assert str(budget_id(ACCOUNT, "food")) == "dadbb25a-e26d-5234-8deb-3d1723b7b7c5"
    assert str(transaction_id_by_bank_id(ACCOUNT, "B1")) == "8b73b62d-b4f6-5d65-acda-6e11ee860713"
    assert (
        str(transaction_id_by_external_id(ACCOUNT, "B1")) == "355e3c67-c434-5553-99ce-1fbf68a34328"
    )
    assert (
        str(transaction_id_by_row(ACCOUNT, DAY, Decimal("-3.20"), "Coffee", 1))
        == "76ec33b3-3aef-596e-85ac-6db6b0710671"
    )


def test_ledgers_spread_over_all_shards() -> None:
    counts = Counter(shard_of(uuid4()) for _ in range(SHARDS * 200))
    assert set(counts) == set(range(SHARDS))
    assert max(counts.values()) < 2 * min(counts.values())


def test_a_row_is_known_by_what_banks_do_not_change() -> None:
    def row(
        day: dt.date = DAY, amount: str = "-3.20", text: str = "Coffee Bar", n: int = 1
    ) -> UUID:
        return transaction_id_by_row(ACCOUNT, day, Decimal(amount), text, n)

    same = {row(), row(text="COFFEE  bar"), row(text=" Coffee\tBar "), row(amount="-3.20")}
    assert len(same) == 1
    others = {
        row(n=2), row(text="CoffeeBar"), row(amount="3.20"), row(day=DAY + dt.timedelta(days=1))
    }  # fmt: skip
    assert len(others | same) == 5
    assert transaction_id_by_row(uuid4(), DAY, Decimal("-3.20"), "Coffee Bar", 1) not in same


@pytest.mark.parametrize("amount", ["0", "0.00", "100", "1E+2", "100.00"])
def test_the_same_amount_is_the_same_name_however_it_is_written(amount: str) -> None:
    value = Decimal(amount)
    plain = transaction_id_by_row(ACCOUNT, DAY, Decimal(int(value)), "x", 1)
    assert transaction_id_by_row(ACCOUNT, DAY, value, "x", 1) == plain


def test_amounts_that_differ_in_the_last_of_many_digits_are_two_rows() -> None:
    one, other = (Decimal(f"123456789012345.00000000000000000{last}") for last in (1, 2))
    assert transaction_id_by_row(ACCOUNT, DAY, one, "x", 1) != (
        transaction_id_by_row(ACCOUNT, DAY, other, "x", 1)
    )


def test_months_follow_each_other() -> None:
    december = Month.parse("2024-12")
    assert (str(december), str(december.next())) == ("2024-12", "2025-01")
    assert (december.first, december.last) == (dt.date(2024, 12, 1), dt.date(2024, 12, 31))
    assert Month.of(dt.date(2024, 2, 29)).last == dt.date(2024, 2, 29)
    assert [str(one) for one in december.until(Month(2025, 3))] == ["2024-12", "2025-01", "2025-02"]
    assert not list(december.until(december))
    assert Month(2024, 12) < Month(2025, 1)


@pytest.mark.parametrize(
    "text", ["", "2025", "2025-13", "2025-00", "2025-3", "1899-12", "2201-01", "2025-03-01",
             "2025-03\n", "२०२५-०३"]
)  # fmt: skip
def test_refuses_a_month_that_is_none(text: str) -> None:
    refuses(MonthNotReadable, None, lambda: Month.parse(text))


def test_days_lie_within_what_the_books_hold() -> None:
    for day in (DATE_MIN, DATE_MAX):
        assert check_date(day) == day
    for day in (DATE_MIN - dt.timedelta(days=1), DATE_MAX + dt.timedelta(days=1)):
        refuses(DateOutOfRange, None, lambda day=day: check_date(day))
