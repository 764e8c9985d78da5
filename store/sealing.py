"""Sealing: personal facts of an event, encrypted under the key of their ledger.

A sealed blob is: format (1 byte, 0x01), key number (4 bytes), nonce (12 bytes), AES-256-GCM
ciphertext with its tag. What is authenticated beside it is the stream id and version, so a blob
moved to another event does not open. New facts are sealed under the newest key of the ledger and
old ones opened by the key that they name.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mintflow.domain.core.errors import Conflict
from mintflow.domain.core.money import money_text
from mintflow.store.keys import KeyStore

_FORMAT = b"\x01"
_NUMBER = struct.Struct("!I")
_HEAD = len(_FORMAT) + _NUMBER.size
_NONCE = 12
_BODY = _HEAD + _NONCE
# A ledger's cipher is 32 bytes and an object; 100,000 are about 30 MB.
_CACHE_MAX = 100_000
# How long a process may go on with a key that another one has destroyed or replaced. A look is a
# few calls of the file system.
FRESH_S = 5
_FRESH_NS = FRESH_S * 1_000_000_000


class LedgerIsErased(Conflict):
    """The ledger's key was destroyed: nothing personal can be read or written any more."""

    code = "ledger_is_erased"


class _Ring:
    """The ciphers of one ledger, by the head of what they seal: format and number of the key.
    newest: the number of the key for what is sealed now."""

    __slots__ = ("ciphers", "fresh_until", "newest")

    def __init__(self, newest: int, fresh_until: int) -> None:
        self.ciphers: dict[bytes, AESGCM] = {}
        self.newest, self.fresh_until = newest, fresh_until


class Sealer:
    """Seals and opens under the keys of one key store; keeps ciphers of ledgers it has met.

    A key that another process destroyed is used no more after FRESH_S seconds.
    """

    def __init__(self, keys: KeyStore, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._keys = keys
        self._clock = clock
        # By the number of the ledger's id: a UUID is hashed and compared in Python, for each event.
        self._rings: dict[int, _Ring] = {}
        self.gone: set[UUID] = set()
        """Ledgers whose key was found destroyed since somebody last emptied this: what was opened
        under it is to be forgotten. Any thread may find it."""

    def prepare(self, ledger_id: UUID) -> None:
        """Make the key of a new ledger, durable before its first event is."""
        self._keys.create(ledger_id)
        self._rings.pop(ledger_id.int, None)

    def holds(self, ledger_id: UUID) -> bool:
        """Whether the ledger has a key, as of at most FRESH_S seconds ago."""
        return self._ring(ledger_id) is not None

    def seal(self, ledger_id: UUID, bound_to: bytes, facts: dict[str, Any]) -> bytes:
        """facts: JSON values, and amounts, which become decimal text. bound_to: what only this
        event has. Raises LedgerIsErased."""
        ring = self._ring(ledger_id)
        head = _FORMAT + _NUMBER.pack(ring.newest) if ring is not None else b""
        cipher = self._cipher(ledger_id, ring, head)
        if cipher is None:
            raise LedgerIsErased("the key of the ledger was destroyed", ledger_id=str(ledger_id))
        nonce = os.urandom(_NONCE)
        plain = orjson.dumps(facts, default=money_text)
        return head + nonce + cipher.encrypt(nonce, plain, bound_to)

    def unseal(self, ledger_id: UUID, bound_to: bytes, sealed: bytes) -> dict[str, Any] | None:
        """The facts; {} where none were sealed; None where the key is gone or does not fit."""
        if not sealed:
            return {}
        cipher = self._cipher(ledger_id, self._ring(ledger_id), sealed[:_HEAD])
        if cipher is None:
            return None
        try:
            text = cipher.decrypt(sealed[_HEAD:_BODY], sealed[_BODY:], bound_to)
        except (InvalidTag, ValueError):  # the latter where it is too short for a nonce
            return None
        facts: dict[str, Any] = orjson.loads(text)
        return facts

    def forget(self, ledger_id: UUID) -> None:
        """Drop the cached ciphers after their keys were destroyed."""
        self._rings.pop(ledger_id.int, None)

    def _ring(self, ledger_id: UUID) -> _Ring | None:
        ring = self._rings.get(ledger_id.int)
        if ring is not None and self._clock() < ring.fresh_until:
            return ring
        now = self._clock()
        newest = self._keys.newest(ledger_id)
        if not newest:
            if self._rings.pop(ledger_id.int, None) is not None:
                self.gone.add(ledger_id)
            return None
        if ring is None:
            if len(self._rings) >= _CACHE_MAX:
                self._rings.clear()
            ring = self._rings[ledger_id.int] = _Ring(newest, now + _FRESH_NS)
        else:
            ring.newest, ring.fresh_until = newest, now + _FRESH_NS
        return ring

    def _cipher(self, ledger_id: UUID, ring: _Ring | None, head: bytes) -> AESGCM | None:
        if ring is None:
            return None
        cipher = ring.ciphers.get(head)
        if cipher is not None or len(head) < _HEAD or not head.startswith(_FORMAT):
            return cipher
        (number,) = _NUMBER.unpack_from(head, len(_FORMAT))
        # A number is looked up in vain only where a blob was tampered with or its key is lost.
        key = self._keys.get(ledger_id, number) if 1 <= number <= ring.newest else None
        if key is None:
            return None
        cipher = ring.ciphers[head] = AESGCM(key)
        return cipher
