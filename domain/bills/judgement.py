"""What somebody said of a recurring stream: it is none of theirs to see, or it is called otherwise.

The stream itself is found anew whenever it is asked for; a judgement holds for the stream with its
id, and for one that has the payment it was given on, so it stays when more payments come.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal, Self
from uuid import UUID, uuid5

from mintflow.domain.core.aggregates import Aggregate, Created, Event
from mintflow.domain.ledgers import check_name

Verdict = Literal["none", "dismissed"]


class RecurringJudged(Created):
    """The first word on a stream. transaction_id: its newest payment then. name: "" where it keeps
    the one that it has."""

    TOPIC = "recurring.judged"
    SEALED: ClassVar[frozenset[str]] = frozenset({"name"})

    stream_id: UUID
    transaction_id: UUID
    verdict: Verdict
    name: str

    def apply(self, aggregate: Judgement) -> None:
        aggregate.verdict, aggregate.name = self.verdict, self.name


class RecurringJudgedAgain(Event):
    """Another word on a stream."""

    TOPIC = "recurring.judged_again"
    SEALED: ClassVar[frozenset[str]] = frozenset({"name"})

    transaction_id: UUID
    verdict: Verdict
    name: str

    def apply(self, aggregate: Judgement) -> None:
        aggregate.verdict, aggregate.name = self.verdict, self.name


class Judgement(Aggregate):
    """What was said of one recurring stream."""

    TOPIC = "recurring"
    verdict: Verdict
    name: str

    def __init__(self) -> None:
        """Attributes come from RecurringJudged."""

    @classmethod
    def first(
        cls, ledger_id: UUID, stream_id: UUID, transaction_id: UUID, verdict: Verdict, name: str,
        now: datetime,
    ) -> Self:  # fmt: skip
        """Raises NameNotUsable."""
        return cls._create(
            RecurringJudged,
            id=judgement_id(ledger_id, stream_id),
            timestamp=now,
            stream_id=stream_id,
            transaction_id=transaction_id,
            verdict=verdict,
            name=name and check_name(name),
        )

    def again(
        self, transaction_id: UUID, verdict: Verdict, name: str | None, now: datetime
    ) -> None:
        """name: None leaves it. Raises NameNotUsable."""
        given = self.name if name is None else name and check_name(name)
        if (verdict, given) != (self.verdict, self.name):
            self.trigger_event(
                RecurringJudgedAgain,
                timestamp=now,
                transaction_id=transaction_id,
                verdict=verdict,
                name=given,
            )


def judgement_id(ledger_id: UUID, stream_id: UUID) -> UUID:
    """The one judgement on a stream."""
    return uuid5(ledger_id, f"judgement:{stream_id}")


def bill_of_stream(ledger_id: UUID, stream_id: UUID) -> UUID:
    """The one bill that a stream is confirmed as."""
    return uuid5(ledger_id, f"bill:{stream_id}")
