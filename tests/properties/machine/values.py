"""Few values, so that rows meet: the same amounts, days, texts and paths again and again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st
from properties.oracle.bank import BankRow

CURRENCIES = st.sampled_from(["USD", "USD", "USD", "EUR"])
_AMOUNTS = ("-5.00", "-5.00", "-10.00", "-14.34", "5.00", "10.00", "999.99", "0.00")
AMOUNTS = st.sampled_from([Decimal(text) for text in _AMOUNTS])
WRONG_AMOUNT = Decimal("1.005")
DAYS = st.integers(0, 40).map(lambda n: dt.date(2025, 1, 20) + dt.timedelta(days=n))
TEXTS = st.sampled_from(["zorp", "ZORP ", "blip qux", "qux"])
PATHS = (
    "food_dining", "food_dining.groceries", "travel", "travel.flights", "bills", "bills.phone",
    "income.salary", "income.other", "transfer", "uncategorized", "fun", "fun.a", "fun.b",
    "travel.fun", "gone", "gone.too", "bills.fun", "fun.a.deep", "income.fun", "shopping",
)  # fmt: skip
NEW_PATHS = st.sampled_from([path for path in PATHS if "fun" in path or "gone" in path])
MONTHS = st.sampled_from([None, "2025-01", "2025-02", "2025-03"])
PICK = st.integers(0, 10_000)
MAYBE = st.none()
_ROWS_WITHOUT_ID = st.lists(
    st.builds(
        BankRow,
        date=DAYS,
        amount=AMOUNTS,
        description=TEXTS,
        pending=st.sampled_from([False, False, True]),
        hint=MAYBE | st.sampled_from(["Travel:Flights", "fun:a", "No:Such"]),
    ),
    min_size=1,
    max_size=6,
)
_IDS = {f"b{number}": Decimal(text) for number, text in enumerate(_AMOUNTS)}


def _with_ids(rows: list[BankRow], ids: list[str | None]) -> list[BankRow]:
    """The same id is the same amount everywhere, and in one file the same row."""
    first: dict[str, BankRow] = {}
    found = []
    for row, bank_id in zip(rows, ids, strict=False):
        if bank_id is not None:
            named = replace(row, bank_id=bank_id, amount=_IDS[bank_id])
            row = first.setdefault(bank_id, named)
        found.append(row)
    return found


BANK_ROWS = st.builds(
    _with_ids,
    _ROWS_WITHOUT_ID,
    st.lists(MAYBE | st.sampled_from(sorted(_IDS)), min_size=6, max_size=6),
)
