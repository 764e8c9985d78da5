"""Sealing: personal facts of an event, encrypted under the key of their ledger.

A sealed blob is: format (1 byte, 0x01), key number (4 bytes, for rotation), nonce (12 bytes),
AES-256-GCM ciphertext with its tag. What is authenticated beside it is the stream id and version,
so a blob moved to another event does not open.
"""

from __future__ import annotations

import os
import struct
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mintflow.domain.core.errors import Conflict
from mintflow.domain.core.money import money_text
from mintflow.store.keys import KeyStore

_FORMAT = b"\x01"
_KEY_NUMBER = struct.pack("!I", 1)
_HEAD = len(_FORMAT) + len(_KEY_NUMBER)
_NONCE = 12
# A ledger's cipher is 32 bytes and an object; 100,000 are about 30 MB.
_CACHE_MAX = 100_000


class LedgerIsErased(Conflict):
    """The ledger's key was destroyed: nothing personal can be read or written any more."""

    code = "ledger_is_erased"


class Sealer:
    """Seals and opens under the keys of one key store; keeps ciphers of ledgers it has met."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._ciphers: dict[UUID, AESGCM] = {}

    def prepare(self, ledger_id: UUID) -> None:
        """Make the key of a new ledger, durable before its first event is."""
        self._ciphers[ledger_id] = AESGCM(self._keys.create(ledger_id))

    def seal(self, ledger_id: UUID, bound_to: bytes, facts: dict[str, Any]) -> bytes:
        """facts: JSON values, and amounts, which become decimal text. bound_to: what only this
        event has. Raises LedgerIsErased."""
        cipher = self._cipher(ledger_id)
        if cipher is None:
            raise LedgerIsErased("the key of the ledger was destroyed", ledger_id=str(ledger_id))
        nonce = os.urandom(_NONCE)
        plain = orjson.dumps(facts, default=money_text)
        return _FORMAT + _KEY_NUMBER + nonce + cipher.encrypt(nonce, plain, bound_to)

    def unseal(self, ledger_id: UUID, bound_to: bytes, sealed: bytes) -> dict[str, Any] | None:
        """The facts; {} where none were sealed; None where the key is gone or does not fit."""
        if not sealed:
            return {}
        cipher = self._cipher(ledger_id)
        if cipher is None or sealed[:_HEAD] != _FORMAT + _KEY_NUMBER:
            return None
        try:
            text = cipher.decrypt(
                sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :], bound_to
            )
        except (InvalidTag, ValueError):  # the latter where it is too short for a nonce
            return None
        facts: dict[str, Any] = orjson.loads(text)
        return facts

    def forget(self, ledger_id: UUID) -> None:
        """Drop the cached cipher after its key was destroyed."""
        self._ciphers.pop(ledger_id, None)

    def _cipher(self, ledger_id: UUID) -> AESGCM | None:
        cipher = self._ciphers.get(ledger_id)
        if cipher is None:
            key = self._keys.get(ledger_id)
            if key is None:
                return None
            if len(self._ciphers) >= _CACHE_MAX:
                self._ciphers.clear()
            cipher = self._ciphers[ledger_id] = AESGCM(key)
        return cipher
