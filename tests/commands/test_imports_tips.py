"""A pending row posts with another id, a tip, and some days later: it stays one transaction."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from commands.product import Product
from commands.statements import bring, counts, row, standing
from commands.test_imports_meeting import scenario

from mintflow.commands.transactions import AmendTransaction, CategorizeTransaction, SplitPart

PENDING = row(10, "-50.00", "TRATTORIA ROMA 123", bank_id="P-1", pending=True)


@pytest.mark.parametrize("kind", ["category", "split"])
def test_what_the_user_said_of_the_pending_row_stays(database_url: str, kind: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, [PENDING])
        (one,) = await standing(it, ledger, account)
        await it.do(
            AmendTransaction(transaction_id=one.id, notes="with Anna", tags=("date",)), ledger
        )
        said: dict[str, Any] = {"category": "travel"}
        if kind == "split":
            parts = (("travel", "-20.00"), ("food_dining.restaurants", "-30.00"))
            said = {"splits": tuple(SplitPart(category=c, amount=a) for c, a in parts)}
        await it.do(CategorizeTransaction(transaction_id=one.id, **said), ledger)
        posted = row(13, "-60.00", "Trattoria Roma 987", bank_id="B-7")
        assert counts(await bring(it, ledger, account, [posted])) == (0, 0, 1, 0)
        (after,) = await standing(it, ledger, account)
        assert after.booking is not None
        assert (after.id, after.booking.status, after.booking.amount) == (
            one.id, "posted", Decimal("-60.00"),
        )  # fmt: skip
        assert (after.notes, after.tags, after.category_source) == ("with Anna", ("date",), "user")
        # What was typed stays as it was typed; the tip goes to the largest part.
        shares = {part.category_id: part.amount for part in after.booking.allocations}
        assert shares == (
            {"travel": Decimal("-60.00")}
            if kind == "category"
            else {"travel": Decimal("-20.00"), "food_dining.restaurants": Decimal("-40.00")}
        )
        assert counts(await bring(it, ledger, account, [posted])) == (0, 1, 0, 0)
        assert counts(await bring(it, ledger, account, [PENDING])) == (0, 1, 0, 0)

    scenario(database_url, play)


@pytest.mark.parametrize(
    ("posted", "why"),
    [
        (row(13, "-60.00", "OTHER PLACE", bank_id="B"), "another payee"),
        (row(13, "-66.00", "TRATTORIA ROMA 9", bank_id="B"), "more than a tip"),
        (row(16, "-60.00", "TRATTORIA ROMA 9", bank_id="B"), "too late"),
        (row(9, "-60.00", "TRATTORIA ROMA 9", bank_id="B"), "before it"),
        (row(13, "-49.00", "TRATTORIA ROMA 9", bank_id="B"), "less"),
        (row(13, "60.00", "TRATTORIA ROMA 9", bank_id="B"), "money in"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_other_rows_are_rows_of_their_own(database_url: str, posted: Any, why: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, [PENDING])
        assert counts(await bring(it, ledger, account, [posted])) == (1, 0, 0, 0)
        assert len(await standing(it, ledger, account)) == 2

    scenario(database_url, play)


def test_two_that_it_could_be_are_not_guessed_at(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        again = row(11, "-51.00", "TRATTORIA ROMA 124", bank_id="P-2", pending=True)
        await bring(it, ledger, account, [PENDING, again])
        posted = row(13, "-60.00", "TRATTORIA ROMA 9", bank_id="B")
        assert counts(await bring(it, ledger, account, [posted])) == (1, 0, 0, 0)

    scenario(database_url, play)


def test_its_own_amount_goes_before_a_tip(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await bring(it, ledger, account, [PENDING])
        both = [
            row(12, "-60.00", "TRATTORIA ROMA 9", bank_id="B-1"),
            row(13, "-50.00", "TRATTORIA ROMA 8", bank_id="B-2"),
        ]
        assert counts(await bring(it, ledger, account, both)) == (1, 0, 1, 0)
        found = sorted(one.booking.amount for one in await standing(it, ledger, account)
                       if one.booking)  # fmt: skip
        assert found == [Decimal("-60.00"), Decimal("-50.00")]

    scenario(database_url, play)
