"""The eventsourcing library's recorder on our log: one shard, seen as its notification log.

The library's own recorder locks the whole table across client round trips; this one appends through
`log.append` in one round trip and inherits its promises: contiguous notification ids (they are
positions), no id that shows up after a later one, append-only. It serves tools, tests and any
`Application` of the library; MintFlow's commands use the batching appender over the same function.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    InterfaceError,
    ListenNotifySubscription,
    Notification,
    OperationalError,
    PersistenceError,
    ProgrammingError,
    StoredEvent,
    Subscription,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.utils import retry
from psycopg.rows import tuple_row

from mintflow.domain.core.ids import shard_of
from mintflow.store.append import APPEND_SQL, Commit, EncodedEvent, append_args, outcomes
from mintflow.store.arrays import register_arrays

# How long a new event may wait for a subscription that has caught up.
POLL_S = 0.05

_SELECT_STREAM = (
    "select stream_id, stream_version, type, record from log.event"
    " where ledger_id = %s and stream_id = %s"
)
_SELECT_NOTIFICATIONS = (
    "select position, stream_id, stream_version, type, record from log.event where shard = %s"
)


class LedgerRecorder(PostgresApplicationRecorder):
    """Records the library's stored events into one ledger; reads the shard that it lives in.

    The state of a stored event is the record as it is hashed and stored; the log's schema comes
    from the migrations, so `create_table` has nothing to do.
    """

    def __init__(self, datastore: PostgresDatastore, *, ledger_id: UUID) -> None:
        super().__init__(datastore)
        self.ledger_id = ledger_id
        self.shard = shard_of(ledger_id)

    def create_table(self) -> None:
        """The tables of the log are made by `mintflow migrate`."""

    @retry((InterfaceError, OperationalError), max_attempts=10, wait=0.2)
    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Append all or none; returns their positions.

        Raises IntegrityError where a stream has moved on, ProgrammingError for a keyword that it
        can not honour (the library's `Application` gives `tracking=None`).
        """
        given = sorted(name for name, value in kwargs.items() if value is not None)
        if given:
            raise ProgrammingError(f"unknown keywords: {given}")
        if not stored_events:
            return []
        now = datetime.now(UTC)
        recorded_us = int(now.timestamp()) * 1_000_000 + now.microsecond
        events = [
            EncodedEvent(
                _as_uuid(event.originator_id),
                event.originator_version,
                event.topic,
                recorded_us,
                event.state,
                b"",
            )
            for event in stored_events
        ]
        commit = Commit(self.shard, self.ledger_id, events)
        with self.datastore.get_connection() as conn:
            register_arrays(conn)
            with conn.cursor(row_factory=tuple_row) as cursor:
                cursor.execute(APPEND_SQL, append_args([commit]), prepare=True)
                outcome = outcomes(cursor.fetchall())[0]
        if outcome.kind != "appended" or outcome.position is None:
            raise IntegrityError(f"the append was refused: {outcome.kind}")
        return list(range(outcome.position - len(events) + 1, outcome.position + 1))

    @retry((InterfaceError, OperationalError), max_attempts=10, wait=0.2)
    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """A stream's events, of the recorder's ledger only."""
        statement, params = _SELECT_STREAM, list[Any]((self.ledger_id, originator_id))
        for value, condition in (
            (gt, " and stream_version > %s"),
            (lte, " and stream_version <= %s"),
        ):
            if value is not None:
                statement, params = statement + condition, [*params, value]
        statement += f" order by stream_version {'desc' if desc else 'asc'}"
        if limit is not None:
            statement, params = statement + " limit %s", [*params, limit]
        return [
            StoredEvent(stream_id, version, topic, bytes(record))
            for stream_id, version, topic, record in self._rows(statement, params)
        ]

    @retry((InterfaceError, OperationalError), max_attempts=10, wait=0.2)
    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The shard's events in order of position, which is the notification id."""
        statement, params = _SELECT_NOTIFICATIONS, list[Any]((self.shard,))
        conditions: list[tuple[Any, str]] = [
            (start, " and position >= %s" if inclusive_of_start else " and position > %s"),
            (stop, " and position <= %s"),
            (list(topics) or None, " and type = any(%s)"),
        ]
        for value, condition in conditions:
            if value is not None:
                statement, params = statement + condition, [*params, value]
        rows = self._rows(statement + " order by position limit %s", [*params, limit])
        return [
            Notification(
                originator_id=stream_id,
                originator_version=version,
                topic=topic,
                state=bytes(record),
                id=position,
            )
            for position, stream_id, version, topic, record in rows
        ]

    @retry((InterfaceError, OperationalError), max_attempts=10, wait=0.2)
    def max_notification_id(self) -> int | None:
        """The head of the shard; None while it is empty."""
        rows = self._rows("select position from log.shard_head where shard = %s", [self.shard])
        return rows[0][0] or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """The shard's events as they come; asks again every POLL_S, because an append tells no one.

        (NOTIFY takes a lock of the whole cluster in every commit.)
        """
        return PollingSubscription(recorder=self, gt=gt, topics=topics)

    def _rows(self, statement: str, params: list[Any]) -> list[tuple[Any, ...]]:
        with self.datastore.get_connection() as conn, conn.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(statement.encode(), params, prepare=True)
            return cursor.fetchall()


class PollingSubscription(ListenNotifySubscription[LedgerRecorder]):
    """The library's subscription, woken by time instead of by a notification."""

    def _loop_on_pull(self) -> None:
        try:
            while not self._has_been_stopped:
                self._pull()
                self._has_been_notified.wait(POLL_S)
        except PersistenceError as fault:
            # Told to whoever iterates; a thread has nobody to raise to.
            self._thread_error = fault
            self.stop()


def _as_uuid(originator_id: UUID | str) -> UUID:
    return originator_id if isinstance(originator_id, UUID) else UUID(originator_id)
