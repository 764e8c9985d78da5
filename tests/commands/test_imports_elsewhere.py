"""One statement in two formats: what one file brought under one name is known under another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from commands.product import Product, product, run
from commands.replayed_books import replayed_books
from commands.statements import bring, counts, day, row, standing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mintflow.commands.core.unit import Unit
from mintflow.commands.transactions import RecordTransaction, VoidTransaction
from mintflow.domain.statements import StatementRow
from mintflow.domain.transactions import Transaction
from mintflow.ml.words import within, words_of

Play = Callable[[Product, UUID, UUID], Awaitable[Any]]


def scenario(url: str, play: Play) -> None:
    async def go() -> None:
        async with product(url, books=replayed_books) as it:
            ledger = await it.open_ledger()
            await play(it, ledger, await it.open_account(ledger))

    run(go())


def named(rows: list[StatementRow]) -> list[StatementRow]:
    """The same rows as a format with ids has them: the name cut off, the rest in the memo."""
    return [
        replace(
            one,
            bank_id=f"F{number}",
            description=one.description[:18].upper(),
            memo=one.description[18:].strip(),
        )
        for number, one in enumerate(rows)
    ]


STATEMENT = [
    row(1, "-3.50", "Blue Bottle Coffee"),
    row(1, "-3.50", "Blue Bottle Coffee"),
    row(1, "-3.50", "Corner Bakery"),
    row(2, "-64.20", "Whole Foods Market 10256 Chicago"),
    row(3, "1350.60", "Hoogle payroll"),
]


@pytest.mark.parametrize("ids_first", [False, True])
def test_a_statement_in_two_formats_is_there_once(database_url: str, ids_first: bool) -> None:
    first, then = STATEMENT, named(STATEMENT)
    if ids_first:
        first, then = then, first

    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        assert counts(await bring(it, ledger, account, first)) == (5, 0, 0, 0)
        # In any order and again and again; the words of the first file stay.
        texts = sorted(one.description for one in await standing(it, ledger, account))
        for again in (then, then, first, then):
            assert counts(await bring(it, ledger, account, again)) == (0, 5, 0, 0)
        assert sorted(one.description for one in await standing(it, ledger, account)) == texts

    scenario(database_url, play)


def test_another_coffee_of_the_day_is_another_row(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, STATEMENT[:1])
        assert counts(await bring(it, ledger, account, named(STATEMENT))) == (4, 1, 0, 0)
        assert counts(await bring(it, ledger, account, STATEMENT)) == (0, 5, 0, 0)

    scenario(database_url, play)


@pytest.mark.parametrize(
    "other",
    [
        row(2, "-3.50", "Blue Bottle Coffee", bank_id="F9"),
        row(1, "-3.51", "Blue Bottle Coffee", bank_id="F9"),
        row(1, "-3.50", "Green Bottle Wines", bank_id="F9"),
        row(1, "-3.50", "Bottle Blue", bank_id="F9"),
        row(1, "-3.50", "Blue Bottle Coffee", bank_id="F9", pending=True),
    ],
)
def test_another_day_amount_or_name_is_another_row(database_url: str, other: Any) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, STATEMENT[:1])
        assert counts(await bring(it, ledger, account, [other])) == (1, 0, 0, 0)

    scenario(database_url, play)


@pytest.mark.parametrize("second", ["Blue Bottle", "Coffee Blue Bottle", "Blue Bottle Coffee 7"])
def test_without_an_id_other_words_are_another_row(database_url: str, second: str) -> None:
    """Two files of one bank: were one row taken for the other, nobody would see what is missing."""

    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, STATEMENT[:1])
        again = await bring(it, ledger, account, [row(1, "-3.50", second)])
        assert counts(again) == (1, 0, 0, 0)
        spaced = await bring(it, ledger, account, [row(1, "-3.50", "BLUE-BOTTLE, Coffee.")])
        assert counts(spaced) == (0, 1, 0, 0)

    scenario(database_url, play)


def test_two_ids_of_a_bank_are_two_rows(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, [row(1, "-3.50", bank_id="A")])
        assert counts(await bring(it, ledger, account, [row(1, "-3.50", bank_id="B")]))[0] == 1

    scenario(database_url, play)


def test_what_was_matched_with_a_hand_made_row_is_known_too(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await it.do(
            RecordTransaction(
                account_id=account, date=day(2), amount=Decimal("-3.50"), description="Coffee"
            ),
            ledger,
        )
        assert (await bring(it, ledger, account, STATEMENT[:1])).data["matched"] == 1
        again = await bring(it, ledger, account, named(STATEMENT[:1]))
        assert counts(again) == (0, 1, 0, 0)
        assert len(await standing(it, ledger, account)) == 1

    scenario(database_url, play)


def test_what_the_user_voided_comes_under_a_new_name(database_url: str) -> None:
    """Only what counts is compared: a voided row may have been another one's double."""

    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, STATEMENT[:1])
        (one,) = await standing(it, ledger, account)
        await it.do(VoidTransaction(transaction_id=one.id), ledger)
        assert counts(await bring(it, ledger, account, STATEMENT[:1]))[:2] == (0, 1)
        assert counts(await bring(it, ledger, account, named(STATEMENT[:1])))[:2] == (1, 0)

    scenario(database_url, play)


WORDS = st.lists(st.sampled_from(["blue", "bottle", "coffee", "market", "x1"]), max_size=5)


@given(WORDS, WORDS)
def test_words_within_others_are_all_there_in_order(mine: list[str], others: list[str]) -> None:
    places = combinations(others, len(mine))
    assert within(mine, others) == (bool(mine) and tuple(mine) in places)


@settings(
    max_examples=12,
    deadline=None,
    # Each example opens a ledger of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 2), st.sampled_from(["-3.50", "-5.00"]), st.sampled_from(["Tea", "Cake"])
        ),
        min_size=1,
        max_size=8,
    ),
    st.data(),
)
def test_any_statement_in_any_two_formats_is_there_once(
    database_url: str, facts: list[tuple[int, str, str]], data: st.DataObject
) -> None:
    plain = [row(*one) for one in facts]
    with_ids = named(plain)
    files = data.draw(st.lists(st.sampled_from([plain, with_ids]), min_size=2, max_size=4))

    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        for place, file in enumerate(files):
            added = counts(await bring(it, ledger, account, data.draw(st.permutations(file))))[0]
            assert added == (0 if place else len(plain))
        assert len(await standing(it, ledger, account)) == len(plain)

    scenario(database_url, play)


def test_the_words_of_a_row_cut_off_are_within_it() -> None:
    whole = words_of("WHOLE FOODS MARKET 10256 CHICAGO")
    assert within(words_of("Whole Foods Mar"), whole)
    assert not within(words_of("Whole Foods Bar"), whole)
    assert not within([], whole)


def test_only_what_may_be_a_row_of_the_file_is_replayed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fares and coffees of one day and price are many, and their words tell them apart."""
    replayed: list[UUID] = []
    prefetch = Unit.prefetch

    async def noted(self: Unit, kind: Any, stream_ids: list[UUID]) -> Any:
        if kind is Transaction:
            replayed.extend(stream_ids)
        return await prefetch(self, kind, stream_ids)

    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, [row(1, "-2.00", f"Tram {n}") for n in range(9)])
        monkeypatch.setattr(Unit, "prefetch", noted)
        others = [row(1, "-2.00", f"Bus {n}") for n in range(9)]
        assert counts(await bring(it, ledger, account, others)) == (9, 0, 0, 0)
        held = {one.id for one in await standing(it, ledger, account) if "Tram" in one.description}
        assert held.isdisjoint(replayed)
        # With an id of the bank on one side every one of them may be it.
        assert counts(
            await bring(it, ledger, account, [row(1, "-2.00", "Tram 3", bank_id="F1")])
        ) == (0, 1, 0, 0)
        assert held <= set(replayed)

    scenario(database_url, play)
