"""A transfer: money between two accounts of the ledger, which is neither spent nor earned."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self
from uuid import UUID, uuid5

from mintflow.domain.core.aggregates import Aggregate, Created, Event
from mintflow.domain.core.errors import Conflict, Invalid, NotFound

TransferOrigin = Literal["made", "linked", "found"]


class TransferNotFound(NotFound):
    """There is no such transfer in this ledger."""

    code = "transfer_not_found"


class TransferIsEnded(Conflict):
    """The transfer was unlinked or voided."""

    code = "transfer_is_ended"


class TransferNeedsTwoAccounts(Invalid):
    """Money moves from one account to another one."""

    code = "transfer_needs_two_accounts"


class TransferAmountNotUsable(Invalid):
    """The amount of a transfer is above zero; the two accounts say the direction."""

    code = "transfer_amount_not_usable"


class LegsMustBeOpposite(Conflict):
    """One leg leaves its account and the other enters another one, in equal amounts."""

    code = "legs_must_be_opposite"


class TransferStarted(Created):
    """Two transactions are one movement. origin: made as a transfer, linked afterwards by the
    user, or found by itself, which gives way to whatever the user says of a leg."""

    TOPIC = "transfer.started"
    SCHEMA_VERSION = 2

    from_transaction_id: UUID
    to_transaction_id: UUID
    origin: TransferOrigin

    def apply(self, aggregate: Transfer) -> None:
        aggregate.from_transaction_id = self.from_transaction_id
        aggregate.to_transaction_id = self.to_transaction_id
        aggregate.origin = self.origin
        aggregate.ended = False


class TransferEnded(Event):
    """how: unlinked (both legs stand on their own) or voided (neither counts)."""

    TOPIC = "transfer.ended"

    how: Literal["unlinked", "voided"]

    def apply(self, aggregate: Transfer) -> None:
        aggregate.ended = True


class Transfer(Aggregate):
    """What makes two transactions one."""

    TOPIC = "transfer"
    from_transaction_id: UUID
    to_transaction_id: UUID
    origin: TransferOrigin
    ended: bool

    def __init__(self) -> None:
        """Attributes come from TransferStarted."""

    @classmethod
    def start(
        cls,
        transfer_id: UUID,
        from_transaction_id: UUID,
        to_transaction_id: UUID,
        origin: TransferOrigin,
        now: datetime,
    ) -> Self:
        """The caller links both transactions in the same commit."""
        return cls._create(
            TransferStarted,
            id=transfer_id,
            timestamp=now,
            from_transaction_id=from_transaction_id,
            to_transaction_id=to_transaction_id,
            origin=origin,
        )

    def end(self, how: Literal["unlinked", "voided"], now: datetime) -> None:
        """Raises TransferIsEnded."""
        if self.ended:
            raise TransferIsEnded("the transfer was ended before", transfer_id=str(self.id))
        self.trigger_event(TransferEnded, timestamp=now, how=how)


class TransferPairRejected(Created):
    """The user said that these two are not one movement: they are never suggested again."""

    TOPIC = "transfer.pair_rejected"

    from_transaction_id: UUID
    to_transaction_id: UUID

    def apply(self, aggregate: TransferRejection) -> None:
        aggregate.from_transaction_id = self.from_transaction_id
        aggregate.to_transaction_id = self.to_transaction_id
        aggregate.stands = True


class TransferPairAllowed(Event):
    """That they are not one movement was taken back: they may be suggested again."""

    TOPIC = "transfer.pair_allowed"

    from_transaction_id: UUID
    to_transaction_id: UUID

    def apply(self, aggregate: TransferRejection) -> None:
        aggregate.stands = False


class TransferPairRejectedAgain(Event):
    """They are not one movement, after all."""

    TOPIC = "transfer.pair_rejected_again"

    from_transaction_id: UUID
    to_transaction_id: UUID

    def apply(self, aggregate: TransferRejection) -> None:
        aggregate.stands = True


class TransferRejection(Aggregate):
    """A pair that the user said is no transfer, and whether that stands."""

    TOPIC = "transfer_rejection"
    from_transaction_id: UUID
    to_transaction_id: UUID
    stands: bool

    def __init__(self) -> None:
        """Attributes come from TransferPairRejected."""

    @classmethod
    def of(cls, from_transaction_id: UUID, to_transaction_id: UUID, now: datetime) -> Self:
        return cls._create(
            TransferPairRejected,
            id=rejection_id(from_transaction_id, to_transaction_id),
            timestamp=now,
            from_transaction_id=from_transaction_id,
            to_transaction_id=to_transaction_id,
        )

    def set_standing(self, stands: bool, now: datetime) -> None:
        """Have it stand or not; nothing happens where that is so."""
        if stands != self.stands:
            self.trigger_event(
                TransferPairRejectedAgain if stands else TransferPairAllowed,
                timestamp=now,
                from_transaction_id=self.from_transaction_id,
                to_transaction_id=self.to_transaction_id,
            )


def rejection_id(from_transaction_id: UUID, to_transaction_id: UUID) -> UUID:
    """The stream of a pair's rejection."""
    return uuid5(from_transaction_id, f"no-transfer:{to_transaction_id}")
