"""The audit: a healthy log passes; of a log that was touched it names what and where first."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from string import Template
from typing import Any
from uuid import UUID

import psycopg
import pytest
from store.appending import as_app, assert_whole, connect, ledger_in
from store.bookkeeping import Bookkeeper
from store.tamperings import TAMPERINGS

from mintflow.domain.core.ids import SHARDS
from mintflow.store.keys import MemoryKeyStore
from mintflow.store.mapper import Mapper
from mintflow.store.sealing import Sealer
from mintflow.store.verify import VerifyReport, verify
from mintflow.store.verify.report import Finding, ShardReport

SHARD = 11


@pytest.fixture
def log(database_url: str) -> str:
    """Three ledgers, two of them interleaved in one shard."""
    sealer = Sealer(MemoryKeyStore())
    with connect(database_url) as conn:
        ledgers = [ledger_in(SHARD), ledger_in(SHARD), ledger_in(12)]
        keepers = []
        for number, ledger_id in enumerate(ledgers):
            sealer.prepare(ledger_id)
            keepers.append(Bookkeeper(conn, Mapper(sealer), ledger_id, seed=number))
        for keeper in keepers:
            keeper.open()
        for _ in range(3):
            for keeper in keepers:
                keeper.live(5)
        assert_whole(conn)
    return database_url


@pytest.fixture
def tamperer(log: str) -> Iterator[psycopg.Connection[Any]]:
    """A superuser who has switched the triggers and constraints off."""
    with psycopg.connect(log, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")
        yield owner


def test_a_healthy_log_verifies(log: str) -> None:
    seen: list[tuple[int, int]] = []
    report = verify(log, jobs=1, progress=lambda done, total: seen.append((done, total)))
    assert (report.ok, report.complete, report.findings, report.left_out) == (True, True, [], 0)
    with psycopg.connect(log) as conn:
        count = conn.execute("select count(*) from log.event").fetchone()
        heads = conn.execute(
            "select shard, position, encode(hash, 'hex') from log.shard_head order by shard"
        ).fetchall()
    assert (report.events,) == count
    assert [(h["shard"], h["position"], h["hash"]) for h in report.heads] == heads
    assert seen[-1] == (report.events, report.events)


def test_the_products_role_may_verify_and_processes_find_the_same(log: str) -> None:
    seen: list[tuple[int, int]] = []
    here = verify(as_app(log), jobs=1)
    there = verify(as_app(log), jobs=2, progress=lambda done, total: seen.append((done, total)))
    assert here == there
    assert there.ok
    assert seen[-1] == (there.events, there.events)


def test_an_empty_log_verifies(database_url: str) -> None:
    report = verify(database_url, jobs=1)
    assert (report.ok, report.events, len(report.heads)) == (True, 0, SHARDS)


@pytest.mark.parametrize("name", TAMPERINGS)
@pytest.mark.parametrize("seed", range(3))
def test_names_what_was_done_and_where_it_first_shows(
    log: str, tamperer: psycopg.Connection[Any], name: str, seed: int
) -> None:
    head = _head(tamperer)
    chance = random.Random(f"{name}{seed}")
    # The first, the last but one, or any: a border must not hide anything.
    p = {0: 1, 1: head - 1}.get(seed) or chance.randint(2, head - 2)
    q = chance.randint(min(p + 2, head), head)
    places = {"p": p, "q": q, "s": SHARD, "b": chance.randint(0, 10_000)}
    for statement in TAMPERINGS[name].statements:
        tamperer.execute(Template(statement).substitute(places).encode())
    report = verify(log, jobs=1)
    assert not report.ok
    assert report.complete
    first = report.findings[0]
    assert (first.shard, first.position) == (SHARD, p), report.findings[:4]
    named = {one.code for one in report.findings if (one.shard, one.position) == (SHARD, p)}
    assert named & TAMPERINGS[name].codes, report.findings[:4]


def test_an_event_beyond_the_head_is_found(log: str, tamperer: psycopg.Connection[Any]) -> None:
    head = _head(tamperer)
    tamperer.execute("update log.shard_head set position = position - 1 where shard = %s", [SHARD])
    assert _places(verify(log, jobs=1))[0] == ("COLUMN_MISMATCH", head)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("update log.shard_head set position = position + 2 where shard = 11", "TRUNCATED"),
        ("update log.shard_head set hash = sha256(hash) where shard = 11", "HASH_MISMATCH"),
        ("delete from log.shard_head where shard = 11", "TRUNCATED"),
        ("update log.ledger_head set ledger_seq = ledger_seq + 1 where shard = 11", "TRUNCATED"),
        ("update log.ledger_head set ledger_seq = 1 where shard = 11", "COLUMN_MISMATCH"),
        ("delete from log.ledger_head where shard = 11", "COLUMN_MISMATCH"),
        ("update log.shard_head set recorded_us = 0 where shard = 11", "COLUMN_MISMATCH"),
    ],
)
def test_a_changed_head_is_found(
    log: str, tamperer: psycopg.Connection[Any], statement: str, code: str
) -> None:
    tamperer.execute(statement.encode())
    report = verify(log, jobs=1)
    assert report.findings[0].code == code
    assert not report.ok


def test_a_whole_shard_that_is_gone_is_found(log: str, tamperer: psycopg.Connection[Any]) -> None:
    tamperer.execute("delete from log.event where shard = %s", [SHARD])
    assert _places(verify(log, jobs=1))[0] == ("TRUNCATED", 1)


def test_an_unbalanced_booking_is_found_even_when_its_hashes_are_right(log: str) -> None:
    _rewrite(log, lambda record: record.replace(b'"amount":"10.00"', b'"amount":"10.01"', 1))
    assert _codes(verify(log, jobs=1)) == {"TRIAL_BALANCE"}


def test_a_ledger_in_a_shard_that_is_not_its_own_is_found(log: str) -> None:
    with psycopg.connect(log) as conn:
        strange = ledger_in(SHARD + 1)
        was = conn.execute(
            "select ledger_id from log.event where shard = %s and position = 1", [SHARD]
        ).fetchone()
    assert was is not None
    old, new = f'"ledger_id":"{was[0]}"', f'"ledger_id":"{strange}"'
    _rewrite(log, lambda record: record.replace(old.encode(), new.encode()), {was[0]: strange})
    assert _codes(verify(log, jobs=1)) == {"WRONG_SHARD"}


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.replace(b'"type":"transaction.', b'"type":"transaktion.'),
        lambda record: record + b"}",
        lambda record: b'{"type":1}',
    ],
    ids=["unknown type", "no JSON", "not an event"],
)
def test_what_can_not_be_read_is_not_passed_over(
    log: str, change: Callable[[bytes], bytes]
) -> None:
    _rewrite(log, change)
    report = verify(log, jobs=1)
    assert not report.complete
    assert not report.ok
    assert "UNREADABLE" in _codes(report)


def test_a_missing_stream_version_is_found(log: str) -> None:
    def change(record: bytes) -> bytes:
        return record.replace(b'"stream_version":2', b'"stream_version":9')

    _rewrite(log, change)
    assert _codes(verify(log, jobs=1)) == {"SEQ_GAP"}


def test_a_role_without_the_right_to_look_says_so(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("revoke select on log.event from mintflow_app")
    report = verify(as_app(database_url), jobs=1)
    assert (report.ok, report.complete) == (False, False)
    assert {one.detail for one in report.findings} == {"the database: InsufficientPrivilege"}


def test_a_server_that_does_not_answer_is_not_a_healthy_log() -> None:
    report = verify("postgresql://nobody@127.0.0.1:1/none", jobs=2)
    assert (report.ok, report.complete, report.events) == (False, False, 0)


def test_a_connection_cut_in_the_middle_is_not_a_healthy_log(
    log: str, tamperer: psycopg.Connection[Any]
) -> None:
    def cut(_done: int, _total: int) -> None:
        tamperer.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )

    report = verify(log, jobs=1, progress=cut)
    assert not report.complete
    assert not report.ok


def test_a_log_rewritten_up_to_its_heads_shows_only_against_a_head_kept_elsewhere(log: str) -> None:
    before = verify(log, jobs=1).heads
    _rewrite(log, lambda record: record.replace(b"2025-03-01", b"2025-03-02"))
    after = verify(log, jobs=1)
    assert after.ok
    assert after.heads != before


def _head(conn: psycopg.Connection[Any]) -> int:
    row = conn.execute("select position from log.shard_head where shard = %s", [SHARD]).fetchone()
    assert row is not None
    return int(row[0])


def _codes(report: VerifyReport) -> set[str]:
    return {finding.code for finding in report.findings}


def _places(report: VerifyReport) -> list[tuple[str, int]]:
    return [(finding.code, finding.position) for finding in report.findings]


def _rewrite(
    url: str, change: Callable[[bytes], bytes], ledgers: dict[UUID, UUID] | None = None
) -> None:
    """Write one shard anew with changed records and right hashes, as a broken writer would."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")
        rows = owner.execute(
            "select position, ledger_id, record, type, stream_version from log.event"
            " where shard = %s order by position",
            [SHARD],
        ).fetchall()
        before = owner.execute(
            "select sha256(convert_to('mintflow shard ' || %s::int, 'UTF8'))", [SHARD]
        ).fetchone()
        assert before is not None
        head = before[0]
        for position, ledger_id, record, kind, version in rows:
            ledger = (ledgers or {}).get(ledger_id, ledger_id)
            changed = change(record)
            if changed != record and b"transaktion" in changed:
                kind = kind.replace("transaction", "transaktion")
            if b'"stream_version":9' in changed:
                version = 9
            row = owner.execute(
                "update log.event set ledger_id = %s, record = %s, type = %s, stream_version = %s,"
                " hash = sha256(%s::bytea || log.leaf_hash(shard, position, %s, ledger_seq,"
                " (extract(epoch from recorded_at) * 1000000)::bigint, %s, sealed))"
                " where shard = %s and position = %s returning hash",
                [ledger, changed, kind, version, head, ledger, changed, SHARD, position],
            ).fetchone()
            assert row is not None
            head = row[0]
        owner.execute("update log.shard_head set hash = %s where shard = %s", [head, SHARD])
        for old, new in (ledgers or {}).items():
            owner.execute(
                "update log.ledger_head set ledger_id = %s where ledger_id = %s", [new, old]
            )


def test_what_is_wrong_stands_before_what_could_not_be_looked_at() -> None:
    wrong = ShardReport(21)
    wrong.add("HASH_MISMATCH", 60, "x")
    report = VerifyReport.of([wrong]).joined(
        [Finding(0, 0, "UNREADABLE", "not compared")], complete=False, models_compared=None
    )
    assert [one.code for one in report.findings] == ["HASH_MISMATCH", "UNREADABLE"]
