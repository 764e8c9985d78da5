"""What all rules share: ask the product and the oracle, compare, and pick what to ask about."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID, uuid4

from acceptance.bus import LedgerBus
from acceptance.product import Product
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant
from properties.comparison import assert_equal
from properties.machine.values import PATHS
from properties.oracle.accounts import open_account
from properties.oracle.books import Account, Books, Category, Refused

from mintflow.commands.accounts import OpenAccount
from mintflow.commands.core.command import Command
from mintflow.domain.core.errors import MintFlowError
from mintflow.projections import categories as category_queries


class Machine(RuleBasedStateMachine):
    """One ledger. `product` is set by the test; `done` counts steps and answers of all ledgers."""

    product: ClassVar[Product]
    done: ClassVar[Counter[str]] = Counter()
    bus: LedgerBus
    books: Books

    @initialize()
    def open_books(self) -> None:
        self.bus = LedgerBus(self.product)
        self.books = Books(today=dt.datetime.now(dt.UTC).date())
        for node in self.product.call(self._tree()):
            self.books.categories[node["category_id"]] = Category(
                node["category_id"], node["category"], node["kind"]
            )
        for currency in ("USD", "USD"):
            self._open(currency, Decimal(0), None, from_files=False)

    @invariant()
    def every_figure_is_the_oracles(self) -> None:
        if hasattr(self, "books"):
            days = {one.date for one in self.books.rows}
            months = sorted({f"{day:%Y-%m}" for day in days} | {"2025-02"})
            assert_equal(self.books, self.bus.seen(months))
            self.done["steps"] += 1

    def _both(self, command: Command, expected: Callable[[], Any]) -> tuple[Any, Any]:
        """Ask both; they must agree on the answer, or on the code of the refusal."""
        return self._compare(self._tried(lambda: self.bus.do(command)), expected)

    def _tried(self, ask: Callable[[], Any]) -> tuple[Any, str | None]:
        try:
            return ask(), None
        except MintFlowError as refusal:
            return None, refusal.code

    def _compare(
        self, answered: tuple[Any, str | None], expected: Callable[[], Any]
    ) -> tuple[Any, Any]:
        answer, code = answered
        value, expected_code = None, None
        try:
            value = expected()
        except Refused as refused:
            expected_code = refused.code
        assert code == expected_code, f"refused with {code}, expected {expected_code}"
        self.done[code or "accepted"] += 1
        return answer, value

    def _open(
        self, currency: str, opening: Decimal, day: dt.date | None, *, from_files: bool
    ) -> None:
        answer = self.bus.do(
            OpenAccount(
                name="account",
                kind="checking",
                currency=currency,
                opening_balance=opening,
                opening_date=day,
                opening_from_files=from_files,
            )
        )
        open_account(
            self.books, answer["account_id"], currency, opening, day, from_files=from_files
        )

    def _account(self, which: int) -> Account:
        """One of the accounts, and now and then one that is not there."""
        if which % 50 == 49:
            return Account(str(uuid4()), "USD")
        return self.books.accounts[which % len(self.books.accounts)]

    def _row(self, which: int, *, state: str | None = None, posted: bool | None = None) -> UUID:
        """Mostly one of those wanted, now and then any, or one that is not there."""
        wanted = [
            one
            for one in self.books.rows
            if (state is None or one.state == state) and (posted is None or one.posted is posted)
        ]
        if which % 5 == 4 or not wanted:
            wanted = self.books.rows
        return wanted[which % len(wanted)].known_id

    def _path(self, which: int) -> str:
        """Mostly a category that takes rows, now and then any path."""
        active = {one.path for one in self.books.categories.values() if not one.archived}
        usable = [path for path in PATHS if path in active or which % 11 == 7]
        return usable[which % len(usable)]

    async def _tree(self) -> Any:
        async with self.product.running.pool.connection() as conn:
            rows, _ = await category_queries.list_categories(conn, self.bus.ledger_id)
        return rows
