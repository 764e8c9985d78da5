"""Rules on bank files."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from typing import Any

from acceptance.bus import row
from hypothesis import strategies as st
from hypothesis.stateful import rule
from properties.machine.base import Machine
from properties.machine.values import AMOUNTS, BANK_ROWS, DAYS, MAYBE, PICK, WRONG_AMOUNT
from properties.oracle import bank

from mintflow.domain.statements import StatementBalance


class BankRules(Machine):
    """Files that overlap, repeat, correct, post what was pending, and meet what was hand-made."""

    @rule(which=PICK, rows=BANK_ROWS, opening=MAYBE | st.tuples(DAYS, AMOUNTS),
          closing=MAYBE | st.tuples(DAYS, AMOUNTS), wrong=st.integers(0, 30))  # fmt: skip
    def import_file(
        self,
        which: int,
        rows: list[bank.BankRow],
        opening: tuple[dt.date, Decimal] | None,
        closing: tuple[dt.date, Decimal] | None,
        wrong: int,
    ) -> None:
        account_id = self._account(which).id
        if wrong == 17:
            rows = [*rows, bank.BankRow(dt.date(2025, 2, 1), WRONG_AMOUNT, "zorp")]
        self._import(account_id, rows, opening, closing)

    @rule(which=PICK, rows=BANK_ROWS)
    def import_rows(self, which: int, rows: list[bank.BankRow]) -> None:
        """Rows alone: most files are that, and so they come twice as often."""
        self._import(self._account(which).id, rows, None, None)

    def _import(
        self,
        account_id: str,
        rows: list[bank.BankRow],
        opening: tuple[dt.date, Decimal] | None,
        closing: tuple[dt.date, Decimal] | None,
    ) -> None:
        said = [
            row(one.date, one.amount, one.description, bank_id=one.bank_id, pending=one.pending,
                category=one.hint)
            for one in rows
        ]  # fmt: skip
        balances = {
            name: StatementBalance(*value)
            for name, value in (("opening", opening), ("closing", closing))
            if value is not None
        }

        def bring_in() -> Counter[str]:
            return bank.bring_in(self.books, account_id, rows, opening, closing)

        def send(*, dry_run: bool) -> Any:
            return self.bus.bring_in(account_id, said, dry_run=dry_run, **balances)

        predicted = self._tried(lambda: send(dry_run=True))
        answer, counts = self._compare(self._tried(lambda: send(dry_run=False)), bring_in)
        names = ("added", "known", "updated", "skipped", "matched")
        if answer is not None:
            assert {name: answer[name] for name in names} == {name: counts[name] for name in names}
            assert {name: predicted[0][name] for name in names} == {
                name: answer[name] for name in names
            }, "the dry run did not predict the import"
