"""The recorder against the cases that the eventsourcing library ships for recorders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError, ProgrammingError, StoredEvent
from eventsourcing.postgres import PostgresDatastore
from eventsourcing.tests import persistence as cases
from store.appending import Conn, append, assert_whole, commit, connect, ledger_in

from mintflow.store.recorder import LedgerRecorder


class _Recorders:
    """Gives each case a recorder of a fresh ledger; the database comes from a fixture."""

    @pytest.fixture(autouse=True)
    def _database(self, database_url: str) -> Iterator[None]:
        self.url = database_url
        self.datastore = datastore_of(database_url)
        with self.datastore:
            yield

    def create_recorder(self) -> LedgerRecorder:
        return LedgerRecorder(self.datastore, ledger_id=uuid4())


class TestApplicationRecorder(_Recorders, cases.ApplicationRecorderTestCase):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()

    def test_concurrent_no_conflicts(self) -> None:
        super().test_concurrent_no_conflicts()
        with connect(self.url) as conn:
            assert_whole(conn)


class TestAggregateRecorder(_Recorders, cases.AggregateRecorderTestCase):
    """An aggregate recorder answers no notification ids; in all else ours is one."""

    class Recorder(LedgerRecorder):
        def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
            super().insert_events(stored_events, **kwargs)

    def create_recorder(self) -> LedgerRecorder:
        return self.Recorder(self.datastore, ledger_id=uuid4())


class TestNonInterleaving(_Recorders, cases.NonInterleavingNotificationIDsBaseCase):
    pass


# Collected above; the originals are abstract and not ours to run.
del cases


@pytest.fixture
def datastore(database_url: str) -> Iterator[PostgresDatastore]:
    with datastore_of(database_url) as opened:
        yield opened


@pytest.fixture
def conn(database_url: str) -> Iterator[Conn]:
    with connect(database_url) as connection:
        yield connection


def test_refuses_an_unknown_keyword(datastore: PostgresDatastore) -> None:
    recorder = LedgerRecorder(datastore, ledger_id=uuid4())
    with pytest.raises(ProgrammingError):
        recorder.insert_events([_stored()], tracking=object())


def test_positions_go_on_after_other_writers_of_the_shard(
    datastore: PostgresDatastore, conn: Conn
) -> None:
    recorder = LedgerRecorder(datastore, ledger_id=ledger_in(6))
    append(conn, commit(ledger_in(6)))
    assert recorder.insert_events([_stored(), _stored()]) == [2, 3]
    assert recorder.max_notification_id() == 3
    assert_whole(conn)


def test_reads_no_stream_of_another_ledger(datastore: PostgresDatastore) -> None:
    mine = LedgerRecorder(datastore, ledger_id=uuid4())
    theirs = LedgerRecorder(datastore, ledger_id=uuid4())
    stored = _stored()
    theirs.insert_events([stored])
    assert mine.select_events(stored.originator_id) == []
    assert theirs.select_events(stored.originator_id) == [stored]


def test_a_stream_that_moved_on_is_an_integrity_error(datastore: PostgresDatastore) -> None:
    recorder = LedgerRecorder(datastore, ledger_id=uuid4())
    stored = _stored()
    recorder.insert_events([stored])
    with pytest.raises(IntegrityError):
        recorder.insert_events([_stored(), stored])
    assert recorder.max_notification_id() == len(recorder.select_notifications(None, 10))


class Counter(Aggregate):
    @event("Counted")
    def count(self) -> None:
        self.total = getattr(self, "total", 0) + 1


def test_an_application_of_the_library_runs_on_it(datastore: PostgresDatastore, conn: Conn) -> None:
    ledger_id = uuid4()

    class Counters(Application[UUID]):
        def construct_recorder(self) -> LedgerRecorder:
            return LedgerRecorder(datastore, ledger_id=ledger_id)

    with Counters() as application:
        counter = Counter()
        counter.count()
        counter.count()
        application.save(counter)
        assert application.repository.get(counter.id).total == 2
        assert [n.id for n in application.notification_log.select(start=None, limit=9)] == [1, 2, 3]
    assert_whole(conn)


def datastore_of(url: str) -> PostgresDatastore:
    """A datastore of the library over the URL's server, be it a socket's folder or a host."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    return PostgresDatastore(
        dbname=parts.path[1:],
        host=parts.hostname or query["host"][0],
        port=parts.port or query.get("port", ["5432"])[0],
        user=parts.username or query.get("user", ["postgres"])[0],
        password=parts.password or query.get("password", [""])[0],
        pool_size=4,
        max_overflow=8,
    )


def _stored() -> StoredEvent:
    return StoredEvent(originator_id=uuid4(), originator_version=1, topic="t", state=b"{}")
