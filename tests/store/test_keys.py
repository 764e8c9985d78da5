"""Ledger keys in a folder: who may read them, who makes them, and what a wrong master key gives."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from mintflow.store.keys import KEY_BYTES, FolderKeyStore, KeysUnreadable, MemoryKeyStore

MAKE_KEYS = """
import sys
from pathlib import Path
from uuid import UUID
from mintflow.store.keys import FolderKeyStore
print("ready", flush=True)
sys.stdin.readline()
keys = FolderKeyStore(Path(sys.argv[1]))
print(*(keys.create(UUID(int=number)).hex() for number in range(50)))
"""


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_else_may_read_keys_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        keys = FolderKeyStore(tmp_path / "new" / "keys")
        keys.create(uuid4())
    finally:
        os.umask(before)
    below = [tmp_path / "new", *(tmp_path / "new").rglob("*")]
    assert {_mode(path) for path in below if path.is_dir()} == {0o700}
    assert {_mode(path) for path in below if path.is_file()} == {0o600}
    assert sum(path.is_file() for path in below) == 3


def test_a_key_is_the_same_for_everybody_who_opens_the_folder(tmp_path: Path) -> None:
    ledger = uuid4()
    key = FolderKeyStore(tmp_path).create(ledger)
    assert len(key) == KEY_BYTES
    assert FolderKeyStore(tmp_path).get(ledger) == key
    assert FolderKeyStore(tmp_path).create(ledger) == key
    assert FolderKeyStore(tmp_path).get(uuid4()) is None


def test_no_key_stands_in_the_folder_as_it_is(tmp_path: Path) -> None:
    keys = FolderKeyStore(tmp_path)
    made = [keys.create(uuid4()) for _ in range(20)]
    assert len(set(made)) == 20
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*.key"))
    assert not any(key in stored for key in made)


def test_processes_that_make_one_key_at_once_agree(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE_KEYS, str(tmp_path / "keys")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    found = [writer.communicate()[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4
    assert len(set(found)) == 1
    assert len(found[0].split()) == 50
    assert not list(tmp_path.rglob(".*"))  # no draft is left


def test_a_destroyed_key_is_gone_and_can_not_be_made_again_as_it_was(tmp_path: Path) -> None:
    keys, ledger = FolderKeyStore(tmp_path), uuid4()
    key = keys.create(ledger)
    keys.destroy(ledger)
    keys.destroy(ledger)
    assert keys.get(ledger) is None
    assert keys.create(ledger) != key


def test_a_folder_under_another_master_key_says_so(tmp_path: Path) -> None:
    ledger = uuid4()
    FolderKeyStore(tmp_path).create(ledger)
    (tmp_path / "master.key").unlink()
    with pytest.raises(KeysUnreadable) as caught:
        FolderKeyStore(tmp_path).get(ledger)
    assert (caught.value.code, caught.value.kind) == ("keys_unreadable", "unavailable")
    assert caught.value.details == {"ledger_id": str(ledger)}


@pytest.mark.parametrize("content", [b"", b"short", bytes(40)])
def test_a_damaged_key_says_so(tmp_path: Path, content: bytes) -> None:
    keys, ledger = FolderKeyStore(tmp_path), uuid4()
    keys.create(ledger)
    next(tmp_path.rglob(f"{ledger.hex}.key")).write_bytes(content)
    with pytest.raises(KeysUnreadable):
        keys.get(ledger)


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_master_key_says_so(tmp_path: Path, content: bytes) -> None:
    FolderKeyStore(tmp_path)
    (tmp_path / "master.key").write_bytes(content)
    with pytest.raises(KeysUnreadable):
        FolderKeyStore(tmp_path)


def test_a_key_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    keys, ledger = FolderKeyStore(tmp_path), uuid4()
    keys.create(ledger)
    path = next(tmp_path.rglob(f"{ledger.hex}.key"))
    path.unlink()
    path.mkdir()  # unreadable as a file even for root
    with pytest.raises(KeysUnreadable):
        keys.get(ledger)


def test_keys_in_memory_behave_like_keys_in_a_folder() -> None:
    keys, ledger = MemoryKeyStore(), uuid4()
    key = keys.create(ledger)
    assert keys.create(ledger) == keys.get(ledger) == key
    keys.destroy(ledger)
    keys.destroy(ledger)
    assert keys.get(ledger) is None
