"""Bundles: checked by two verifiers that share no code; whatever is changed in one is found."""

from __future__ import annotations

import base64
import json
import random
import shutil
import string
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from services import PostgresService
from store.evidence.notarized import NOON, Place, keep_books
from store.evidence.second_verifier import holds

from mintflow.store.evidence import verifier
from mintflow.store.evidence.bundle import LedgerHasNoEvents, NothingSigned, write_bundle
from mintflow.store.keys import MemoryKeyStore

SHARD = 11


class Books:
    """Two ledgers of one shard, several heads, a changed key, and a bundle of the first."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.place = Place(url, folder)
        self.keys = MemoryKeyStore()
        self.first_key = str(self.place.keys.current().public)
        self.ledgers = keep_books(url, self.keys, (SHARD, SHARD), 30)
        self.place.sign()
        keep_books(url, self.keys, (SHARD,), 5)
        self.place.sign()
        self.second_key = str(self.place.keys.rotate(NOON))
        keep_books(url, self.keys, (SHARD,), 5)
        self.place.sign()
        self.path = folder / "bundle.zip"
        self.bundle(self.ledgers[0], self.path)

    def bundle(self, ledger_id: UUID, path: Path) -> Any:
        async def work(conn: psycopg.AsyncConnection[Any]) -> Any:
            return await write_bundle(conn, self.place.keys, ledger_id, path, NOON)

        return self.place.ask(work)


@pytest.fixture(scope="module")
def books(postgres: PostgresService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    with postgres.migrated() as url:
        yield Books(url, tmp_path_factory.mktemp("bundles"))


def _both(path: Path, key: str) -> bool:
    """The verdict of the two verifiers, which must be one."""
    ours, theirs = verifier.check(path, key)["ok"], holds(path, key)
    assert ours == theirs
    return bool(ours)


def _rewritten(path: Path, to: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(path) as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    change(files)
    with zipfile.ZipFile(to, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return to


def test_a_bundle_verifies_by_every_key_that_vouches_for_its_own(books: Books) -> None:
    assert _both(books.path, books.first_key)
    verdict = verifier.check(books.path, books.first_key)
    assert verdict["events"] > 30
    assert (verdict["earlier_heads"], verdict["older_keys"]) == (2, [])


def test_a_bundle_verifies_by_the_newest_key_alone(books: Books) -> None:
    """Who comes after a change of keys has that one; heads by the older key have to fit."""
    assert _both(books.path, books.second_key)
    verdict = verifier.check(books.path, books.second_key)
    assert (verdict["earlier_heads"], verdict["older_keys"]) == (2, [books.first_key])


@pytest.mark.parametrize("seed", range(12))
def test_a_changed_byte_is_found_by_the_newest_key_too(
    books: Books, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(f"newest {seed}")

    def change(files: dict[str, bytes]) -> None:
        name = ("heads.jsonl", "keys.json", "events.jsonl")[seed % 3]
        content = bytearray(files[name])
        place = chance.choice([i for i, byte in enumerate(content) if chr(byte).isalnum()])
        content[place] = ord("k" if content[place] != ord("k") else "h")
        files[name] = bytes(content)

    assert not _both(_rewritten(books.path, tmp_path / "changed.zip", change), books.second_key)


def test_a_key_that_vouched_for_another_signs_no_head_of_now(books: Books, tmp_path: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        files["head.note"] = json.loads(files["heads.jsonl"].splitlines()[-1])["note"].encode()

    assert not _both(_rewritten(books.path, tmp_path / "changed.zip", change), books.second_key)


def test_another_key_is_refused(books: Books, tmp_path: Path) -> None:
    other = Place(books.url, tmp_path)
    assert not _both(books.path, str(other.keys.current().public))
    for nonsense in ("", "x", "a+b+c", books.first_key[:-2], books.first_key.replace("+", "-")):
        assert verifier.check(books.path, nonsense)["ok"] is False


def test_it_holds_nothing_of_another_ledger(books: Books) -> None:
    with zipfile.ZipFile(books.path) as bundle:
        everything = b"".join(bundle.read(name) for name in bundle.namelist())
        lines = bundle.read("events.jsonl").splitlines()
    assert str(books.ledgers[1]).encode() not in everything
    for line in lines:
        record = verifier.unbase64(json.loads(line)["record"], "")
        assert json.loads(record)["ledger_id"] == str(books.ledgers[0])
        assert str(books.ledgers[1]).encode() not in record


def test_it_verifies_after_the_ledgers_key_was_destroyed(books: Books, tmp_path: Path) -> None:
    books.keys.destroy(books.ledgers[0])
    path = tmp_path / "after.zip"
    books.bundle(books.ledgers[0], path)
    assert _both(path, books.first_key)
    assert _both(books.path, books.first_key)


def test_an_unpacked_bundle_verifies_too(books: Books, tmp_path: Path) -> None:
    shutil.unpack_archive(books.path, tmp_path / "unpacked")
    assert verifier.check(tmp_path / "unpacked", books.first_key)["ok"]


def test_the_verifier_runs_alone(books: Books, tmp_path: Path) -> None:
    alone = tmp_path / "verifier.py"
    shutil.copy(verifier.__file__, alone)
    source = alone.read_text()
    assert "mintflow." not in source.replace("MintFlow", "")
    key = tmp_path / "key.pub"
    key.write_text(books.first_key + "\n")
    for given, code in ((str(key), 0), (books.first_key, 0), ("wrong", 1)):
        done = subprocess.run(
            [sys.executable, "-I", str(alone), str(books.path), "--key", given],
            capture_output=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == code, done.stderr
        assert json.loads(done.stdout)["ok"] is (code == 0)


@pytest.mark.parametrize("seed", range(60))
def test_any_changed_byte_that_means_something_is_found(
    books: Books, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(f"bundle {seed}")

    def change(files: dict[str, bytes]) -> None:
        name = ("events.jsonl", "head.note", "ledger.note", "heads.jsonl")[seed % 4]
        content = bytearray(files[name])
        # Not the line feeds at the end, nor JSON's own spelling: what is within quotes counts.
        place = chance.choice([i for i, byte in enumerate(content) if chr(byte).isalnum()])
        content[place] = ord(chance.choice("ghkmpqruvwxyz" if content[place] != 103 else "h"))
        if bytes(content) == files[name]:
            content[place] ^= 1
        files[name] = bytes(content)

    assert not _both(_rewritten(books.path, tmp_path / "changed.zip", change), books.first_key)


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        (b'"events"', b'"eveNts"'),
        (b'"log": "mintflow/', b'"log": "myntflow/'),
        (b'"events": ', b'"events": 1'),
    ],
)
def test_a_manifest_that_says_otherwise_is_found(
    books: Books, tmp_path: Path, said: bytes, instead: bytes
) -> None:
    def change(files: dict[str, bytes]) -> None:
        assert said in files["manifest.json"]
        files["manifest.json"] = files["manifest.json"].replace(said, instead)

    assert not _both(_rewritten(books.path, tmp_path / "changed.zip", change), books.first_key)


def test_another_spelling_of_the_same_bytes_is_found(books: Books, tmp_path: Path) -> None:
    """The last letter of base64 may have bits that stand for nothing."""

    def change(files: dict[str, bytes]) -> None:
        note = files["head.note"].rstrip(b"\n")
        assert note.endswith(b"=")
        letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
        place = len(note.rstrip(b"=")) - 1
        other = letters[letters.index(chr(note[place])) ^ 1].encode()
        changed = note[:place] + other + note[place + 1 :]
        assert base64.b64decode(changed.rsplit(b" ")[-1]) == base64.b64decode(note.rsplit(b" ")[-1])
        files["head.note"] = changed + b"\n"

    assert not _both(_rewritten(books.path, tmp_path / "changed.zip", change), books.first_key)


def test_a_column_of_another_name_is_found(books: Books, tmp_path: Path) -> None:
    """Also where it says null, as the record does of every name that it does not have."""

    def change(files: dict[str, bytes]) -> None:
        assert b'"causation_id":null' in files["events.jsonl"]
        changed = files["events.jsonl"].replace(b'"causation_id":null', b'"causation_iu":null', 1)
        files["events.jsonl"] = changed

    assert not _both(_rewritten(books.path, tmp_path / "changed.zip", change), books.first_key)


def _without_line(number: int) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        lines = files["events.jsonl"].splitlines(keepends=True)
        del lines[number]
        files["events.jsonl"] = b"".join(lines)

    return change


def _swap(files: dict[str, bytes]) -> None:
    lines = files["events.jsonl"].splitlines(keepends=True)
    lines[3], lines[4] = lines[4], lines[3]
    files["events.jsonl"] = b"".join(lines)


def _again(files: dict[str, bytes]) -> None:
    lines = files["events.jsonl"].splitlines(keepends=True)
    files["events.jsonl"] = b"".join([*lines, lines[-1]])


def _empty(files: dict[str, bytes]) -> None:
    files["events.jsonl"] = b""


@pytest.mark.parametrize(
    "change",
    [_without_line(0), _without_line(5), _without_line(-1), _swap, _again, _empty],
    ids=["first", "middle", "last", "swapped", "twice", "none"],
)
def test_a_missing_or_moved_event_is_found(
    books: Books, tmp_path: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    assert not _both(_rewritten(books.path, tmp_path / "changed.zip", change), books.first_key)


@pytest.mark.parametrize("name", verifier.FILES)
def test_a_missing_or_unreadable_file_is_found(books: Books, tmp_path: Path, name: str) -> None:
    def gone(files: dict[str, bytes]) -> None:
        del files[name]

    def deep(files: dict[str, bytes]) -> None:
        files[name] = b"[" * 100_000

    for number, change in enumerate((gone, deep)):
        path = _rewritten(books.path, tmp_path / f"{number}.zip", change)
        assert not _both(path, books.first_key)


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.zip"
    nothing.write_bytes(b"PK\x03\x04 and then nothing")
    assert verifier.check(nothing, "x+y+z")["ok"] is False
    assert verifier.check(tmp_path, "x+y+z")["ok"] is False
    assert verifier.check(tmp_path / "missing", "x+y+z")["ok"] is False


def test_refuses_a_bundle_of_nothing(books: Books, tmp_path: Path) -> None:
    stranger = next(UUID(int=number) for number in range(1, 10_000) if _in_shard(UUID(int=number)))
    with pytest.raises(LedgerHasNoEvents):
        books.bundle(stranger, tmp_path / "none.zip")
    assert not (tmp_path / "none.zip").exists()
    with pytest.raises(FileExistsError):
        books.bundle(books.ledgers[0], books.path)


def test_refuses_a_bundle_before_anything_is_signed(database_url: str, tmp_path: Path) -> None:
    place = Place(database_url, tmp_path)
    (ledger,) = keep_books(database_url, MemoryKeyStore(), (SHARD,), 3)

    async def work(conn: psycopg.AsyncConnection[Any]) -> Any:
        return await write_bundle(conn, place.keys, ledger, tmp_path / "b.zip", NOON)

    with pytest.raises(NothingSigned):
        place.ask(work)


def _in_shard(ledger_id: UUID) -> bool:
    from mintflow.domain.core.ids import shard_of

    return shard_of(ledger_id) == SHARD
