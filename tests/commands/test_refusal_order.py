"""Where several rules break, the same one is named first: docs/reference/errors.md."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from commands.product import OWNER, product, run
from pydantic import ValidationError

from mintflow.commands.accounts import ChangeAccount
from mintflow.commands.budgets import ArchiveBudget, SetBudget
from mintflow.commands.categories import ArchiveCategory
from mintflow.commands.core.command import Command, Context
from mintflow.commands.transactions import (
    CategorizeTransaction,
    PostTransaction,
    RecordTransaction,
    SplitPart,
    VoidTransaction,
)
from mintflow.commands.transfers import LinkTransactions, MakeTransfer
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.ledgers import LedgerNotFound

LONG = "x" * 256


class OwnerOnly:
    """A ledger that is not the caller's is not there."""

    def __init__(self) -> None:
        self.mine: set[UUID] = set()

    async def authorize(self, command: Command, context: Context) -> None:
        if context.ledger_id is not None and context.ledger_id not in self.mine:
            raise LedgerNotFound("there is no such ledger")


async def _household(it: Any, access: OwnerOnly) -> dict[str, UUID]:
    ledger = await it.open_ledger()
    access.mine.add(ledger)
    ids = {"ledger": ledger}
    for name in ("open", "closed", "other"):
        ids[name] = await it.open_account(ledger)
    ids["posted"] = await it.record(ledger, ids["open"], "-5")
    ids["voided"] = await it.record(ledger, ids["open"], "-5")
    ids["pending"] = await it.record(ledger, ids["open"], "-5", status="pending")
    ids["enters"] = await it.record(ledger, ids["other"], "5")
    await it.do(VoidTransaction(transaction_id=ids["voided"]), ledger)
    link = LinkTransactions(from_transaction_id=ids["posted"], to_transaction_id=ids["enters"])
    await it.do(link, ledger)
    await it.do(ArchiveCategory(path="bills"), ledger)
    await it.do(ChangeAccount(account_id=ids["closed"], closed=True), ledger)
    ids["nowhere"] = uuid4()
    return ids


def _record(account: str, **facts: Any) -> Any:
    given = {"date": "2025-03-01", "amount": "-1", "description": "", **facts}
    return lambda ids: RecordTransaction(account_id=ids[account], **given)


def _splits(transaction: str, *parts: tuple[str, str]) -> Any:
    return lambda ids: CategorizeTransaction(
        transaction_id=ids[transaction],
        splits=tuple(SplitPart(category=path, amount=amount) for path, amount in parts),
    )


def _transfer(source: str, target: str, **facts: Any) -> Any:
    given = {"amount": "-1.234", "date": "1800-01-01", **facts}
    return lambda ids: MakeTransfer(from_account_id=ids[source], to_account_id=ids[target], **given)


# What is asked, of which ledger, under which key -> the code that is named. Everything after the
# named rule is broken too.
CASES: list[tuple[Any, str, str | None, str]] = [
    (_record("nowhere"), "nowhere", LONG, "idempotency_key_not_usable"),
    (_record("nowhere"), "nowhere", None, "ledger_not_found"),
    (_record("nowhere", category="none", amount="0.001"), "ledger", None, "account_not_found"),
    (_record("closed", category="none", amount="0.001"), "ledger", None, "category_not_found"),
    (_record("closed", category="bills", amount="0.001"), "ledger", None, "account_is_closed"),
    (_record("open", category="bills", amount="0.001"), "ledger", None, "category_is_archived"),
    (_record("open", amount="0.001", date="1800-01-01"), "ledger", None, "too_many_digits"),
    (_record("open", date="1800-01-01"), "ledger", None, "date_out_of_range"),
    (_splits("nowhere", ("none", "0.001")), "ledger", None, "transaction_not_found"),
    (_splits("voided", ("none", "0.001")), "ledger", None, "category_not_found"),
    (_splits("voided", ("bills", "0.001")), "ledger", None, "transaction_is_voided"),
    (_splits("posted", ("bills", "0.001")), "ledger", None, "transaction_is_linked"),
    (_splits("pending", ("bills", "0.001")), "ledger", None, "category_is_archived"),
    (_splits("pending", ("travel", "0.001")), "ledger", None, "too_many_digits"),
    (_splits("pending", ("travel", "-4")), "ledger", None, "postings_must_sum_to_zero"),
    (_transfer("nowhere", "nowhere"), "ledger", None, "transfer_needs_two_accounts"),
    (_transfer("closed", "nowhere"), "ledger", None, "account_not_found"),
    (_transfer("closed", "open"), "ledger", None, "account_is_closed"),
    (_transfer("open", "other"), "ledger", None, "too_many_digits"),
    (_transfer("open", "other", amount="-1"), "ledger", None, "transfer_amount_not_usable"),
    (_transfer("open", "other", amount="1"), "ledger", None, "date_out_of_range"),
    (
        lambda ids: PostTransaction(transaction_id=ids["voided"], amount="0.001"),
        "ledger", None, "transaction_is_voided",
    ),
    (
        lambda ids: PostTransaction(transaction_id=ids["posted"], amount="0.001"),
        "ledger", None, "transaction_is_not_pending",
    ),
    (
        lambda ids: SetBudget(category="none", amount="-0.001", start="2025-13"),
        "ledger", None, "month_not_readable",
    ),
    (lambda ids: SetBudget(category="none", amount="-1"), "ledger", None, "category_not_found"),
    (lambda ids: SetBudget(category="bills", amount="-1"), "ledger", None, "category_is_archived"),
    (lambda ids: SetBudget(category="travel", amount="-1"), "ledger", None,
     "budget_amount_not_usable"),
    (lambda ids: ArchiveBudget(category="none", start="2025-13"), "ledger", None,
     "month_not_readable"),
    (lambda ids: ArchiveBudget(category="travel"), "ledger", None, "budget_not_found"),
]  # fmt: skip


@pytest.fixture(scope="module")
def named(postgres: Any) -> list[str]:
    """The code that each case was refused with."""

    async def play() -> list[str]:
        access = OwnerOnly()
        with postgres.migrated() as url:
            async with product(url, authorizer=access) as it:
                ids = await _household(it, access)
                found = []
                for make, ledger, key, _ in CASES:
                    try:
                        await it.do(make(ids), ids[ledger], key=key)
                    except MintFlowError as refusal:
                        found.append(refusal.code)
                    else:
                        found.append("accepted")
        return found

    codes: list[str] = run(play())
    return codes


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{case[3]}" for case in CASES])
def test_names_the_first_rule_that_is_broken(named: list[str], number: int) -> None:
    assert named[number] == CASES[number][3]


def test_a_shape_that_is_wrong_never_becomes_a_command() -> None:
    for facts in (
        {"amount": 1.5},
        {"amount": "1e3"},
        {"amount": "NaN"},
        {"amount": "1_0"},
        {"amount": "٣"},
        {"amount": True},
        {"description": "a\x00b"},
        {"description": "x" * 2_001},
        {"status": "maybe"},
        {"unknown": 1},
    ):
        given = {"account_id": uuid4(), "date": "2025-03-01", "amount": "1", "description": ""}
        with pytest.raises(ValidationError):
            RecordTransaction(**{**given, **facts})  # type: ignore[arg-type]


def test_a_key_is_looked_at_before_the_caller(database_url: str) -> None:
    """And a caller who may not is told so even under a key with a kept answer."""

    async def play() -> None:
        access = OwnerOnly()
        async with product(database_url, authorizer=access) as it:
            ids = await _household(it, access)
            command = _record("open")(ids)
            await it.do(command, ids["ledger"], key="k")
            access.mine.clear()
            with pytest.raises(LedgerNotFound):
                await it.do(command, ids["ledger"], key="k", who=OWNER)

    run(play())
