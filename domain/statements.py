"""What a bank file says once it has been read: rows and balances, before any ledger knows them.

The readers in `connectors/files` make these; `commands/imports.py` turns them into events. Nothing
here knows a file format, and nothing here decides what is known already.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class StatementSplit:
    """One part of a row that the file itself splits (QIF). amount: the account's side, signed."""

    amount: Decimal
    category: str | None = None
    memo: str = ""


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One booked or pending line of an account, as the bank says it.

    date: booking date; value_date: when interest starts, if the file says.
    amount: signed from the account's side, money out is negative.
    currency: ISO 4217 as the file says, or None where the format carries none.
    bank_id: the bank's own stable id of the row (FITID, AcctSvcrRef), or None. Never made up here.
    description: what a person reads; counterparty and memo where the format keeps them apart.
    balance_after: running balance, if the file has one.
    category: the file's own category name (QIF), a hint only.
    mcc: the merchant category code of a card payment, four digits, if the file says.
    where: line or element of the file, for messages: "line 12", "Ntry[3]".
    """

    date: dt.date
    amount: Decimal
    description: str
    where: str
    currency: str | None = None
    bank_id: str | None = None
    value_date: dt.date | None = None
    pending: bool = False
    counterparty: str = ""
    memo: str = ""
    reference: str = ""
    balance_after: Decimal | None = None
    category: str | None = None
    splits: tuple[StatementSplit, ...] = ()
    mcc: str | None = None


@dataclass(frozen=True, slots=True)
class StatementBalance:
    """A balance that the bank reports: at the end of `date`, signed from the account's side.

    available: what can be spent (CLAV, :64:, AVAILBAL), which is not what is booked.
    """

    date: dt.date
    amount: Decimal
    currency: str | None = None
    available: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a readable file that a person should see; it never stops an import by itself.

    code: stable, e.g. "BALANCE_MISMATCH". where: as in StatementRow. detail: amounts and dates
    only, never a description or a name.
    """

    code: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class Statement:
    """The rows of one account in one file, in file order.

    account_hint: account number or IBAN as the file says ("" if none).
    opening: before the first row; closing: after the last row; reported: any other dated balance.
    """

    rows: tuple[StatementRow, ...]
    account_hint: str = ""
    currency: str | None = None
    opening: StatementBalance | None = None
    closing: StatementBalance | None = None
    reported: tuple[StatementBalance, ...] = ()


@dataclass(frozen=True, slots=True)
class CsvProfile:
    """How one bank writes its CSV: recognised by looking, confirmed by a dry run, then remembered.

    Columns are zero-based indexes. Either `amount` or `debit`/`credit` is given.
    date_format: strptime form. decimal_sign: "." or ",". sign: 1, or -1 where the file writes
    spending as positive. debit_marks: values of `direction` that mean money out.
    fee: a charge that the bank takes besides the amount; it is subtracted from it.
    skip_head / skip_foot: physical records before the header (or first row) and after the last row.
    """

    delimiter: str
    encoding: str
    has_header: bool
    date: int
    date_format: str
    decimal_sign: str
    description: tuple[int, ...]
    amount: int | None = None
    debit: int | None = None
    credit: int | None = None
    direction: int | None = None
    debit_marks: tuple[str, ...] = ()
    sign: int = 1
    balance: int | None = None
    currency: int | None = None
    bank_id: int | None = None
    status: int | None = None
    pending_marks: tuple[str, ...] = ()
    memo: tuple[int, ...] = ()
    value_date: int | None = None
    skip_head: int = 0
    skip_foot: int = 0
    fee: int | None = None


@dataclass(frozen=True, slots=True)
class StatementFile:
    """Everything that one bank file says.

    format: csv, ofx, qif, camt or mt940. profile: how a CSV was read, to be remembered.
    """

    format: str
    statements: tuple[Statement, ...]
    findings: tuple[Finding, ...] = ()
    profile: CsvProfile | None = None
    account_names: tuple[str, ...] = field(default=())
