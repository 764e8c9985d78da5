"""Commands on transactions: record, post, amend, categorize, split, tag, note, match, void."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from mintflow.commands.core.command import (
    Amount,
    CategoryPath,
    Command,
    Day,
    ForeignId,
    Tag,
    Text,
    example,
)
from mintflow.commands.core.unit import Unit
from mintflow.domain.accounts import Account, AccountNotFound
from mintflow.domain.categories import CategoryNotFound, CategoryTree
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.ids import (
    category_tree_id,
    transaction_id_by_bank_id,
    transaction_id_by_external_id,
)
from mintflow.domain.core.money import exact_amount, money_text
from mintflow.domain.core.postings import UNCATEGORIZED, Booking, whole
from mintflow.domain.transactions import (
    BankIdIsTaken,
    Transaction,
    TransactionAlias,
    TransactionNotFound,
    band_of,
    checked_splits,
)

BATCH_MAX = 1_000


class RecordTransaction(Command):
    """A transaction entered by hand or by a client. amount: money out is negative.

    external_id: the client's own id in this account; recording it again gives the same
    transaction and says `known`. Without one nothing is ever taken for a duplicate.
    """

    model_config = example(
        account_id="01999999-0000-7000-8000-000000000001",
        date="2025-03-14",
        amount="-12.30",
        description="Coffee at the corner",
        category="food_dining.coffee_shops",
    )

    account_id: UUID
    date: Day
    amount: Amount
    description: Text
    category: CategoryPath | None = None
    notes: Text = ""
    tags: tuple[Tag, ...] = Field((), max_length=50)
    external_id: ForeignId | None = None
    counterparty: Text = ""
    status: Literal["posted", "pending"] = "posted"


class RecordTransactions(Command):
    """Several at once, all or nothing."""

    transactions: tuple[RecordTransaction, ...] = Field(min_length=1, max_length=BATCH_MAX)


class PostTransaction(Command):
    """The bank booked a pending one, maybe with another amount, date or id."""

    transaction_id: UUID
    amount: Amount | None = None
    date: Day | None = None
    bank_id: ForeignId | None = None


class AmendTransaction(Command):
    """Correct what was entered; what is not given stays."""

    transaction_id: UUID
    date: Day | None = None
    amount: Amount | None = None
    description: Text | None = None
    counterparty: Text | None = None
    notes: Text | None = None
    tags: tuple[Tag, ...] | None = Field(None, max_length=50)
    merchant: Text | None = None
    budgeted: bool | None = None


class SplitPart(Command):
    category: CategoryPath
    amount: Amount


class CategorizeTransaction(Command):
    """Either one category or splits whose amounts sum to the transaction's."""

    transaction_id: UUID
    category: CategoryPath | None = None
    splits: tuple[SplitPart, ...] | None = Field(None, min_length=1, max_length=100)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.category is None) == (self.splits is None):
            raise ValueError("give either category or splits")
        return self


class MatchTransactions(Command):
    """The bank's row `imported_id` is the hand-made `transaction_id`, which keeps its fields."""

    transaction_id: UUID
    imported_id: UUID


class UnmatchTransaction(Command):
    transaction_id: UUID


class VoidTransaction(Command):
    transaction_id: UUID


class ReinstateTransaction(Command):
    transaction_id: UUID


async def record_transaction(command: RecordTransaction, unit: Unit) -> dict[str, Any]:
    """Raises AccountNotFound, CategoryNotFound, AccountIsClosed, CategoryIsArchived,
    TooManyDigits, AmountNotReadable, DateOutOfRange."""
    account = await unit.read(Account, command.account_id, AccountNotFound)
    stream_id = None
    if command.external_id is not None:
        stream_id = transaction_id_by_external_id(account.id, command.external_id)
        known = await unit.find(Transaction, stream_id)
        if known is not None:
            return {**view(known, await tree_of(unit)), "known": True}
    tree = None
    if command.category is not None:
        tree = await tree_of(unit, guard=True)
        tree.find(command.category)
    account.must_be_open()
    category_id = UNCATEGORIZED
    if tree is not None and command.category is not None:
        category_id = tree.resolve(command.category).category_id
    amount = exact_amount(command.amount, account.currency)
    transaction = unit.add(
        Transaction.record(
            stream_id or unit.new_id(),
            Booking(
                account.id,
                command.date,
                amount,
                account.currency,
                command.status,
                whole(amount, category_id),
            ),
            unit.now,
            description=command.description,
            counterparty=command.counterparty,
            notes=command.notes,
            tags=command.tags,
            origin="manual",
            category_source="user" if tree else "none",
            user_fields=_user_fields(command),
            external_id=command.external_id,
        )
    )
    return {**view(transaction, tree), "known": False}


async def record_transactions(command: RecordTransactions, unit: Unit) -> list[dict[str, Any]]:
    """As record_transaction for each; the refusal of one refuses all and names its index."""
    answers = []
    for index, one in enumerate(command.transactions):
        try:
            answer = await record_transaction(one, unit)
        except MintFlowError as refusal:
            refusal.details["index"] = index
            raise
        answers.append({"transaction_id": answer["transaction_id"], "known": answer["known"]})
    return answers


async def post_transaction(command: PostTransaction, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, TransactionIsVoided, TransactionIsNotPending, TooManyDigits,
    TransactionIsLinked (its amount), BankIdIsTaken."""
    transaction = await _to_change(unit, command.transaction_id)
    transaction.post(
        unit.now, date=command.date, amount=command.amount, bank_id=command.bank_id, origin="manual"
    )
    if command.bank_id is not None:
        await _know_by(command.bank_id, transaction, unit)
    return view(transaction, await tree_of(unit))


async def amend_transaction(command: AmendTransaction, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, TransactionIsVoided, TransactionIsLinked, TooManyDigits."""
    transaction = await _to_change(unit, command.transaction_id)
    transaction.amend(
        unit.now,
        origin="manual",
        date=command.date,
        amount=command.amount,
        description=command.description,
        counterparty=command.counterparty,
    )
    if command.tags is not None:
        transaction.tag(command.tags, unit.now)
    if command.notes is not None:
        transaction.note(command.notes, unit.now)
    if command.merchant is not None:
        transaction.name_merchant(command.merchant, unit.now)
    if command.budgeted is not None:
        transaction.budget(command.budgeted, unit.now)
    return view(transaction, await tree_of(unit))


async def categorize_transaction(command: CategorizeTransaction, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, CategoryNotFound, TransactionIsVoided, TransactionIsLinked,
    CategoryIsArchived, NothingToSplit, PostingsMustSumToZero, TooManyDigits."""
    transaction = await _to_change(unit, command.transaction_id)
    tree = await tree_of(unit, guard=True)
    splits = command.splits or ()
    for path in [command.category] if command.category else [part.category for part in splits]:
        tree.find(path)
    booking = transaction.must_take_a_category()
    if command.category is not None:
        parts = whole(booking.amount, tree.resolve(command.category).category_id)
    else:
        wanted = [(tree.resolve(part.category).category_id, part.amount) for part in splits]
        parts = checked_splits(wanted, booking.amount, booking.currency)
    transaction.categorize(parts, "user", unit.now)
    return view(transaction, tree)


async def match_transactions(command: MatchTransactions, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, TransactionIsVoided, AlreadyMatched, MatchRefused."""
    mine = await _to_change(unit, command.transaction_id)
    mine.match(await _to_change(unit, command.imported_id), unit.now)
    return view(mine, await tree_of(unit))


async def unmatch_transaction(command: UnmatchTransaction, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, TransactionIsVoided, NotMatched."""
    mine = await _to_change(unit, command.transaction_id)
    imported = await _to_change(unit, mine.matched_with or mine.id)
    mine.unmatch(imported, unit.now)
    await follow_merges(imported, unit)
    return view(mine, await tree_of(unit))


async def void_transaction(command: VoidTransaction, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, TransactionIsVoided, TransactionIsLinked."""
    transaction = await _to_change(unit, command.transaction_id)
    transaction.void(unit.now)
    return view(transaction, await tree_of(unit))


async def reinstate_transaction(command: ReinstateTransaction, unit: Unit) -> dict[str, Any]:
    """Raises TransactionNotFound, TransactionIsNotVoided."""
    transaction = await _to_change(unit, command.transaction_id)
    transaction.reinstate(unit.now)
    await follow_merges(transaction, unit)
    return view(transaction, await tree_of(unit))


async def tree_of(unit: Unit, *, guard: bool = False) -> CategoryTree:
    """The ledger's category tree; guarded where a category is taken from it."""
    tree_id = category_tree_id(unit.ledger_id)
    return await unit.read(CategoryTree, tree_id, CategoryNotFound, guard=guard)


async def follow_merges(transaction: Transaction, unit: Unit) -> None:
    """Move one that counts again out of categories that were merged away while it did not."""
    tree = await tree_of(unit, guard=True)
    booking = transaction.booking
    assert booking is not None
    parts = tuple(
        replace(part, category_id=_where_it_went(part.category_id, tree))
        for part in booking.allocations
    )
    if parts != booking.allocations:
        transaction.categorize(parts, "user", unit.now, reason="merged")


def view(transaction: Transaction, tree: CategoryTree | None) -> dict[str, Any]:
    """A transaction as the API shows it; the same fields as the query of the read model.

    tree: may be left out where the transaction has no category of its own.
    """
    booking = transaction.booking or transaction.withdrawn
    assert booking is not None
    paths = [
        tree.nodes[part.category_id].path if tree else part.category_id
        for part in booking.allocations
    ]
    split = len(paths) > 1
    confidence = transaction.confidence
    status: str = booking.status
    if transaction.booking is None:
        status = "voided" if transaction.absorbed_by is None else "absorbed"
    return {
        "transaction_id": str(transaction.id),
        "account_id": str(booking.account_id),
        "date": booking.date.isoformat(),
        "amount": money_text(booking.amount),
        "currency": booking.currency,
        "description": transaction.description,
        "merchant": transaction.merchant or transaction.counterparty or None,
        "category": None if split else paths[0],
        "splits": [
            {"category": path, "amount": money_text(part.amount)}
            for path, part in zip(paths, booking.allocations, strict=True)
            if split
        ],
        "category_source": transaction.category_source,
        "category_reason": transaction.reason or None,
        "category_confidence": confidence and money_text(confidence),
        "category_band": band_of(confidence),
        "rule_id": _text(transaction.rule_id),
        "budgeted": transaction.budgeted,
        "status": status,
        "notes": transaction.notes,
        "tags": list(transaction.tags),
        "memo": transaction.memo,
        "origin": transaction.origin,
        "external_id": transaction.external_id,
        "import_id": _text(transaction.import_id),
        "transfer_id": _text(transaction.transfer_id),
        "matched_with": _text(transaction.matched_with),
    }


async def _to_change(unit: Unit, transaction_id: UUID) -> Transaction:
    return await unit.change(Transaction, transaction_id, TransactionNotFound)


async def _know_by(bank_id: str, transaction: Transaction, unit: Unit) -> None:
    """See to it that the bank's row of this id is known as this transaction when it comes."""
    booking = transaction.booking
    assert booking is not None
    stream_id = transaction_id_by_bank_id(booking.account_id, bank_id)
    if stream_id == transaction.id:
        return
    alias = await unit.find(TransactionAlias, stream_id)
    if alias is not None and alias.transaction_id == transaction.id:
        return
    if alias is not None or await unit.exist([stream_id]):
        raise BankIdIsTaken(
            "this bank id is that of another transaction", transaction_id=str(transaction.id)
        )
    unit.add(TransactionAlias.point(stream_id, transaction.id, bank_id, unit.now))


def _where_it_went(category_id: str, tree: CategoryTree) -> str:
    for _ in tree.nodes:
        into = tree.nodes[category_id].merged_into
        if into is None:
            break
        category_id = into
    return category_id


def _text(value: UUID | None) -> str | None:
    return str(value) if value is not None else None


def _user_fields(command: RecordTransaction) -> list[str]:
    given = {"category": command.category, "notes": command.notes, "tags": command.tags}
    return ["date", "amount", "description", *(name for name, value in given.items() if value)]


HANDLERS = {
    RecordTransaction: record_transaction,
    RecordTransactions: record_transactions,
    PostTransaction: post_transaction,
    AmendTransaction: amend_transaction,
    CategorizeTransaction: categorize_transaction,
    MatchTransactions: match_transactions,
    UnmatchTransaction: unmatch_transaction,
    VoidTransaction: void_transaction,
    ReinstateTransaction: reinstate_transaction,
}
