"""Commands straight to the bus, as the API sends them, and what the read models say afterwards."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from acceptance.product import TOKENS, Product, authenticate

from mintflow.commands.core.command import Command, Context
from mintflow.commands.imports import ImportFile
from mintflow.commands.ledgers import OpenLedger
from mintflow.domain.core.ids import shard_of
from mintflow.domain.core.time import Month
from mintflow.domain.statements import Statement, StatementBalance, StatementFile, StatementRow
from mintflow.projections import accounts, budgets, categories, ledgers, transactions

STATUSES = (None, "voided", "absorbed")


@dataclass
class Seen:
    """What the read models say about one ledger."""

    accounts: list[dict[str, Any]]
    trial_balance: list[dict[str, Any]]
    transactions: dict[str | None, list[dict[str, Any]]]
    totals: dict[str, list[dict[str, Any]]]
    all_time: list[dict[str, Any]]
    budgets: dict[str, list[dict[str, Any]]]


@dataclass
class LedgerBus:
    """One fresh ledger on a running product."""

    product: Product
    currency: str = "USD"
    ledger_id: UUID = field(init=False)

    def __post_init__(self) -> None:
        opened = self._execute(OpenLedger(name="Home", currency=self.currency), None)
        self.ledger_id = UUID(opened["ledger_id"])

    def do(self, command: Command) -> Any:
        """Carry out a command; what it wrote is visible when this returns. Raises refusals."""
        return self._execute(command, self.ledger_id)

    def bring_in(
        self,
        account_id: str,
        rows: Sequence[StatementRow],
        *,
        opening: StatementBalance | None = None,
        closing: StatementBalance | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Import rows as a file would have them."""
        statement = Statement(tuple(rows), opening=opening, closing=closing)
        file = StatementFile("csv", (statement,))
        command = ImportFile(
            account_id=UUID(account_id), sha256="0" * 64, size_bytes=1, file=file, dry_run=dry_run
        )
        answer: dict[str, Any] = self.do(command)
        return answer

    def seen(self, months: Sequence[str]) -> Seen:
        """Every figure of the ledger; category totals and budgets of these months."""
        return self.product.call(self._seen(months))

    def transactions(self, status: str | None = None) -> list[dict[str, Any]]:
        """In the order in which they were recorded; standing ones, or those of a status."""
        return self.product.call(self._transactions(status))

    async def _seen(self, months: Sequence[str]) -> Seen:
        pool, ledger_id = self.product.running.pool, self.ledger_id

        async def ask(query: Any, *args: Any, **how: Any) -> Any:
            async with pool.connection() as conn:
                rows, _ = await query(conn, ledger_id, *args, **how)
            return rows

        parsed = [Month.parse(month) for month in months]
        found = await asyncio.gather(
            ask(accounts.list_accounts),
            ask(ledgers.trial_balance),
            ask(
                categories.category_totals,
                start=dt.date(1900, 1, 2),
                end=dt.date(2200, 12, 31),
            ),
            *(self._transactions(status) for status in STATUSES),
            *(
                ask(categories.category_totals, start=month.first, end=month.last)
                for month in parsed
            ),
            *(ask(budgets.budget_status, month) for month in parsed),
        )
        fixed = 3 + len(STATUSES)
        return Seen(
            accounts=found[0],
            trial_balance=found[1],
            all_time=found[2],
            transactions=dict(zip(STATUSES, found[3:fixed], strict=True)),
            totals=dict(zip(months, found[fixed : fixed + len(months)], strict=True)),
            budgets=dict(zip(months, found[fixed + len(months) :], strict=True)),
        )

    async def _transactions(self, status: str | None) -> list[dict[str, Any]]:
        async with self.product.running.pool.connection() as conn:
            page = await transactions.list_transactions(
                conn,
                self.ledger_id,
                transactions.TransactionFilter(status=status),
                sort="recorded",
                limit=1000,
            )
        assert page.next_cursor is None
        return page.rows

    def _execute(self, command: Command, ledger_id: UUID | None) -> Any:
        principal = authenticate(TOKENS[0])
        assert principal is not None
        return self.product.call(self._visible(command, Context(principal, ledger_id, uuid4())))

    async def _visible(self, command: Command, context: Context) -> Any:
        running = self.product.running
        answer = await running.bus.execute(command, context)
        if answer.position is not None:
            ledger_id = context.ledger_id or UUID(answer.data["ledger_id"])
            await running.tailer.positions.wait_for(shard_of(ledger_id), answer.position, 30)
        return answer.data


def row(
    day: str | dt.date,
    amount: str | Decimal,
    description: str = "zorp",
    *,
    bank_id: str | None = None,
    pending: bool = False,
    **facts: Any,
) -> StatementRow:
    """A row as a reader gives it."""
    return StatementRow(
        date=dt.date.fromisoformat(day) if isinstance(day, str) else day,
        amount=Decimal(amount),
        description=description,
        where="line 1",
        bank_id=bank_id,
        pending=pending,
        **facts,
    )
