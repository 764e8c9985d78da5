"""Exports that were taken up elsewhere, and histories that somebody wrote anew: refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest
from services import PostgresService
from store.appending import connect, ledger_in
from store.bookkeeping import Bookkeeper

from mintflow.store.archive import export, restore
from mintflow.store.archive.formats import ExportDamaged, Row, read_rows, writer
from mintflow.store.archive.manifest import ExportInTheWay, ManifestUnreadable, read_manifest
from mintflow.store.chain import first_hash, leaf_hash, link_hash
from mintflow.store.keys import MemoryKeyStore
from mintflow.store.mapper import Mapper
from mintflow.store.sealing import Sealer

SHARD = 11


@pytest.fixture(scope="module")
def full(postgres: PostgresService) -> Iterator[str]:
    with postgres.migrated() as url:
        _fill(url)
        yield url


def _fill(url: str) -> None:
    sealer, ledger_id = Sealer(MemoryKeyStore()), ledger_in(SHARD)
    sealer.prepare(ledger_id)
    with connect(url) as conn:
        keeper = Bookkeeper(conn, Mapper(sealer), ledger_id, seed=3)
        keeper.open()
        keeper.live(20)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintflow.store.archive.exporting.PART_POSITIONS", 10)


def _begin(url: str, folder: Path) -> None:
    """An export that is cut off behind its second file."""

    def stop(done: int, _total: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(url, folder, "jsonl", progress=stop)


def _count(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("select count(*) from log.event").fetchone()
    assert row is not None
    return int(row[0])


def test_an_export_does_not_go_on_with_another_log(
    full: str, postgres: PostgresService, tmp_path: Path
) -> None:
    _begin(full, tmp_path)
    with postgres.migrated() as other, postgres.migrated() as empty:
        _fill(other)
        for url in (other, empty):
            with pytest.raises(ExportInTheWay, match="another log"):
                export(url, tmp_path, "jsonl")
    assert export(full, tmp_path, "jsonl").events == _count(full)


def test_two_exports_do_not_write_into_one_folder(full: str, tmp_path: Path) -> None:
    refused: list[str] = []

    def second(_done: int, _total: int) -> None:
        try:
            export(full, tmp_path, "jsonl")
        except ExportInTheWay as error:
            refused.append(str(error))

    manifest = export(full, tmp_path, "jsonl", progress=second)
    assert len(refused) == len(manifest.parts) > 1
    assert set(refused) == {"another export is writing into this folder"}
    assert read_manifest(tmp_path) == manifest


@pytest.mark.parametrize("line", [b"nonsense", b"[]", b"{}", b"5"])
@pytest.mark.parametrize("place", [0, 1])
def test_an_export_does_not_go_on_from_a_journal_that_is_none(
    full: str, tmp_path: Path, line: bytes, place: int
) -> None:
    _begin(full, tmp_path)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"\n".join([*path.read_bytes().splitlines()[:place], line, b""]))
    with pytest.raises(ManifestUnreadable, match="journal"):
        export(full, tmp_path, "jsonl")


@pytest.mark.parametrize(("name", "said"), [("events", 7), ("first", -5), ("first", 2)])
def test_a_manifest_that_counts_otherwise_is_refused(
    full: str, database_url: str, tmp_path: Path, name: str, said: int
) -> None:
    export(full, tmp_path, "jsonl")
    _alter_manifest(tmp_path, lambda document: document["files"][0].update({name: said}))
    with pytest.raises(ExportDamaged):
        restore(database_url, tmp_path)
    assert _count(database_url) == 0


def _alter_manifest(folder: Path, change: Callable[[Any], None]) -> None:
    path = folder / "manifest.json"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "facts",
    [
        {"stream_version": 2**40},
        {"stream_version": 1.0},
        {"stream_id": "nobody"},
        {"type": "a\0b"},
        {"type": 5},
        None,
    ],
    ids=str,
)
def test_a_history_with_right_hashes_and_impossible_events_is_refused(
    full: str, database_url: str, tmp_path: Path, facts: dict[str, Any] | None
) -> None:
    """None: the event of a stream that the first one is of, with its version."""
    export(full, tmp_path, "jsonl")
    _alter_manifest(tmp_path, lambda document: _forge(tmp_path, document, facts))
    with pytest.raises(ExportDamaged) as refused:
        restore(database_url, tmp_path)
    assert refused.value.details["file"] == f"events/{SHARD}-000000000001.jsonl"
    assert _count(database_url) == 0


def _forge(folder: Path, document: Any, facts: dict[str, Any] | None) -> None:
    """Write the shard anew with an altered third event."""
    head, before, first = document["heads"][SHARD], first_hash(SHARD), None
    for file in document["files"]:
        path, rows = folder / file["file"], []
        for row in list(read_rows("jsonl", path)):
            first = first or {"stream_id": row.stream_id, "stream_version": row.stream_version}
            if row.position == 3:
                row = _altered(row, first if facts is None else facts)
            leaf = leaf_hash(
                SHARD, row.position, UUID(row.ledger_id).bytes, row.ledger_seq, row.recorded_us,
                row.record, row.sealed,
            )  # fmt: skip
            before = link_hash(before, leaf)
            rows.append(row._replace(hash=before))
        with path.open("wb") as stream:
            writer("jsonl", stream, None).write(rows)
        file["sha256"] = sha256(path.read_bytes()).hexdigest()
    head["hash"] = before.hex()


def _altered(row: Row, facts: dict[str, Any]) -> Row:
    record = orjson.dumps({**orjson.loads(row.record), **facts})
    return row._replace(record=record, **facts)
