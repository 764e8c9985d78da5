"""The keys of the ledgers: kept outside the event store and its backups, wrapped by a master key.

A ledger's keys are numbered from 1; what is sealed names the number of its key, so a new key is for
new events alone and no hashed byte is written again. Destroying them all erases what was sealed and
leaves every sum, hash and proof intact. This file keeps them in a folder; a key-management service
has the same five methods.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from mintflow.domain.core.errors import NotFound, Unavailable
from mintflow.store.durable import make_private_folder, put_new, put_over, sync_folder

KEY_BYTES = 32
_MODE = 0o600
_MASTER = "master.key"


class KeysUnreadable(Unavailable):
    """The key folder does not fit the master key, or can not be read."""

    code = "keys_unreadable"


class NoKeyToRotate(NotFound):
    """The ledger has no key: there is no such ledger here, or it was erased."""

    code = "no_key_to_rotate"


class KeyStore(Protocol):
    """Where ledger keys live. A key is 32 bytes; None means destroyed or never made."""

    def get(self, ledger_id: UUID, number: int = 1) -> bytes | None: ...

    def newest(self, ledger_id: UUID) -> int:
        """The number of the newest key; 0 where there is none."""

    def create(self, ledger_id: UUID) -> bytes:
        """The first key; the existing one if there is one."""

    def rotate(self, ledger_id: UUID) -> int:
        """Make another key for what is sealed from now on; its number. Raises NoKeyToRotate."""

    def destroy(self, ledger_id: UUID) -> None:
        """Forget all keys of a ledger for ever."""


def has_master_key(folder: Path) -> bool:
    """Whether a folder has one; to open it as a key store would make one."""
    return (folder / _MASTER).is_file()


class FolderKeyStore:
    """Keys as files below one folder of mode 0700; the master key is `master.key`, mode 0600.

    `master.next.key` is there while the master key is being replaced: each key is then wrapped by
    one of the two. Whoever writes a wrapped key holds `master.lock`.
    """

    def __init__(self, folder: Path) -> None:
        """Opens the folder; makes it and a new master key where there is none."""
        self._folder = folder
        make_private_folder(folder)
        self._current, self._next = folder / _MASTER, folder / "master.next.key"
        master = self._read(self._current)
        self._masters = self._known(
            master
            if master is not None
            else put_new(self._current, os.urandom(KEY_BYTES), mode=_MODE)
        )

    def get(self, ledger_id: UUID, number: int = 1) -> bytes | None:
        wrapped = self._read(self._path(ledger_id, number))
        if wrapped is None:
            return None
        key = _unwrap(self._masters, wrapped)
        if key is None:
            # Another process may have replaced the master key, and this one since then.
            self._masters = self._known(self._read(self._current))
            wrapped = self._read(self._path(ledger_id, number))
            if wrapped is None:
                return None
            key = _unwrap(self._masters, wrapped)
        if key is None:
            raise KeysUnreadable(
                "a ledger key was wrapped by another master key", ledger_id=str(ledger_id)
            )
        return key

    def newest(self, ledger_id: UUID) -> int:
        number = 0
        while self._path(ledger_id, number + 1).exists():
            number += 1
        return number

    def create(self, ledger_id: UUID) -> bytes:
        """A new key, durable before this returns; the existing one if another process was first."""
        self._make(ledger_id, 1)
        key = self.get(ledger_id)
        assert key is not None
        return key

    def rotate(self, ledger_id: UUID) -> int:
        newest = self.newest(ledger_id)
        if not newest:
            raise NoKeyToRotate("the ledger has no key", ledger_id=str(ledger_id))
        self._make(ledger_id, newest + 1)
        return newest + 1

    def destroy(self, ledger_id: UUID) -> None:
        """Forget the keys for ever; the ledger's sealed facts are noise from now on.

        The first key goes last: while it is there, a destruction that was cut off is seen to be
        unfinished. Drafts that a killed process left go too.
        """
        first = self._path(ledger_id, 1)
        with self._locked(fcntl.LOCK_EX):
            found = [
                *first.parent.glob(f".{ledger_id.hex}*"),
                *first.parent.glob(f"{first.stem}.*"),
            ]
            for path in sorted(found, key=lambda one: one == first):
                path.unlink(missing_ok=True)
            if found:
                sync_folder(first.parent)

    def rotate_master(self) -> int:
        """Wrap every key by a new master key and forget the old one; how many keys those are.

        Goes on where a killed one stood. Other processes notice when they next meet a key that
        their master key does not open.
        """
        with self._locked(fcntl.LOCK_EX):
            after = self._read(self._next) or put_new(self._next, os.urandom(KEY_BYTES), mode=_MODE)
            before = self._read(self._current)
            assert before is not None
            count = 0
            for path in sorted((self._folder / "ledgers").glob("*/*.key")):
                if not _KEY_FILE.fullmatch(path.name):
                    continue
                key = _unwrap((after, before), path.read_bytes())
                if key is None:
                    raise KeysUnreadable(
                        "a ledger key was wrapped by another master key", key=path.name
                    )
                put_over(path, aes_key_wrap(after, key), mode=_MODE)
                count += 1
            self._next.replace(self._current)
            sync_folder(self._folder)
            self._masters = self._known(after)
        return count

    def _make(self, ledger_id: UUID, number: int) -> None:
        path = self._path(ledger_id, number)
        make_private_folder(path.parent)
        with self._locked(fcntl.LOCK_SH):
            self._masters = self._known(self._read(self._current))
            put_new(path, aes_key_wrap(self._masters[0], os.urandom(KEY_BYTES)), mode=_MODE)

    def _known(self, current: bytes | None) -> tuple[bytes, ...]:
        """The master key, and the one that is to follow it where there is one."""
        known = tuple(one for one in (current, self._read(self._next)) if one is not None)
        for one in known:
            if len(one) != KEY_BYTES:
                raise KeysUnreadable("the master key is damaged", length=len(one))
        if not known:
            raise KeysUnreadable("the master key is gone")
        return known

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        handle = os.open(self._folder / "master.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)

    def _path(self, ledger_id: UUID, number: int) -> Path:
        name = ledger_id.hex
        suffix = "" if number == 1 else f".{number}"
        return self._folder / "ledgers" / name[-2:] / f"{name}{suffix}.key"

    @staticmethod
    def _read(path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as trouble:
            raise KeysUnreadable("a key can not be read", reason=trouble.strerror) from None


class MemoryKeyStore:
    """Keys that are gone with the process: for tests, and scratch replays that nobody keeps."""

    def __init__(self) -> None:
        self._keys: dict[UUID, bytes] = {}
        self._later: dict[UUID, list[bytes]] = {}

    def get(self, ledger_id: UUID, number: int = 1) -> bytes | None:
        if number == 1:
            return self._keys.get(ledger_id)
        later = self._later.get(ledger_id, [])
        return later[number - 2] if 2 <= number < len(later) + 2 else None

    def newest(self, ledger_id: UUID) -> int:
        return len(self._later.get(ledger_id, ())) + 1 if ledger_id in self._keys else 0

    def create(self, ledger_id: UUID) -> bytes:
        return self._keys.setdefault(ledger_id, os.urandom(KEY_BYTES))

    def rotate(self, ledger_id: UUID) -> int:
        if ledger_id not in self._keys:
            raise NoKeyToRotate("the ledger has no key", ledger_id=str(ledger_id))
        self._later.setdefault(ledger_id, []).append(os.urandom(KEY_BYTES))
        return self.newest(ledger_id)

    def destroy(self, ledger_id: UUID) -> None:
        self._keys.pop(ledger_id, None)
        self._later.pop(ledger_id, None)


_KEY_FILE = re.compile(r"[0-9a-f]{32}(\.[0-9]+)?\.key")


def _unwrap(masters: tuple[bytes, ...], wrapped: bytes) -> bytes | None:
    for master in masters:
        with suppress(InvalidUnwrap):
            return aes_key_unwrap(master, wrapped)
    return None
