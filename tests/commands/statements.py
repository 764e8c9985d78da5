"""Bank files as commands see them: rows without a format."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from commands.product import Product

from mintflow.commands.core.command import Answer
from mintflow.commands.imports import ImportFile
from mintflow.domain.statements import Statement, StatementBalance, StatementFile, StatementRow
from mintflow.domain.transactions import Transaction

MARCH = dt.date(2025, 3, 1)


def day(number: int) -> dt.date:
    """Day 1 is the first of March; 0 and below lie before it."""
    return MARCH + dt.timedelta(days=number - 1)


def row(on: int, amount: str, text: str = "Coffee", **facts: Any) -> StatementRow:
    return StatementRow(
        date=day(on), amount=Decimal(amount), description=text, where=f"line {on}", **facts
    )


def balance(on: int, amount: str, **facts: Any) -> StatementBalance:
    return StatementBalance(day(on), Decimal(amount), **facts)


def file_of(*rows: StatementRow, **facts: Any) -> StatementFile:
    return StatementFile("csv", (Statement(tuple(rows), **facts),))


async def bring(
    it: Product,
    ledger: UUID,
    account: UUID,
    file: StatementFile | Sequence[StatementRow],
    *,
    key: str | None = None,
    **facts: Any,
) -> Answer:
    """Import a file, or rows."""
    if not isinstance(file, StatementFile):
        file = file_of(*file)
    command = ImportFile(account_id=account, sha256="ab", size_bytes=1, file=file, **facts)
    return await it.do(command, ledger, key=key)


def counts(answer: Answer) -> tuple[int, int, int, int]:
    """(added, known, updated, skipped)"""
    data = answer.data
    return data["added"], data["known"], data["updated"], data["skipped"]


async def standing(it: Product, ledger: UUID, account: UUID) -> list[Transaction]:
    """The transactions of an account that count, by date and amount."""
    streams: dict[str, Any] = {}
    for event in await it.events(ledger):
        streams[event.stream_id] = it.mapper.domain_event(event).mutate(
            streams.get(event.stream_id)
        )
    found = [
        one
        for one in streams.values()
        if isinstance(one, Transaction)
        and one.booking is not None
        and one.booking.account_id == account
    ]
    return sorted(found, key=lambda one: (one.booking.date, one.booking.amount))  # type: ignore[union-attr]


async def shown(it: Product, ledger: UUID, account: UUID) -> list[tuple[int, str, str]]:
    """(day of March, amount, status) of what counts."""
    return [
        ((one.booking.date - MARCH).days + 1, str(one.booking.amount), one.booking.status)
        for one in await standing(it, ledger, account)
        if one.booking is not None
    ]
