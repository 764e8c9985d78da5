"""What can happen to a transaction. Money events carry what was booked before and after."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Literal
from uuid import UUID

from mintflow.domain.core.aggregates import Created, Event, MoneyEvent

if TYPE_CHECKING:
    from mintflow.domain.transactions.aggregate import Transaction
    from mintflow.domain.transactions.alias import TransactionAlias

Origin = Literal["manual", "file", "sync"]
# Who said the category, strongest first; a weaker one never overwrites a stronger one.
CategorySource = Literal["user", "rule", "learned", "bank", "merchant", "model", "none"]
# Who said another field: by a rule it does not become the user's.
Teller = Literal["user", "rule"]


class TransactionRecorded(MoneyEvent, Created):
    """It came into the books. user_fields: what the user said himself and nobody else may change.

    description: as the bank or user wrote it; counterparty and memo where the bank keeps them
    apart; notes: the user's. bank_id: the bank's own id. import_id: of the file or sync it came by.
    merchant: its usual name. reason, confidence (0 to 1), rule_id: why it has its category.
    budgeted: whether budgets count it.
    """

    TOPIC = "transaction.recorded"
    SCHEMA_VERSION = 3
    SEALED: ClassVar[frozenset[str]] = frozenset(
        {
            "description", "counterparty", "memo", "notes", "merchant", "reason", "tags",
            "bank_id", "external_id",
        }
    )  # fmt: skip

    description: str
    counterparty: str
    memo: str
    notes: str
    tags: tuple[str, ...]
    origin: Origin
    category_source: CategorySource
    user_fields: tuple[str, ...]
    bank_id: str | None
    external_id: str | None
    import_id: UUID | None
    merchant: str
    reason: str
    confidence: Decimal | None
    rule_id: UUID | None
    budgeted: bool

    def apply(self, aggregate: Transaction) -> None:
        aggregate.booking = self.after
        aggregate.merchant, aggregate.reason = self.merchant, self.reason
        aggregate.confidence, aggregate.rule_id = self.confidence, self.rule_id
        aggregate.budgeted = self.budgeted
        aggregate.description, aggregate.counterparty = self.description, self.counterparty
        aggregate.memo, aggregate.notes, aggregate.tags = self.memo, self.notes, self.tags
        aggregate.origin, aggregate.category_source = self.origin, self.category_source
        aggregate.user_fields = frozenset(self.user_fields)
        aggregate.bank_id, aggregate.external_id = self.bank_id, self.external_id
        aggregate.import_id = self.import_id
        aggregate.transfer_id = aggregate.matched_with = aggregate.absorbed_by = None
        aggregate.withdrawn = None
        aggregate.unlinked = None
        aggregate.taken_back = False


class TransactionPosted(MoneyEvent):
    """A pending one was booked by the bank, maybe with another id, amount or date. By hand these
    become the user's."""

    TOPIC = "transaction.posted"
    SCHEMA_VERSION = 2
    SEALED: ClassVar[frozenset[str]] = frozenset({"bank_id"})

    bank_id: str | None
    origin: Origin

    def apply(self, aggregate: Transaction) -> None:
        aggregate.booking = self.after
        aggregate.bank_id = self.bank_id or aggregate.bank_id
        if self.origin == "manual" and self.before is not None and self.after is not None:
            changed = {"date"} if self.after.date != self.before.date else set()
            changed |= {"amount"} if self.after.amount != self.before.amount else set()
            aggregate.user_fields = aggregate.user_fields | changed


class TransactionAmended(MoneyEvent):
    """Date, amount or texts were corrected. fields: which; by hand they become the user's."""

    TOPIC = "transaction.amended"
    SEALED: ClassVar[frozenset[str]] = frozenset({"description", "counterparty", "memo"})

    description: str
    counterparty: str
    memo: str
    fields: tuple[str, ...]
    origin: Origin

    def apply(self, aggregate: Transaction) -> None:
        aggregate.booking = self.after
        aggregate.description, aggregate.counterparty = self.description, self.counterparty
        aggregate.memo = self.memo
        if self.origin == "manual":
            aggregate.user_fields = aggregate.user_fields | frozenset(self.fields)


class TransactionCategorized(MoneyEvent):
    """Another category, or several: then the transaction is split.

    By the user after a rule, what was learned or a suggestion (source_before), it is feedback.
    payee: who the transaction was with when the user said so; from this is learned.
    """

    TOPIC = "transaction.categorized"
    SCHEMA_VERSION = 2
    SEALED: ClassVar[frozenset[str]] = frozenset({"reason", "payee"})

    source: CategorySource
    source_before: CategorySource | None
    reason: str
    confidence: Decimal | None
    rule_id: UUID | None
    payee: str

    def apply(self, aggregate: Transaction) -> None:
        aggregate.booking = self.after
        aggregate.category_source = self.source
        aggregate.reason, aggregate.confidence = self.reason, self.confidence
        aggregate.rule_id = self.rule_id
        if self.source == "user":
            aggregate.user_fields = aggregate.user_fields | {"category"}


class TransactionSplit(TransactionCategorized):
    """The amount was divided between categories."""

    TOPIC = "transaction.split"


class TransactionTagged(Event):
    """Its tags were set: all that were, and all that are."""

    TOPIC = "transaction.tagged"
    SCHEMA_VERSION = 3
    SEALED: ClassVar[frozenset[str]] = frozenset({"before", "after"})

    before: tuple[str, ...]
    after: tuple[str, ...]
    by: Teller

    def apply(self, aggregate: Transaction) -> None:
        aggregate.tags = self.after
        _own(aggregate, "tags", self.by)


class TransactionNoted(Event):
    """A note was written about it, or removed."""

    TOPIC = "transaction.noted"
    SCHEMA_VERSION = 2
    SEALED: ClassVar[frozenset[str]] = frozenset({"notes"})

    notes: str
    by: Teller

    def apply(self, aggregate: Transaction) -> None:
        aggregate.notes = self.notes
        _own(aggregate, "notes", self.by)


class TransactionMerchantNamed(Event):
    """Who it was with was said, or forgotten ("")."""

    TOPIC = "transaction.merchant_named"
    SEALED: ClassVar[frozenset[str]] = frozenset({"merchant"})

    merchant: str
    by: Teller

    def apply(self, aggregate: Transaction) -> None:
        aggregate.merchant = self.merchant
        _own(aggregate, "merchant", self.by)


class TransactionBudgeted(Event):
    """From now on budgets count it, or do not: it stays in every balance and every total."""

    TOPIC = "transaction.budgeted"

    budgeted: bool
    by: Teller

    def apply(self, aggregate: Transaction) -> None:
        aggregate.budgeted = self.budgeted
        _own(aggregate, "budgeted", self.by)


class TransactionMatched(MoneyEvent):
    """A hand-made transaction met the bank's row, whose stream is `imported_id`."""

    TOPIC = "transaction.matched"

    imported_id: UUID

    def apply(self, aggregate: Transaction) -> None:
        aggregate.booking = self.after
        aggregate.matched_with = self.imported_id


class TransactionUnmatched(MoneyEvent):
    """The two are not the same after all; the bank's row stands on its own again."""

    TOPIC = "transaction.unmatched"

    imported_id: UUID

    def apply(self, aggregate: Transaction) -> None:
        aggregate.booking = self.after
        aggregate.matched_with = None


class TransactionAbsorbed(MoneyEvent):
    """The bank's row gave way to the hand-made transaction `absorbed_by`; `after` is None."""

    TOPIC = "transaction.absorbed"

    absorbed_by: UUID

    def apply(self, aggregate: Transaction) -> None:
        aggregate.withdrawn, aggregate.booking = self.before, None
        aggregate.absorbed_by = self.absorbed_by


class TransactionReleased(MoneyEvent):
    """The bank's row is a transaction of its own again; `before` is None."""

    TOPIC = "transaction.released"

    absorbed_by: UUID

    def apply(self, aggregate: Transaction) -> None:
        aggregate.withdrawn, aggregate.booking = None, self.after
        aggregate.absorbed_by = None


class TransactionLinked(MoneyEvent):
    """It became a leg of a transfer: its amount belongs to no category any more."""

    TOPIC = "transaction.linked"

    transfer_id: UUID

    def apply(self, aggregate: Transaction) -> None:
        aggregate.unlinked = self.before.allocations if self.before else None
        aggregate.booking = self.after
        aggregate.transfer_id = self.transfer_id


class TransactionUnlinked(MoneyEvent):
    """It is no leg of a transfer any more and has back the category it had."""

    TOPIC = "transaction.unlinked"

    transfer_id: UUID

    def apply(self, aggregate: Transaction) -> None:
        aggregate.unlinked = None
        aggregate.booking = self.after
        aggregate.transfer_id = None


class TransactionVoided(MoneyEvent):
    """It counts no more; `after` is None. Nothing is deleted."""

    TOPIC = "transaction.voided"

    def apply(self, aggregate: Transaction) -> None:
        aggregate.withdrawn, aggregate.booking = self.before, None


class TransactionReinstated(MoneyEvent):
    """A voided one counts again; `before` is None."""

    TOPIC = "transaction.reinstated"

    def apply(self, aggregate: Transaction) -> None:
        aggregate.withdrawn, aggregate.booking = None, self.after
        aggregate.taken_back = False


class TransactionAliased(Created):
    """The bank knows `transaction_id` by another id too: this stream's id is derived from it."""

    TOPIC = "transaction.aliased"
    SCHEMA_VERSION = 2
    SEALED: ClassVar[frozenset[str]] = frozenset({"bank_id"})

    transaction_id: UUID
    bank_id: str | None

    def apply(self, aggregate: TransactionAlias) -> None:
        aggregate.transaction_id = self.transaction_id


def _own(aggregate: Transaction, field: str, by: Teller) -> None:
    if by == "user":
        aggregate.user_fields = aggregate.user_fields | {field}
