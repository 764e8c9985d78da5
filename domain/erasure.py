"""Erasing a person: asked for, perhaps called off, and done when the ledger's keys are destroyed.

The events stand in the stream of the ledger and hold nothing personal: who is in the envelope, when
is here. What becomes unreadable is what is sealed; amounts, dates, categories and every hash stay.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mintflow.domain.core.aggregates import Event
from mintflow.domain.core.errors import Conflict, Invalid

if TYPE_CHECKING:
    from mintflow.domain.ledgers import Ledger

# What has to be said, letter by letter, for an erasure to be taken down.
PHRASE = "erase everything"


class ErasureNotConfirmed(Invalid):
    """An erasure can not be taken back, so it is asked for with a phrase; details say which."""

    code = "erasure_not_confirmed"


class NoErasureWaits(Conflict):
    """No erasure of this ledger waits, so there is none to call off or to carry out."""

    code = "no_erasure_waits"


class ErasureNotDue(Conflict):
    """The waiting time of the erasure is not over."""

    code = "erasure_not_due"


class ErasureRequested(Event):
    """The owner asked for it. due_at: until when it can be called off."""

    TOPIC = "ledger.erasure_requested"

    due_at: datetime

    def apply(self, aggregate: Ledger) -> None:
        aggregate.erasure_due_at = self.due_at


class ErasureCancelled(Event):
    """It was called off in time."""

    TOPIC = "ledger.erasure_cancelled"

    def apply(self, aggregate: Ledger) -> None:
        aggregate.erasure_due_at = None


class LedgerErased(Event):
    """The keys are destroyed. Nothing follows this event in its ledger."""

    TOPIC = "ledger.erased"

    def apply(self, aggregate: Ledger) -> None:
        aggregate.erasure_due_at, aggregate.erased = None, True


def request(ledger: Ledger, confirm: str, wait: timedelta, now: datetime) -> None:
    """Ask for the erasure of a ledger; asking again changes nothing.

    Raises ErasureNotConfirmed.
    """
    if confirm != PHRASE:
        raise ErasureNotConfirmed("say the phrase to confirm that", phrase=PHRASE)
    if ledger.erasure_due_at is None and not ledger.erased:
        ledger.trigger_event(ErasureRequested, timestamp=now, due_at=now + wait)


def cancel(ledger: Ledger, now: datetime) -> None:
    """Raises NoErasureWaits."""
    if ledger.erasure_due_at is None:
        raise NoErasureWaits("no erasure of this ledger waits", ledger_id=str(ledger.id))
    ledger.trigger_event(ErasureCancelled, timestamp=now)


def complete(ledger: Ledger, now: datetime) -> None:
    """Note that the keys are destroyed; noting it again changes nothing.

    Raises NoErasureWaits, ErasureNotDue.
    """
    if ledger.erased:
        return
    check_due(ledger, now)
    ledger.trigger_event(LedgerErased, timestamp=now)


def check_due(ledger: Ledger, now: datetime) -> None:
    """Raises NoErasureWaits, ErasureNotDue."""
    if ledger.erasure_due_at is None:
        raise NoErasureWaits("no erasure of this ledger waits", ledger_id=str(ledger.id))
    if now < ledger.erasure_due_at:
        raise ErasureNotDue(
            "the waiting time is not over",
            ledger_id=str(ledger.id),
            due_at=ledger.erasure_due_at.isoformat(),
        )
