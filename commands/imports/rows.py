"""From the rows of a bank file to transactions with ids: which account, which stream, how much.

The id of a row comes from the bank's own where it has one; else from date, amount, description and
the count of equal rows before it on that day. So a row gets the same id from every file with it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from mintflow.domain.accounts import Account
from mintflow.domain.core.errors import Invalid, MintFlowError
from mintflow.domain.core.ids import transaction_id_by_bank_id, transaction_id_by_row
from mintflow.domain.core.money import CurrencyMustMatch, exact_amount
from mintflow.domain.core.time import check_date
from mintflow.domain.statements import Finding, Statement, StatementBalance, StatementRow
from mintflow.domain.transactions import Transaction
from mintflow.domain.transactions.parts import check_texts


class SeveralAccountsInFile(Invalid):
    """The file holds several accounts; say which one is meant."""

    code = "several_accounts_in_file"


class RowNotUsable(Invalid):
    """A row is readable but can not be kept in this account; details say where and why."""

    code = "row_not_usable"


def comparable(
    account: Account, statements: Sequence[Statement]
) -> tuple[list[Statement], list[Finding]]:
    """The statements without balances in another currency than the account's, and which had some.

    Beside rows that say they are in the account's it says nothing about the account. Raises
    CurrencyMustMatch where nothing says so: then the whole statement is about something else.
    """
    kept: list[Statement] = []
    findings: list[Finding] = []
    for one in statements:
        said = (one.opening, *one.reported, one.closing)
        other = next((b.currency for b in said if b and _is_foreign(b, account)), None)
        ours = account.currency in {one.currency, *(row.currency for row in one.rows)}
        if other is not None and not (ours and one.rows):
            raise CurrencyMustMatch(
                "the file is not in the account's currency",
                currency=other[:12],
                account_currency=account.currency,
            )
        if other is not None:
            detail = f"a balance is in {other[:12]}, the account in {account.currency}"
            findings.append(Finding("BALANCE_NOT_COMPARABLE", one.rows[0].where, detail))
            one = replace(
                one,
                opening=_own(one.opening, account),
                closing=_own(one.closing, account),
                reported=tuple(b for b in one.reported if not _is_foreign(b, account)),
            )
        kept.append(one)
    return kept, findings


def _own(balance: StatementBalance | None, account: Account) -> StatementBalance | None:
    return None if balance is not None and _is_foreign(balance, account) else balance


def _is_foreign(balance: StatementBalance, account: Account) -> bool:
    return balance.currency not in (None, account.currency)


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its stream id and its amount in the digits of the account's currency.

    Some banks give one id to different transactions. A row with a bank id has two names then: one
    of the id alone, one of id, date and amount. transaction_id is the one that a new row gets,
    other_id the other. shares_id: the file itself has different rows under this id.
    """

    transaction_id: UUID
    amount: Decimal
    source: StatementRow
    other_id: UUID | None = None
    shares_id: bool = False


def choose(statements: Sequence[Statement], account_hint: str | None) -> list[Statement]:
    """The statements that are about one account: the one named, or the only one there is.

    Raises SeveralAccountsInFile.
    """
    if account_hint is not None:
        chosen = [one for one in statements if one.account_hint == account_hint]
        if not chosen:
            raise SeveralAccountsInFile(
                "the file does not hold this account", accounts=len(statements)
            )
        return chosen
    with_rows = [one for one in statements if one.rows] or list(statements)
    held = {one.account_hint for one in with_rows}
    if len(held) > 1:
        raise SeveralAccountsInFile(
            "the file holds several accounts: say which one by its number",
            accounts=_endings(held),
        )
    return with_rows


def _endings(numbers: Collection[str]) -> list[str]:
    """The ends of account numbers: no more of them than tells each from the others."""
    length = 4
    while len({one[-length:] for one in numbers}) < len(numbers):
        length += 1
    return sorted("…" + one[-length:] for one in numbers)


def identified(
    account: Account, statements: Iterable[Statement]
) -> tuple[list[Row], list[Finding], int]:
    """Rows in file order, findings, and how many rows repeat another one of the same bank id.

    Raises RowNotUsable, CurrencyMustMatch.
    """
    sources = [(row, statement) for statement in statements for row in statement.rows]
    reused = _reused_ids(row for row, _ in sources)
    seen: Counter[tuple[object, ...]] = Counter()
    rows: list[Row] = []
    findings: list[Finding] = []
    skipped = 0
    ids: set[UUID] = set()
    for row, statement in sources:
        currency = row.currency or statement.currency
        if currency is not None and currency != account.currency:
            raise CurrencyMustMatch(
                "the file is not in the account's currency",
                where=row.where,
                currency=currency[:12],
                account_currency=account.currency,
            )
        amount = _amount_of(row, account.currency)
        other_id, shares_id = None, row.bank_id in reused
        if row.bank_id is not None:
            stream_id = transaction_id_by_bank_id(account.id, row.bank_id)
            other_id = transaction_id_by_bank_id(
                account.id, f"{row.bank_id}|{row.date.isoformat()}|{amount:f}"
            )
            if shares_id:
                stream_id, other_id = other_id, stream_id
            if stream_id in ids:
                findings.append(
                    Finding("REPEATED_ID", row.where, "the row stands in the file twice")
                )
                skipped += 1
                continue
        else:
            key = (row.date, amount, " ".join(row.description.split()).casefold())
            seen[key] += 1
            stream_id = transaction_id_by_row(
                account.id, row.date, amount, row.description, seen[key]
            )
        ids.add(stream_id)
        rows.append(Row(stream_id, amount, row, other_id, shares_id))
    return rows, findings, skipped


def settled(
    rows: Sequence[Row], known: Collection[UUID], named: Mapping[UUID, Transaction]
) -> list[Row]:
    """The rows, each under the name that the books know it by.

    known: streams that exist. named: those of them that a bank's id alone names. Another row has
    taken that name where the two differ in both date and amount (in either, when this file shows
    that the id is used again), unless they differ because the user changed them.
    """
    taken: set[UUID] = set()
    found = []
    for row in rows:
        if row.other_id is None:
            found.append(row)
            continue
        plain, full = row.transaction_id, row.other_id
        if row.shares_id:
            plain, full = full, plain
        if full not in known and plain in known and plain not in taken:
            holder = named.get(plain)
            same = holder is None or _is_of(holder, row)
            stream_id = plain if same else full
        elif full in known or plain in known:
            stream_id = full
        else:
            stream_id = row.transaction_id
        taken.add(stream_id)
        found.append(
            row if stream_id == row.transaction_id else replace(row, transaction_id=stream_id)
        )
    return found


def _is_of(holder: Transaction, row: Row) -> bool:
    booking = holder.booking or holder.withdrawn
    # From pending to posted both may change; and an older file may come after the newer one.
    waits = row.source.pending or booking is None or booking.status == "pending"
    if booking is None or (waits and not row.shares_id):
        return True
    same_day = booking.date == row.source.date or "date" in holder.user_fields
    same_amount = booking.amount == row.amount or "amount" in holder.user_fields
    return same_day and same_amount if row.shares_id else same_day or same_amount


def _reused_ids(rows: Iterable[StatementRow]) -> set[str]:
    facts: defaultdict[str, set[tuple[object, Decimal]]] = defaultdict(set)
    for row in rows:
        if row.bank_id is not None:
            facts[row.bank_id].add((row.date, row.amount))
    return {bank_id for bank_id, different in facts.items() if len(different) > 1}


def _amount_of(row: StatementRow, currency: str) -> Decimal:
    try:
        check_date(row.date)
        check_texts(row.description, row.counterparty, row.memo)
        return exact_amount(row.amount, currency)
    except MintFlowError as refusal:
        raise RowNotUsable(
            refusal.message, where=row.where, reason=refusal.code, **refusal.details
        ) from None
