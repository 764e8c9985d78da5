"""Rules on categories and budgets."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from properties.machine.base import Machine
from properties.machine.values import CURRENCIES, MAYBE, MONTHS, NEW_PATHS, PICK
from properties.oracle import budgets, categories

from mintflow.commands.budgets import ArchiveBudget, SetBudget
from mintflow.commands.categories import (
    AddCategory,
    ArchiveCategory,
    MergeCategories,
    MoveCategory,
    RestoreCategory,
)


class PlanRules(Machine):
    """The tree, and what may be spent in it."""

    @rule(which=PICK, amount=st.sampled_from(["0", "10", "20.50", "1000"]), start=MONTHS,
          rollover=st.sampled_from(["none", "surplus", "both", "capped"]),
          cap=st.sampled_from(["0", "5", "100"]),
          threshold=st.sampled_from(["0.8", "0.5", "1"]),
          currency=MAYBE | CURRENCIES)  # fmt: skip
    def set_budget(
        self, which: int, amount: str, start: str | None, rollover: str, threshold: str,
        currency: str | None, cap: str,
    ) -> None:  # fmt: skip
        most = Decimal(cap) if rollover == "capped" else None
        path = self._with_budget(which) if which % 2 and self.books.terms else self._path(which)
        self._both(
            SetBudget(
                category=path,
                amount=Decimal(amount),
                start=start,
                rollover=rollover,  # type: ignore[arg-type]
                cap=most,
                alert_threshold=Decimal(threshold),
                currency=currency,
            ),
            lambda: budgets.set_budget(
                self.books,
                path,
                Decimal(amount),
                start=start,
                rollover=rollover,
                cap=most,
                threshold=Decimal(threshold),
                currency=currency,
                ledger_currency="USD",
            ),
        )

    @rule(which=PICK, start=MONTHS)
    @precondition(lambda self: self.books.terms)
    def archive_budget(self, which: int, start: str | None) -> None:
        path = self._with_budget(which) if which % 5 else self._path(which)
        self._both(
            ArchiveBudget(category=path, start=start),
            lambda: budgets.archive_budget(self.books, path, start),
        )

    def _with_budget(self, which: int) -> str:
        """What is carried shows in budgets that were changed, and there are many categories."""
        held = [self.books.categories[one].path for one in self.books.terms]
        return held[which % len(held)]

    @rule(
        what=st.sampled_from(["add", "add", "move", "merge", "archive", "restore"]),
        which=PICK,
        new=NEW_PATHS,
        odd=st.integers(0, 4),
    )
    def change_the_tree(self, what: str, which: int, new: str, odd: int) -> None:
        """Mostly what can be done, and now and then (odd) anything."""
        path = self._path(which)
        if what == "add":
            added = path if odd == 0 else new
            self._both(AddCategory(path=added), lambda: categories.add(self.books, added))
        elif what == "move":
            self._both(
                MoveCategory(path=path, to=new), lambda: categories.move(self.books, path, new)
            )
        elif what == "merge":
            kind = self.books.categories.get(path)
            into = "income.other" if kind is not None and kind.kind == "income" else "shopping"
            into = new if odd < 2 else into
            self._both(
                MergeCategories(path=path, into=into),
                lambda: categories.merge(self.books, path, into),
            )
        elif what == "archive":
            self._both(ArchiveCategory(path=path), lambda: categories.archive(self.books, path))
        else:
            retired = [one.path for one in self.books.categories.values() if one.archived]
            back = retired[odd % len(retired)] if retired else path
            self._both(RestoreCategory(path=back), lambda: categories.restore(self.books, back))
