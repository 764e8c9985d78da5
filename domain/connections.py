"""A connection to a bank, and each sync that came through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from mintflow.domain.core.aggregates import Aggregate, Created, Event
from mintflow.domain.core.errors import Conflict, NotFound


class ConnectionNotFound(NotFound):
    """There is no such connection in this ledger."""

    code = "connection_not_found"


class ConnectionIsClosed(Conflict):
    """The connection was closed; open another one."""

    code = "connection_is_closed"


@dataclass(frozen=True, slots=True)
class SyncFacts:
    """What one sync of one account brought, and from which place the next one goes on."""

    cursor: str
    added: int
    known: int
    updated: int
    skipped: int
    removed: int


class ConnectionOpened(Created):
    """A way to a bank was set up; it has brought nothing yet."""

    TOPIC = "connection.opened"
    SEALED: ClassVar[frozenset[str]] = frozenset({"institution"})

    provider: str
    institution: str

    def apply(self, aggregate: Connection) -> None:
        aggregate.provider, aggregate.cursor = self.provider, ""
        aggregate.closed, aggregate.syncs = False, {}


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

    @property
    def facts(self) -> SyncFacts:
        return SyncFacts(
            self.cursor, self.added, self.known, self.updated, self.skipped, self.removed
        )

    def apply(self, aggregate: Connection) -> None:
        aggregate.cursor = self.cursor
        aggregate.syncs = {**aggregate.syncs, self.account_id: self.facts}


class SyncRestored(Event):
    """The last sync of an account is another one, because one after it was undone, or counts
    again. last, synced_at: which one that is and when it was; None where none is left, and the
    next sync begins at the beginning."""

    TOPIC = "connection.sync_restored"

    account_id: UUID
    last: SyncFacts | None
    synced_at: datetime | None

    def apply(self, aggregate: Connection) -> None:
        held = {one: facts for one, facts in aggregate.syncs.items() if one != self.account_id}
        aggregate.cursor = "" if self.last is None else self.last.cursor
        aggregate.syncs = held if self.last is None else {**held, self.account_id: self.last}


class ConnectionClosed(Event):
    """Nothing comes through it any more."""

    TOPIC = "connection.closed"

    def apply(self, aggregate: Connection) -> None:
        aggregate.closed = True


class ConnectionReopened(Event):
    """It is there again."""

    TOPIC = "connection.reopened"

    def apply(self, aggregate: Connection) -> None:
        aggregate.closed = False


class Connection(Aggregate):
    """Where rows come from without a file. syncs: account -> the last one that counts."""

    TOPIC = "connection"
    provider: str
    cursor: str
    closed: bool
    syncs: Mapping[UUID, SyncFacts]

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
        """Note what one sync of one account brought. Raises ConnectionIsClosed."""
        self.must_be_open()
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

    def restore_sync(
        self,
        account_id: UUID,
        last: SyncFacts | None,
        synced_at: datetime | None,
        now: datetime,
    ) -> bool:
        """Go on from another sync than the last one; False where that is the last one."""
        if self.syncs.get(account_id) == last:
            return False
        self.trigger_event(
            SyncRestored, timestamp=now, account_id=account_id, last=last, synced_at=synced_at
        )
        return True

    def close(self, now: datetime) -> None:
        """Nothing happens where it is closed."""
        if not self.closed:
            self.trigger_event(ConnectionClosed, timestamp=now)

    def reopen(self, now: datetime) -> None:
        """Nothing happens where it is open."""
        if self.closed:
            self.trigger_event(ConnectionReopened, timestamp=now)

    def must_be_open(self) -> None:
        """Raises ConnectionIsClosed."""
        if self.closed:
            raise ConnectionIsClosed("the connection is closed", connection_id=str(self.id))
