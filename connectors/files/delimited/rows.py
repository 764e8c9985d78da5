"""Every row of a CSV by its profile: strict, in file order, one pass, nothing skipped in silence.

A line inside the table is a row, a repeat of the header, a balance or total that says so itself, or
a reason to refuse the file. Text above and below the table is passed over and reported by line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from mintflow.connectors.files.dates import looks_like_a_date
from mintflow.connectors.files.delimited.booked import statements_of
from mintflow.connectors.files.delimited.fields import FieldReader
from mintflow.connectors.files.delimited.marks import (
    NOT_BOOKED_MARKS,
    UNDATED_PENDING,
    carried,
    is_summary,
    is_total,
    mark_of,
)
from mintflow.connectors.files.delimited.owner import account_above, account_column
from mintflow.connectors.files.delimited.records import Record, records
from mintflow.connectors.files.errors import CannotRead, shown
from mintflow.domain.statements import CsvProfile, Finding, StatementFile, StatementRow

# Until the first row is seen; not zero, which is what a blank line has.
_UNKNOWN = -1


def read_rows(
    text: str, profile: CsvProfile, width: int | None, findings: tuple[Finding, ...]
) -> StatementFile:
    """The rows by a profile.

    width: fields of a row, if known. findings: of its recognition, kept in front.
    Raises CannotRead naming the first line that is no row and no recognised other text.
    """
    source = records(text, profile.delimiter)
    head = [Record(*record) for record in islice(source, profile.skip_head)]
    header = next(source, None) if profile.has_header else None
    if profile.has_header and header is None:
        raise CannotRead("file", "the file ends before the column names")
    names = [field.strip() for field in header[1]] if header else None
    if header is not None and sum(map(bool, names or ())) < 2:
        raise CannotRead(f"line {header[0]}", "the column names are not where the profile says")
    table = _Table(profile, names, width, not text.endswith("\n"))
    rows = table.without_balances(table.with_more(list(table.rows(source))))
    statements, of_balances = statements_of(
        rows, table.accounts, account_above(head), table.reversal_lines()
    )
    above = [record.line for record in head if _is_filled(record)]
    return StatementFile(
        "csv",
        statements,
        (*findings, *_skipped(above, "text above the table"), *table.findings(), *of_balances),
        replace(profile, skip_foot=max(profile.skip_foot, len(table.foot))),
    )


class _Table:
    """The state of one pass. foot, accounts: filled by it; accounts has one entry per row."""

    def __init__(
        self, profile: CsvProfile, header: list[str] | None, width: int | None, ends_open: bool
    ) -> None:
        self._p = profile
        self._header = header
        self._width = width or _UNKNOWN
        self._ends_open = ends_open
        self._fields = FieldReader(profile, header)
        self._account = account_column(profile, header)
        self._waiting: list[Record] = []
        self._passed: dict[str, list[int]] = {}
        self._balances: dict[int, str] = {}
        self._count = 0
        self._last = 0
        self._more: dict[int, list[str]] = {}
        self.foot: list[int] = []
        self.accounts: list[str] = []

    def rows(self, source: Iterator[tuple[int, list[str]]]) -> Iterator[StatementRow]:
        """The rows in file order; what stands between two rows is settled by the second one."""
        reader, column, account, status = self._fields, self._p.date, self._account, self._p.status
        known, read_day, read = reader.days.get, reader.day, reader.row
        for line, fields in source:
            if len(fields) != self._width and not self._has_width(Record(line, fields)):
                continue
            day = known(fields[column])
            undated = False
            if day is None:
                day = read_day(Record(line, fields))
                undated = not fields[column].strip()
                if day is None:
                    self._wait(Record(line, fields))
                    continue
            if self._waiting:
                self._settle_between()
            if status is not None and mark_of(fields[status]) in NOT_BOOKED_MARKS:
                self._pass("rows that the bank declined or took back", line)
                continue
            row = read(line, fields, day, undated)
            if row is None:
                self._without_amount(Record(line, fields))
                continue
            if kind := carried(row.description) or (
                "" if row.description else next(filter(None, map(carried, fields)), "")
            ):
                self._balances[self._count] = kind
            self._count += 1
            self._last = line
            if account is not None:
                self.accounts.append(fields[account].strip())
            yield row
        self._settle_foot()

    def with_more(self, rows: list[StatementRow]) -> list[StatementRow]:
        """The rows, each with the lines that go on with its description."""
        if not self._more:
            return rows
        whole = []
        for index, row in enumerate(rows, 1):
            told = [row.description, *self._more.get(index, ())]
            whole.append(replace(row, description=" ".join(filter(None, told))))
        return whole

    def without_balances(self, rows: list[StatementRow]) -> list[StatementRow]:
        """The rows without those that are a balance in the column of amounts; see `carried`."""
        if not {"opening", "closing"} <= set(self._balances.values()):
            return rows
        kept = [i for i in range(len(rows)) if i not in self._balances]
        for index in self._balances:
            self._pass("balances between the rows", int(rows[index].where.removeprefix("line ")))
        self.accounts = [self.accounts[i] for i in kept] if self.accounts else []
        return [rows[i] for i in kept]

    def reversal_lines(self) -> frozenset[int]:
        """Lines whose debit or credit has the rarer sign: money that went back."""
        sides = (self._fields.debits, self._fields.credits)
        return frozenset(line for pair in sides for line in min(pair[1], pair[0], key=len))

    def findings(self) -> list[Finding]:
        """What was passed over, by line."""
        found = [f for why, lines in self._passed.items() for f in _skipped(lines, why)]
        return found + _skipped(self.foot, "text below the table")

    def _has_width(self, record: Record) -> bool:
        """Whether the record is a row by its number of fields; if not, it waits or is refused."""
        fields, column = record.fields, self._p.date
        if not _is_filled(record):
            return False
        dated = column < len(fields) and looks_like_a_date(fields[column])
        if self._width == _UNKNOWN and dated:
            self._width = len(fields)
            self._check_columns(record)
            return True
        if not dated or self._width == _UNKNOWN:
            undated = len(fields) == self._width
            self._wait(record)
            return undated
        if len(fields) > self._width and not any(f.strip() for f in fields[self._width :]):
            return True
        reason = f"{len(fields)} fields where {self._width} are expected"
        raise CannotRead(f"line {record.line}", reason)

    def _check_columns(self, record: Record) -> None:
        p = self._p
        single = (p.amount, p.debit, p.credit, p.direction, p.balance, p.currency, p.bank_id)
        used = [i for i in (*single, p.status, p.value_date, p.fee) if i is not None]
        if max([p.date, *used, *p.description, *p.memo]) >= self._width:
            reason = f"the profile needs more columns than the {self._width} of this line"
            raise CannotRead(f"line {record.line}", reason)

    def _wait(self, record: Record) -> None:
        if self._goes_on(record):
            self._more.setdefault(self._count, []).append(" ".join(" ".join(record.fields).split()))
            self._last = record.line
        elif _is_filled(record):
            self._waiting.append(record)

    def _goes_on(self, record: Record) -> bool:
        """Whether nothing stands in it but more of the description of the row right above it.

        Only behind the empty cell of its date: a row that is cut off there would look the same.
        """
        fields, told = record.fields, self._p.description
        if self._waiting or record.line != self._last + 1 or len(fields) > self._width:
            return False
        filled = [i for i, field in enumerate(fields) if field.strip()]
        inside = bool(filled) and all(i in told and i > self._p.date for i in filled)
        return inside and self._known_other(record) is None

    def _without_amount(self, record: Record) -> None:
        """A dated line without an amount is a balance that is carried, or it is refused."""
        told = self._fields.description(record.fields)
        if not is_total(told) and not (
            is_summary(told) and self._fields.has_balance(record.fields)
        ):
            raise CannotRead(f"line {record.line}", "the amount is missing")
        self._pass("balances between the rows", record.line)

    def _settle_between(self) -> None:
        for record in self._waiting:
            why = self._known_other(record)
            if why is None:
                column = self._p.date + 1
                cell = record.fields[column - 1] if len(record.fields) >= column else ""
                reason = f"this is not a row: column {column} is not a date but {shown(cell)}"
                raise CannotRead(f"line {record.line}", reason)
            self._pass(why, record.line)
        self._waiting.clear()

    def _known_other(self, record: Record) -> str | None:
        """What a line is that is no row, or None if it must not be passed over."""
        fields = [field.strip() for field in record.fields]
        if self._header is not None and fields == self._header:
            return "the column names again"
        date_cell = fields[self._p.date] if len(fields) > self._p.date else ""
        if mark_of(date_cell) in UNDATED_PENDING:
            return "rows without a date, which the bank has not booked yet"
        first = next((field for field in fields if field), "")
        if not any(char.isalnum() for char in "".join(fields)) or is_total(first):
            return "totals and lines between the rows"
        if is_summary(" ".join(fields)) and not self._fields.has_amount(record.fields):
            return "totals and lines between the rows"
        return None

    def _settle_foot(self) -> None:
        """What follows the last row is foot text, unless it looks like a row that broke."""
        expected = len(self._waiting) <= self._p.skip_foot
        for record in self._waiting:
            why = self._known_other(record)
            if why is not None and not why.startswith("totals"):
                self._pass(why, record.line)
                continue
            if why is None:
                self._refuse_broken(record, expected)
            self.foot.append(record.line)

    def _refuse_broken(self, record: Record, expected: bool) -> None:
        """expected: the profile says that so many lines are foot text, whatever they hold."""
        where = f"line {record.line}"
        whole = len(record.fields) == self._width
        if whole and not expected and self._fields.has_amount(record.fields):
            cell = shown(record.fields[self._p.date])
            raise CannotRead(where, f"column {self._p.date + 1} is not a date but {cell}")
        last = self._ends_open and record is self._waiting[-1]
        if last and not is_summary(" ".join(record.fields)):
            raise CannotRead(where, "the file ends in the middle of this line")

    def _pass(self, why: str, line: int) -> None:
        self._passed.setdefault(why, []).append(line)


def _is_filled(record: Record) -> bool:
    return any(field and not field.isspace() for field in record.fields)


def _skipped(lines: list[int], why: str) -> list[Finding]:
    """One finding for each run of lines."""
    found: list[Finding] = []
    start = 0
    for i, line in enumerate(lines):
        if i + 1 < len(lines) and lines[i + 1] == line + 1:
            continue
        first = lines[start]
        where = f"line {line}" if first == line else f"lines {first}-{line}"
        found.append(Finding("SKIPPED_LINES", where, why))
        start = i + 1
    return found
