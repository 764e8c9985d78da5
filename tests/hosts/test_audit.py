"""The whole audit of an installation: what is served is compared with what the log gives."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import orjson
import psycopg
import pytest
from acceptance.product import product
from api.conftest import open_ledger
from services import PostgresService

from mintflow.hosts.audit import Asked, Places, audit
from mintflow.hosts.notarizing import Evidence
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.evidence.keyring import Keyring
from mintflow.store.evidence.register import Register
from mintflow.store.keys import FolderKeyStore
from mintflow.store.verify import HeadsNotReadable, VerifyReport
from mintflow.store.verify.resume import NotThisAudit

COLUMNS = [
    (table.name, table.key, column.name, column.type)
    for projection in PROJECTIONS
    for table in projection.tables
    for column in table.columns
    if column.name not in table.key and column.type in ("numeric", "text", "bigint", "boolean")
]
OTHER = {
    "numeric": "{0} + 1",
    "bigint": "{0} + 1",
    "text": "{0} || 'x'",
    "boolean": "not {0}",
}


class Installation:
    """A database that was written by the product, and the folders beside it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.places = url, Places(folder / "keys", folder / "heads")

    def audit(self, **asked: object) -> VerifyReport:
        return audit(self.url, self.places, Asked(jobs=1, **asked), lambda *_: None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def installation(
    postgres: PostgresService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    with postgres.migrated() as url:
        made = Installation(url, folder)
        evidence = Evidence(Keyring(made.places.signing, uuid4()), Register(made.places.heads))
        keys = FolderKeyStore(made.places.keys)
        with product(url, keys=keys, evidence=evidence) as started:
            client = started.client()
            for _ in range(2):
                ledger = open_ledger(client)
                for number in range(6):
                    ledger.record(amount=f"-{number + 1}.50", category="food_dining.groceries")
                body = {"from_account_id": ledger.checking, "to_account_id": ledger.savings}
                client.post(
                    f"{ledger.path}/transfers", {**body, "amount": "5", "date": "2025-03-20"}
                )
            last = client.get(f"{ledger.path}/events", limit=1000)[-1]
            client.get(f"{ledger.path}/evidence/{last['event_id']}")
        yield made
    shutil.rmtree(folder)


def test_an_untouched_installation_is_whole(installation: Installation) -> None:
    report = installation.audit()
    assert report.ok, report.findings
    tables = sum(len(projection.tables) for projection in PROJECTIONS)
    assert report.models_compared == tables
    assert report.heads_compared >= 1


@pytest.mark.parametrize("seed", range(8))
def test_a_changed_row_of_a_read_model_is_found(installation: Installation, seed: int) -> None:
    chance = random.Random(f"rows {seed}")
    with psycopg.connect(installation.url, autocommit=True) as conn:
        while True:
            table, key, column, kind = chance.choice(COLUMNS)
            rows = conn.execute(
                f"select {', '.join(key)}, {column} from model.{table}"
                f" where {column} is not null order by 1".encode()
            ).fetchall()
            if rows:
                break
        *where, held = chance.choice(rows)
        place = " and ".join(f"{name} = %s" for name in key)
        change = OTHER[kind].format(column)
        conn.execute(f"update model.{table} set {column} = {change} where {place}".encode(), where)
        try:
            report = installation.audit()
        finally:
            conn.execute(
                f"update model.{table} set {column} = %s where {place}".encode(), [held, *where]
            )
    assert [one.code for one in report.findings] == ["PROJECTION_MISMATCH"], (table, column)
    detail = report.findings[0].detail
    assert f"table {table}:" in detail
    assert all(str(part) in detail for part in where), (detail, where)
    assert installation.audit(models=False).ok


def test_a_row_that_was_removed_is_found(installation: Installation) -> None:
    table = f"model.{COLUMNS[0][0]}"
    with psycopg.connect(installation.url, autocommit=True) as conn:
        row = conn.execute(f"select ledger_id from {table} limit 1".encode()).fetchone()
        assert row is not None
        conn.execute(f"create table kept as select * from {table}".encode())
        conn.execute(f"delete from {table} where ledger_id = %s".encode(), row)
        try:
            report = installation.audit()
        finally:
            conn.execute(
                f"insert into {table} select * from kept where ledger_id = %s".encode(), row
            )
            conn.execute("drop table kept")
    assert [one.code for one in report.findings] == ["PROJECTION_MISMATCH"]
    assert str(row[0]) in report.findings[0].detail


@pytest.mark.parametrize(
    ("lie", "truth", "said"),
    [
        (
            (
                "update projection.checkpoint c set position = h.position + 5 from log.shard_head h"
                " where h.shard = c.shard and h.position > 0 and c.projection = 'accounts'"
            ),
            (
                "update projection.checkpoint c set position = h.position from log.shard_head h"
                " where h.shard = c.shard and c.projection = 'accounts'"
            ),
            "the checkpoint of accounts is",
        ),
        (
            (
                "insert into projection.parked"
                " (shard, position, projection, version, ledger_id, event_type, error, message)"
                " select shard, position, 'accounts', 1, ledger_id, type, 'X', 'm' from log.event"
                " where type = 'transaction.recorded' order by shard, position limit 1"
            ),
            "delete from projection.parked",
            "parked by accounts",
        ),
    ],
    ids=["a checkpoint beyond the log", "an event as if it could not be folded"],
)
def test_what_is_noted_of_the_folding_and_is_not_so_is_found(
    installation: Installation, lie: str, truth: str, said: str
) -> None:
    with psycopg.connect(installation.url, autocommit=True) as conn:
        conn.execute(lie.encode())
        try:
            report = installation.audit()
        finally:
            conn.execute(truth.encode())
    assert {one.code for one in report.findings} == {"PROJECTION_MISMATCH"}
    assert all(said in one.detail and one.position > 0 for one in report.findings)
    assert installation.audit().ok


def test_without_the_keys_it_is_not_said_to_be_whole(
    installation: Installation, tmp_path: Path
) -> None:
    blind = Installation(installation.url, tmp_path)
    report = blind.audit()
    assert (report.ok, report.complete) == (False, False)
    assert {one.code for one in report.findings} == {"UNREADABLE"}
    assert not (tmp_path / "keys").exists()


def test_a_damaged_log_is_not_folded(installation: Installation) -> None:
    with psycopg.connect(installation.url, autocommit=True) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute("update log.event set sealed = sealed || '\\x00' where position = 1")
        try:
            report = installation.audit()
        finally:
            conn.execute(
                "update log.event set sealed = substr(sealed, 1, length(sealed) - 1)"
                " where position = 1"
            )
    assert report.models_compared is None
    assert {one.code for one in report.findings} >= {"HASH_MISMATCH", "UNREADABLE"}


def test_an_audit_goes_on_from_its_file(installation: Installation, tmp_path: Path) -> None:
    whole = installation.audit(models=False)
    note = tmp_path / "audit.jsonl"
    seen: list[int] = []

    class Killed(Exception):
        pass

    def until_the_second_shard(_what: str, done: int, _total: int) -> None:
        seen.append(done)
        if len(seen) == 2:
            raise Killed

    asked = Asked(models=False, resume=note, jobs=1)
    with pytest.raises(Killed):
        audit(installation.url, installation.places, asked, until_the_second_shard)
    kept = note.read_bytes().count(b"\n")
    assert kept >= 2
    read: list[int] = []
    again = audit(
        installation.url, installation.places, asked, lambda _what, done, _total: read.append(done)
    )
    assert again == whole
    assert read[0] > seen[0], "what was read before is not read again"
    assert not note.exists()


def test_a_file_of_another_audit_is_refused(installation: Installation, tmp_path: Path) -> None:
    note = tmp_path / "audit.jsonl"
    for content in (b"", b"x\n", b'{"audit_of":{"database":"another","first":null}}\n'):
        note.write_bytes(content)
        with pytest.raises(NotThisAudit):
            installation.audit(models=False, resume=note)


def test_heads_that_an_auditor_kept_are_compared(
    installation: Installation, tmp_path: Path
) -> None:
    report = installation.audit(models=False)
    kept = tmp_path / "kept.json"
    kept.write_bytes(orjson.dumps({"heads": report.heads}))
    assert installation.audit(models=False, heads=[kept]).ok
    for head in report.heads:
        head["hash"] = "00" * 32
    kept.write_bytes(orjson.dumps({"heads": report.heads}))
    wrong = installation.audit(models=False, heads=[kept])
    assert {one.code for one in wrong.findings} == {"HEAD_MISMATCH"}
    copy = tmp_path / "copy"
    shutil.copytree(installation.places.heads, copy)
    assert installation.audit(models=False, heads=[copy]).ok
    kept.write_bytes(b"nonsense")
    with pytest.raises(HeadsNotReadable):
        installation.audit(models=False, heads=[kept])


def test_a_register_with_a_missing_object_is_found(
    installation: Installation, tmp_path: Path
) -> None:
    copy = tmp_path / "heads"
    shutil.copytree(installation.places.heads, copy)
    first = min(copy.glob("*/*.json"))
    first.unlink()
    other = Installation(installation.url, tmp_path)
    other.places = Places(installation.places.keys, copy)
    codes = {one.code for one in other.audit(models=False).findings}
    assert codes <= {"REGISTER_BROKEN"}
    assert codes or not list(copy.glob("*/*.json"))


def test_a_register_that_was_set_back_or_is_gone_is_not_passed_over(
    installation: Installation, tmp_path: Path
) -> None:
    copy = tmp_path / "heads"
    shutil.copytree(installation.places.heads, copy)
    other = Installation(installation.url, tmp_path)
    other.places = Places(installation.places.keys, copy)
    max(copy.glob("*/*.json")).unlink()
    assert {one.code for one in other.audit(models=False).findings} == {"REGISTER_BROKEN"}
    shutil.rmtree(copy)
    report = other.audit(models=False)
    assert {one.code for one in report.findings} == {"UNREADABLE"}
    assert not report.complete
