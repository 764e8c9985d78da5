"""ISO 20022 CAMT.052, .053 and .054 of every version: elements are known by their local names.

lxml reads the XML with no DTD, no entities, no network and its size limits on; a document type is
refused before it is asked. One entry (Ntry) is one row; a batch keeps its parts as splits.
Source: ISO 20022 Message Definition Report, Bank-to-Customer Cash Management.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO

from lxml import etree

from mintflow.connectors.files.amounts import plain_digits
from mintflow.connectors.files.balances import opening_to_closing
from mintflow.connectors.files.dates import plausible
from mintflow.connectors.files.errors import CannotRead, shown
from mintflow.connectors.files.merchant_codes import mcc_in
from mintflow.domain.core.money import exact_sum, negated
from mintflow.domain.statements import (
    Finding,
    Statement,
    StatementBalance,
    StatementFile,
    StatementRow,
    StatementSplit,
)

_STATEMENTS = frozenset({"Stmt", "Rpt", "Ntfctn"})
_WANTED = ["{*}Ntry", *(f"{{*}}{name}" for name in sorted(_STATEMENTS))]
_DOCTYPE = re.compile(r"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_AMOUNT = re.compile(r"\+?[0-9]+(\.[0-9]*)?\Z|\+?\.[0-9]+\Z")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_CODES = frozenset({"MrchntCtgyCd", "MCC"})
_PENDING = frozenset({"PDNG", "FUTR"})
_AVAILABLE = frozenset({"CLAV", "OPAV", "ITAV", "FWAV"})
_NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NONREF", "NOREF", "NOT PROVIDED", "N/A"})
# A bank that counts its entries from 1 in every file gives numbers, not ids.
_COUNTER_MAX = 10_000_000
_ID_LENGTH_MIN = 6


def read_camt(data: bytes, text: str) -> StatementFile:
    """All statements, reports or notifications of a CAMT file. Raises CannotRead."""
    if _DOCTYPE.search(text):
        raise CannotRead("line 1", "a document type or entity is declared; CAMT has none")
    statements: list[Statement] = []
    findings: list[Finding] = []
    reader = _Statement("")
    try:
        for element in _elements(data.lstrip()):
            if _name(element) == "Ntry":
                reader.entry(element)
                _forget(element)
                continue
            statement, found = reader.statement(element)
            statements.append(statement)
            findings.extend(found)
            _forget(element)
            reader = _Statement(f"{_name(element)}[{len(statements) + 1}]/")
    except etree.XMLSyntaxError as error:
        # The library's message may quote the file; the line says enough.
        where = f"line {error.lineno}" if error.lineno else "file"
        raise CannotRead(where, "the XML is broken or cut off") from None
    if not statements:
        raise CannotRead("Document", "there is no statement, report or notification in it")
    unique = _unique_ids(statements)
    return StatementFile("camt", unique, tuple(findings))


def _elements(data: bytes) -> Iterator[etree._Element]:
    """Entries and statements as they close, so that a big file is never a big tree."""
    events = etree.iterparse(
        BytesIO(data),
        events=("end",),
        tag=_WANTED,
        no_network=True,
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    for _, element in events:
        yield element


class _Statement:
    """The rows of the statement that is being read; its own element closes last."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0
        self._rows: list[StatementRow] = []
        self._findings: list[Finding] = []

    def entry(self, entry: etree._Element) -> None:
        """One Ntry. An entry for information only moves no money and is no row."""
        self._count += 1
        where = f"{self._prefix}Ntry[{self._count}]"
        status = _text(entry, "Sts", "Cd") or _text(entry, "Sts", "Prtry") or _text(entry, "Sts")
        if status == "INFO":
            detail = "the entry is for information only and moves no money"
            self._findings.append(Finding("INFORMATION_ONLY", where, detail))
            return
        amount, currency = _signed(entry, where)
        booked = _day(entry, "BookgDt", where) or _day(entry, "ValDt", where)
        if booked is None and status in _PENDING:
            # Not booked yet, so it has no day of its own: it is as of the report.
            report = entry.getparent()
            booked = _day(report, "CreDtTm", where) if report is not None else None
        if booked is None:
            raise _refused(entry, where, "there is neither a booking date nor a value date")
        details = [d for part in _all(entry, "NtryDtls") for d in _all(part, "TxDtls")]
        told = _told(entry, details, amount)
        self._rows.append(
            StatementRow(
                date=booked,
                amount=amount,
                description=told["description"],
                where=where,
                currency=currency,
                bank_id=_bank_id(entry, details),
                value_date=_day(entry, "ValDt", where),
                pending=status in _PENDING,
                counterparty=told["counterparty"],
                memo=told["memo"],
                reference=told["reference"],
                splits=_splits(details, amount, currency) if len(details) > 1 else (),
                mcc=_code(entry, details),
            )
        )

    def statement(self, element: etree._Element) -> tuple[Statement, list[Finding]]:
        """The whole statement with its balances, and what they say about its rows."""
        where = self._prefix + _name(element)
        account = _child(element, "Acct")
        hint, currency = "", None
        if account is not None:
            hint = _text(account, "Id", "IBAN") or _text(account, "Id", "Othr", "Id")
            hint = hint or _text(account, "Id", "PrtryAcct", "Id")
            currency = _text(account, "Ccy") or None
        balances = [(_balance_kind(b), _balance(b, where)) for b in _all(element, "Bal")]
        currency = currency or next((b.currency for _, b in balances), None)
        currency = currency or next((row.currency for row in self._rows), None)
        opening = _pick(balances, "OPBD") or _pick(balances, "PRCD")
        closing = _pick([*reversed(balances)], "CLBD")
        statement = Statement(
            tuple(self._rows),
            hint.replace(" ", ""),
            currency,
            opening,
            closing,
            tuple(
                replace(balance, available=True) if kind in _AVAILABLE else balance
                for kind, balance in balances
                if (kind in _AVAILABLE or kind == "ITBD") and balance not in (opening, closing)
            ),
        )
        return statement, self._findings + opening_to_closing(statement, where)


def _signed(element: etree._Element, where: str) -> tuple[Decimal, str | None]:
    """Amount and currency of an entry or balance; the sign is CdtDbtInd's.

    A reversal (RvslInd) already names the direction in which the money moves.
    """
    found = _child(element, "Amt")
    printed = (found.text or "").strip() if found is not None else ""
    plain = plain_digits(printed.lstrip("+"), ".") if _AMOUNT.match(printed) else None
    if found is None or plain is None:
        raise _refused(element, where, f"Amt is not an amount: {shown(printed)}")
    direction = _text(element, "CdtDbtInd")
    if direction not in ("CRDT", "DBIT"):
        raise _refused(element, where, "CdtDbtInd is neither CRDT nor DBIT")
    amount = Decimal(plain)
    currency = found.get("Ccy")
    return (negated(amount) if direction == "DBIT" else amount), currency


def _day(element: etree._Element, name: str, where: str) -> date | None:
    """The day of a date or a time as the bank prints it, whatever its zone; None if absent."""
    printed = _text(element, name, "Dt") or _text(element, name, "DtTm") or _text(element, name)
    if not printed:
        return None
    match = _DATE.match(printed)
    try:
        day = date(*map(int, match.groups())) if match else None
    except ValueError:
        day = None
    if day is None or not plausible(day):
        raise _refused(element, where, f"{name} is not a date: {shown(printed)}")
    return day


def _told(entry: etree._Element, details: list[etree._Element], amount: Decimal) -> dict[str, str]:
    """What a person reads of an entry: remittance text, other party, the bank's own words."""
    one = details[0] if len(details) == 1 else None
    info = _text(entry, "AddtlNtryInf")
    remittance = _remittance(one) if one is not None else ""
    extra = _text(one, "AddtlTxInf") if one is not None else ""
    reversed_ = _text(entry, "RvslInd") in ("true", "1")
    party = _party(one, (amount < 0) != reversed_) if one is not None else ""
    description = remittance or extra or info or party
    memo = next((text for text in (info, extra) if text and text != description), "")
    reference = _text(one, "Refs", "EndToEndId") if one is not None else ""
    if reference.upper() in _NO_REFERENCE:
        reference = _text(one, "Refs", "MndtId") if one is not None else ""
    return {
        "description": description,
        "counterparty": party,
        "memo": memo,
        "reference": reference,
    }


def _remittance(details: etree._Element) -> str:
    found = []
    for info in _all(details, "RmtInf"):
        found += [_plain(part.text) for part in _all(info, "Ustrd")]
        for structured in _all(info, "Strd"):
            found.append(_text(structured, "CdtrRefInf", "Ref"))
            found.append(_text(structured, "CdtrRefInf", "CdtrRef"))
            found += [_plain(part.text) for part in _all(structured, "AddtlRmtInf")]
    return " ".join(text for text in found if text)


def _party(details: etree._Element, money_out: bool) -> str:
    """The other party: who is paid when money leaves, who pays when it comes."""
    parties = _child(details, "RltdPties")
    if parties is None:
        return ""
    for name in ("UltmtCdtr", "Cdtr") if money_out else ("UltmtDbtr", "Dbtr"):
        found = _text(parties, name, "Nm") or _text(parties, name, "Pty", "Nm")
        if found:
            return found
    return ""


def _splits(
    details: list[etree._Element], total: Decimal, currency: str | None
) -> tuple[StatementSplit, ...]:
    """The parts of a batch, if all of them have amounts that add up to the entry."""
    splits = []
    for part in details:
        found = _child(part, "Amt")
        if found is None:
            found = _child(part, "AmtDtls", "TxAmt", "Amt")
        printed = (found.text or "").strip() if found is not None else ""
        plain = plain_digits(printed, ".") if _AMOUNT.match(printed) else None
        if found is None or plain is None or found.get("Ccy") not in (None, currency):
            return ()
        direction = _text(part, "CdtDbtInd")
        out = direction == "DBIT" if direction else total < 0
        amount = negated(Decimal(plain)) if out else Decimal(plain)
        told = " ".join(text for text in (_party(part, out), _remittance(part)) if text)
        splits.append(StatementSplit(amount, None, told))
    return tuple(splits) if exact_sum(s.amount for s in splits) == total else ()


def _bank_id(entry: etree._Element, details: list[etree._Element]) -> str | None:
    """The account servicer's reference, or the entry's own if it is more than a counter."""
    found = _text(entry, "AcctSvcrRef")
    if found.upper() in _NO_REFERENCE and len(details) == 1:
        found = _text(details[0], "Refs", "AcctSvcrRef")
    if found.upper() in _NO_REFERENCE:
        found = _text(entry, "NtryRef")
    counted = found.isdigit() and int(found) < _COUNTER_MAX
    if found.upper() in _NO_REFERENCE or counted or len(found) < _ID_LENGTH_MIN:
        return None
    return found


def _code(entry: etree._Element, details: list[etree._Element]) -> str | None:
    """The merchant category code of a card payment; none where a batch holds several."""
    # It stands under CardTx, in another place in nearly every version.
    cards = [card for part in (entry, *details) for card in _all(part, "CardTx")]
    codes = {
        mcc_in(_plain(one.text))
        for card in cards
        for one in card.iter()
        if isinstance(one.tag, str) and _name(one) in _CODES
    }
    return codes.pop() if len(codes) == 1 else None


def _unique_ids(statements: list[Statement]) -> tuple[Statement, ...]:
    """A reference that stands on two entries is the one of a batch or an order, not an id."""
    count = Counter(row.bank_id for statement in statements for row in statement.rows)
    return tuple(
        replace(
            statement,
            rows=tuple(
                replace(row, bank_id=None) if row.bank_id and count[row.bank_id] > 1 else row
                for row in statement.rows
            ),
        )
        for statement in statements
    )


def _balance_kind(balance: etree._Element) -> str:
    return _text(balance, "Tp", "CdOrPrtry", "Cd") or _text(balance, "Tp", "Cd")


def _balance(balance: etree._Element, where: str) -> StatementBalance:
    amount, currency = _signed(balance, f"{where}/Bal")
    day = _day(balance, "Dt", f"{where}/Bal")
    if day is None:
        raise _refused(balance, f"{where}/Bal", "the balance has no date")
    return StatementBalance(day, amount, currency)


def _pick(balances: list[tuple[str, StatementBalance]], kind: str) -> StatementBalance | None:
    return next((balance for found, balance in balances if found == kind), None)


def _name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _all(element: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in element if _name(child) == name]


def _child(element: etree._Element, *path: str) -> etree._Element | None:
    for name in path:
        found = next((child for child in element if _name(child) == name), None)
        if found is None:
            return None
        element = found
    return element


def _text(element: etree._Element, *path: str) -> str:
    found = _child(element, *path)
    return _plain(found.text) if found is not None else ""


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


def _forget(element: etree._Element) -> None:
    """Free an element that has been read, and what stands before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and _name(element) == "Ntry" and element.getprevious() is not None:
        before = element.getprevious()
        if before is None or _name(before) != "Ntry":
            break
        parent.remove(before)


def _refused(element: etree._Element, where: str, reason: str) -> CannotRead:
    return CannotRead(f"line {element.sourceline}, {where}", reason)
