"""All or nothing: batches, transfers, links, merges; and who is said to have done it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from commands.product import OWNER, Product, product, run
from commands.replayed_books import replayed_books

from mintflow.commands.accounts import ChangeAccount
from mintflow.commands.categories import MergeCategories
from mintflow.commands.core.ports import Principal
from mintflow.commands.transactions import (
    CategorizeTransaction,
    RecordTransaction,
    RecordTransactions,
    SplitPart,
    VoidTransaction,
)
from mintflow.commands.transfers import LinkTransactions, MakeTransfer, UnlinkTransfer, VoidTransfer
from mintflow.domain.accounts import AccountIsClosed
from mintflow.domain.categories import CategoryMoveRefused, CategoryNotFound
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.money import CurrencyMustMatch, TooManyDigits
from mintflow.domain.transactions import TransactionIsLinked, TransactionIsVoided
from mintflow.domain.transfers import (
    LegsMustBeOpposite,
    TransferAmountNotUsable,
    TransferIsEnded,
    TransferNeedsTwoAccounts,
)

Play = Callable[[Product, UUID, UUID], Awaitable[Any]]


def scenario(url: str, play: Play) -> None:
    async def go() -> None:
        async with product(url, books=replayed_books) as it:
            ledger = await it.open_ledger()
            await play(it, ledger, await it.open_account(ledger))

    run(go())


def row(account: UUID, **facts: Any) -> RecordTransaction:
    given = {"date": "2025-03-01", "amount": "-3.20", "description": "Coffee", **facts}
    return RecordTransaction(account_id=account, **given)


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ({"category": "nowhere"}, CategoryNotFound),
        ({"amount": "-3.201"}, TooManyDigits),
    ],
)
@pytest.mark.parametrize("index", [0, 1, 4])
def test_a_batch_with_one_that_is_refused_keeps_none_and_says_which(
    database_url: str, broken: dict[str, Any], error: type[MintFlowError], index: int
) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        rows = [row(account) for _ in range(5)]
        rows[index] = row(account, **broken)
        before = len(await it.events(ledger))
        with pytest.raises(error) as caught:
            await it.do(RecordTransactions(transactions=tuple(rows)), ledger)
        assert caught.value.details["index"] == index
        assert len(await it.events(ledger)) == before

    scenario(database_url, play)


def test_a_batch_is_one_commit_in_its_order_and_knows_its_own_rows(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        rows = [row(account, external_id=f"e{number % 3}") for number in range(5)]
        answer = await it.do(RecordTransactions(transactions=tuple(rows)), ledger)
        assert [one["known"] for one in answer.data] == [False, False, False, True, True]
        assert answer.data[0]["transaction_id"] == answer.data[3]["transaction_id"]
        events = (await it.events(ledger))[-3:]
        assert len({event.correlation_id for event in events}) == 1
        assert answer.position == events[-1].position

    scenario(database_url, play)


def test_a_transfer_is_two_legs_and_their_bond_in_one_commit(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        savings = await it.open_account(ledger, name="Savings", kind="savings")
        before = len(await it.events(ledger))
        answer = await it.do(
            MakeTransfer(
                from_account_id=account, to_account_id=savings, amount="25", date="2025-03-01"
            ),
            ledger,
        )
        assert (await it.types(ledger, after=before)) == [
            "transaction.recorded",
            "transaction.linked",
            "transaction.recorded",
            "transaction.linked",
            "transfer.started",
        ]
        assert [leg["amount"] for leg in answer.data["legs"]] == ["-25.00", "25.00"]
        assert {leg["transfer_id"] for leg in answer.data["legs"]} == {answer.data["transfer_id"]}

        transfer = UUID(answer.data["transfer_id"])
        leg = UUID(answer.data["legs"][0]["transaction_id"])
        with pytest.raises(TransactionIsLinked):
            await it.do(VoidTransaction(transaction_id=leg), ledger)
        ended = await it.do(VoidTransfer(transfer_id=transfer), ledger)
        assert [one["status"] for one in ended.data["legs"]] == ["voided", "voided"]
        with pytest.raises(TransferIsEnded):
            await it.do(UnlinkTransfer(transfer_id=transfer), ledger)

    scenario(database_url, play)


def test_a_transfer_that_is_refused_leaves_no_leg(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        euros = await it.open_account(ledger, currency="EUR")
        closed = await it.open_account(ledger)
        await it.do(ChangeAccount(account_id=closed, closed=True), ledger)
        other = await it.open_account(ledger)
        before = len(await it.events(ledger))
        cases: list[tuple[UUID, dict[str, Any], type[MintFlowError]]] = [
            (account, {}, TransferNeedsTwoAccounts),
            (closed, {}, AccountIsClosed),
            (euros, {}, CurrencyMustMatch),
            (other, {"amount": "0"}, TransferAmountNotUsable),
            (other, {"amount": "-5"}, TransferAmountNotUsable),
            (other, {"to_amount": "6"}, TransferAmountNotUsable),
            (euros, {"to_amount": "0"}, TransferAmountNotUsable),
            (other, {"amount": "5.001"}, TooManyDigits),
        ]
        for to, facts, error in cases:
            given = {"amount": "5", "date": "2025-03-01", **facts}
            with pytest.raises(error):
                await it.do(
                    MakeTransfer(from_account_id=account, to_account_id=to, **given), ledger
                )
        assert len(await it.events(ledger)) == before
        made = await it.do(
            MakeTransfer(
                from_account_id=account, to_account_id=euros, amount="5", to_amount="4.60",
                date="2025-03-01",
            ),
            ledger,
        )  # fmt: skip
        assert [(leg["amount"], leg["currency"]) for leg in made.data["legs"]] == [
            ("-5.00", "USD"),
            ("4.60", "EUR"),
        ]
        named = ("amount", "currency", "to_amount", "to_currency")
        said = ["5.00", "USD", "4.60", "EUR"]
        assert [made.data.get(name) for name in named] == said
        ended = await it.do(VoidTransfer(transfer_id=UUID(made.data["transfer_id"])), ledger)
        assert [ended.data.get(name) for name in named] == said

    scenario(database_url, play)


def test_linking_takes_the_categories_and_unlinking_gives_them_back(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        savings = await it.open_account(ledger)
        leaves = await it.record(ledger, account, "-25", category="shopping.home")
        enters = await it.record(ledger, savings, "25")
        link = LinkTransactions(from_transaction_id=leaves, to_transaction_id=enters)
        linked = await it.do(link, ledger)
        assert [leg["category"] for leg in linked.data["legs"]] == ["transfer", "transfer"]
        with pytest.raises(TransactionIsLinked):
            await it.do(link, ledger)
        unlink = UnlinkTransfer(transfer_id=UUID(linked.data["transfer_id"]))
        unlinked = await it.do(unlink, ledger)
        assert [leg["category"] for leg in unlinked.data["legs"]] == [
            "shopping.home",
            "uncategorized",
        ]
        await it.do(VoidTransaction(transaction_id=enters), ledger)
        with pytest.raises(TransactionIsVoided):
            await it.do(link, ledger)

    scenario(database_url, play)


def test_refuses_to_link_what_is_no_movement(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        savings = await it.open_account(ledger)
        leaves = await it.record(ledger, account, "-25")
        enters = await it.record(ledger, savings, "25")
        same = await it.record(ledger, account, "25")
        more = await it.record(ledger, savings, "25.01")
        before = len(await it.events(ledger))
        for one, other in ((leaves, same), (enters, leaves), (leaves, more), (leaves, leaves)):
            with pytest.raises(LegsMustBeOpposite):
                await it.do(
                    LinkTransactions(from_transaction_id=one, to_transaction_id=other), ledger
                )
        assert len(await it.events(ledger)) == before

    scenario(database_url, play)


def test_a_merge_moves_every_transaction_in_the_same_commit(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        phone = [await it.record(ledger, account, "-10", category="bills.phone") for _ in range(5)]
        await it.do(VoidTransaction(transaction_id=phone[4]), ledger)
        split = await it.record(ledger, account, "-10")
        parts = (
            SplitPart(category="bills.phone", amount="-4"),
            SplitPart(category="housing.rent", amount="-6"),
        )
        await it.do(CategorizeTransaction(transaction_id=split, splits=parts), ledger)
        before = len(await it.events(ledger))
        merge = MergeCategories(path="bills.phone", into="bills.internet")
        answer = await it.do(merge, ledger)
        assert answer.data["transactions"] == 5
        types = await it.types(ledger, after=before)
        assert sorted(types) == [
            "category.merged",
            *["transaction.categorized"] * 4,
            "transaction.split",
        ]
        later = await it.record(ledger, account, "-10", category="bills.phone")
        shown = await it.do(
            CategorizeTransaction(transaction_id=later, category="bills.phone"), ledger
        )
        assert shown.data["category"] == "bills.internet"
        with pytest.raises(CategoryMoveRefused):
            await it.do(MergeCategories(path="bills.internet", into="bills.phone"), ledger)

    scenario(database_url, play)


def test_events_say_who_asked_and_why(database_url: str) -> None:
    async def play(it: Product, ledger: UUID, account: UUID) -> None:
        who = Principal(OWNER.user_id, "user:somebody")
        correlation, causation = uuid4(), uuid4()
        savings = await it.open_account(ledger)
        before = len(await it.events(ledger))
        await it.do(
            MakeTransfer(
                from_account_id=account, to_account_id=savings, amount="5", date="2025-03-01"
            ),
            ledger,
            who=who,
            correlation_id=correlation,
            causation_id=causation,
        )
        events = (await it.events(ledger))[before:]
        for event in events:
            assert event.actor == "user:somebody"
            assert event.correlation_id == str(correlation)
            assert event.envelope["causation_id"] == str(causation)
            assert event.envelope["ledger_id"] == str(ledger)
        assert len({event.event_id for event in events}) == len(events)
        assert [UUID(event.event_id).version for event in events] == [7] * len(events)

    scenario(database_url, play)
