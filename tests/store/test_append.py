"""One append: what it assigns, what it refuses, and what a refusal leaves behind (nothing)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from store.appending import (
    NOON_US,
    Conn,
    append,
    assert_whole,
    commit,
    connect,
    event,
    keep_answer,
    keyed,
    ledger_in,
    positions,
)

from mintflow.domain.core.ids import shard_of


@pytest.fixture
def conn(database_url: str) -> Iterator[Conn]:
    with connect(database_url) as connection:
        yield connection


def test_positions_and_ledger_seq_count_from_one_without_gaps(conn: Conn) -> None:
    ledger, other = ledger_in(3), ledger_in(3)
    assert append(conn, commit(ledger, event(), event()))[0].position == 2
    assert append(conn, commit(other))[0].position == 3
    last = append(conn, commit(ledger))[0]
    assert (last.kind, last.position, last.ledger_seq) == ("appended", 4, 3)
    assert positions(conn, 3) == [1, 2, 3, 4]
    assert_whole(conn)


def test_stores_exactly_the_bytes_it_was_given(conn: Conn) -> None:
    ledger = uuid4()
    record, sealed = '{"a":"ü\\u0000"}'.encode(), bytes(range(256))
    append(conn, commit(ledger, event(record=record, sealed=sealed)))
    assert conn.execute("select record, sealed from log.event").fetchone() == (record, sealed)


def test_the_chain_hashes_what_is_stored_and_the_hash_before(conn: Conn) -> None:
    ledger = ledger_in(0)
    append(conn, commit(ledger, event(), event(sealed=b"secret")), commit(ledger_in(0)))
    row = conn.execute("select hash from log.shard_head where shard = 0").fetchone()
    head = hashlib.sha256(b"mintflow shard 0").digest()
    for shard, position, ledger_id, seq, recorded_at, record, sealed, stored in conn.execute(
        "select shard, position, ledger_id, ledger_seq, recorded_at, record, sealed, hash"
        " from log.event where shard = 0 order by position"
    ):
        us = (recorded_at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
        leaf = b"\0" + shard.to_bytes(4, "big") + position.to_bytes(8, "big") + ledger_id.bytes
        leaf += seq.to_bytes(8, "big") + us.to_bytes(8, "big")
        leaf += len(record).to_bytes(4, "big") + record + sealed
        head = hashlib.sha256(head + hashlib.sha256(leaf).digest()).digest()
        assert stored == head
    assert row == (head,)


def test_a_version_that_exists_is_a_conflict_and_burns_no_number(conn: Conn) -> None:
    ledger, stream = ledger_in(5), uuid4()
    append(conn, commit(ledger, event(stream, 1)))
    refused = append(conn, commit(ledger, event(), event(stream, 1)))[0]
    assert (refused.kind, refused.position, refused.ledger_seq) == ("conflict", None, 1)
    assert append(conn, commit(ledger))[0].position == 2
    assert_whole(conn)


def test_a_guard_that_moved_is_a_conflict(conn: Conn) -> None:
    ledger, account = uuid4(), uuid4()
    append(conn, commit(ledger, event(account, 1)))
    assert append(conn, commit(ledger, guards=[(account, 1)]))[0].kind == "appended"
    append(conn, commit(ledger, event(account, 2)))
    assert append(conn, commit(ledger, guards=[(account, 1)]))[0].kind == "conflict"
    assert append(conn, commit(ledger, guards=[(account, 2)]))[0].kind == "appended"


def test_a_guard_on_a_stream_that_was_not_there_notices_its_birth(conn: Conn) -> None:
    ledger, account = uuid4(), uuid4()
    assert append(conn, commit(ledger, guards=[(account, 0)]))[0].kind == "appended"
    append(conn, commit(ledger, event(account, 1)))
    assert append(conn, commit(ledger, guards=[(account, 0)]))[0].kind == "conflict"


def test_a_decision_on_the_whole_ledger_is_stale_once_it_moved_on(conn: Conn) -> None:
    ledger = uuid4()
    assert append(conn, commit(ledger, expected_seq=0))[0].kind == "appended"
    stale = append(conn, commit(ledger, expected_seq=0))[0]
    assert (stale.kind, stale.position, stale.ledger_seq) == ("stale", None, 1)
    assert append(conn, commit(ledger, expected_seq=1))[0].kind == "appended"
    assert_whole(conn)


def test_a_key_gives_the_first_answer_again_with_its_position(conn: Conn) -> None:
    ledger = uuid4()
    first = append(conn, commit(ledger, idempotency=keyed("k", "a", '"one"', scope=ledger)))[0]
    append(conn, commit(ledger))
    again = append(conn, commit(ledger, idempotency=keyed("k", "b", '"two"', scope=ledger)))[0]
    assert (again.kind, again.position) == ("replayed", first.position)
    assert (again.stored_request, again.stored_response) == (
        keyed("k", "a", scope=ledger).request,
        b'"one"',
    )
    assert_whole(conn)


def test_the_same_key_of_another_scope_is_another_key(conn: Conn) -> None:
    one, two = uuid4(), uuid4()
    for ledger in (one, two):
        assert append(conn, commit(ledger, idempotency=keyed("k", scope=ledger)))[0].kind == (
            "appended"
        )


def test_a_key_is_looked_at_before_conflicts(conn: Conn) -> None:
    ledger, stream = uuid4(), uuid4()
    kept = keyed("k", scope=ledger)
    append(conn, commit(ledger, event(stream, 1), idempotency=kept))
    again = commit(ledger, event(stream, 1), idempotency=kept, expected_seq=0, guards=[(stream, 0)])
    assert append(conn, again)[0].kind == "replayed"


def test_a_conflict_keeps_no_answer_under_its_key(conn: Conn) -> None:
    ledger, stream = uuid4(), uuid4()
    append(conn, commit(ledger, event(stream, 1)))
    kept = keyed("k", scope=ledger)
    assert append(conn, commit(ledger, event(stream, 1), idempotency=kept))[0].kind == "conflict"
    assert append(conn, commit(ledger, event(stream, 2), idempotency=kept))[0].kind == "appended"


def test_a_kept_refusal_wins_over_a_later_append(conn: Conn) -> None:
    ledger = uuid4()
    assert keep_answer(conn, keyed("k", "a", "refused", scope=ledger))[2]
    later = append(conn, commit(ledger, idempotency=keyed("k", "a", "done", scope=ledger)))[0]
    assert (later.kind, later.stored_response, later.position) == ("replayed", b"refused", None)
    assert keep_answer(conn, keyed("k", "b", "other", scope=ledger))[1:] == (b"refused", False)
    assert positions(conn, shard_of(ledger)) == []


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_command_that_conflicts_keeps_its_neighbours(conn: Conn, place: int) -> None:
    ledger, stream = ledger_in(7), uuid4()
    append(conn, commit(ledger, event(stream, 1)))
    commits = [commit(ledger, event(), event()), commit(ledger)]
    commits.insert(place, commit(ledger, event(), event(stream, 1), event()))
    found = [one.kind for one in append(conn, *commits)]
    expected = ["appended", "appended"]
    expected.insert(place, "conflict")
    assert found == expected
    assert positions(conn, 7) == [1, 2, 3, 4]
    assert_whole(conn)


def test_a_batch_over_many_shards_and_ledgers_keeps_every_head(conn: Conn) -> None:
    ledgers = [ledger_in(shard) for shard in (9, 1, 9, 31, 1, 0)]
    stream = uuid4()
    append(conn, commit(ledgers[2], event(stream, 1)))
    found = append(
        conn,
        *(commit(ledger, event(), event()) for ledger in ledgers),
        commit(ledgers[2], event(stream, 1)),
        *(commit(ledger) for ledger in ledgers),
    )
    assert [one.kind for one in found] == ["appended"] * 6 + ["conflict"] + ["appended"] * 6
    assert_whole(conn)


def test_a_batch_without_any_success_leaves_nothing(conn: Conn) -> None:
    ledger, stream = uuid4(), uuid4()
    append(conn, commit(ledger, event(stream, 1)))
    found = append(conn, *(commit(ledger, event(stream, 1)) for _ in range(3)))
    assert {one.kind for one in found} == {"conflict"}
    assert_whole(conn)


def test_a_rolled_back_append_burns_no_number(conn: Conn) -> None:
    ledger = ledger_in(2)
    append(conn, commit(ledger))
    with conn.transaction():
        append(conn, commit(ledger, event(), event(), idempotency=keyed("k", scope=ledger)))
        raise psycopg.Rollback
    again = append(conn, commit(ledger, idempotency=keyed("k", scope=ledger)))[0]
    assert (again.kind, again.position, again.ledger_seq) == ("appended", 2, 2)
    assert_whole(conn)


def test_recorded_at_never_runs_backwards_in_a_shard(conn: Conn) -> None:
    ledger, other = ledger_in(4), ledger_in(4)
    append(conn, commit(ledger, event(recorded_us=NOON_US)))
    append(conn, commit(other, event(recorded_us=NOON_US - 10_000_000)))
    append(conn, commit(ledger, event(recorded_us=NOON_US + 1)))
    found = [row[0] for row in conn.execute("select recorded_at from log.event order by position")]
    noon = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=NOON_US)
    assert found == [noon, noon, noon + dt.timedelta(microseconds=1)]


def test_the_same_stream_id_in_two_ledgers_is_two_streams(conn: Conn) -> None:
    stream = uuid4()
    found = append(conn, commit(uuid4(), event(stream, 1)), commit(uuid4(), event(stream, 1)))
    assert [one.kind for one in found] == ["appended", "appended"]


def test_an_event_twice_in_one_command_is_refused_by_the_database(conn: Conn) -> None:
    ledger, stream = uuid4(), uuid4()
    with pytest.raises(psycopg.errors.UniqueViolation):
        append(conn, commit(ledger, event(stream, 1), event(stream, 1)))
    assert_whole(conn)
