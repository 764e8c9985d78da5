"""The fields of one CSV row by a profile: date, amount, texts; the inner loop of every import.

A plain amount ("-12.34") is read in one regular expression and one Decimal; dates are parsed once
per distinct text. Everything else takes the slow way, which knows every printed form.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from mintflow.connectors.files.amounts import (
    DecimalSign,
    is_currency,
    plain_digits,
    taken_apart,
)
from mintflow.connectors.files.dates import date_reader, looks_like_a_date, plausible
from mintflow.connectors.files.delimited.marks import (
    CREDIT_MARKS,
    DEBIT_MARKS,
    NO_AMOUNT,
    PENDING_MARKS,
    mark_of,
)
from mintflow.connectors.files.delimited.records import Record
from mintflow.connectors.files.delimited.words import currency_in
from mintflow.connectors.files.errors import CannotRead, shown
from mintflow.connectors.files.merchant_codes import code_column, mcc_in
from mintflow.domain.core.money import EXACT, negated
from mintflow.domain.statements import CsvProfile, StatementRow

# Amounts of digits with or without groups of three, by decimal sign; group 1 is the grouping.
_PLAIN = {
    ".": re.compile(r"[-+]?(?:[0-9]{1,15}|[0-9]{1,3}(,[0-9]{3}){1,4})(?:\.[0-9]{1,18})?\Z"),
    ",": re.compile(r"[-+]?(?:[0-9]{1,15}|[0-9]{1,3}(\.[0-9]{3}){1,4})(?:,[0-9]{1,18})?\Z"),
}
# What turns such an amount into Python's form.
_TO_POINT: dict[DecimalSign, dict[int, str | None]] = {
    ".": {ord(","): None},
    ",": {ord("."): None, ord(","): "."},
}
# Beyond this many distinct texts a column of dates holds times; parsing is then not remembered.
_DAYS_MAX = 100_000
_SPACE_RUN = re.compile(r"\s*\n\s*")


class FieldReader:
    """Reads single rows; remembers dates. debits, credits: see `_pair`."""

    def __init__(self, profile: CsvProfile, header: list[str] | None) -> None:
        """header: names of the columns, for a currency that stands only there."""
        self._p = profile
        self._sign: DecimalSign = "," if profile.decimal_sign == "," else "."
        self._plain = _PLAIN[self._sign].match
        self._to_point = _TO_POINT[self._sign]
        # A grouped or comma amount needs its signs exchanged; a plain one does not.
        self._is_point = self._sign == "."
        self._read_date = date_reader(profile.date_format)
        self._debit_marks = frozenset(mark_of(mark) for mark in profile.debit_marks)
        self._pending_marks = PENDING_MARKS | {mark_of(mark) for mark in profile.pending_marks}
        self.currency = _header_currency(profile, header)
        self._mcc = code_column(header)
        self.days: dict[str, date] = {}
        # Lines of unsigned and of negative values, by whether they are negative.
        self.debits: tuple[list[int], list[int]] = ([], [])
        self.credits: tuple[list[int], list[int]] = ([], [])

    def day(self, record: Record) -> date | None:
        """The booking date; None if the cell does not look like one. Refuses no such day."""
        fields = record.fields
        text = fields[self._p.date]
        if not text.strip() and self._p.value_date is not None:
            text = fields[self._p.value_date]
        known = self.days.get(text)
        if known is not None:
            return known
        return self._new_day(record.line, text) if looks_like_a_date(text) else None

    def _new_day(self, line: int, text: str) -> date:
        try:
            found = self._read_date(text)
        except ValueError:
            form = self._p.date_format
            reason = f"{shown(text)} is not a date of the form {form}"
            raise CannotRead(f"line {line}", reason) from None
        if not plausible(found):
            raise CannotRead(f"line {line}", f"the year {found.year} cannot be meant")
        if len(self.days) < _DAYS_MAX:
            self.days[text] = found
        return found

    def row(self, line: int, fields: list[str], day: date, not_booked: bool) -> StatementRow | None:
        """The row, or None if no amount is printed. not_booked: the bank shows no date for it."""
        p = self._p
        currency = self.currency
        if p.amount is not None:
            text = fields[p.amount].strip()
            if not text or text in NO_AMOUNT:
                return None
            if plain := self._plain(text):
                as_is = self._is_point and plain[1] is None
                amount = Decimal(text if as_is else text.translate(self._to_point))
            else:
                amount, printed = self._printed(line, p.amount, text)
                currency = printed or currency
            if p.direction == p.amount:
                amount = self._marked(text, amount)
            elif p.direction is not None:
                amount = self._directed(line, fields[p.direction], amount)
            if p.sign < 0:
                amount = negated(amount)
            if p.fee is not None and (fee := self._optional(line, fields, p.fee)):
                amount = EXACT.subtract(amount, abs(fee))
        else:
            pair = self._pair(line, fields)
            if pair is None:
                return None
            amount = pair
        if not amount:
            amount = amount.copy_abs()
        if p.currency is not None and (code := fields[p.currency].strip().upper()):
            currency = self._currency(line, code)
        return StatementRow(
            day,
            amount,
            self.description(fields),
            f"line {line}",
            currency,
            (fields[p.bank_id].strip() or None) if p.bank_id is not None else None,
            self._value_date(line, fields) if p.value_date is not None else None,
            not_booked
            or (p.status is not None and mark_of(fields[p.status]) in self._pending_marks),
            memo=_joined(fields, p.memo) if p.memo else "",
            balance_after=self._optional(line, fields, p.balance)
            if p.balance is not None
            else None,
            mcc=mcc_in(fields[self._mcc])
            if self._mcc is not None and self._mcc < len(fields)
            else None,
        )

    def description(self, fields: list[str]) -> str:
        """What a person reads: one column, or the parts of several that are not the same."""
        return _joined(fields, self._p.description)

    def has_amount(self, fields: list[str]) -> bool:
        """Whether an amount is printed where this table has its amounts."""
        p = self._p
        places = [i for i in (p.amount, p.debit, p.credit) if i is not None and i < len(fields)]
        return any(taken_apart(fields[i]) is not None for i in places if fields[i].strip())

    def has_balance(self, fields: list[str]) -> bool:
        """Whether a running balance is printed."""
        return self._p.balance is not None and bool(fields[self._p.balance].strip())

    def _printed(self, line: int, column: int, text: str) -> tuple[Decimal, str | None]:
        """An amount in any printed form, and the currency that stands beside it."""
        parts = taken_apart(text)
        plain = plain_digits(parts.body, self._sign) if parts else None
        if parts is None or plain is None:
            reason = f"column {column + 1} is not an amount: {shown(text)}"
            if parts is not None:
                reason += f" (the decimal sign of this file is '{self._sign}')"
            raise CannotRead(f"line {line}", reason)
        amount = Decimal(plain)
        return (negated(amount) if parts.negative else amount), parts.currency

    def _optional(self, line: int, fields: list[str], column: int) -> Decimal | None:
        text = fields[column].strip()
        if not text or text in NO_AMOUNT:
            return None
        if plain := self._plain(text):
            as_is = self._is_point and plain[1] is None
            return Decimal(text if as_is else text.translate(self._to_point))
        return self._printed(line, column, text)[0]

    def _pair(self, line: int, fields: list[str]) -> Decimal | None:
        """The amount of a debit and a credit column, of which one is empty or zero.

        Some banks print debits (and cards credits) with a minus and some without; the rarer of the
        two signs is a reversal, which only the whole file can tell. The lines are kept for that.
        """
        p = self._p
        debit = self._optional(line, fields, p.debit) if p.debit is not None else None
        credit = self._optional(line, fields, p.credit) if p.credit is not None else None
        if debit and credit:
            raise CannotRead(f"line {line}", "both money out and money in are given")
        if debit:
            self.debits[debit < 0].append(line)
            return negated(abs(debit))
        if credit:
            self.credits[credit < 0].append(line)
            return abs(credit)
        return credit if credit is not None else debit

    def _directed(self, line: int, cell: str, amount: Decimal) -> Decimal:
        mark = mark_of(cell)
        if mark in self._debit_marks:
            return negated(amount)
        own_words = not self._debit_marks <= DEBIT_MARKS | {""}
        if mark and (own_words or mark in CREDIT_MARKS):
            return amount
        if mark in DEBIT_MARKS:
            return negated(amount)
        reason = "neither money in nor money out is said where this file says it"
        raise CannotRead(f"line {line}", reason)

    def _marked(self, text: str, amount: Decimal) -> Decimal:
        """By the mark of the amount itself, which may be none: then the profile says what it is."""
        parts = taken_apart(text)
        bare = parts is not None and not parts.marked
        return negated(amount) if bare and "" in self._debit_marks else amount

    def _currency(self, line: int, code: str) -> str:
        if not is_currency(code):
            raise CannotRead(f"line {line}", "the currency is not known")
        return code

    def _value_date(self, line: int, fields: list[str]) -> date | None:
        assert self._p.value_date is not None
        text = fields[self._p.value_date]
        known = self.days.get(text)
        if known is not None or not looks_like_a_date(text):
            return known
        return self._new_day(line, text)


def _joined(fields: list[str], columns: tuple[int, ...]) -> str:
    if len(columns) == 1:
        text = fields[columns[0]].strip()
        return _SPACE_RUN.sub(" ", text) if "\n" in text else text
    parts: list[str] = []
    for column in columns:
        text = _SPACE_RUN.sub(" ", fields[column].strip())
        # Banks print the payee in the purpose again, often in capitals.
        if text and not any(text.casefold() in part.casefold() for part in parts):
            parts.append(text)
    return " ".join(parts)


def _header_currency(profile: CsvProfile, header: list[str] | None) -> str | None:
    for column in (profile.amount, profile.debit, profile.credit, profile.balance):
        if header and column is not None and column < len(header):
            named = currency_in(header[column])
            if named:
                return named
    return None
