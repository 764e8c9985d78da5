"""Rules on transactions."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from properties.machine.base import Machine
from properties.machine.values import AMOUNTS, DAYS, MAYBE, PICK, TEXTS, WRONG_AMOUNT
from properties.oracle import transactions
from properties.oracle.books import Refused, Row

from mintflow.commands.core.command import Command
from mintflow.commands.transactions import (
    AmendTransaction,
    CategorizeTransaction,
    PostTransaction,
    RecordTransaction,
    RecordTransactions,
    ReinstateTransaction,
    SplitPart,
    VoidTransaction,
)


class TransactionRules(Machine):
    """Record, post, amend, categorize, split, void."""

    @rule(said=st.data())
    def record(self, said: Any) -> None:
        facts = self._facts(said)
        answer, expected = self._both(
            RecordTransaction(**facts), lambda: transactions.record(self.books, **_own(facts))
        )
        if answer is not None:
            recorded, known = expected
            recorded.id = recorded.id or UUID(answer["transaction_id"])
            assert (answer["transaction_id"], answer["known"]) == (str(recorded.id), known)

    @rule(said=st.data(), size=st.integers(1, 4))
    def record_batch(self, said: Any, size: int) -> None:
        batch = [self._facts(said) for _ in range(size)]
        before = len(self.books.rows)

        def all_or_nothing() -> list[tuple[Row, bool]]:
            try:
                return [transactions.record(self.books, **_own(facts)) for facts in batch]
            except Refused:
                del self.books.rows[before:]
                raise

        rows = tuple(RecordTransaction(**facts) for facts in batch)
        answer, expected = self._both(RecordTransactions(transactions=rows), all_or_nothing)
        for shown, (recorded, known) in zip(answer or [], expected or [], strict=True):
            recorded.id = recorded.id or UUID(shown["transaction_id"])
            assert (shown["transaction_id"], shown["known"]) == (str(recorded.id), known)

    @rule(which=PICK, day=MAYBE | DAYS, amount=MAYBE | AMOUNTS)
    @precondition(lambda self: self.books.rows)
    def post(self, which: int, day: dt.date | None, amount: Decimal | None) -> None:
        row_id = self._row(which, posted=False)
        self._both(
            PostTransaction(transaction_id=row_id, date=day, amount=amount),
            lambda: transactions.post(self.books, row_id, day, amount),
        )

    @rule(which=PICK, day=MAYBE | DAYS, amount=MAYBE | AMOUNTS, description=MAYBE | TEXTS,
          notes=MAYBE | TEXTS, tags=MAYBE | st.lists(TEXTS, max_size=3))  # fmt: skip
    @precondition(lambda self: self.books.rows)
    def amend(
        self,
        which: int,
        day: dt.date | None,
        amount: Decimal | None,
        description: str | None,
        notes: str | None,
        tags: list[str] | None,
    ) -> None:
        row_id = self._row(which)
        said: dict[str, Any] = {
            "date": day, "amount": amount, "description": description, "notes": notes, "tags": tags,
        }  # fmt: skip
        self._both(
            AmendTransaction(transaction_id=row_id, **said),
            lambda: transactions.amend(self.books, row_id, **said),
        )

    @rule(which=PICK, into=PICK)
    @precondition(lambda self: self.books.rows)
    def categorize(self, which: int, into: int) -> None:
        row_id, path = self._row(which), self._path(into)
        self._both(
            CategorizeTransaction(transaction_id=row_id, category=path, splits=None),
            lambda: transactions.categorize(self.books, row_id, [(path, None)]),
        )

    @rule(which=PICK, into=st.lists(PICK, min_size=1, max_size=3), part=AMOUNTS,
          off=st.sampled_from([0, 0, 0, 0, 1]))  # fmt: skip
    @precondition(lambda self: self.books.rows)
    def split(self, which: int, into: list[int], part: Decimal, off: int) -> None:
        row_id = self._row(which)
        paths = [self._path(one) for one in into]
        amount = self.books.row(row_id).amount
        amounts = [part] * (len(paths) - 1)
        amounts.append(amount - sum(amounts) + off)
        wanted = list(zip(paths, amounts, strict=True))
        parts = tuple(SplitPart(category=path, amount=share) for path, share in wanted)
        self._both(
            CategorizeTransaction(transaction_id=row_id, splits=parts),
            lambda: transactions.categorize(self.books, row_id, wanted),
        )

    @rule(which=PICK, undo=st.sampled_from([True, True, False]))
    @precondition(lambda self: self.books.rows)
    def void_or_reinstate(self, which: int, undo: bool) -> None:
        undo = undo and (which % 7 == 3 or any(one.state == "voided" for one in self.books.rows))
        row_id = self._row(which, state="voided" if undo else "standing")
        if undo:
            command: Command = ReinstateTransaction(transaction_id=row_id)
            self._both(command, lambda: transactions.reinstate(self.books, row_id))
        else:
            command = VoidTransaction(transaction_id=row_id)
            self._both(command, lambda: transactions.void(self.books, row_id))

    def _facts(self, said: Any) -> dict[str, Any]:
        """The fields of a transaction that the user enters."""
        draw = said.draw
        facts: dict[str, Any] = {
            "account_id": UUID(self._account(draw(PICK)).id),
            "date": draw(DAYS),
            "amount": WRONG_AMOUNT if draw(st.integers(0, 40)) == 23 else draw(AMOUNTS),
            "description": draw(TEXTS),
            "status": draw(st.sampled_from(["posted", "posted", "pending"])),
        }
        for name, values in (
            ("category", PICK.map(self._path)),
            ("external_id", st.sampled_from(["x1", "x2", "x3"])),
            ("notes", TEXTS),
            ("tags", st.lists(TEXTS, max_size=2)),
        ):
            value = draw(MAYBE | values)
            if value is not None:
                facts[name] = value
        # What a client's row posts is no arithmetic: tests/commands/test_pending_of_clients.py.
        account_id = str(facts["account_id"])
        if any(
            row.external_id is not None and not row.posted
            for row in self.books.rows
            if row.account.id == account_id
        ):
            facts.pop("external_id", None)
        if "external_id" in facts:
            facts |= {"status": "posted", "description": "the client's words"}
        return facts


def _own(facts: dict[str, Any]) -> dict[str, Any]:
    """The command's fields as the oracle takes them."""
    return facts | {"account_id": str(facts["account_id"])}
