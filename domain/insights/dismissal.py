"""What a person has seen of insights: one that was dismissed stays dismissed.

An insight itself is no event: it is worked out from the books whenever it is asked for. What it is
about gives it its id, so it is the same insight whenever it is found again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID, uuid5

from mintflow.domain.core.aggregates import Aggregate, Created, Event
from mintflow.domain.core.errors import NotFound


class InsightNotFound(NotFound):
    """There is no such insight in this ledger, or not any more."""

    code = "insight_not_found"


class InsightDismissed(Created):
    """A person has seen it and does not want to see it again. about: what the insight is about."""

    TOPIC = "insight.dismissed"

    about: tuple[str, ...]

    def apply(self, aggregate: Dismissal) -> None:
        aggregate.about, aggregate.dismissed = self.about, True


class InsightShownAgain(Event):
    """It is shown again."""

    TOPIC = "insight.shown_again"

    def apply(self, aggregate: Dismissal) -> None:
        aggregate.dismissed = False


class InsightDismissedAgain(Event):
    """It is not shown any more, after all."""

    TOPIC = "insight.dismissed_again"

    def apply(self, aggregate: Dismissal) -> None:
        aggregate.dismissed = True


class Dismissal(Aggregate):
    """Whether one insight is shown; its stream has the insight's id."""

    TOPIC = "insight"
    about: tuple[str, ...]
    dismissed: bool

    def __init__(self) -> None:
        """Attributes come from InsightDismissed."""

    @classmethod
    def begin(cls, ledger_id: UUID, about: Sequence[str], now: datetime) -> Self:
        return cls._create(
            InsightDismissed,
            id=insight_id_of(ledger_id, about),
            timestamp=now,
            about=tuple(about),
        )

    def dismiss(self, now: datetime) -> None:
        """Nothing happens where it is dismissed."""
        if not self.dismissed:
            self.trigger_event(InsightDismissedAgain, timestamp=now)

    def show(self, now: datetime) -> None:
        """Nothing happens where it is shown."""
        if self.dismissed:
            self.trigger_event(InsightShownAgain, timestamp=now)


def insight_id_of(ledger_id: UUID, about: Sequence[str]) -> UUID:
    """The id of an insight: what it is about, in this ledger."""
    return uuid5(ledger_id, "insight " + "\n".join(about))
