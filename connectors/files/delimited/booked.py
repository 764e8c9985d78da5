"""The rows of a CSV as statements: kept apart by account, held against their running balance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from mintflow.connectors.files.balances import ids_that_repeat
from mintflow.connectors.files.delimited import chain
from mintflow.domain.core.money import EXACT, money_text, negated
from mintflow.domain.statements import Finding, Statement, StatementBalance, StatementRow

_ACCOUNTS_MAX = 50


def statements_of(
    rows: list[StatementRow], accounts: Sequence[str], hint: str, reversal_lines: frozenset[int]
) -> tuple[tuple[Statement, ...], list[Finding]]:
    """One statement per account, in order of appearance, and what its balances say.

    accounts: the account of each row, or empty. hint: the account's number from elsewhere.
    reversal_lines: lines whose money out is money that came back.
    """
    if reversal_lines:
        rows = [_reversed(row) if _line(row) in reversal_lines else row for row in rows]
    findings: list[Finding] = []
    repeated = ids_that_repeat(rows)
    if repeated:
        # An id that is not unique is none; half of the rows with ids would be worse than no ids.
        rows = [replace(row, bank_id=None) for row in rows]
        detail = f"{len(repeated)} ids stand on different rows; none is used"
        findings.append(Finding("BANK_ID_NOT_UNIQUE", rows[0].where, detail))
    groups: dict[str, list[StatementRow]] = {}
    if accounts and len(set(accounts)) <= _ACCOUNTS_MAX:
        for row, account in zip(rows, accounts, strict=True):
            groups.setdefault(account, []).append(row)
    groups = groups or {hint: rows}
    statements = []
    for account, own in groups.items():
        statement, found = _statement(own, account or hint)
        statements.append(statement)
        findings.extend(found)
    return tuple(statements), findings


def _statement(rows: list[StatementRow], hint: str) -> tuple[Statement, list[Finding]]:
    currencies = dict.fromkeys(row.currency for row in rows)
    currency = next(iter(currencies)) if len(currencies) == 1 else None
    number = hint if any(char.isdigit() for char in hint) else ""
    booked = [row for row in rows if row.balance_after is not None and not row.pending]
    if not booked:
        return Statement(tuple(rows), number, currency), []
    if len(currencies) > 1:
        # Each currency of a wallet has its own balance; none of them is the account's.
        found = []
        for code in currencies:
            found += _followed([row for row in booked if row.currency == code])[1]
        return Statement(tuple(rows), number, None), found
    followed, findings = _followed(booked)
    if followed.held < followed.links and _is_owed(booked, followed):
        rows = [_owed(row) for row in rows]
        booked = [_owed(row) for row in booked]
        followed, findings = _followed(booked)
    first, last = (booked[-1], booked[0]) if followed.newest_first else (booked[0], booked[-1])
    assert first.balance_after is not None
    assert last.balance_after is not None
    opening = None
    if followed.holds or len(booked) == 1:
        # No file says this one: it is what the first running balance was before its row.
        before = EXACT.subtract(first.balance_after, first.amount)
        opening = StatementBalance(first.date - timedelta(days=1), before, currency)
    closing = StatementBalance(last.date, last.balance_after, currency)
    return Statement(tuple(rows), number, currency, opening, closing), findings


def _followed(booked: Sequence[StatementRow]) -> tuple[chain.Chain, list[Finding]]:
    """The chain of one account and currency, and a finding for each link that breaks."""
    amounts, balances = _columns(booked)
    newest_first = bool(booked) and booked[0].date > booked[-1].date
    followed = chain.follow(amounts, balances, newest_first)
    findings = []
    for index in followed.breaks:
        before = index + 1 if followed.newest_first else index - 1
        expected = EXACT.add(balances[before], amounts[index])
        detail = f"expected {money_text(expected)}, the file says {money_text(balances[index])}"
        findings.append(Finding("BALANCE_MISMATCH", booked[index].where, detail))
    return followed, findings


def _is_owed(booked: Sequence[StatementRow], plain: chain.Chain) -> bool:
    """Whether the balance is printed as what is owed: it only follows with its sign turned."""
    amounts, balances = _columns(booked)
    owed = [negated(balance) for balance in balances]
    if booked[0].date != booked[-1].date:
        # Against the dates it would follow where balances stand before their rows.
        turned = chain.follow_in_time(amounts, owed, booked[0].date > booked[-1].date)
    else:
        turned = chain.follow(amounts, owed, False)
    return turned.held > plain.held and turned.holds


def _columns(booked: Sequence[StatementRow]) -> tuple[list[Decimal], list[Decimal]]:
    return (
        [row.amount for row in booked],
        [row.balance_after for row in booked if row.balance_after is not None],
    )


def _owed(row: StatementRow) -> StatementRow:
    if row.balance_after is None:
        return row
    return replace(row, balance_after=negated(row.balance_after))


def _reversed(row: StatementRow) -> StatementRow:
    return replace(row, amount=negated(row.amount))


def _line(row: StatementRow) -> int:
    return int(row.where.removeprefix("line "))
