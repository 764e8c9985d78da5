"""A CSV's profile, found by looking at the file; `rows.py` then obeys it on every row.

The first thousand records are looked at; where they leave the order of dates or the decimal sign
open, the whole columns are. What stays open is assumed, and every assumption is a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from mintflow.connectors.files.amounts import (
    DecimalSign,
    decide_decimal_sign,
    taken_apart,
)
from mintflow.connectors.files.dates import decide_date_format, runs_down
from mintflow.connectors.files.delimited import chain
from mintflow.connectors.files.delimited.cells import Column, columns_of
from mintflow.connectors.files.delimited.columns import (
    Money,
    Texts,
    date_columns,
    money_columns,
    moves,
    text_columns,
)
from mintflow.connectors.files.delimited.marks import CARD_SPENDING_MARKS, PENDING_MARKS, mark_of
from mintflow.connectors.files.delimited.records import records
from mintflow.connectors.files.delimited.table import SAMPLE_RECORDS, Table, find_table
from mintflow.connectors.files.delimited.words import currency_in, normalised
from mintflow.connectors.files.errors import CannotRead
from mintflow.domain.core.money import negated
from mintflow.domain.statements import CsvProfile, Finding

# How a card thanks for the payment of its bill. "Payment" alone is what accounts print as well.
_CARD_PAYMENT = re.compile(
    r"\b(auto ?pay|thank ?you|(online|mobile|internet|web|electronic) (payment|pymt)|"
    r"(payment|zahlung|uberweisung|paiement|prelevement|pago|pagamento|betaling|inbetalning|"
    r"innbetaling|indbetaling)\b.*\b(received|thanks?|erhalten|danke?|recu|merci|enregistre|gracias|"
    r"recibido|ricevuto|grazie|recebido|obrigado|ontvangen|bedankt|mottagen|mottatt|modtaget|tack))\b"
)
_CARD_THANKS = re.compile(
    r"\b(payment|pymt|zahlung|paiement|pago|pagamento|betaling|inbetalning|innbetaling|indbetaling)"
    r"\b.*\b(thank ?you|thanks|danke?|merci|gracias|grazie|obrigado|bedankt|tack)\b"
)
_CARD_REFUND = re.compile(r"\b(refund|return|credit|gutschrift|erstattung|remboursement|abono)\b")
_INCOME = re.compile(
    r"\b(deposito|saldo|opening balance|received from|"
    r"salary|payroll|wages|interest|deposit|dividend|gehalt|lohn|salaire|nomina|stipendio|"
    r"salaris|lon|pension|rente|direct dep)\b"
)
_POSITIVE_ROWS_MIN = 3


@dataclass(frozen=True, slots=True)
class Recognised:
    """profile: complete, or None for a table without rows. findings: what had to be assumed.

    looked_at_all: whether the sample was the whole file or all of the columns were read.
    width: fields of a row.
    """

    profile: CsvProfile | None
    findings: tuple[Finding, ...]
    looked_at_all: bool
    width: int


def recognise(text: str, encoding: str, currency: str | None, all_rows: bool) -> Recognised:
    """The profile of a CSV. currency: the account's, for ties. Raises CannotRead if none fits.

    all_rows: decide dates and decimal sign by the whole columns at once.
    """
    table = find_table(text)
    columns = columns_of(table)
    short = len(table.rows) < SAMPLE_RECORDS // 2
    date, value_date = date_columns(columns)
    fallback: DecimalSign = "," if table.delimiter == ";" else "."
    own_currency = _currency_of(columns) or currency
    sign, sign_assumed = decide_decimal_sign(_bodies(columns), own_currency, fallback)
    money = money_columns(columns, sign)
    if date is None or money is None:
        what = "dates" if date is None else "amounts"
        raise CannotRead(f"line {table.skip_head + 1}", f"no column of {what} was recognised")
    if not table.rows:
        return Recognised(None, (), True, table.width)
    numbers = [i for i in (money.amount, money.debit, money.credit, money.balance) if i is not None]
    dates = [i for i in (date, value_date) if i is not None]
    bodies = _bodies([columns[i] for i in numbers])
    sign, sign_assumed = decide_decimal_sign(bodies, own_currency, fallback)
    commas = sign == "," and not sign_assumed
    prefer = _usual_order(table.delimiter, commas, own_currency)
    form, form_assumed = decide_date_format([columns[i].cells for i in dates], prefer)
    if all_rows or ((sign_assumed or form_assumed) and not short):
        whole = _whole_columns(text, table, dates, numbers)
        form, form_assumed = decide_date_format([whole[i] for i in dates], prefer)
        parts = (taken_apart(value) for i in numbers for value in whole[i])
        bodies = [part.body for part in parts if part]
        sign, sign_assumed = decide_decimal_sign(bodies, own_currency, fallback)
    if form is None:
        raise CannotRead(f"line {table.skip_head + 1}", "no column of dates was recognised")
    newest_first = runs_down(columns[date].cells, form)
    money = _without_balance_before(columns, money, sign, newest_first)
    money = _with_own_marks(columns, money, sign)
    profile, direction_finding = _profile(
        table, columns, (date, value_date), money, (encoding, sign, form), newest_first
    )
    findings = list(direction_finding)
    first = f"line {table.skip_head + 1}"
    if form_assumed:
        findings.append(Finding("DATE_ORDER_ASSUMED", first, f"dates are read as {form}"))
    if sign_assumed:
        what = f"the decimal sign is taken to be '{sign}'"
        findings.append(Finding("DECIMAL_SIGN_ASSUMED", first, what))
    return Recognised(profile, tuple(findings), short or all_rows, table.width)


def _profile(
    table: Table,
    columns: list[Column],
    dates: tuple[int, int | None],
    money: Money,
    forms: tuple[str, DecimalSign, str],
    newest_first: bool | None,
) -> tuple[CsvProfile, list[Finding]]:
    encoding, decimal_sign, date_format = forms
    currency = _column_of_currency(columns, money)
    bank_id = _first(c for c in columns if "bank_id" in c.roles and c.is_unique and not c.is_date)
    status = _first(c for c in columns if "status" in c.roles and _is_status(c))
    taken: set[int | None] = {
        *dates, money.amount, money.debit, money.credit, money.balance, money.fee,
        money.direction, currency, bank_id, status,
    }  # fmt: skip
    texts = text_columns(columns, taken)
    sign, findings = _sign(table, columns, money, texts, decimal_sign, newest_first)
    pending = dict.fromkeys(mark_of(v) for v in (() if status is None else columns[status].filled))
    return CsvProfile(
        delimiter=table.delimiter,
        encoding=encoding,
        has_header=table.header is not None,
        date=dates[0],
        date_format=date_format,
        decimal_sign=decimal_sign,
        description=texts.description,
        amount=money.amount,
        debit=money.debit,
        credit=money.credit,
        direction=money.direction,
        debit_marks=money.debit_marks,
        sign=sign,
        balance=money.balance,
        currency=currency,
        bank_id=bank_id,
        status=status,
        pending_marks=tuple(mark for mark in pending if mark in PENDING_MARKS),
        memo=texts.memo,
        value_date=dates[1],
        skip_head=table.skip_head,
        fee=money.fee,
    ), findings


def _without_balance_before(
    columns: Sequence[Column], money: Money, sign: DecimalSign, newest_first: bool | None
) -> Money:
    """The same columns, less a balance that stood before its row: it closes no statement."""
    if money.balance is None or money.amount is None or newest_first is None:
        return money
    values = columns[money.amount].amounts(sign)
    balances = columns[money.balance].amounts(sign)
    before = chain.share_before(values, balances, newest_first)
    is_before = before > max(0.5, chain.share(values, balances, newest_first))
    return replace(money, balance=None) if is_before else money


def _with_own_marks(columns: Sequence[Column], money: Money, sign: DecimalSign) -> Money:
    """The same columns, the amount's own as that of the marks where only money in carries one."""
    if money.amount is None or money.direction is not None:
        return money
    amount = columns[money.amount]
    moving = [part for part in amount.parts if part and part.body.strip("0.,' ")]
    marked = [part for part in moving if part.marked]
    if not marked or len(marked) == len(moving) or any(part.negative for part in marked):
        return money
    if money.balance is not None:
        held = chain.share(amount.amounts(sign), columns[money.balance].amounts(sign))
        if held > 0.5:
            return money
    return replace(money, direction=money.amount, debit_marks=("",))


def _sign(
    table: Table,
    columns: list[Column],
    money: Money,
    texts: Texts,
    decimal_sign: DecimalSign,
    newest_first: bool | None,
) -> tuple[int, list[Finding]]:
    """-1 where spending is printed as positive, as many cards do, and the finding that says so."""
    where = f"line {table.skip_head + 1}"
    if money.direction is not None:
        detail = "amounts without a sign are read as money out, beside others with a plus or CR"
        own = money.direction == money.amount
        return 1, [Finding("SIGN_ASSUMED", where, detail)] if own else []
    if money.amount is None:
        detail = "of two columns without known names, the first is read as money out"
        assumed = not _pair_is_told(columns, money, decimal_sign)
        return 1, [Finding("SIGN_ASSUMED", where, detail)] if assumed else []
    amount = columns[money.amount]
    values = amount.amounts(decimal_sign)
    inverted = Finding("SIGN_ASSUMED", where, "positive amounts are read as money out")
    if money.balance is not None:
        after = columns[money.balance].amounts(decimal_sign)
        upside_down = [negated(v) if v is not None else None for v in values]
        held = chain.share(upside_down, after, newest_first)
        if held > max(0.5, chain.share(values, after)):
            # Within one day such a chain could as well be of balances before their rows.
            return -1, [inverted] if newest_first is None else []
    by_kind = _sign_by_kind(columns, values)
    if by_kind:
        return by_kind, [inverted] if by_kind < 0 else []
    positive = sum(v is not None and v > 0 for v in values)
    negative = sum(v is not None and v < 0 for v in values)
    told = [
        normalised(" ".join(c))
        for c in zip(*(columns[i].cells for i in texts.description), strict=True)
    ]
    if told and _reads_like_a_card(values, told, positive, negative, money.balance is None):
        return -1, [inverted]
    unsigned = not any(part is not None and part.marked for part in amount.parts)
    if unsigned and positive >= _POSITIVE_ROWS_MIN and money.balance is None:
        detail = "no amount has a sign; all are read as money in"
        return 1, [Finding("SIGN_ASSUMED", where, detail)]
    return 1, []


def _pair_is_told(columns: Sequence[Column], money: Money, sign: DecimalSign) -> bool:
    """Whether names, signs or a balance say which of the two columns is money out."""
    assert money.debit is not None
    assert money.credit is not None
    debit, credit = columns[money.debit], columns[money.credit]
    if "debit" in debit.roles or "credit" in credit.roles:
        return True
    if debit.has_negative != credit.has_negative or money.balance is None:
        return debit.has_negative and not credit.has_negative
    moved = moves(debit.amounts(sign), credit.amounts(sign))
    return chain.share(moved, columns[money.balance].amounts(sign)) > 0.5


def _sign_by_kind(columns: Sequence[Column], values: Sequence[Decimal | None]) -> int:
    """What a column of "Sale" and "Payment" says about the signs beside it; 0 if there is none."""
    for column in columns:
        marks = [mark_of(cell) for cell in column.cells]
        sales = [v for v, m in zip(values, marks, strict=True) if v and m in CARD_SPENDING_MARKS]
        if sales:
            return -1 if sum(v > 0 for v in sales) * 2 > len(sales) else 1
    return 0


def _reads_like_a_card(
    values: Sequence[Decimal | None],
    told: Sequence[str],
    positive: int,
    negative: int,
    without_balance: bool,
) -> bool:
    """Nearly all rows positive, the few others payments of the bill and refunds, no income.

    Thanks for every payment say it in a short file too, and beside what is owed as a balance.
    """
    if not negative or not positive:
        return False
    pairs = [(v, t) for v, t in zip(values, told, strict=True) if v]
    if any(_INCOME.search(t) for v, t in pairs if v > 0):
        return False
    out = [t for v, t in pairs if v < 0]
    refunds = [t for t in out if _CARD_REFUND.search(t)]
    thanked = [t for t in out if _CARD_THANKS.search(t)]
    if thanked and len({*thanked, *refunds}) == len({*out}):
        return True
    payments = sum(bool(_CARD_PAYMENT.search(t)) for t in out)
    usual = without_balance and positive >= 3 * negative
    return usual and payments > 0 and (payments + len(refunds)) * 10 >= negative * 6


def _currency_of(columns: Sequence[Column]) -> str | None:
    """The currency that the file itself names, if it is one."""
    for column in columns:
        if column.roles.keys() & {"amount", "debit", "credit", "balance"}:
            named = currency_in(column.name)
            if named:
                return named
    named_columns = [c for c in columns if c.is_currency and len(set(c.filled)) == 1]
    if named_columns:
        return named_columns[0].filled[0]
    printed = {p.currency for c in columns if c.is_amount for p in c.parts if p and p.currency}
    return printed.pop() if len(printed) == 1 else None


def _column_of_currency(columns: Sequence[Column], money: Money) -> int | None:
    """Of several columns of currencies, the one right of the amount: the other is a foreign one."""
    found = [c for c in columns if c.is_currency]
    anchor = money.amount if money.amount is not None else money.debit
    named = [c for c in found if "currency" in c.roles]
    if not named:
        # Under a name that is not known, codes right of the amount are still its currency.
        named = [c for c in found if not columns[0].name or c.index - 1 == anchor]
    beside = [c for c in named if anchor is not None and abs(c.index - anchor) == 1]
    after = [c for c in beside if anchor is not None and c.index > anchor]
    return _first(after or beside or named)


def _is_status(column: Column) -> bool:
    words = {mark_of(cell) for cell in column.filled}
    return 0 < len(words) <= 12 and not any(re.search(r"\d", word) for word in words)


def _first(columns: Iterable[Column]) -> int | None:
    return next((column.index for column in columns), None)


def _bodies(columns: Sequence[Column]) -> list[str]:
    return [p.body for c in columns if c.is_amount for p in c.parts if p is not None]


def _usual_order(delimiter: str, commas: bool, currency: str | None) -> str:
    """Who prints such a file: the month first is the habit of the United States alone."""
    if delimiter == ";" or commas:
        return "dmy"
    return "mdy" if currency in (None, "USD") else "dmy"


def _whole_columns(
    text: str, table: Table, dates: Sequence[int], numbers: Sequence[int]
) -> dict[int, list[str]]:
    """The whole of some columns: dates without repeats of the row before, amounts once each."""
    lists: dict[int, list[str]] = {i: [] for i in dates}
    sets: dict[int, set[str]] = {i: set() for i in numbers}
    for _, fields in records(text, table.delimiter):
        if len(fields) < table.width:
            continue
        for i in dates:
            column = lists[i]
            if not column or column[-1] != fields[i]:
                column.append(fields[i])
        for i in numbers:
            sets[i].add(fields[i])
    return {**lists, **{i: list(values) for i, values in sets.items()}}
