"""A ledger: one household's books, the unit of sharing, isolation, ordering and erasure."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from mintflow.domain.core.aggregates import Aggregate, Created, Event
from mintflow.domain.core.errors import Invalid, NotFound
from mintflow.domain.core.money import check_currency

NAME_LENGTH_MAX = 200


class LedgerNotFound(NotFound):
    """There is no such ledger for this caller."""

    code = "ledger_not_found"


class NameNotUsable(Invalid):
    """A name is empty, too long, or has control characters in it."""

    code = "name_not_usable"


def check_name(name: str) -> str:
    """The name without outer spaces. Raises NameNotUsable."""
    name = name.strip()
    if not 0 < len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        raise NameNotUsable(
            "a name has 1 to 200 printable characters", length=len(name), length_max=NAME_LENGTH_MAX
        )
    return name


class LedgerOpened(Created):
    """New books. owner: the user they belong to."""

    TOPIC = "ledger.opened"
    SEALED: ClassVar[frozenset[str]] = frozenset({"name"})

    name: str
    currency: str
    owner: str

    def apply(self, aggregate: Ledger) -> None:
        aggregate.name, aggregate.currency, aggregate.owner = self.name, self.currency, self.owner
        aggregate.erasure_due_at, aggregate.erased = None, False


class LedgerRenamed(Event):
    """The books are called otherwise."""

    TOPIC = "ledger.renamed"
    SEALED: ClassVar[frozenset[str]] = frozenset({"name"})

    name: str

    def apply(self, aggregate: Ledger) -> None:
        aggregate.name = self.name


class Ledger(Aggregate):
    """The books themselves: who owns them and in which currency they are shown."""

    TOPIC = "ledger"
    name: str
    currency: str
    owner: str
    # When its erasure is due, where one was asked for; and whether it is done.
    erasure_due_at: datetime | None
    erased: bool

    def __init__(self) -> None:
        """Attributes come from LedgerOpened."""

    @classmethod
    def open(cls, ledger_id: UUID, name: str, currency: str, owner: str, now: datetime) -> Self:
        """Open new books. Raises NameNotUsable, UnknownCurrency."""
        return cls._create(
            LedgerOpened,
            id=ledger_id,
            timestamp=now,
            name=check_name(name),
            currency=check_currency(currency),
            owner=owner,
        )

    def rename(self, name: str, now: datetime) -> None:
        """Raises NameNotUsable."""
        name = check_name(name)
        if name != self.name:
            self.trigger_event(LedgerRenamed, timestamp=now, name=name)
