"""Whether the sealed facts of an event open under the key of its ledger.

A ledger whose key was destroyed is erased: that its facts do not open is as it should be, and is
counted. What does not open although its key is there was changed, or moved from another event.
"""

from __future__ import annotations

from uuid import UUID

from mintflow.store.keys import KeyStore, KeysUnreadable
from mintflow.store.sealing import Sealer
from mintflow.store.verify.report import ShardReport


class SealedCheck:
    """One per process; knows which ledgers have a key."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._sealer = Sealer(keys)
        # Ledger -> its id as an object, or None where it has no key, or where it can not be had.
        self._ledgers: dict[bytes, UUID | None] = {}

    def check(
        self,
        report: ShardReport,
        position: int,
        ledger_id: bytes,
        stream_id: bytes,
        stream_version: int,
        sealed: bytes,
    ) -> None:
        """Add SEALED_UNREADABLE where the blob does not open."""
        if ledger_id not in self._ledgers:
            self._ledgers[ledger_id] = self._with_key(report, position, UUID(bytes=ledger_id))
        ledger = self._ledgers[ledger_id]
        if ledger is None:
            return
        try:
            bound_to = stream_id + stream_version.to_bytes(4, "big")
            opened = self._sealer.unseal(ledger, bound_to, sealed)
        except (KeysUnreadable, ValueError, OverflowError):
            opened = None
        if opened is None:
            report.add("SEALED_UNREADABLE", position, "the key is there and does not open this")

    def _with_key(self, report: ShardReport, position: int, ledger: UUID) -> UUID | None:
        try:
            key = self._keys.get(ledger)
        except KeysUnreadable as trouble:
            report.could_not_look(position, f"the key of ledger {ledger}: {trouble.message}")
            return None
        if key is None:
            report.erased += 1
            return None
        return ledger
