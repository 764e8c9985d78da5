"""Rows that meet what is in the books: hand-made ones, pending ones, and ones taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from commands.product import Product, product, run
from commands.replayed_books import replayed_books
from commands.statements import balance, bring, counts, day, row, shown, standing

from mintflow.commands.connections import OpenConnection
from mintflow.commands.imports import SyncAccount
from mintflow.commands.transactions import (
    CategorizeTransaction,
    SplitPart,
    UnmatchTransaction,
    VoidTransaction,
)
from mintflow.domain.connections import ConnectionNotFound
from mintflow.domain.statements import Statement

Play = Callable[[Product, UUID, UUID], Awaitable[Any]]


def scenario(url: str, play: Play) -> None:
    async def go() -> None:
        async with product(url, books=replayed_books) as it:
            ledger = await it.open_ledger()
            await play(it, ledger, await it.open_account(ledger))

    run(go())


async def by_hand(it: Product, ledger: UUID, account: UUID, on: int, amount: str) -> UUID:
    return await it.record(ledger, account, amount, date=day(on).isoformat(), notes="mine")


@pytest.mark.parametrize(
    ("hand", "amount", "meets"),
    [(10, "-5", True), (0, "-5", True), (20, "-5", True), (-1, "-5", False), (21, "-5", False),
     (10, "-5.01", False), (10, "5", False)],
)  # fmt: skip
def test_a_row_meets_a_hand_made_one_of_its_amount_within_ten_days(
    database_url: str, hand: int, amount: str, meets: bool
) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        mine = await by_hand(it, ledger, account, hand, amount)
        answer = await bring(it, ledger, account, [row(10, "-5", "POS 1", bank_id="B")])
        assert counts(answer) == ((0, 0, 1, 0) if meets else (1, 0, 0, 0))
        found = await standing(it, ledger, account)
        assert [one.id for one in found if one.matched_with] == ([mine] if meets else [])
        assert len(found) == (1 if meets else 2)
        if meets:
            assert (found[0].description, found[0].notes) == ("Coffee", "mine")
        assert counts(await bring(it, ledger, account, [row(10, "-5", "POS 1", bank_id="B")])) == (
            0, 1, 0, 0,
        )  # fmt: skip

    scenario(database_url, play)


def test_the_nearest_is_met_first_and_each_only_once(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        far = await by_hand(it, ledger, account, 3, "-5")
        near = await by_hand(it, ledger, account, 9, "-5")
        await bring(it, ledger, account, [row(10, "-5")])
        matched = [one.id for one in await standing(it, ledger, account) if one.matched_with]
        assert matched == [near]
        three = [row(10, "-5"), row(10, "-5"), row(10, "-5")]
        assert counts(await bring(it, ledger, account, three)) == (1, 1, 1, 0)
        matched = [one.id for one in await standing(it, ledger, account) if one.matched_with]
        assert matched == [far, near]

    scenario(database_url, play)


def test_a_voided_one_or_one_of_another_account_meets_nothing(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        gone = await by_hand(it, ledger, account, 10, "-5")
        await it.do(VoidTransaction(transaction_id=gone), ledger)
        await by_hand(it, ledger, await it.open_account(ledger), 10, "-5")
        assert counts(await bring(it, ledger, account, [row(10, "-5")])) == (1, 0, 0, 0)

    scenario(database_url, play)


def test_what_was_unmatched_stays_apart_when_the_file_comes_again(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        mine = await by_hand(it, ledger, account, 10, "-5")
        rows = [row(11, "-5", "POS 1")]
        await bring(it, ledger, account, rows)
        await it.do(UnmatchTransaction(transaction_id=mine), ledger)
        assert await shown(it, ledger, account) == [
            (10, "-5.00", "posted"),
            (11, "-5.00", "posted"),
        ]
        assert counts(await bring(it, ledger, account, rows)) == (0, 1, 0, 0)
        assert len(await standing(it, ledger, account)) == 2

    scenario(database_url, play)


def test_a_pending_row_posts_under_its_own_id_with_another_amount(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, [row(1, "-50", bank_id="P", pending=True)])
        (one,) = await standing(it, ledger, account)
        parts = (
            SplitPart(category="travel", amount="-20"),
            SplitPart(category="bills", amount="-30"),
        )
        await it.do(CategorizeTransaction(transaction_id=one.id, splits=parts), ledger)
        again = [row(3, "-55", bank_id="P")]
        assert counts(await bring(it, ledger, account, again)) == (0, 0, 1, 0)
        assert await shown(it, ledger, account) == [(3, "-55.00", "posted")]
        (one,) = await standing(it, ledger, account)
        assert one.booking is not None
        assert [str(part.amount) for part in one.booking.allocations] == ["-20.00", "-35.00"]
        assert counts(await bring(it, ledger, account, again)) == (0, 1, 0, 0)

    scenario(database_url, play)


def test_a_pending_row_without_an_id_posts_when_the_file_says_so(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, [row(1, "-50", pending=True)])
        assert counts(await bring(it, ledger, account, [row(1, "-50")])) == (0, 0, 1, 0)
        assert await shown(it, ledger, account) == [(1, "-50.00", "posted")]
        assert counts(await bring(it, ledger, account, [row(1, "-50")])) == (0, 1, 0, 0)

    scenario(database_url, play)


@pytest.mark.parametrize(("posted", "meets"), [(1, True), (9, True), (10, False), (0, False)])
def test_a_pending_row_posts_under_a_new_id_within_eight_days(
    database_url: str, posted: int, meets: bool
) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        pending, booked = row(1, "-50", bank_id="P", pending=True), row(posted, "-50", bank_id="B")
        await bring(it, ledger, account, [pending])
        first = await bring(it, ledger, account, [booked])
        assert counts(first) == ((0, 0, 1, 0) if meets else (1, 0, 0, 0))
        assert len(await standing(it, ledger, account)) == (1 if meets else 2)
        # Both ids are known from now on, in whichever file they come.
        assert counts(await bring(it, ledger, account, [booked])) == (0, 1, 0, 0)
        assert counts(await bring(it, ledger, account, [pending, booked])) == (0, 2, 0, 0)

    scenario(database_url, play)


def test_a_pending_row_that_the_same_file_still_holds_is_not_taken_for_another(
    database_url: str,
) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        pending = row(1, "-50", bank_id="P", pending=True)
        await bring(it, ledger, account, [pending])
        answer = await bring(it, ledger, account, [pending, row(2, "-50", bank_id="B")])
        assert counts(answer) == (1, 1, 0, 0)

    scenario(database_url, play)


def test_a_hand_made_one_that_met_a_pending_row_posts_with_it(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        for bank_id in ("P", "B"):
            await by_hand(it, ledger, account, 1, "-50")
            await bring(it, ledger, account, [row(2, "-50", bank_id=f"P{bank_id}", pending=True)])
            await bring(it, ledger, account, [row(3, "-50", bank_id=bank_id.replace("P", "PP"))])
        assert await shown(it, ledger, account) == [(1, "-50.00", "posted")] * 2

    scenario(database_url, play)


class Sync:
    """A connection that brings rows."""

    def __init__(self, it: Product, ledger: UUID, account: UUID, connection: UUID) -> None:
        self.it, self.ledger, self.account, self.connection = it, ledger, account, connection

    @classmethod
    async def open(cls, it: Product, ledger: UUID, account: UUID) -> Sync:
        command = OpenConnection(provider="sandbox", institution="Bank")
        return cls(it, ledger, account, UUID((await it.do(command, ledger)).data["connection_id"]))

    async def bring(self, *rows: Any, removed: tuple[str, ...] = (), cursor: str = "c") -> Any:
        command = SyncAccount(
            connection_id=self.connection,
            account_id=self.account,
            cursor=cursor,
            statement=Statement(tuple(rows), closing=balance(28, "1")),
            removed=removed,
        )
        return (await self.it.do(command, self.ledger)).data


def test_a_sync_voids_what_the_bank_took_back_only_while_it_was_pending(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        sync = await Sync.open(it, ledger, account)
        await sync.bring(
            row(1, "-1", bank_id="P1", pending=True),
            row(2, "-2", bank_id="P2", pending=True),
            row(3, "-3", bank_id="B3"),
        )
        answer = await sync.bring(
            row(4, "-2", bank_id="B2"), removed=("P1", "P2", "B3", "nowhere"), cursor="c2"
        )
        assert (answer["removed"], answer["updated"], answer["cursor"]) == (1, 1, "c2")
        assert await shown(it, ledger, account) == [(3, "-3.00", "posted"), (4, "-2.00", "posted")]
        synced = [e.data for e in await it.events(ledger) if e.type == "connection.synced"]
        assert [(one["added"], one["updated"], one["removed"]) for one in synced] == [
            (3, 0, 0),
            (0, 1, 1),
        ]

    scenario(database_url, play)


def test_what_the_user_entered_stays_when_the_bank_takes_its_row_back(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await by_hand(it, ledger, account, 1, "-1")
        sync = await Sync.open(it, ledger, account)
        await sync.bring(row(2, "-1", bank_id="P1", pending=True))
        await sync.bring(removed=("P1",))
        assert len(await standing(it, ledger, account)) == 1

    scenario(database_url, play)


def test_a_sync_of_a_file_that_was_imported_knows_its_rows(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, [row(1, "-1", bank_id="B1"), row(2, "-2", bank_id="B2")])
        sync = await Sync.open(it, ledger, account)
        answer = await sync.bring(row(2, "-2", bank_id="B2"), row(3, "-3", bank_id="B3"))
        assert (answer["added"], answer["known"]) == (1, 1)

    scenario(database_url, play)


def test_refuses_a_sync_of_a_connection_that_is_not_there(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        with pytest.raises(ConnectionNotFound):
            await Sync(it, ledger, account, account).bring(row(1, "-1"))

    scenario(database_url, play)
