"""Bringing bank files in: nothing twice, nothing lost, nothing of the user's overwritten."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from commands.product import Product, product, run
from commands.replayed_books import replayed_books
from commands.statements import balance, bring, counts, day, file_of, row, shown, standing
from store.appending import assert_whole, connect

from mintflow.commands.accounts import ChangeAccount
from mintflow.commands.imports.rows import RowNotUsable, SeveralAccountsInFile
from mintflow.commands.transactions import AmendTransaction, CategorizeTransaction
from mintflow.domain.accounts import Account, AccountIsClosed
from mintflow.domain.core.money import CurrencyMustMatch
from mintflow.domain.statements import Finding, Statement, StatementFile, StatementSplit
from mintflow.ml import categorize as ml

Play = Callable[[Product, UUID, UUID], Awaitable[Any]]


def scenario(url: str, play: Play, **facts: Any) -> None:
    async def go() -> None:
        async with product(url, books=replayed_books, **facts) as it:
            ledger = await it.open_ledger()
            await play(it, ledger, await it.open_account(ledger))

    run(go())


def test_a_file_is_one_commit_and_its_record_says_what_became_of_it(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        before = len(await it.events(ledger))
        file = replace(
            file_of(row(1, "-3.20"), row(2, "-4.00")), findings=(Finding("ODD", "line 9", "1.00"),)
        )
        answer = await bring(it, ledger, account, file)
        events = (await it.events(ledger))[before:]
        assert [event.type for event in events] == [
            "transaction.recorded",
            "transaction.recorded",
            "import.completed",
        ]
        assert events[-1].data["added"] == 2
        assert events[-1].data["findings"] == [{"code": "ODD", "where": "line 9", "detail": "1.00"}]
        assert events[-1].stream_id == answer.data["import_id"]
        assert {event.data["import_id"] for event in events[:2]} == {answer.data["import_id"]}
        assert len({event.correlation_id for event in events}) == 1

    scenario(database_url, play)


@pytest.mark.parametrize("with_ids", [False, True])
def test_a_file_twice_and_files_that_overlap_add_nothing_twice(
    database_url: str, with_ids: bool
) -> None:
    def rows(first: int, last: int) -> list[Any]:
        return [
            row(n, f"-{n}.00", bank_id=f"B{n}" if with_ids else None)
            for n in range(first, last + 1)
        ]

    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        assert counts(await bring(it, ledger, account, rows(5, 15))) == (11, 0, 0, 0)
        assert counts(await bring(it, ledger, account, rows(5, 15))) == (0, 11, 0, 0)
        assert counts(await bring(it, ledger, account, rows(1, 10))) == (4, 6, 0, 0)
        assert counts(await bring(it, ledger, account, rows(10, 20))) == (5, 6, 0, 0)
        assert len(await standing(it, ledger, account)) == 20

    scenario(database_url, play)


def test_equal_rows_of_a_day_stay_as_many_as_the_bank_says(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        two = [row(3, "-2.50"), row(3, "-2.50")]
        assert counts(await bring(it, ledger, account, two)) == (2, 0, 0, 0)
        assert counts(await bring(it, ledger, account, two)) == (0, 2, 0, 0)
        more = [row(2, "-2.50"), *two, row(3, "-2.50", "coffee "), row(4, "-2.50")]
        assert counts(await bring(it, ledger, account, more)) == (3, 2, 0, 0)
        assert len(await standing(it, ledger, account)) == 5

    scenario(database_url, play)


def test_the_same_row_in_another_account_is_another_transaction(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        other = await it.open_account(ledger)
        for where in (account, other):
            assert counts(await bring(it, ledger, where, [row(1, "-1", bank_id="B")])) == (
                1, 0, 0, 0,
            )  # fmt: skip

    scenario(database_url, play)


def test_a_row_that_stands_in_the_file_twice_under_one_id_is_skipped(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        answer = await bring(
            it, ledger, account, [row(1, "-1", bank_id="B"), row(1, "-1", bank_id="B")]
        )
        assert counts(answer) == (1, 0, 0, 1)
        assert answer.data["findings"] == [
            {"code": "REPEATED_ID", "where": "line 1", "detail": "the row stands in the file twice"}
        ]

    scenario(database_url, play)


def test_an_id_that_the_bank_uses_again_does_not_merge_different_rows(database_url: str) -> None:
    one, two = row(1, "-1", bank_id="1"), row(9, "-9", bank_id="1")

    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        assert counts(await bring(it, ledger, account, [one, two])) == (2, 0, 0, 0)
        assert counts(await bring(it, ledger, account, [one, two])) == (0, 2, 0, 0)

    scenario(database_url, play)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0], [0, 2, 1]])
def test_an_id_used_again_is_told_apart_in_files_that_hold_only_one_of_them(
    database_url: str, order: list[int]
) -> None:
    """Banks that count each statement from 1 give every file an id of the others."""
    one, two = row(1, "-1", "Rent", bank_id="1"), row(9, "-9", bank_id="1")
    files = [[one], [two], [one, two]]

    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        for number in [*order, *order]:
            await bring(it, ledger, account, files[number])
        assert await shown(it, ledger, account) == [(1, "-1.00", "posted"), (9, "-9.00", "posted")]

    scenario(database_url, play)


def test_the_banks_correction_of_a_row_is_taken_over(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, [row(1, "-1", "POS 1", bank_id="B")])
        again = await bring(it, ledger, account, [row(2, "-1", "Bakery", bank_id="B")])
        assert counts(again) == (0, 0, 1, 0)
        assert await shown(it, ledger, account) == [(2, "-1.00", "posted")]
        amount = await bring(it, ledger, account, [row(2, "-1.50", "Bakery", bank_id="B")])
        assert counts(amount) == (0, 0, 1, 0)
        assert await shown(it, ledger, account) == [(2, "-1.50", "posted")]

    scenario(database_url, play)


def test_what_the_user_said_of_a_row_survives_its_next_import(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, [row(1, "-1", "POS 1", bank_id="B", category="bills")])
        (one,) = await standing(it, ledger, account)
        await it.do(
            AmendTransaction(
                transaction_id=one.id, description="Anna", date=day(3), notes="hers", tags=("x",)
            ),
            ledger,
        )
        await it.do(CategorizeTransaction(transaction_id=one.id, category="travel"), ledger)
        again = row(2, "-1", "POS 2", bank_id="B", category="bills")
        assert counts(await bring(it, ledger, account, [again])) == (0, 1, 0, 0)
        (one,) = await standing(it, ledger, account)
        assert one.booking is not None
        assert (one.description, one.notes, one.tags, one.booking.date) == (
            "Anna", "hers", ("x",), day(3),
        )  # fmt: skip
        assert one.booking.allocations[0].category_id == "travel"

    scenario(database_url, play)


def test_a_dry_run_predicts_exactly_and_keeps_nothing(database_url: str) -> None:
    file = file_of(
        row(1, "-1", bank_id="B1"), row(1, "-1", bank_id="B1"), row(2, "-2", bank_id="B2"),
        row(9, "-5", bank_id="B5"), row(6, "-7.50", bank_id="B7"),
        closing=balance(9, "10"),
    )  # fmt: skip

    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, [row(2, "-2", bank_id="B2")])
        await bring(it, ledger, account, [row(5, "-7.50", bank_id="P7", pending=True)])
        await it.record(ledger, account, "-5", date=day(7).isoformat())
        before = len(await it.events(ledger))
        predicted = await bring(it, ledger, account, file, dry_run=True)
        assert len(await it.events(ledger)) == before
        assert predicted.position is None
        assert predicted.data["import_id"] is None
        done = await bring(it, ledger, account, file)
        told = {"import_id", "dry_run"}
        assert {k: v for k, v in predicted.data.items() if k not in told} == {
            k: v for k, v in done.data.items() if k not in told
        }
        assert counts(done) == (1, 1, 2, 1)
        assert done.data["matched"] == 1

    scenario(database_url, play)


def test_balances_that_the_bank_reports_are_kept_once(database_url: str) -> None:
    file = file_of(
        row(1, "-1"),
        reported=(balance(1, "50"), balance(1, "49"), balance(1, "500", available=True)),
        closing=balance(1, "48"),
    )

    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, file)
        await bring(it, ledger, account, file)
        reported = [
            event.data["amount"]
            for event in await it.events(ledger)
            if event.type == "account.balance_reported"
        ]
        assert reported == ["48.00"]

    scenario(database_url, play)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0, 1]])
def test_the_opening_balance_comes_from_the_file_that_goes_back_furthest(
    database_url: str, order: list[int]
) -> None:
    files = [
        file_of(row(2, "-1"), opening=balance(1, "0.00")),
        file_of(row(12, "-1"), opening=balance(11, "99")),
        file_of(row(22, "-1"), opening=balance(21, "98")),
    ]

    async def play(it: Product, ledger: UUID, _account: UUID) -> None:
        account = await it.open_account(ledger, opening_from_files=True)
        for number in order:
            await bring(it, ledger, account, files[number])
        found = await it.repository.find(ledger, Account, account)
        assert found is not None
        assert found.opening is not None
        assert (found.opening.amount, found.opening.date) == (Decimal("0.00"), day(1))

    scenario(database_url, play)


def test_refuses_a_whole_file_for_one_row_and_says_which(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        before = len(await it.events(ledger))
        good = row(1, "-1")
        for bad, reason in (
            (row(2, "-1.001"), "too_many_digits"),
            (replace(row(2, "-1"), date=dt.date(1066, 10, 14)), "date_out_of_range"),
            (row(2, "-1", "x" * 2_001), "text_too_long"),
        ):
            with pytest.raises(RowNotUsable) as caught:
                await bring(it, ledger, account, [good, bad])
            assert caught.value.details["where"] == "line 2"
            assert caught.value.details["reason"] == reason
        with pytest.raises(CurrencyMustMatch) as other:
            await bring(it, ledger, account, [good, row(2, "-1", currency="EUR")])
        assert other.value.details["where"] == "line 2"
        with pytest.raises(CurrencyMustMatch):
            await bring(it, ledger, account, file_of(good, currency="EUR"))
        with pytest.raises(CurrencyMustMatch):
            await bring(it, ledger, account, file_of(good, closing=balance(1, "1", currency="EUR")))
        await it.do(ChangeAccount(account_id=account, closed=True), ledger)
        with pytest.raises(AccountIsClosed):
            await bring(it, ledger, account, [good])
        assert len(await it.events(ledger)) == before + 1

    scenario(database_url, play)


def test_of_a_file_with_several_accounts_one_has_to_be_meant(database_url: str) -> None:
    file = StatementFile(
        "ofx",
        (
            Statement((row(1, "-1"),), account_hint="DE0012345678"),
            Statement((row(1, "-2"), row(2, "-3")), account_hint="DE0087654321"),
            Statement((row(1, "-1"),), account_hint="DE0087754321"),
            Statement((), account_hint="DE0000000000"),
        ),
    )

    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        with pytest.raises(SeveralAccountsInFile) as caught:
            await bring(it, ledger, account, file)
        assert caught.value.details == {"accounts": ["…345678", "…654321", "…754321"]}
        with pytest.raises(SeveralAccountsInFile):
            await bring(it, ledger, account, file, statement_account="DE1")
        meant = await bring(it, ledger, account, file, statement_account="DE0087654321")
        assert counts(meant) == (2, 0, 0, 0)

    scenario(database_url, play)


class Guess:
    """Knows coffee, and a category that is not there."""

    def suggest(self, rows: Sequence[ml.Row]) -> list[ml.Suggestion]:
        return [self._one(row.description) for row in rows]

    def _one(self, description: str) -> ml.Suggestion:
        if "Coffee" in description:
            return ml.Suggestion(
                "food_dining.coffee_shops", "Bean", 0.95, "HIGH", "merchant", "it is coffee"
            )
        if "Odd" in description:
            return ml.Suggestion("no.such.category", None, 0.5, "LOW", "model", "a bad guess")
        return ml.nothing("no idea")


def test_a_category_is_the_files_own_or_a_guess_and_never_one_that_is_not_there(
    database_url: str,
) -> None:
    rows = [
        row(1, "-1", "Coffee"),
        row(2, "-1", "Coffee", category="Bills:Phone"),
        row(3, "-1", "Odd"),
        row(4, "-1", "Plain", category="No:Such"),
        row(5, "-1", "Coffee", category="No:Such"),
        row(6, "-1", "Move", category="[Savings]"),
        row(7, "-3", "Parts", splits=(
            StatementSplit(Decimal(-1), "Groceries"), StatementSplit(Decimal(-2), "Fun"),
        )),
        row(8, "-3", "Bad parts", splits=(StatementSplit(Decimal(-1), "Groceries"),)),
    ]  # fmt: skip

    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, rows)
        found = [
            ([part.category_id for part in one.booking.allocations], one.category_source)
            for one in await standing(it, ledger, account)
            if one.booking is not None
        ]
        assert found == [
            (["food_dining.coffee_shops"], "merchant"),
            (["bills.phone"], "bank"),
            (["uncategorized"], "none"),
            (["uncategorized"], "none"),
            (["food_dining.coffee_shops"], "merchant"),
            (["transfer"], "bank"),
            (["food_dining.groceries", "uncategorized"], "bank"),
            (["uncategorized"], "none"),
        ]

    scenario(database_url, play, categorizer=Guess())


class Codes:
    """Answers by the merchant category code."""

    def suggest(self, rows: Sequence[ml.Row]) -> list[ml.Suggestion]:
        return [
            ml.Suggestion("food_dining.groceries", None, 0.92, "HIGH", "merchant", "by its code")
            if row.mcc == "5411"
            else ml.nothing("no code")
            for row in rows
        ]


def test_the_merchant_category_code_of_a_file_helps_to_sort(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, [row(1, "-1", "A", mcc="5411"), row(2, "-1", "B")])
        assert [one.category_source for one in await standing(it, ledger, account)] == [
            "merchant",
            "none",
        ]

    scenario(database_url, play, categorizer=Codes())


@pytest.mark.parametrize("size", [40, 1_300])
def test_one_file_brought_in_twice_at_once_is_there_once(database_url: str, size: int) -> None:
    rows = [row(1 + n % 28, f"-{n}.10", f"Row {n}") for n in range(size)]

    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        answers = await asyncio.gather(*(bring(it, ledger, account, rows) for _ in range(3)))
        assert sorted(counts(one)[0] for one in answers) == [0, 0, size]
        assert len(await standing(it, ledger, account)) == size

    scenario(database_url, play)
    with connect(database_url) as conn:
        assert_whole(conn)


def test_an_import_under_a_key_is_one_import(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        first = await bring(it, ledger, account, [row(1, "-1")], key="k")
        again = await bring(it, ledger, account, [row(1, "-1")], key="k")
        assert again.replayed
        assert again.data == first.data
        assert (await it.types(ledger)).count("import.completed") == 1

    scenario(database_url, play)
