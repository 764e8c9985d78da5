"""MT940 and MT942: SWIFT's tagged statements, several to a file.

The `mt-940` library knows what stands inside a field, and is asked field by field. It is not given
the whole text: it keeps one opening balance per file, has no line numbers for refusals, and logs
what it cannot read, which here are people's payments.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from mt940.models import Transactions
from mt940.options import Options
from mt940.processors import transaction_details_post_processor
from mt940.tags import Tags

from mintflow.connectors.files.amounts import plain_digits
from mintflow.connectors.files.balances import mismatch, opening_to_closing
from mintflow.connectors.files.errors import CannotRead
from mintflow.domain.core.money import exact_sum, negated
from mintflow.domain.statements import (
    Finding,
    Statement,
    StatementBalance,
    StatementFile,
    StatementRow,
)

_TAG = re.compile(r"(?:\{4:\s*)?:(\d{2}[A-Z]?|NS):(.*)\Z", re.DOTALL)
_END = re.compile(r"-[}A-Z0-9{:\s]*\Z")
_ROW = Tags.STATEMENT.value.re
# Some banks write a space before the type of the transaction, which the standard does not know.
_GAP = re.compile(r"(\d{6}(?:\d{4})?R?[DC][A-Z]?[0-9,]{1,15}) (?=[A-Z][A-Z0-9]{3})")
_BALANCE = Tags.FINAL_OPENING_BALANCE.value.re
_SUM = Tags.SUM_DEBIT_ENTRIES.value.re
_TYPE = re.compile(r"[A-Z][A-Z0-9 ]{3}\Z")
_LINE_CHARS = 65
_CODES = re.compile(r"/([A-Z]{3,4})/")
_NO_REFERENCE = frozenset({"", "NONREF", "NOREF", "NOTPROVIDED", "EREF", "NULL"})
_ID_LENGTH_MIN = 6


class _Field(NamedTuple):
    """One tagged field: its tag, text with line breaks, and the line on which it starts."""

    tag: str
    text: str
    line: int


@dataclass(slots=True)
class _Open:
    """A statement while its fields are read. sums: what :90D: and :90C: say of an MT942."""

    line: int
    account: str = ""
    opening: StatementBalance | None = None
    closing: StatementBalance | None = None
    reported: list[StatementBalance] = field(default_factory=list)
    currency: str | None = None
    rows: list[StatementRow] = field(default_factory=list)
    details: dict[int, str] = field(default_factory=dict)
    sums: list[tuple[_Field, int, Decimal]] = field(default_factory=list)


def read_mt940(text: str) -> StatementFile:
    """All statements of an MT940 or MT942 file. Raises CannotRead."""
    statements: list[Statement] = []
    findings: list[Finding] = []
    opened: _Open | None = None
    last = ""
    for item in _fields(text):
        if opened is None or item.tag == "20" or (_opens_again(item, opened)):
            if opened is not None:
                statements.append(_closed(opened, findings))
            opened = _Open(item.line)
        _take(item, opened, last, findings)
        last = item.tag
    if opened is None:
        raise CannotRead("file", "there is no field such as :20: or :61: in it")
    statements.append(_closed(opened, findings))
    count = Counter(row.bank_id for statement in statements for row in statement.rows)
    unique = tuple(
        replace(
            statement,
            rows=tuple(
                replace(row, bank_id=None) if row.bank_id and count[row.bank_id] > 1 else row
                for row in statement.rows
            ),
        )
        for statement in statements
    )
    return StatementFile("mt940", unique, tuple(findings))


def _fields(text: str) -> Iterator[_Field]:
    """Fields in order. What stands before the first, or behind a "-", is the envelope."""
    tag, lines, start = "", [""], 0
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip().lstrip("\x01")
        match = _TAG.match(line)
        if match:
            if tag:
                yield _Field(tag, "\n".join(lines), start)
            tag, lines, start = match[1], [match[2]], number
        elif tag and _END.match(line) and (len(line) <= 2 or line.startswith(("-}", "-X"))):
            yield _Field(tag, "\n".join(lines), start)
            tag = ""
        elif tag and line.strip():
            lines.append(line)
    if tag:
        yield _Field(tag, "\n".join(lines), start)


def _opens_again(item: _Field, opened: _Open) -> bool:
    """A second opening balance below rows starts a statement, even without a :20: before it."""
    return item.tag in ("60", "60F", "60M") and bool(opened.rows)


def _take(item: _Field, opened: _Open, last: str, findings: list[Finding]) -> None:
    tag = item.tag
    if tag == "25":
        if opened.rows or opened.account:
            detail = "an account number in the middle of a statement is passed over"
            findings.append(Finding("FIELD_OUT_OF_PLACE", f"line {item.line}", detail))
        else:
            opened.account = item.text.split("\n")[0].strip()
    elif tag in ("60", "60F", "60M"):
        opened.opening = _balance(item)
        opened.currency = opened.opening.currency
    elif tag in ("62", "62F", "62M"):
        opened.closing = _balance(item)
        opened.currency = opened.currency or opened.closing.currency
    elif tag in ("64", "65"):
        opened.reported.append(replace(_balance(item), available=True))
    elif tag == "34F":
        opened.currency = opened.currency or item.text[:3].upper()
    elif tag == "61":
        opened.rows.append(_row(item, len(opened.rows) + 1))
    elif tag == "86" and opened.rows and last in ("61", "86", "NS"):
        index = len(opened.rows) - 1
        before = opened.details.get(index)
        opened.details[index] = f"{before}\n{item.text}" if before else item.text
    elif tag in ("90D", "90C"):
        match = _SUM.match(item.text)
        plain = plain_digits(match["amount"], ",") if match else None
        if plain is not None:
            opened.sums.append((item, -1 if tag == "90D" else 1, Decimal(plain)))


def _closed(opened: _Open, findings: list[Finding]) -> Statement:
    """The statement, its details told, held against its balances."""
    where = f"line {opened.line}"
    if opened.opening and opened.rows and opened.closing is None:
        raise CannotRead(where, "this statement has no closing balance: the file is cut off")
    rows = tuple(
        _told(replace(row, currency=opened.currency), opened.details.get(index, ""))
        for index, row in enumerate(opened.rows)
    )
    statement = Statement(
        rows,
        opened.account,
        opened.currency,
        opened.opening,
        opened.closing,
        tuple(opened.reported),
    )
    findings.extend(opening_to_closing(statement, where))
    for item, side, total in opened.sums:
        own = exact_sum(row.amount for row in rows if (row.amount < 0) == (side < 0))
        if abs(own) != total and rows:
            said = StatementBalance(rows[-1].date, total if side > 0 else negated(total))
            findings.append(mismatch(f"line {item.line}", own, said))
    return statement


def _row(item: _Field, number: int) -> StatementRow:
    """A :61: line. RC takes a credit back and RD a debit, so money goes out and comes in."""
    where = f"line {item.line}"
    match = _ROW.match(_GAP.sub(r"\1", item.text.strip(), count=1))
    plain = plain_digits(match["amount"], ",") if match else None
    # The library's pattern takes what is left of a broken amount for a type or a reference.
    if match is None or plain is None or not _TYPE.match(match["id"] or ""):
        raise CannotRead(where, f":61: number {number} of its statement cannot be read")
    valued = _day(match["year"], match["month"], match["day"], where)
    booked = valued
    if (match["entry_month"] or "").strip() and (match["entry_day"] or "").strip():
        booked = _entry_day(valued, int(match["entry_month"]), int(match["entry_day"]), where)
    amount = Decimal(plain)
    if match["status"].upper() in ("D", "RC"):
        amount = negated(amount)
    reference = (match["customer_reference"] or "").strip()
    return StatementRow(
        date=booked,
        amount=amount,
        description="",
        where=where,
        bank_id=_bank_id(match["bank_reference"]),
        value_date=valued,
        memo=(match["extra_details"] or "").strip(),
        reference="" if reference.upper() in _NO_REFERENCE else reference,
    )


def _bank_id(reference: str | None) -> str | None:
    found = (reference or "").strip()
    if found.upper() in _NO_REFERENCE or len(found) < _ID_LENGTH_MIN:
        return None
    return found


def _entry_day(valued: date, month: int, day: int, where: str) -> date:
    """The entry date has no year: it is in the year that brings it nearest to the value date."""
    nearest = []
    for year in (valued.year - 1, valued.year, valued.year + 1):
        try:
            nearest.append(date(year, month, day))
        except ValueError:
            continue
    if not nearest:
        raise CannotRead(where, "the entry date is no date")
    return min(nearest, key=lambda found: abs(found - valued))


def _day(year: str, month: str, day: str, where: str) -> date:
    try:
        # Two digits: statements of the last century are older than any bank keeps them.
        return date(2000 + int(year) - (100 if int(year) >= 80 else 0), int(month), int(day))
    except ValueError:
        raise CannotRead(where, f"'{year}{month}{day}' is not a date") from None


def _balance(item: _Field) -> StatementBalance:
    where = f"line {item.line}"
    match = _BALANCE.match(item.text.strip())
    plain = plain_digits(match["amount"], ",") if match else None
    if match is None or plain is None:
        raise CannotRead(where, f":{item.tag}: is not a balance")
    amount = Decimal(plain)
    day = _day(match["year"], match["month"], match["day"], where)
    out = match["status"].upper() == "D"
    return StatementBalance(day, negated(amount) if out else amount, match["currency"].upper())


def _told(row: StatementRow, details: str) -> StatementRow:
    """The row with what its :86: says: German fields (?20), SWIFT codes (/REMI/) or plain text."""
    if not details.strip():
        return replace(row, description=row.memo or row.reference, memo="")
    found = _german(details)
    if found:
        purpose = found.get("purpose") or found.get("additional_purpose")
        posting, party = found.get("posting_text") or "", found.get("applicant_name") or ""
        reference = found.get("end_to_end_reference") or row.reference
        return replace(
            row,
            description=_spaced(purpose or posting or party),
            counterparty=_spaced(party),
            memo=_spaced(posting) if purpose else row.memo,
            reference=_spaced(reference) if reference.upper() not in _NO_REFERENCE else "",
        )
    whole = _unwrapped(details)
    coded = _coded(whole)
    if coded:
        told = coded.get("REMI") or coded.get("NAME") or whole
        eref = coded.get("EREF", "")
        return replace(
            row,
            description=told,
            counterparty=coded.get("NAME", ""),
            reference=row.reference if eref.upper() in _NO_REFERENCE else eref,
        )
    return replace(row, description=whole)


def _german(details: str) -> dict[str, Any]:
    """The fields of a structured :86:, by the library; empty if it is not structured."""
    if not re.match(r"\d{3}\?\d{2}", details.strip()):
        return {}
    holder = Transactions(options=Options.all())
    taken = {"transaction_details": details}
    return transaction_details_post_processor(
        holder, Tags.TRANSACTION_DETAILS.value, taken, dict(taken)
    )


def _coded(text: str) -> dict[str, str]:
    """Text behind each code of "/NAME/.../REMI/..."; empty if the text does not start with one."""
    if not _CODES.match(text):
        return {}
    parts = _CODES.split(text)
    found: dict[str, str] = {}
    for code, value in zip(parts[1::2], parts[2::2], strict=True):
        found.setdefault(code, value.strip("/ "))
    return found


def _unwrapped(details: str) -> str:
    """Lines that were cut at the format's 65 characters are joined as they were."""
    text, previous = "", ""
    for line in details.split("\n"):
        glue = "" if not text or len(previous) >= _LINE_CHARS else " "
        text += glue + line
        previous = line
    return _spaced(text)


def _spaced(text: str) -> str:
    return " ".join(text.split())
