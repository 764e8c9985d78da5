"""Ledger keys in a folder: who may read them, who makes them, and what a wrong master key gives."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from mintflow.store.keys import (
    KEY_BYTES,
    FolderKeyStore,
    KeysUnreadable,
    MemoryKeyStore,
    NoKeyToRotate,
)

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


def test_a_new_key_leaves_the_old_one_where_it_is(tmp_path: Path) -> None:
    keys, ledger = FolderKeyStore(tmp_path), uuid4()
    first = keys.create(ledger)
    assert keys.newest(ledger) == 1
    assert keys.rotate(ledger) == 2
    assert keys.rotate(ledger) == 3
    assert FolderKeyStore(tmp_path).newest(ledger) == 3
    assert keys.get(ledger) == keys.create(ledger) == first
    assert len({keys.get(ledger, number) for number in (1, 2, 3)}) == 3
    assert keys.get(ledger, 4) is None


@pytest.mark.parametrize("make", [FolderKeyStore, lambda _: MemoryKeyStore()])
def test_refuses_a_new_key_for_a_ledger_without_one(tmp_path: Path, make: Any) -> None:
    keys, ledger = make(tmp_path), uuid4()
    assert keys.newest(ledger) == 0
    with pytest.raises(NoKeyToRotate):
        keys.rotate(ledger)
    keys.create(ledger)
    keys.destroy(ledger)
    with pytest.raises(NoKeyToRotate):
        keys.rotate(ledger)


def test_all_keys_of_a_ledger_are_destroyed_and_no_other(tmp_path: Path) -> None:
    keys, ledger = FolderKeyStore(tmp_path), UUID(int=0x11)
    neighbour = UUID(int=0x1100000011)  # its key lies in the same folder
    kept = keys.create(neighbour)
    keys.create(ledger)
    keys.rotate(ledger)
    path = next(tmp_path.rglob(f"{ledger.hex}.key"))
    path.with_name(f".{path.name}.77.aa").write_bytes(path.read_bytes())  # a killed process's
    keys.destroy(ledger)
    assert not [one for one in tmp_path.rglob("*") if ledger.hex in one.name]
    assert (keys.newest(ledger), keys.get(ledger), keys.get(ledger, 2)) == (0, None, None)
    assert keys.get(neighbour) == kept


def test_a_new_master_key_opens_every_key_and_the_old_one_none(tmp_path: Path) -> None:
    keys, ledgers = FolderKeyStore(tmp_path), [uuid4() for _ in range(20)]
    made = {ledger: keys.create(ledger) for ledger in ledgers}
    keys.rotate(ledgers[0])
    running = FolderKeyStore(tmp_path)
    old_master = (tmp_path / "master.key").read_bytes()
    assert keys.rotate_master() == 21
    assert (tmp_path / "master.key").read_bytes() != old_master
    for store in (keys, running, FolderKeyStore(tmp_path)):
        assert {ledger: store.get(ledger) for ledger in ledgers} == made
        assert store.get(ledgers[0], 2) is not None
    new = uuid4()
    assert running.create(new) == FolderKeyStore(tmp_path).get(new)
    (tmp_path / "master.key").write_bytes(old_master)
    with pytest.raises(KeysUnreadable):
        FolderKeyStore(tmp_path).get(ledgers[3])


def test_a_rotation_of_the_master_key_that_was_killed_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, ledgers = FolderKeyStore(tmp_path), [uuid4() for _ in range(9)]
    made = {ledger: keys.create(ledger) for ledger in ledgers}
    running = FolderKeyStore(tmp_path)
    wrapped = 0

    def killed(path: Path, content: bytes, **_: int) -> None:
        nonlocal wrapped
        if wrapped == 4:
            raise KeyboardInterrupt
        wrapped += 1
        path.write_bytes(content)

    with monkeypatch.context() as patched:
        patched.setattr("mintflow.store.keys.put_over", killed)
        with pytest.raises(KeyboardInterrupt):
            keys.rotate_master()
    for store in (running, FolderKeyStore(tmp_path)):
        assert {ledger: store.get(ledger) for ledger in ledgers} == made
    between = running.create(uuid4())
    assert keys.rotate_master() == 10
    assert not (tmp_path / "master.next.key").exists()
    assert {ledger: FolderKeyStore(tmp_path).get(ledger) for ledger in ledgers} == made
    assert len(between) == KEY_BYTES
