"""The keys of the ledgers: kept outside the event store and its backups, wrapped by a master key.

Destroying a ledger's key erases what was sealed under it and leaves every sum, hash and proof
intact. This file keeps them in a folder; a key-management service has the same four methods.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from mintflow.domain.core.errors import Unavailable

KEY_BYTES = 32


class KeysUnreadable(Unavailable):
    """The key folder does not fit the master key, or can not be read."""

    code = "keys_unreadable"


class KeyStore(Protocol):
    """Where ledger keys live. A key is 32 bytes; None means destroyed or never made."""

    def get(self, ledger_id: UUID) -> bytes | None: ...

    def create(self, ledger_id: UUID) -> bytes: ...

    def destroy(self, ledger_id: UUID) -> None: ...


class FolderKeyStore:
    """Keys as files below one folder of mode 0700; the master key is `master.key`, mode 0600."""

    def __init__(self, folder: Path) -> None:
        """Opens the folder; makes it and a new master key where there is none."""
        self._folder = folder
        _make_folder(folder)
        self._master = self._read(folder / "master.key") or self._publish(
            folder / "master.key", os.urandom(KEY_BYTES)
        )
        if len(self._master) != KEY_BYTES:
            raise KeysUnreadable("the master key is damaged", length=len(self._master))

    def get(self, ledger_id: UUID) -> bytes | None:
        wrapped = self._read(self._path(ledger_id))
        if wrapped is None:
            return None
        try:
            return aes_key_unwrap(self._master, wrapped)
        except InvalidUnwrap:
            raise KeysUnreadable(
                "a ledger key was wrapped by another master key", ledger_id=str(ledger_id)
            ) from None

    def create(self, ledger_id: UUID) -> bytes:
        """A new key, durable before this returns; the existing one if another process was first."""
        path = self._path(ledger_id)
        _make_folder(path.parent)
        self._publish(path, aes_key_wrap(self._master, os.urandom(KEY_BYTES)))
        key = self.get(ledger_id)
        assert key is not None
        return key

    def destroy(self, ledger_id: UUID) -> None:
        """Forget a key for ever; its ledger's sealed facts are noise from now on."""
        with suppress(FileNotFoundError):
            self._path(ledger_id).unlink()
            _sync_folder(self._path(ledger_id).parent)

    def _path(self, ledger_id: UUID) -> Path:
        name = ledger_id.hex
        return self._folder / "ledgers" / name[-2:] / f"{name}.key"

    @staticmethod
    def _read(path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as trouble:
            raise KeysUnreadable("a key can not be read", reason=trouble.strerror) from None

    @staticmethod
    def _publish(path: Path, content: bytes) -> bytes:
        """Write whole or not at all: a file of its own, then a link that fails if one is there."""
        draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            os.link(draft, path)
        except FileExistsError:
            content = path.read_bytes()
        finally:
            draft.unlink()
        _sync_folder(path.parent)
        return content


class MemoryKeyStore:
    """Keys that are gone with the process: for tests, and scratch replays that nobody keeps."""

    def __init__(self) -> None:
        self._keys: dict[UUID, bytes] = {}

    def get(self, ledger_id: UUID) -> bytes | None:
        return self._keys.get(ledger_id)

    def create(self, ledger_id: UUID) -> bytes:
        return self._keys.setdefault(ledger_id, os.urandom(KEY_BYTES))

    def destroy(self, ledger_id: UUID) -> None:
        self._keys.pop(ledger_id, None)


def _make_folder(folder: Path) -> None:
    """The folder and those above it, each of mode 0700, durable with its name."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
