"""What a bank says in another currency than the account's, beside rows that are in it."""

from __future__ import annotations

from uuid import UUID

import pytest
from commands.product import Product, product, run
from commands.replayed_books import replayed_books
from commands.statements import balance, bring, counts, file_of, row

from mintflow.domain.core.money import CurrencyMustMatch


def test_a_balance_in_another_currency_is_passed_over_and_said(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        file = file_of(
            row(2, "-3.20", currency="USD"),
            opening=balance(1, "500.00", currency="SEK"),
            reported=(balance(2, "96.80", currency="USD"),),
            closing=balance(3, "7.00", currency="SEK"),
        )
        answer = await bring(it, ledger, account, file)
        assert counts(answer) == (1, 0, 0, 0)
        assert [(one["code"], one["where"]) for one in answer.data["findings"]] == [
            ("BALANCE_NOT_COMPARABLE", "line 2")
        ]
        events = await it.events(ledger)
        said = [one.data for one in events if one.type == "account.balance_reported"]
        assert [(one["date"], one["amount"]) for one in said] == [("2025-03-02", "96.80")]
        assert "account.opening_balance_changed" not in [one.type for one in events]
        with pytest.raises(CurrencyMustMatch):
            await bring(it, ledger, account, file_of(closing=balance(3, "7.00", currency="SEK")))

    async def go() -> None:
        async with product(database_url, books=replayed_books) as it:
            ledger = await it.open_ledger()
            await play(it, ledger, await it.open_account(ledger))

    run(go())
