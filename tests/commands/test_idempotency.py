"""Keys: one request for ever, its first answer again and again, also when it was a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from commands.product import OWNER, Product, product, run

from mintflow.commands.accounts import ChangeAccount, OpenAccount
from mintflow.commands.categories import AddCategory
from mintflow.commands.core.bus import KeptRefusal
from mintflow.commands.core.command import (
    Answer,
    Command,
    IdempotencyKeyNotUsable,
    IdempotencyKeyReused,
)
from mintflow.commands.core.ports import Principal
from mintflow.commands.ledgers import OpenLedger, RenameLedger
from mintflow.commands.transactions import RecordTransaction, RecordTransactions, VoidTransaction
from mintflow.domain.accounts import AccountIsClosed
from mintflow.domain.core.errors import MintFlowError
from mintflow.store.keys import MemoryKeyStore

OTHER = Principal(UUID(int=2), "user:2")
Play = Callable[[Product, UUID, UUID], Awaitable[Any]]


def scenario(url: str, play: Play) -> None:
    async def go() -> None:
        async with product(url) as it:
            ledger = await it.open_ledger()
            await play(it, ledger, await it.open_account(ledger))

    run(go())


def coffee(account: UUID, **facts: Any) -> RecordTransaction:
    given = {"date": "2025-03-01", "amount": "-3.20", "description": "Coffee", **facts}
    return RecordTransaction(account_id=account, **given)


def test_the_same_request_under_a_key_happens_once(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        first = await it.do(coffee(account), ledger, key="k")
        again = await it.do(coffee(account), ledger, key="k")
        assert not first.replayed
        assert again.replayed
        assert orjson.dumps(again.data) == orjson.dumps(first.data)
        assert again.position == first.position
        assert (await it.types(ledger)).count("transaction.recorded") == 1

    scenario(database_url, play)


def test_without_a_key_nothing_is_ever_taken_for_a_repetition(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        found = await asyncio.gather(*(it.do(coffee(account), ledger) for _ in range(20)))
        assert len({answer.data["transaction_id"] for answer in found}) == 20

    scenario(database_url, play)


def test_of_many_at_once_under_a_key_one_happens_and_all_hear_the_same(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        found = await asyncio.gather(*(it.do(coffee(account), ledger, key="k") for _ in range(32)))
        assert len({orjson.dumps(answer.data) for answer in found}) == 1
        assert sum(not answer.replayed for answer in found) == 1
        assert (await it.types(ledger)).count("transaction.recorded") == 1

    scenario(database_url, play)


def test_of_many_at_once_in_two_processes_one_happens(database_url: str) -> None:
    async def go() -> None:
        keys = MemoryKeyStore()
        async with product(database_url, keys=keys) as it, product(database_url, keys=keys) as two:
            ledger = await it.open_ledger()
            account = await it.open_account(ledger)
            found = await asyncio.gather(
                *(side.do(coffee(account), ledger, key="k") for side in [it, two] * 16)
            )
            assert len({orjson.dumps(answer.data) for answer in found}) == 1
            assert (await it.types(ledger)).count("transaction.recorded") == 1

    run(go())


def test_a_ledger_opened_twice_at_once_under_a_key_is_one_ledger(database_url: str) -> None:
    """Each attempt draws another id and so another shard: the key alone holds them together."""

    async def go() -> None:
        keys = MemoryKeyStore()
        async with product(database_url, keys=keys) as it, product(database_url, keys=keys) as two:
            command = OpenLedger(name="Home", currency="USD")
            for number in range(10):
                found = await asyncio.gather(
                    *(side.do(command, None, key=f"k{number}") for side in [it, two] * 4)
                )
                assert len({answer.data["ledger_id"] for answer in found}) == 1
            async with it.pool.connection() as conn:
                cursor = await conn.execute("select count(*) from log.ledger_head")
                assert await cursor.fetchone() == (10,)

    run(go())


@pytest.mark.parametrize(
    "other",
    [
        lambda account: coffee(account, amount="-3.21"),
        lambda account: coffee(account, description="Tea"),
        lambda account: OpenAccount(name="Cash", kind="cash", currency="USD"),
        lambda account: coffee(uuid4()),
    ],
    ids=["amount", "text", "command", "account that is not there"],
)
def test_another_request_under_a_used_key_is_refused(
    database_url: str, other: Callable[[UUID], Command]
) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await it.do(coffee(account), ledger, key="k")
        with pytest.raises(IdempotencyKeyReused) as caught:
            await it.do(other(account), ledger, key="k")
        assert (caught.value.code, caught.value.kind) == ("idempotency_key_reused", "invalid")
        assert (await it.types(ledger)).count("transaction.recorded") == 1

    scenario(database_url, play)


def test_another_caller_does_not_hear_the_answer_under_a_key(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await it.do(coffee(account), ledger, key="k")
        with pytest.raises(IdempotencyKeyReused):
            await it.do(coffee(account), ledger, key="k", who=OTHER)

    scenario(database_url, play)


def test_a_key_belongs_to_its_ledger_and_where_there_is_none_to_its_caller(
    database_url: str,
) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        second = await it.open_ledger()
        await it.do(AddCategory(path="hobbies"), ledger, key="k")
        assert not (await it.do(AddCategory(path="hobbies"), second, key="k")).replayed
        command = OpenLedger(name="Home", currency="USD")
        mine = await it.do(command, None, key="k", who=OWNER)
        theirs = await it.do(command, None, key="k", who=OTHER)
        assert mine.data["ledger_id"] != theirs.data["ledger_id"]

    scenario(database_url, play)


def test_a_refusal_under_a_key_stays_refused_when_it_would_succeed_now(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        await it.do(ChangeAccount(account_id=account, closed=True), ledger)
        refusals = []
        for state in ("closed", "closed", "open"):
            if state == "open":
                await it.do(ChangeAccount(account_id=account, closed=False), ledger)
            with pytest.raises(MintFlowError) as caught:
                await it.do(coffee(account), ledger, key="k")
            refusals.append(
                (caught.value.code, caught.value.kind, caught.value.message, caught.value.details)
            )
        assert refusals[0] == refusals[1] == refusals[2]
        assert refusals[0][:2] == (AccountIsClosed.code, AccountIsClosed.kind)
        assert refusals[0][3]["account_id"] == str(account)
        await it.do(coffee(account), ledger, key="k2")

    scenario(database_url, play)


def test_a_success_under_a_key_stays_one_when_it_would_be_refused_now(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        first = await it.do(coffee(account), ledger, key="k")
        void = VoidTransaction(transaction_id=UUID(first.data["transaction_id"]))
        voided = await it.do(void, ledger, key="v")
        await it.do(ChangeAccount(account_id=account, closed=True), ledger)
        again = await it.do(coffee(account), ledger, key="k")
        assert again.replayed
        assert again.data == first.data
        assert (await it.do(void, ledger, key="v")).data == voided.data

    scenario(database_url, play)


def test_a_command_that_changes_nothing_is_remembered_too(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        first = await it.do(RenameLedger(name="Home"), ledger, key="k")
        assert (first.position, first.replayed) == (None, False)
        await it.do(RenameLedger(name="Ours"), ledger)
        again = await it.do(RenameLedger(name="Home"), ledger, key="k")
        assert again.replayed
        assert again.data == first.data
        assert (await it.types(ledger)).count("ledger.renamed") == 1

    scenario(database_url, play)


def test_the_same_refusal_asked_at_once_is_kept_once(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        found = await asyncio.gather(
            *(it.do(coffee(uuid4_fixed), ledger, key="k") for _ in range(16)),
            return_exceptions=True,
        )
        assert {type(one) for one in found} == {KeptRefusal}
        assert len({str(one) for one in found}) == 1

    uuid4_fixed = uuid4()
    scenario(database_url, play)


def test_a_batch_under_a_key_happens_once(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        command = RecordTransactions(transactions=tuple(coffee(account) for _ in range(700)))
        found = await asyncio.gather(*(it.do(command, ledger, key="k") for _ in range(3)))
        assert len({orjson.dumps(answer.data) for answer in found}) == 1
        assert (await it.types(ledger)).count("transaction.recorded") == 700

    scenario(database_url, play)


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a\nb", "\x00", "a\x7f"])
def test_refuses_a_key_that_is_none(database_url: str, key: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        with pytest.raises(IdempotencyKeyNotUsable):
            await it.do(coffee(account), ledger, key=key)
        answer: Answer = await it.do(coffee(account), ledger, key="x" * 255)
        assert answer.position is not None

    scenario(database_url, play)
