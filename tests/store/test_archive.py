"""The history as files: every event once, restored byte by byte, and no altered one let in."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pandas as pd
import psycopg
import pytest
from acceptance.product import Client, product
from services import PostgresService

from mintflow.store.archive import Selection, export, restore
from mintflow.store.archive.exporting import ExportNotWritable
from mintflow.store.archive.formats import ExportDamaged
from mintflow.store.archive.manifest import ExportInTheWay, ManifestUnreadable, read_manifest
from mintflow.store.archive.restoring import ExportNotWhole, LogNotEmpty
from mintflow.store.keys import MemoryKeyStore
from mintflow.store.sealing import Sealer
from mintflow.store.verify import verify

_ALL = "select * from log.event order by shard, position"
_HEADS = (
    "select * from log.shard_head order by shard",
    "select * from log.ledger_head order by ledger_id",
)


def rows(url: str, sql: str = _ALL) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(sql.encode()).fetchall()


@pytest.fixture(scope="module")
def keys() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture(scope="module")
def full(postgres: PostgresService, keys: MemoryKeyStore) -> Iterator[str]:
    """A database with the events of three ledgers."""
    with postgres.migrated() as url:
        with product(url, keys=keys) as books:
            for name in ("Äpfel", "Home", "Away"):
                _fill(books.client(), name)
        yield url


def _fill(client: Client, name: str) -> None:
    opened = client.post("/v1/ledgers", {"name": name, "currency": "USD"})
    path = f"/v1/ledgers/{opened['ledger_id']}"
    account = client.post(f"{path}/accounts", {"name": "a", "kind": "cash", "currency": "USD"})
    for number in range(40):
        client.post(
            f"{path}/transactions",
            {
                "account_id": account["account_id"],
                "date": "2025-03-14",
                "amount": f"-{number + 1}.50",
                "description": f'zanzibar, "{number}"\n\u2028 ñ',
            },
        )


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintflow.store.archive.exporting.PART_POSITIONS", 20)
    monkeypatch.setattr("mintflow.store.archive.exporting.ROWS", 8)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_what_is_restored_is_what_was_there_byte_by_byte(
    full: str, database_url: str, tmp_path: Path, form: Any
) -> None:
    manifest = export(full, tmp_path / "out", form)
    assert manifest.events == len(rows(full))
    assert len(manifest.parts) > 6
    restore(database_url, tmp_path / "out")
    for sql in (_ALL, *_HEADS):
        assert rows(database_url, sql) == rows(full, sql)
    assert verify(database_url, jobs=1).ok
    again = export(database_url, tmp_path / "again", form)
    assert again == manifest


def test_the_books_go_on_after_a_restore(
    full: str, database_url: str, tmp_path: Path, keys: MemoryKeyStore
) -> None:
    export(full, tmp_path / "out", "parquet")
    restore(database_url, tmp_path / "out")
    with product(full, keys=keys) as old, product(database_url, keys=keys) as new:
        ledgers = old.client().get("/v1/ledgers")
        assert len(ledgers) == 3
        for one in ledgers:
            path = f"/v1/ledgers/{one['ledger_id']}"
            position = new.client().pages(f"{path}/events", limit=1_000)[-1]["position"]
            new.client().get(f"{path}/accounts", min_position=position)
            for what in ("accounts", "transactions", "trial-balance"):
                assert new.client().get(f"{path}/{what}") == old.client().get(f"{path}/{what}")
        account = new.client().get(f"{path}/accounts")[0]["account_id"]
        row = {"account_id": account, "date": "2025-01-01", "amount": "1", "description": "x"}
        new.client().post(f"{path}/transactions", row)
    assert verify(database_url, jobs=1).ok


def test_duckdb_and_pandas_read_it_and_see_nothing_sealed(full: str, tmp_path: Path) -> None:
    manifest = export(full, tmp_path, "parquet")
    with duckdb.connect() as duck:
        found = duck.execute(
            "select count(*), sum((record->>'$.data.after.amount')::decimal(18, 2))"
            f" from '{tmp_path}/events/*.parquet' where type = 'transaction.recorded'"
        ).fetchone()
    assert found == (120, -3 * sum(number + 1.5 for number in range(40)))
    frame = pd.read_parquet(tmp_path / "events")
    assert len(frame) == manifest.events
    assert not any("zanzibar" in record for record in frame["record"])


@pytest.mark.parametrize("form", ["parquet", "jsonl", "csv"])
def test_a_selection_has_what_was_asked_for_and_nothing_else(
    full: str, tmp_path: Path, form: Any, keys: MemoryKeyStore
) -> None:
    ledger_id = str(rows(full, "select ledger_id from log.ledger_head")[0][0])
    chosen = Selection(ledger_id, ("transaction.recorded",), first=5, last=30)
    manifest = export(full, tmp_path, form, chosen, opened_by=Sealer(keys))
    wanted = [
        row
        for row in rows(full)
        if str(row[2]) == ledger_id and row[6] == "transaction.recorded" and 5 <= row[1] <= 30
    ]
    assert manifest.events == len(wanted) > 10
    found = [one for part in manifest.parts for one in _read(tmp_path / part.file, form)]
    assert [int(one["position"]) for one in found] == [row[1] for row in wanted]
    opened = [json.loads(one["opened"]) for one in found]
    assert all(one["description"].startswith('zanzibar, "') for one in opened)
    assert not manifest.whole
    with pytest.raises(ExportNotWhole):
        restore(full, tmp_path)


def test_a_range_of_time(full: str, tmp_path: Path) -> None:
    times = sorted(row[7] for row in rows(full))
    middle = times[len(times) // 2]
    early = export(full, tmp_path / "a", "jsonl", Selection(before=middle.isoformat()))
    late = export(full, tmp_path / "b", "jsonl", Selection(since=middle.isoformat()))
    assert early.events == sum(one < middle for one in times)
    assert early.events + late.events == len(times)


def _read(path: Path, form: str) -> list[dict[str, Any]]:
    if form == "parquet":
        frame: list[dict[str, Any]] = pd.read_parquet(path).to_dict("records")
        return frame
    if form == "csv":
        with path.open(newline="") as stream:
            return list(csv.DictReader(stream))
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    return [{**one, "opened": json.dumps(one.get("opened"))} for one in found]


@pytest.mark.usefixtures("small_parts")
def test_goes_on_where_it_stood(full: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = export(full, tmp_path / "whole", "parquet")
    made: list[int] = []

    def stop(done: int, _total: int) -> None:
        made.append(done)
        if len(made) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(full, tmp_path / "out", "parquet", progress=stop)
    with pytest.raises(ManifestUnreadable, match="not finished"):
        restore(full, tmp_path / "out")
    with (tmp_path / "out" / "journal.jsonl").open("ab") as stream:
        stream.write(b'{"file": "events/')  # as a kill would cut it off
    (tmp_path / "out" / "events" / ".00-000000000001.parquet.draft").write_bytes(b"half")
    with pytest.raises(ExportInTheWay):
        export(full, tmp_path / "out", "jsonl")
    assert export(full, tmp_path / "out", "parquet") == whole
    left = {one.name for one in (tmp_path / "out").glob("**/*")}
    assert left == {"manifest.json", "events", *(part.file[7:] for part in whole.parts)}
    with pytest.raises(ExportInTheWay):
        export(full, tmp_path / "out", "parquet")


def test_refuses_a_folder_of_other_things(full: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ExportInTheWay):
        export(full, tmp_path, "parquet")
    with pytest.raises((ExportNotWritable, ExportInTheWay)):
        export(full, tmp_path / "notes.txt", "parquet")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_refuses_an_installation_that_has_events(full: str, tmp_path: Path) -> None:
    export(full, tmp_path, "parquet")
    before = rows(full)
    with pytest.raises(LogNotEmpty):
        restore(full, tmp_path)
    assert rows(full) == before


def _change_a_record(line: dict[str, Any]) -> None:
    line["record"]["data"]["after"]["amount"] = "-9.99"


def _change_the_time(line: dict[str, Any]) -> None:
    line["recorded_at"] = line["recorded_at"].replace("20", "19", 1)


def _change_a_column(line: dict[str, Any]) -> None:
    line["type"] = "account.opened"


def _change_the_hash(line: dict[str, Any]) -> None:
    line["hash"] = "00" * 32


def _drop_the_seal(line: dict[str, Any]) -> None:
    line["sealed"] = ""


def _nonsense(line: dict[str, Any]) -> None:
    line["stream_version"] = "many"


def _a_number_for_an_id(line: dict[str, Any]) -> None:
    line["ledger_id"] = 1.5


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(
    "alter",
    [
        *(_change_a_record, _change_the_time, _change_a_column, _change_the_hash),
        *(_drop_the_seal, _nonsense, _a_number_for_an_id),
    ],
)
def test_refuses_an_altered_event_naming_file_and_position(
    full: str, database_url: str, tmp_path: Path, alter: Callable[[dict[str, Any]], None]
) -> None:
    manifest = export(full, tmp_path, "jsonl")
    part = manifest.parts[2]
    path = tmp_path / part.file
    lines = path.read_bytes().splitlines()
    number = next(n for n, one in enumerate(lines) if b'"transaction.recorded"' in one)
    line = json.loads(lines[number])
    alter(line)
    record = line.pop("record")
    head = json.dumps(line, separators=(",", ":"))[:-1]
    body = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
    lines[number] = f'{head},"record":{body}}}'.encode()
    path.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(ExportDamaged) as refused:
        restore(database_url, tmp_path)
    assert refused.value.details == {"file": part.file, "position": part.first + number}
    assert rows(database_url) == []
    assert all(head[1] == 0 for head in rows(database_url, _HEADS[0]))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("damage", ["flip", "cut", "gone", "swap", "end"])
@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_refuses_damaged_files(
    full: str, database_url: str, tmp_path: Path, form: Any, damage: str
) -> None:
    manifest = export(full, tmp_path, form)
    part = manifest.parts[1]
    path = tmp_path / part.file
    content = path.read_bytes()
    if damage == "flip":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif damage == "cut":
        path.write_bytes(content[: len(content) * 2 // 3])
    elif damage == "gone":
        path.unlink()
    elif damage == "swap":
        path.write_bytes((tmp_path / manifest.parts[2].file).read_bytes())
    else:
        _without_its_last_file(tmp_path, part.shard)
    with pytest.raises(ExportDamaged) as refused:
        restore(database_url, tmp_path)
    assert refused.value.details["file"].startswith(f"events/{part.shard:02}-")
    assert refused.value.details["position"] >= 1
    assert rows(database_url) == []


def _without_its_last_file(folder: Path, shard: int) -> None:
    document = json.loads((folder / "manifest.json").read_bytes())
    files = [one for one in document["files"] if one["shard"] == shard]
    document["files"].remove(files[-1])
    (folder / "manifest.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    "content", ["", "[]", '{"layout": 2}', '{"layout": 1}', '{"layout": 1, "format": "x"}']
)
def test_refuses_a_manifest_that_is_none(database_url: str, tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ManifestUnreadable):
        restore(database_url, tmp_path)


def test_reads_no_file_outside_of_the_folder(full: str, database_url: str, tmp_path: Path) -> None:
    manifest = export(full, tmp_path / "out", "jsonl")
    name = manifest.parts[0].file
    (tmp_path / "events").mkdir()
    shutil.move(tmp_path / "out" / name, tmp_path / name)
    path = tmp_path / "out" / "manifest.json"
    path.write_text(path.read_text().replace(name, f"../{name}"))
    with pytest.raises(ExportDamaged):
        restore(database_url, tmp_path / "out")


_PROGRAM = """
import sys
from pathlib import Path
from mintflow.store.archive import exporting
exporting.PART_POSITIONS, exporting.ROWS = 5, 2
exporting.export(sys.argv[1], Path(sys.argv[2]), "parquet")
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on(full: str, tmp_path: Path) -> None:
    chance, out = random.Random(3), tmp_path / "out"
    kills = 0
    for _ in range(60):
        with subprocess.Popen(
            [
                sys.executable,
                "-c",
                _PROGRAM,
                full,
                str(out),
            ],
            env={**os.environ, "PYTHONPATH": "src"},
        ) as process:
            while process.poll() is None and not (out / "journal.jsonl").exists():
                time.sleep(0.005)
            time.sleep(chance.random() * 0.05)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
        if process.returncode == 0:
            break
    assert kills >= 2
    manifest = export(full, out, "parquet") if not (out / "manifest.json").exists() else None
    manifest = manifest or read_manifest(out)
    found = pd.read_parquet(out / "events").sort_values(["shard", "position"])
    assert [*zip(found["shard"], found["position"], strict=True)] == [
        (row[0], row[1]) for row in rows(full)
    ]
    assert {UUID(one) for one in found["ledger_id"]} == {row[2] for row in rows(full)}
    assert manifest.events == len(found)
