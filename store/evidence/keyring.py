"""The keys that sign heads: made, kept and changed; how one vouches for the next.

A folder beside the ledger keys, never in the database: `0001.key` is the private key (mode 0600),
`0001.json` the public one with the note by which the key before it vouches for it. Public keys
stay for ever, so that what was signed once can always be checked; a private key is removed when
its successor has taken over.
"""

from __future__ import annotations

import base64
import datetime as dt
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mintflow.domain.core.errors import Unavailable
from mintflow.store.durable import make_private_folder, put_new
from mintflow.store.evidence.verifier import PublicKey

_DASH = "\u2014"


class SigningKeysUnreadable(Unavailable):
    """The folder of the signing keys is damaged, or its newest private key is gone."""

    code = "signing_keys_unreadable"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its public one."""

    public: PublicKey
    private: Ed25519PrivateKey

    def sign(self, lines: Sequence[str]) -> str:
        """A signed note: the lines, an empty one, and the signature's line."""
        text = "".join(f"{line}\n" for line in lines)
        blob = self.public.id + self.private.sign(text.encode())
        return f"{text}\n{_DASH} {self.public.name} {base64.b64encode(blob).decode()}\n"


class Keyring:
    """The keys of one installation. Several processes may use one folder."""

    def __init__(self, folder: Path, new_id: UUID) -> None:
        """Opens the folder; makes it and a first key where there is none.

        new_id: names the installation's log if it is new; it is part of all that is signed.
        """
        self._folder = folder
        make_private_folder(folder)
        if not self._numbers():
            self._make(1, f"mintflow/{new_id}", None)
        self._current: tuple[int, SigningKey] | None = None

    @classmethod
    def existing(cls, folder: Path) -> Keyring | None:
        """The keys of a folder that is there; an audit makes none."""
        return cls(folder, UUID(int=0)) if any(folder.glob("[0-9]*.json")) else None

    @property
    def name(self) -> str:
        """What every key and head of this installation is called by."""
        return self.public_keys()[0].name

    def public_keys(self) -> list[PublicKey]:
        """The oldest first. Raises SigningKeysUnreadable."""
        return [PublicKey.parse(one["key"]) for one in self.listed()]

    def listed(self) -> list[dict[str, Any]]:
        """As in a bundle: {"key", "endorsement"}, the oldest first; the first has none."""
        found = []
        for number in self._numbers():
            try:
                found.append(orjson.loads((self._folder / f"{number:04d}.json").read_bytes()))
            except (OSError, orjson.JSONDecodeError):
                raise SigningKeysUnreadable("a public key can not be read", number=number) from None
        return found

    def current(self) -> SigningKey:
        """The newest key. Raises SigningKeysUnreadable."""
        number = self._numbers()[-1]
        if self._current is None or self._current[0] != number:
            try:
                seed = (self._folder / f"{number:04d}.key").read_bytes()
                private = Ed25519PrivateKey.from_private_bytes(seed)
            except (OSError, ValueError):
                raise SigningKeysUnreadable(
                    "the signing key can not be read", number=number
                ) from None
            self._current = number, SigningKey(self.public_keys()[-1], private)
        return self._current[1]

    def rotate(self, now: dt.datetime) -> PublicKey:
        """Make a new key, let the present one vouch for it, and forget the present private key."""
        numbers = self._numbers()
        made = self._make(numbers[-1] + 1, self.name, (self.current(), now))
        for number in numbers:
            with suppress(FileNotFoundError):
                (self._folder / f"{number:04d}.key").unlink()
        return made

    def _make(self, number: int, name: str, by: tuple[SigningKey, dt.datetime] | None) -> PublicKey:
        seed = put_new(self._folder / f"{number:04d}.key", os.urandom(32), mode=0o600)
        raw = Ed25519PrivateKey.from_private_bytes(seed).public_key()
        key = PublicKey(name, raw.public_bytes(Encoding.Raw, PublicFormat.Raw))
        endorsement = None
        if by is not None:
            signer, now = by
            endorsement = signer.sign([f"{name}/key", str(key), f"time {now.isoformat()}"])
        entry = orjson.dumps({"key": str(key), "endorsement": endorsement})
        kept = put_new(self._folder / f"{number:04d}.json", entry, mode=0o644)
        return PublicKey.parse(orjson.loads(kept)["key"])

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in self._folder.glob("[0-9]*.json"))
