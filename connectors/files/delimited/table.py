"""Where the table is: delimiter, head text, header, and the first records of data.

Banks put addresses, balances and blank lines above the table and totals below it. The table is
where records of one width have a date in one and the same column, and an amount.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from mintflow.connectors.files.amounts import taken_apart
from mintflow.connectors.files.dates import looks_like_a_date
from mintflow.connectors.files.delimited.marks import is_summary
from mintflow.connectors.files.delimited.records import DELIMITERS, Record, records
from mintflow.connectors.files.delimited.words import roles_of
from mintflow.connectors.files.errors import CannotRead

SAMPLE_RECORDS = 1000
_EXCEL_SEPARATOR = re.compile(r"sep=(.)\s*\Z", re.IGNORECASE)
_HEADER_ROLES = frozenset(
    {"booking", "date", "transaction", "value", "amount", "debit", "credit", "balance", "payee",
     "description"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """skip_head: records (blank ones too) before the header, or before the first row without one.

    rows: the fields of the first data records, each at least `width` long.
    """

    delimiter: str
    header: tuple[str, ...] | None
    skip_head: int
    width: int
    rows: tuple[list[str], ...]


def find_table(text: str) -> Table:
    """The table of a CSV. Raises CannotRead if there is none."""
    separator = _excel_separator(text)
    seen = [_look(text, delimiter) for delimiter in ([separator] if separator else DELIMITERS)]
    best = max(seen, key=lambda look: look.score)
    if best.data.rows:
        return _with_rows(best.delimiter, best.sample, best.data)
    if best.broken is not None:
        raise best.broken
    if best.named >= 2:
        return _header_only(best.delimiter, best.sample)
    reason = "no table of dates and amounts was found, with or without column names"
    raise CannotRead(f"line {best.sample[0].line if best.sample else 1}", reason)


class _Look(NamedTuple):
    """What the file is under one delimiter. broken: why the sample ends early."""

    delimiter: str
    sample: list[Record]
    data: _Data
    named: int
    broken: CannotRead | None

    @property
    def score(self) -> tuple[int, int, int]:
        return len(self.data.rows), self.named, self.data.width


def _look(text: str, delimiter: str) -> _Look:
    sample: list[Record] = []
    broken = None
    try:
        sample.extend(Record(*r) for r in islice(records(text, delimiter), SAMPLE_RECORDS))
    except CannotRead as error:
        # Under a wrong delimiter the quotes may not match; under the right one the rows will say
        # so again.
        broken = error
    named = max((_named(record.fields) for record in sample), default=0)
    return _Look(delimiter, sample, _data_records(sample), named, broken)


def _with_rows(delimiter: str, sample: list[Record], data: _Data) -> Table:
    # The table starts with the first line of its shape, even if that line cannot be read: then it
    # is refused, rather than taken for head text.
    first = next(
        i
        for i, (_, fields) in enumerate(sample)
        if len(fields) == data.width and looks_like_a_date(fields[data.date])
    )
    header = _header_above(sample, first, data.width)
    # Nor is a row that a stray delimiter made longer head text, unless names stand below it.
    above = range(header + 1 if header is not None else 0, first)
    first = next((i for i in above if _is_row(sample[i].fields, data.date)), first)
    rows = tuple(sample[i].fields for i in data.rows)
    if header is None:
        return Table(delimiter, None, first, data.width, rows)
    return Table(delimiter, tuple(sample[header].fields), header, data.width, rows)


def _header_only(delimiter: str, sample: list[Record]) -> Table:
    header = max(range(len(sample)), key=lambda i: _named(sample[i].fields))
    for record in sample[header + 1 :]:
        if any(field.strip() for field in record.fields):
            if is_summary(" ".join(record.fields)):
                continue
            reason = "no date and amount were recognised in the first line below the column names"
            raise CannotRead(f"line {record.line}", reason)
    fields = sample[header].fields
    return Table(delimiter, tuple(fields), header, len(fields), ())


def _excel_separator(text: str) -> str | None:
    match = _EXCEL_SEPARATOR.match(text[:10].split("\n", 1)[0])
    return match[1] if match else None


class _Data(NamedTuple):
    """rows: indexes into the sample. width: fields of each. date: the column that all have."""

    rows: list[int]
    width: int
    date: int


def _data_records(sample: Sequence[Record]) -> _Data:
    """The records that are data: a date in the usual column, and an amount beside it."""
    dated: list[tuple[int, list[int]]] = []
    for index, record in enumerate(sample):
        dates = [i for i, field in enumerate(record.fields) if looks_like_a_date(field)]
        if dates and _has_amount(record.fields, dates):
            dated.append((index, dates))
    if not dated:
        return _Data([], 0, 0)
    width = Counter(len(sample[index].fields) for index, _ in dated).most_common(1)[0][0]
    usual = [(i, dates) for i, dates in dated if len(sample[i].fields) == width]
    column = Counter(dates[0] for _, dates in usual).most_common(1)[0][0]
    return _Data([index for index, dates in usual if column in dates], width, column)


def _is_row(fields: Sequence[str], date: int) -> bool:
    dated = date < len(fields) and looks_like_a_date(fields[date])
    return dated and _has_amount(fields, [date])


def _has_amount(fields: Sequence[str], dates: Sequence[int]) -> bool:
    return any(
        field.strip() and i not in dates and taken_apart(field) is not None
        for i, field in enumerate(fields)
    )


def _header_above(sample: Sequence[Record], first: int, width: int) -> int | None:
    """The index of the header: the nearest record above with known names, else one of all words."""
    for index in range(first - 1, -1, -1):
        if _named(sample[index].fields) >= 2:
            return index
    for index in range(first - 1, -1, -1):
        fields = [field.strip() for field in sample[index].fields]
        filled = [field for field in fields if field]
        if not filled:
            continue
        words = all(re.search(r"[^\W\d_]", f) and len(f) <= 60 for f in filled)
        alike = abs(len(fields) - width) <= 1 and len(filled) >= max(2, width - 1)
        return index if words and alike and len(set(filled)) == len(filled) else None
    return None


def _named(fields: Sequence[str]) -> int:
    """How many cells are known column names; zero for a record that holds dates or amounts."""
    names = 0
    for field in fields:
        value = field.strip()
        if not value:
            continue
        if looks_like_a_date(value) or (value[-1].isdigit() and taken_apart(value) is not None):
            return 0
        names += any(role in _HEADER_ROLES for role, _ in roles_of(value))
    return names
