"""Commands that meet: on one stream, on one account, in two processes with caches of their own."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from commands.product import Product, product, run
from store.appending import assert_whole, connect

from mintflow.commands.accounts import ChangeAccount, OpenAccount
from mintflow.commands.budgets import SetBudget
from mintflow.commands.categories import AddCategory, ArchiveCategory, RestoreCategory
from mintflow.commands.core import bus as bus_module
from mintflow.commands.core.command import ConcurrentChange
from mintflow.commands.ledgers import RenameLedger
from mintflow.commands.transactions import (
    AmendTransaction,
    CategorizeTransaction,
    RecordTransaction,
    VoidTransaction,
)
from mintflow.domain.accounts import AccountIsClosed
from mintflow.domain.categories import CategoryIsArchived, CategoryNotFound
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.transactions import TransactionIsVoided
from mintflow.store.keys import MemoryKeyStore

WRITERS = 32


def test_many_writers_of_one_transaction_all_succeed(database_url: str) -> None:
    async def play() -> None:
        async with product(database_url) as it:
            ledger = await it.open_ledger()
            account = await it.open_account(ledger)
            coffee = await it.record(ledger, account, "-3.20")
            await asyncio.gather(
                *(
                    it.do(AmendTransaction(transaction_id=coffee, description=f"no {n}"), ledger)
                    for n in range(WRITERS)
                )
            )
            versions = [
                event.stream_version
                for event in await it.events(ledger)
                if event.stream_id == str(coffee)
            ]
            assert versions == list(range(1, WRITERS + 2))

    run(play())


def test_of_many_who_void_one_transaction_one_succeeds(database_url: str) -> None:
    async def play() -> None:
        async with product(database_url) as it:
            ledger = await it.open_ledger()
            coffee = await it.record(ledger, await it.open_account(ledger), "-3.20")
            found = await asyncio.gather(
                *(it.do(VoidTransaction(transaction_id=coffee), ledger) for _ in range(WRITERS)),
                return_exceptions=True,
            )
            assert Counter(type(one).__name__ for one in found) == {
                "Answer": 1,
                TransactionIsVoided.__name__: WRITERS - 1,
            }

    run(play())


def test_of_many_who_record_one_external_id_one_makes_it(database_url: str) -> None:
    async def play() -> None:
        keys = MemoryKeyStore()
        async with (
            product(database_url, keys=keys) as it,
            product(database_url, keys=keys) as other,
        ):
            ledger = await it.open_ledger()
            account = await it.open_account(ledger)
            command = RecordTransaction(
                account_id=account,
                date="2025-03-01",
                amount="-3.20",
                description="Coffee",
                external_id="e1",
            )
            found = await asyncio.gather(
                *(side.do(command, ledger) for side in [it, other] * (WRITERS // 2))
            )
            assert len({answer.data["transaction_id"] for answer in found}) == 1
            assert Counter(answer.data["known"] for answer in found) == {
                True: WRITERS - 1,
                False: 1,
            }

    run(play())
    with connect(database_url) as conn:
        assert_whole(conn)


def test_gives_up_after_so_many_conflicts(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        monkeypatch.setattr(bus_module, "ATTEMPTS_MAX", 3)
        async with product(database_url) as it:
            ledger = await it.open_ledger()
            coffee = await it.record(ledger, await it.open_account(ledger), "-3.20")
            found = await asyncio.gather(
                *(
                    it.do(AmendTransaction(transaction_id=coffee, description=f"no {n}"), ledger)
                    for n in range(WRITERS)
                ),
                return_exceptions=True,
            )
            refused = [one for one in found if isinstance(one, ConcurrentChange)]
            assert refused
            assert refused[0].details == {"attempts": 3}
            kept = len(found) - len(refused)
            assert (await it.types(ledger)).count("transaction.amended") == kept

    run(play())


def test_an_account_closed_by_another_process_takes_no_transaction(database_url: str) -> None:
    async def play(here: Product, there: Product, ledger: UUID, account: UUID) -> None:
        await here.record(ledger, account, "-1")
        await there.do(ChangeAccount(account_id=account, closed=True), ledger)
        with pytest.raises(AccountIsClosed):
            await here.record(ledger, account, "-1")

    run(_two(database_url, play))


def test_an_account_reopened_by_another_process_takes_transactions(database_url: str) -> None:
    async def play(here: Product, there: Product, ledger: UUID, account: UUID) -> None:
        await here.do(ChangeAccount(account_id=account, closed=True), ledger)
        await there.do(ChangeAccount(account_id=account, closed=False), ledger)
        await here.record(ledger, account, "-1")
        await there.do(ChangeAccount(account_id=account, closed=True), ledger)
        with pytest.raises(AccountIsClosed):
            await here.record(ledger, account, "-1")

    run(_two(database_url, play))


def test_a_change_back_is_no_change_only_where_nobody_changed_it(database_url: str) -> None:
    async def play(here: Product, there: Product, ledger: UUID, account: UUID) -> None:
        await here.do(RenameLedger(name="Ours"), ledger)
        await there.do(RenameLedger(name="Theirs"), ledger)
        again = await here.do(RenameLedger(name="Ours"), ledger)
        assert again.position is not None
        assert (await here.do(RenameLedger(name="Ours"), ledger)).position is None

    run(_two(database_url, play))


def test_a_category_of_another_process_can_be_used_at_once(database_url: str) -> None:
    async def play(here: Product, there: Product, ledger: UUID, account: UUID) -> None:
        coffee = await here.record(ledger, account, "-1")
        use = CategorizeTransaction(transaction_id=coffee, category="hobbies")
        with pytest.raises(CategoryNotFound):
            await here.do(use, ledger)
        await there.do(AddCategory(path="hobbies"), ledger)
        await here.do(use, ledger)
        await there.do(ArchiveCategory(path="hobbies"), ledger)
        with pytest.raises(CategoryIsArchived):
            await here.record(ledger, account, "-1", category="hobbies")
        await there.do(RestoreCategory(path="hobbies"), ledger)
        await here.record(ledger, account, "-1", category="hobbies")

    run(_two(database_url, play))


def test_a_budget_of_an_archived_category_is_refused_in_every_process(database_url: str) -> None:
    async def play(here: Product, there: Product, ledger: UUID, account: UUID) -> None:
        await here.do(SetBudget(category="bills.phone", amount="20"), ledger)
        await there.do(ArchiveCategory(path="bills.phone"), ledger)
        with pytest.raises(CategoryIsArchived):
            await here.do(SetBudget(category="bills.phone", amount="30"), ledger)

    run(_two(database_url, play))


def test_a_refusal_that_stands_is_decided_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking whether the cache was behind must not turn into deciding again for ever."""
    decided: list[Any] = []
    real = bus_module.Unit

    def counted(*args: Any) -> Any:
        decided.append(args)
        return real(*args)

    async def play(here: Product, there: Product, ledger: UUID, account: UUID) -> None:
        await here.do(ChangeAccount(account_id=account, closed=True), ledger)
        monkeypatch.setattr(bus_module, "Unit", counted)
        with pytest.raises(AccountIsClosed):
            await here.record(ledger, account, "-1")
        assert len(decided) == 1

    run(_two(database_url, play))


def test_closing_and_recording_at_once_never_leaves_a_row_after_the_closing(
    database_url: str,
) -> None:
    async def play(here: Product, there: Product, ledger: UUID, account: UUID) -> None:
        async def attempt(side: Product, n: int) -> Any:
            try:
                if n == 10:
                    return await side.do(ChangeAccount(account_id=account, closed=True), ledger)
                return await side.record(ledger, account, "-1")
            except MintFlowError as refusal:
                return refusal.code

        found = await asyncio.gather(*(attempt([here, there][n % 2], n) for n in range(40)))
        types = await here.types(ledger)
        assert types[-1] == "account.closed"
        assert found.count("account_is_closed") == 40 - types.count("transaction.recorded")

    run(_two(database_url, play))


def test_two_who_open_accounts_do_not_disturb_each_other(database_url: str) -> None:
    async def play(here: Product, there: Product, ledger: UUID, account: UUID) -> None:
        command = OpenAccount(name="Cash", kind="cash", currency="USD")
        found = await asyncio.gather(*(side.do(command, ledger) for side in [here, there] * 10))
        assert len({answer.data["account_id"] for answer in found}) == 20

    run(_two(database_url, play))


async def _two(url: str, play: Any) -> None:
    """Two processes over one database, both with the ledger and account in their caches."""
    keys = MemoryKeyStore()
    async with product(url, keys=keys) as here, product(url, keys=keys) as there:
        ledger = await here.open_ledger()
        account = await here.open_account(ledger)
        await there.record(ledger, account, "-1")
        await play(here, there, ledger, account)
