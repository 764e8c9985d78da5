"""What an import tells and keeps of a file stays small, whatever the file is like."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from commands.product import Product, product, run
from commands.replayed_books import replayed_books
from commands.statements import bring, counts, file_of, row

from mintflow.domain.statements import Finding
from mintflow.store.mapper import EVENT_BYTES_MAX, EventTooLarge


def test_of_findings_that_are_alike_the_first_are_told_and_the_rest_is_counted(
    database_url: str,
) -> None:
    """All of a large file in one event were more than any topic takes."""

    async def play() -> None:
        async with product(database_url, books=replayed_books) as it:
            ledger = await it.open_ledger()
            account = await it.open_account(ledger)
            again = [replace(row(1, "-1", bank_id="B"), where=f"line {n}") for n in range(301)]
            answer = await bring(it, ledger, account, again)
            assert counts(answer) == (1, 0, 0, 300)
            kept = (await it.events(ledger))[-1].data["findings"]
            assert kept == answer.data["findings"]
            assert [(one["code"], one["where"]) for one in kept] == [
                ("REPEATED_ID", f"line {n}") for n in range(1, 22)
            ]
            assert {one["detail"] for one in kept[:20]} == {"the row stands in the file twice"}
            assert kept[20]["detail"] == "280 more of these, from here on"

    run(play())


def test_an_event_that_would_be_too_large_is_refused_and_nothing_is_written(
    database_url: str,
) -> None:
    async def refused(it: Product, ledger: UUID, account: UUID, size: int) -> None:
        file = replace(file_of(row(1, "-1")), findings=(Finding("ODD", "line 1", "x" * size),))
        before = [one.event_id for one in await it.events(ledger)]
        with pytest.raises(EventTooLarge) as refusal:
            await bring(it, ledger, account, file)
        assert refusal.value.details["limit"] == EVENT_BYTES_MAX
        assert refusal.value.details["type"] == "import.completed"
        assert [one.event_id for one in await it.events(ledger)] == before

    async def play() -> None:
        async with product(database_url, books=replayed_books) as it:
            ledger = await it.open_ledger()
            await refused(it, ledger, await it.open_account(ledger), EVENT_BYTES_MAX)

    run(play())
