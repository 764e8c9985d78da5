"""Gathers what goes to the trail and writes it in batches, whatever rate it comes at.

Noting costs a request a few microseconds and never waits. What is the same within a moment becomes
one entry with a count; beyond a rate, entries are dropped and counted, and the trail itself says
how many. Callers without a token have a small share of their own, so they can not drive out what
people with one do.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections import Counter, OrderedDict
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from mintflow.commands.core.command import utc_now
from mintflow.domain.core.errors import MintFlowError
from mintflow.store.keys import KeyStore
from mintflow.store.trail import TrailEntry, append_entries
from mintflow.streams.core.background import cut_off

log = structlog.get_logger(__name__)

_FLUSH_S = 1.0
# Entries per second and at once. One is about 500 bytes with its hash and its place in the index.
_KNOWN_PER_S, _KNOWN_BURST = 100.0, 2_000.0
_UNKNOWN_PER_S, _UNKNOWN_BURST = 5.0, 200.0
_TOGETHER_MAX = 500
# Callers whose coming in was noted; they are noted again when they are forgotten.
_CALLERS_MAX = 10_000
_COMES_IN_EVERY_S = 3_600.0

_Key = tuple[str, str | None, str | None, str | None, str | None, str | None]


class Trail:
    """One per process. Its notes are safe to call from the event loop only."""

    def __init__(self, pool: AsyncConnectionPool[Any], keys: KeyStore) -> None:
        self._pool = pool
        self._keys = keys
        self._pending: dict[_Key, tuple[dt.datetime, int]] = {}
        self._dropped: Counter[str] = Counter()
        self._known = _Bucket(_KNOWN_PER_S, _KNOWN_BURST)
        self._unknown = _Bucket(_UNKNOWN_PER_S, _UNKNOWN_BURST)
        self._callers: OrderedDict[tuple[str, str | None], float] = OrderedDict()
        self._task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    def note(
        self,
        what: str,
        *,
        actor: str | None = None,
        address: str | None = None,
        reason: str | None = None,
        route: str | None = None,
        ledger_id: str | None = None,
    ) -> None:
        """Something that belongs into the trail happened just now."""
        key = (what, actor, address, reason, route, ledger_id)
        held = self._pending.get(key)
        if held is not None:
            self._pending[key] = held[0], held[1] + 1
            return
        bucket = self._known if actor else self._unknown
        if not bucket.take():
            self._dropped[what] += 1
            return
        self._pending[key] = utc_now(), 1

    def came_in(self, actor: str, address: str | None) -> None:
        """A token was good; noted once an hour for each caller and address."""
        now, caller = time.monotonic(), (actor, address)
        last = self._callers.get(caller)
        if last is not None and now - last < _COMES_IN_EVERY_S:
            return
        self._callers[caller] = now
        if len(self._callers) > _CALLERS_MAX:
            self._callers.popitem(last=False)
        self.note("token.used", actor=actor, address=address)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="trail")

    async def stop(self) -> None:
        """Writes what is left."""
        await cut_off(self._task)
        with suppress(psycopg.Error, PoolTimeout, MintFlowError):
            await self.flush()

    async def flush(self) -> None:
        """Write what was gathered. Raises what the database or the key store raises; then it is
        kept for the next time."""
        async with self._writing:
            while self._pending or self._dropped:
                taken = dict(list(self._pending.items())[:_TOGETHER_MAX])
                dropped = dict(self._dropped)
                entries = [_entry(key, *held) for key, held in taken.items()]
                entries += [
                    TrailEntry("trail.dropped", utc_now(), reason=what, count=count)
                    for what, count in dropped.items()
                ]
                async with self._pool.connection(timeout=5) as conn:
                    await append_entries(conn, self._keys, entries)
                for key, (_, count) in taken.items():
                    at, now = self._pending[key]
                    if now > count:  # The same happened again while this was written.
                        self._pending[key] = at, now - count
                    else:
                        del self._pending[key]
                self._dropped.subtract(dropped)
                self._dropped = +self._dropped

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_S)
            try:
                await self.flush()
            except (psycopg.Error, PoolTimeout, MintFlowError) as trouble:
                log.error("trail_not_written", error=type(trouble).__name__)


class WatchedKeys:
    """A key store whose use goes to the trail: which ledger's key, never the key."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self.trail: Trail | None = None

    def get(self, ledger_id: UUID, number: int = 1) -> bytes | None:
        self._note("key.used", ledger_id)
        return self._keys.get(ledger_id, number)

    def newest(self, ledger_id: UUID) -> int:
        return self._keys.newest(ledger_id)

    def create(self, ledger_id: UUID) -> bytes:
        self._note("key.made", ledger_id)
        return self._keys.create(ledger_id)

    def rotate(self, ledger_id: UUID) -> int:
        self._note("key.rotated", ledger_id)
        return self._keys.rotate(ledger_id)

    def destroy(self, ledger_id: UUID) -> None:
        self._note("key.destroyed", ledger_id)
        self._keys.destroy(ledger_id)

    def _note(self, what: str, ledger_id: UUID) -> None:
        if self.trail is not None:
            self.trail.note(what, actor="process", ledger_id=str(ledger_id))


class _Bucket:
    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s, self._burst = per_s, burst
        self._level, self._at = burst, time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self._level = min(self._burst, self._level + (now - self._at) * self._per_s)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


def _entry(key: _Key, at: dt.datetime, count: int) -> TrailEntry:
    what, actor, address, reason, route, ledger_id = key
    return TrailEntry(what, at, actor, address, reason, route, ledger_id, count)
