"""What stands in a column: shares of dates, amounts, currencies and marks over the sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from mintflow.connectors.files.amounts import DecimalSign, Parts, exact, is_currency, taken_apart
from mintflow.connectors.files.dates import looks_like_a_date
from mintflow.connectors.files.delimited.marks import CREDIT_MARKS, DEBIT_MARKS, NO_AMOUNT, mark_of
from mintflow.connectors.files.delimited.table import Table
from mintflow.connectors.files.delimited.words import roles_of

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z")
_LETTER = re.compile(r"[^\W\d_]")
_CODE = re.compile(r"0\d+\Z|\d{10,}\Z")


@dataclass(frozen=True)
class Column:
    """One column of the sample; `cells` as printed, one per row."""

    index: int
    name: str
    cells: tuple[str, ...]

    @cached_property
    def filled(self) -> tuple[str, ...]:
        return tuple(cell for cell in self.cells if cell)

    @cached_property
    def roles(self) -> dict[str, int]:
        return dict(roles_of(self.name))

    @cached_property
    def is_date(self) -> bool:
        """Most of what is printed has the shape of a date (a pending row may print a word)."""
        shaped = sum(looks_like_a_date(cell) for cell in self.filled)
        return shaped > 0 and shaped * 10 >= len(self.filled) * 6

    @cached_property
    def printed(self) -> tuple[str, ...]:
        """As `filled`, without the dashes that stand for no amount."""
        return tuple(cell for cell in self.filled if cell not in NO_AMOUNT)

    @cached_property
    def parts(self) -> tuple[Parts | None, ...]:
        return tuple(taken_apart(cell) if cell else None for cell in self.cells)

    @cached_property
    def is_amount(self) -> bool:
        """Most of what is printed can be an amount; a value that cannot is refused by its line."""
        readable = sum(part is not None for part in self.parts)
        return readable > 0 and readable * 10 >= len(self.printed) * 6 and not self.is_date

    @cached_property
    def is_money(self) -> bool:
        """As `is_amount`, but not a cheque number, an account or another code of bare digits."""
        return self.is_number and any(
            p and (p.marked or set(p.body) & set(".,")) for p in self.parts
        )

    @cached_property
    def is_number(self) -> bool:
        """As `is_money`, or whole numbers that are no codes either."""
        return self.is_amount and not any(_CODE.match(cell) for cell in self.filled)

    @cached_property
    def is_currency(self) -> bool:
        return bool(self.filled) and all(is_currency(c) and c.isupper() for c in self.filled)

    @cached_property
    def is_direction(self) -> bool:
        marks = {mark_of(cell) for cell in self.filled}
        return bool(marks) and marks <= (DEBIT_MARKS | CREDIT_MARKS)

    @cached_property
    def is_text(self) -> bool:
        wordy = sum(bool(_LETTER.search(cell)) for cell in self.filled)
        return wordy * 2 >= max(1, len(self.filled)) and not self.is_date and not self.is_money

    @cached_property
    def tells_apart(self) -> bool:
        """Whether its texts can describe rows: not one text for all of them, and no accounts."""
        ibans = all(_IBAN.match(cell.replace(" ", "")) for cell in self.filled)
        return (
            bool(self.filled) and not ibans and (len(self.filled) < 2 or len(set(self.filled)) > 1)
        )

    @cached_property
    def has_negative(self) -> bool:
        return any(part is not None and part.negative for part in self.parts)

    @cached_property
    def is_unique(self) -> bool:
        return bool(self.filled) and len(set(self.filled)) == len(self.filled)

    @cached_property
    def mean_length(self) -> float:
        """Over all rows: a long text in a few of them describes the others with nothing."""
        return sum(map(len, self.filled)) / max(1, len(self.cells))

    def amounts(self, decimal_sign: DecimalSign) -> list[Decimal | None]:
        """One exact amount per row; None where the cell is empty or is none."""
        return [exact(cell, decimal_sign) if cell else None for cell in self.cells]


def columns_of(table: Table) -> list[Column]:
    """All columns of the table's sample, with their names if there is a header."""
    names: Sequence[str] = table.header or ()
    width = max(table.width, len(names)) if not table.rows else table.width
    return [
        Column(
            i,
            names[i].strip() if i < len(names) else "",
            tuple(row[i].strip() if i < len(row) else "" for row in table.rows),
        )
        for i in range(width)
    ]
