"""A pending row of a client or by hand posts with another id, a tip, days later: it stays one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from commands.product import Product
from commands.statements import bring, row, standing
from commands.test_imports_meeting import scenario

from mintflow.commands.transactions import (
    AmendTransaction,
    CategorizeTransaction,
    RecordTransaction,
    RecordTransactions,
    SplitPart,
)
from mintflow.domain.core.time import DateOutOfRange

DESCRIPTION = "TRATTORIA ROMA"
# The parts of -50 as the user typed them, and with the tip at the larger one.
PARTS = {"travel": Decimal("-30.00"), "food_dining.restaurants": Decimal("-20.00")}


async def waits(it: Product, ledger: UUID, account: UUID, how: str) -> UUID:
    """A pending row with category parts, a note and a tag of the user's."""
    if how == "bank":
        await bring(it, ledger, account, [row(1, "-50.00", DESCRIPTION, bank_id="P", pending=True)])
        one = (await standing(it, ledger, account))[0].id
    else:
        named = {"external_id": "p-1"} if how == "client" else {}
        one = await it.record(
            ledger, account, "-50.00", description=DESCRIPTION, status="pending", **named
        )
    splits = tuple(SplitPart(category=name, amount=part) for name, part in PARTS.items())
    await it.do(CategorizeTransaction(transaction_id=one, splits=splits), ledger)
    await it.do(AmendTransaction(transaction_id=one, notes="with Ann", tags=("date",)), ledger)
    return one


def booked(account: UUID, amount: str, day: int = 4, **facts: Any) -> RecordTransaction:
    given = {"external_id": "z-9", "description": DESCRIPTION, **facts}
    return RecordTransaction(account_id=account, amount=amount, date=f"2025-03-{day:02}", **given)


@pytest.mark.parametrize("how", ["bank", "client", "hand"])
@pytest.mark.parametrize("amount", ["-50.00", "-60.00"])
@pytest.mark.parametrize("via", ["record", "batch", "file"])
def test_it_stays_one_transaction_with_all_that_was_said(
    database_url: str, how: str, amount: str, via: str
) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        one = await waits(it, ledger, account, how)
        for again in (False, True):
            if via == "file":
                await bring(it, ledger, account, [row(4, amount, DESCRIPTION, bank_id="B-7")])
            elif via == "record":
                answer = await it.do(booked(account, amount), ledger)
                assert (answer.data["transaction_id"], answer.data["known"]) == (str(one), True)
            else:
                batch = RecordTransactions(transactions=(booked(account, amount),))
                answer = await it.do(batch, ledger)
                assert answer.data == [{"transaction_id": str(one), "known": True}], again
            (after,) = await standing(it, ledger, account)
            assert after.booking is not None
            assert (after.id, after.booking.status) == (one, "posted")
            assert after.booking.amount == Decimal(amount)
            assert (after.notes, after.tags, after.category_source) == (
                "with Ann", ("date",), "user",
            )  # fmt: skip
            shares = {part.category_id: part.amount for part in after.booking.allocations}
            tip = Decimal(amount) - Decimal("-50.00")
            assert shares == PARTS | {"travel": PARTS["travel"] + tip}

    scenario(database_url, play)


@pytest.mark.parametrize("how", ["client", "hand"])
@pytest.mark.parametrize("amount", ["-50.00", "-60.00"])
@pytest.mark.parametrize("via", ["record", "file"])
@pytest.mark.parametrize("wording", ["Trattoria Roma 0341 Milano", "TRATTORIA", "TRATTORIA ROM"])
def test_the_posted_row_may_say_more_or_less(
    database_url: str, how: str, amount: str, via: str, wording: str
) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        one = await waits(it, ledger, account, how)
        if via == "file":
            await bring(it, ledger, account, [row(4, amount, wording, bank_id="B-7")])
        else:
            await it.do(booked(account, amount, description=wording), ledger)
        (after,) = await standing(it, ledger, account)
        assert after.booking is not None
        assert (after.id, after.booking.status) == (one, "posted")

    scenario(database_url, play)


@pytest.mark.parametrize(
    ("posted", "why"),
    [
        ({"amount": "-50.00", "description": "OTHER PLACE"}, "another payee"),
        ({"amount": "-60.00", "description": "OTHER PLACE"}, "another payee, and a tip"),
        ({"amount": "-50.00", "description": "ROMA PARKING"}, "a word in common"),
        ({"amount": "-60.00", "description": "0341"}, "no words"),
        ({"amount": "-66.00"}, "more than a tip"),
        ({"amount": "-60.00", "day": 8}, "too late for a tip"),
        ({"amount": "-50.00", "day": 10}, "too late"),
        ({"amount": "50.00"}, "money in"),
        ({"amount": "-50.00", "external_id": None}, "typed, without an id"),
        ({"amount": "-50.00", "status": "pending"}, "pending as well"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_other_rows_are_rows_of_their_own(
    database_url: str, posted: dict[str, Any], why: str
) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await waits(it, ledger, account, "client")
        answer = await it.do(booked(account, **posted), ledger)
        assert answer.data["known"] is False
        assert len(await standing(it, ledger, account)) == 2

    scenario(database_url, play)


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "9999-12-31"])
def test_refuses_a_day_that_the_books_do_not_hold(database_url: str, day: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        far = RecordTransaction(
            account_id=account, amount="-1", date=day, external_id="x", description=DESCRIPTION
        )
        for command in (far, RecordTransactions(transactions=(far,))):
            with pytest.raises(DateOutOfRange):
                await it.do(command, ledger)

    scenario(database_url, play)


def test_one_pending_row_posts_once(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        one = await waits(it, ledger, account, "client")
        both = (booked(account, "-50.00"), booked(account, "-50.00", external_id="z-10"))
        answer = await it.do(RecordTransactions(transactions=both), ledger)
        assert [each["known"] for each in answer.data] == [True, False]
        assert answer.data[0]["transaction_id"] == str(one)

    scenario(database_url, play)


def test_money_in_under_the_id_of_money_out_books_nothing(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        one = await waits(it, ledger, account, "client")
        await it.do(booked(account, "60.00", external_id="p-1"), ledger)
        (after,) = await standing(it, ledger, account)
        assert after.booking is not None
        assert (after.id, after.booking.status) == (one, "pending")

    scenario(database_url, play)


def test_what_met_a_pending_row_of_the_bank_is_booked_by_the_bank(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        said = booked(account, "-50.00", external_id="p-1")
        await it.do(said, ledger)
        await bring(it, ledger, account, [row(3, "-50.00", DESCRIPTION, bank_id="P", pending=True)])
        for again in (said, booked(account, "-55.00", external_id="p-1")):
            assert (await it.do(again, ledger)).data["known"] is True
            (after,) = await standing(it, ledger, account)
            assert after.booking is not None
            assert (after.booking.status, after.booking.amount) == ("pending", Decimal("-50.00"))

    scenario(database_url, play)


def test_the_same_id_said_to_be_posted_books_it(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        one = await waits(it, ledger, account, "client")
        await it.do(booked(account, "-60.00", external_id="p-1"), ledger)
        (after,) = await standing(it, ledger, account)
        assert after.booking is not None
        assert (after.id, after.booking.status, after.booking.amount, after.notes) == (
            one, "posted", Decimal("-60.00"), "with Ann",
        )  # fmt: skip

    scenario(database_url, play)


def test_what_the_booked_row_says_stands_where_the_user_said_nothing(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await it.record(
            ledger, account, "-50.00", description=DESCRIPTION, status="pending", external_id="p"
        )
        said = {"category": "travel", "notes": "n", "tags": ("t",)}
        await it.do(booked(account, "-60.00", **said), ledger)
        (after,) = await standing(it, ledger, account)
        assert after.booking is not None
        assert (after.notes, after.tags, after.category_source) == ("n", ("t",), "user")
        assert [part.category_id for part in after.booking.allocations] == ["travel"]

    scenario(database_url, play)
