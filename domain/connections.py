"""A connection to a bank, and each sync that came through it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from mintflow.domain.core.aggregates import Aggregate, Created, Event
from mintflow.domain.core.errors import NotFound


class ConnectionNotFound(NotFound):
    """There is no such connection in this ledger."""

    code = "connection_not_found"


class ConnectionOpened(Created):
    """A way to a bank was set up; it has brought nothing yet."""

    TOPIC = "connection.opened"
    SEALED: ClassVar[frozenset[str]] = frozenset({"institution"})

    provider: str
    institution: str

    def apply(self, aggregate: Connection) -> None:
        aggregate.provider, aggregate.cursor = self.provider, ""


class BankSynced(Event):
    """One sync of one account. cursor: the provider's place from which the next sync goes on."""

    TOPIC = "connection.synced"

    account_id: UUID
    cursor: str
    added: int
    known: int
    updated: int
    skipped: int
    removed: int

    def apply(self, aggregate: Connection) -> None:
        aggregate.cursor = self.cursor


class Connection(Aggregate):
    """Where rows come from without a file."""

    TOPIC = "connection"
    provider: str
    cursor: str

    def __init__(self) -> None:
        """Attributes come from ConnectionOpened."""

    @classmethod
    def open(cls, connection_id: UUID, provider: str, institution: str, now: datetime) -> Self:
        """provider: the connector's name; institution: the bank's name for people."""
        return cls._create(
            ConnectionOpened,
            id=connection_id,
            timestamp=now,
            provider=provider,
            institution=institution,
        )

    def synced(
        self,
        account_id: UUID,
        cursor: str,
        now: datetime,
        *,
        added: int,
        known: int,
        updated: int,
        skipped: int,
        removed: int,
    ) -> None:
        """Note what one sync of one account brought."""
        self.trigger_event(
            BankSynced,
            timestamp=now,
            account_id=account_id,
            cursor=cursor,
            added=added,
            known=known,
            updated=updated,
            skipped=skipped,
            removed=removed,
        )
