"""OFX aggregates to statements: the names of the standard, and what banks make of them.

Source: OFX Banking Specification 2.3, chapter 11. Amounts have a point or a comma before the cents
and no grouping; dates are the day that the bank printed, whatever zone stands behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from mintflow.connectors.files.amounts import plain_digits
from mintflow.connectors.files.balances import ids_that_repeat
from mintflow.connectors.files.dates import plausible
from mintflow.connectors.files.errors import CannotRead, shown
from mintflow.connectors.files.merchant_codes import mcc_in
from mintflow.connectors.files.ofx.sgml import Aggregate, line_of, parse
from mintflow.connectors.files.text import decode
from mintflow.domain.core.money import negated
from mintflow.domain.statements import (
    Finding,
    Statement,
    StatementBalance,
    StatementFile,
    StatementRow,
)

_STATEMENTS = ("STMTRS", "CCSTMTRS", "INVSTMTRS")
_ACCOUNTS = ("BANKACCTFROM", "CCACCTFROM", "INVACCTFROM")
_ROWS = ("STMTTRN", "STMTTRNP")
# What an investment statement holds besides cash; none of it is a row of an account in money.
_SECURITIES = re.compile(r"(BUY|SELL|REINVEST|INCOME|TRANSFER|CLOSURE|JRNL|SPLIT|RETOFCAP|MARGIN)")
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?=\D|\d{2}|\Z)")
_AMOUNT = re.compile(r"([+-]?)([0-9][0-9.,']*|[.,][0-9]+)\Z")
_CHARSET = re.compile(rb"CHARSET\s*:\s*([\w-]+)|<\?xml[^>]*encoding=[\"']([\w-]+)")


def read_ofx(data: bytes, text: str, encoding: str) -> StatementFile:
    """All statements of an OFX or QFX file, one per account.

    text, encoding: how the file was decoded; its own header decides where that was a guess.
    Raises CannotRead, also for a refused sign-on.
    """
    if encoding not in ("utf-8", "utf-16", "utf-16-le", "utf-16-be"):
        text, _ = decode(data, _declared(data) or encoding)
    root = parse(text)
    parts = list(root.all_parts())
    findings = _statuses(text, parts)
    found = [part for part in parts if part.tag in _STATEMENTS]
    if not found:
        where = findings[0].where if findings else "OFX"
        raise CannotRead(where, findings[0].detail if findings else "there is no statement in it")
    statements = []
    for number, part in enumerate(found, 1):
        prefix = f"{part.tag}[{number}]/" if len(found) > 1 else ""
        statement, more = _Reader(text, part, prefix).statement()
        statements.append(statement)
        findings.extend(more)
    return StatementFile("ofx", tuple(statements), tuple(findings))


def _statuses(text: str, parts: Iterable[Aggregate]) -> list[Finding]:
    """Refusals that the bank wrote into the file; the one of the sign-on refuses all of it."""
    findings = []
    for part in parts:
        status = part.part("STATUS")
        if status is None:
            continue
        code = status.values.get("CODE", "0") or "0"
        severity = status.values.get("SEVERITY", "ERROR" if code != "0" else "INFO").upper()
        if severity != "ERROR":
            continue
        shown_code = code if code.isdigit() else "unknown"
        if part.tag == "SONRS":
            reason = f"the bank refused the sign-on with status {shown_code}"
            raise CannotRead(f"{line_of(text, status)}, SONRS", reason)
        detail = f"the bank refused a request with status {shown_code}"
        findings.append(Finding("REQUEST_REFUSED", f"{line_of(text, status)}, {part.tag}", detail))
    return findings


class _Reader:
    """One statement of the file."""

    def __init__(self, text: str, part: Aggregate, prefix: str) -> None:
        self._text = text
        self._part = part
        self._prefix = prefix
        self._currency = part.values.get("CURDEF", "").upper() or None
        self._rows = [p for p in part.all_parts() if p.tag in _ROWS]
        self._commas = _grouping(p.values.get("TRNAMT", "") for p in self._rows)

    def statement(self) -> tuple[Statement, list[Finding]]:
        rows = [self._row(number, part) for number, part in enumerate(self._rows, 1)]
        findings = []
        repeated = ids_that_repeat(rows)
        if repeated:
            rows = [replace(r, bank_id=None) if r.bank_id in repeated else r for r in rows]
            detail = f"{len(repeated)} FITIDs stand on different rows and are not used"
            findings.append(Finding("BANK_ID_NOT_UNIQUE", self._prefix or "OFX", detail))
        skipped = [p for p in self._part.all_parts() if _SECURITIES.match(p.tag)]
        if skipped:
            detail = f"{len(skipped)} securities transactions are not cash"
            where = line_of(self._text, skipped[0])
            findings.append(Finding("SECURITIES_SKIPPED", where, detail))
        ledger, available = self._balance("LEDGERBAL"), self._balance("AVAILBAL")
        last = max((row.date for row in rows if not row.pending), default=None)
        closing = ledger if ledger and (last is None or ledger.date >= last) else None
        others = (
            None if closing else ledger,
            replace(available, available=True) if available else None,
        )
        return Statement(
            tuple(rows),
            self._account(),
            self._currency,
            closing=closing,
            reported=tuple(balance for balance in others if balance),
        ), findings

    def _account(self) -> str:
        account = next((p for p in self._part.all_parts() if p.tag in _ACCOUNTS), None)
        return account.values.get("ACCTID", "").strip() if account else ""

    def _row(self, number: int, part: Aggregate) -> StatementRow:
        where = f"{self._prefix}{part.tag}[{number}]"
        values = part.values
        pending = part.tag == "STMTTRNP"
        payee = part.part("PAYEE")
        name, memo = _line_of_text(values.get("NAME")), _line_of_text(values.get("MEMO"))
        payee_name = _line_of_text(payee.values.get("NAME")) if payee else ""
        own = part.part("CURRENCY")
        day = self._date(part, where, "DTTRAN" if pending and "DTTRAN" in values else "DTPOSTED")
        valued = "DTAVAIL" if values.get("DTAVAIL") else "VALUEDATE"
        return StatementRow(
            date=day,
            amount=self._amount(part, where, "TRNAMT"),
            description=name or memo or payee_name,
            where=where,
            currency=(own.values.get("CURSYM", "").upper() if own else "") or self._currency,
            bank_id=values.get("FITID", "").strip() or None,
            value_date=self._date(part, where, valued) if values.get(valued) else None,
            pending=pending,
            counterparty=payee_name,
            memo=memo,
            reference=_number(values.get("CHECKNUM")) or _number(values.get("REFNUM")),
            # The standard's "standard industrial code" is what card banks put the code into.
            mcc=mcc_in(values.get("SIC") or ""),
        )

    def _balance(self, tag: str) -> StatementBalance | None:
        part = self._part.part(tag)
        if part is None or not part.values.get("BALAMT") or not part.values.get("DTASOF"):
            return None
        where = f"{self._prefix}{tag}"
        day, amount = self._date(part, where, "DTASOF"), self._amount(part, where, "BALAMT")
        return StatementBalance(day, amount, self._currency)

    def _date(self, part: Aggregate, where: str, name: str) -> date:
        text = part.values.get(name, "").strip()
        match = _DATE.match(text)
        try:
            day = date(*map(int, match.groups())) if match else None
        except ValueError:
            day = None
        if day is None or not plausible(day):
            raise self._refused(part, where, f"{name} is not a date: {shown(text)}")
        return day

    def _amount(self, part: Aggregate, where: str, name: str) -> Decimal:
        text = part.values.get(name, "").replace(" ", "")
        match = _AMOUNT.match(text)
        plain = _plain(match[2], self._commas) if match else None
        if match is None or plain is None:
            raise self._refused(part, where, f"{name} is not an amount: {shown(text)}")
        amount = Decimal(plain)
        return negated(amount) if match[1] == "-" else amount

    def _refused(self, part: Aggregate, where: str, reason: str) -> CannotRead:
        return CannotRead(f"{line_of(self._text, part)}, {where}", reason)


def _grouping(texts: Iterable[str]) -> str:
    """The sign that groups thousands in this file although OFX has none, or ""."""
    for text in texts:
        if "." in text and "," in text:
            return "," if text.rindex(".") > text.rindex(",") else "."
    return ""


def _plain(body: str, grouping: str) -> str | None:
    """A single separator stands before the cents, unless this very file groups with it."""
    if "." in body and "," in body:
        return plain_digits(body, "." if body.rindex(".") > body.rindex(",") else ",")
    separator = "," if "," in body else "."
    if body.count(separator) == 1 and not (
        separator == grouping and len(body.split(separator)[1]) == 3
    ):
        return plain_digits(body, "," if separator == "," else ".")
    return plain_digits(body, "." if separator == "," else ",")


def _line_of_text(value: str | None) -> str:
    return " ".join(value.split()) if value and "\n" in value else (value or "").strip()


def _number(value: str | None) -> str:
    """A cheque or reference number; banks write 0 for none."""
    number = (value or "").strip()
    return number if number.strip("0") else ""


def _declared(data: bytes) -> str | None:
    """The encoding that the header names, as Python names it."""
    match = _CHARSET.search(data[:4096])
    if match is None:
        return None
    name = (match[1] or match[2]).decode("ascii")
    if name.upper() in ("NONE", "USASCII", "US-ASCII", "UNICODE"):
        return None
    if name.isdigit():
        return f"cp{name}"
    # Banks that say 8859-1 write Windows text: the codes between differ, and only one has signs.
    return "cp1252" if name.upper() in ("8859-1", "ISO-8859-1", "LATIN1") else name
