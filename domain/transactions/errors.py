"""What a transaction refuses."""

from __future__ import annotations

from mintflow.domain.core.errors import Conflict, Invalid, NotFound


class TransactionNotFound(NotFound):
    """There is no such transaction in this ledger."""

    code = "transaction_not_found"


class TransactionIsVoided(Conflict):
    """A voided transaction can only be reinstated."""

    code = "transaction_is_voided"


class TransactionIsNotVoided(Conflict):
    """Only a voided transaction can be reinstated."""

    code = "transaction_is_not_voided"


class TransactionIsNotPending(Conflict):
    """Only a pending transaction can be posted."""

    code = "transaction_is_not_pending"


class TransactionIsLinked(Conflict):
    """A leg of a transfer has no category and keeps its amount; unlink it first."""

    code = "transaction_is_linked"


class TransactionIsNotLinked(Conflict):
    """The transaction is no leg of this transfer."""

    code = "transaction_is_not_linked"


class BankIdIsTaken(Conflict):
    """The bank's id belongs to another transaction of the account."""

    code = "bank_id_is_taken"


class MatchRefused(Conflict):
    """Two transactions match when both are in one account and of one amount."""

    code = "match_refused"


class AlreadyMatched(Conflict):
    """The transaction is matched with another one already."""

    code = "already_matched"


class NotMatched(Conflict):
    """The transaction is matched with none."""

    code = "not_matched"


class NothingToSplit(Invalid):
    """A split has at least one part, and not more than can be kept."""

    code = "nothing_to_split"


class TextTooLong(Invalid):
    """A description, note or tag is longer than the books keep."""

    code = "text_too_long"
