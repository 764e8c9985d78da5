"""The notary of a host: signs the heads of the log every so many events or seconds.

A task of its own on the event loop, with a connection of its own. It stands behind the log: when it
fails, nothing of the books does; it says so in the log and tries again. Where several processes
serve one database one of them signs, and another takes over when it ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from psycopg import AsyncConnection

from mintflow.commands.core.command import utc_now
from mintflow.store.evidence.keyring import Keyring
from mintflow.store.evidence.notary import AnotherNotary, Notary
from mintflow.store.evidence.register import Publisher, Register

log = structlog.get_logger(__name__)

# How often it looks whether there is something to sign; and the least time between two heads.
_LOOK_S = 0.5
_BETWEEN_S = 0.1
_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What evidence takes: keys, the register, and where heads go besides."""

    keys: Keyring
    register: Register
    publishers: Sequence[Publisher] = field(default=())


class Notarizing:
    """Start it, stop it; `ask` makes it sign now."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[AsyncConnection[Any]]],
        evidence: Evidence,
        *,
        every_events: int,
        every_s: float,
        signs_with: Callable[[str], None] = lambda _: None,
    ) -> None:
        """signs_with: hears the id of each key when it is used first."""
        self._signs_with = signs_with
        self._key: str | None = None
        self._connect = connect
        self._evidence = evidence
        self._every_events = every_events
        self._every_s = every_s
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.state: dict[str, Any] = {"signing": "not yet"}

    def ask(self) -> None:
        """Somebody waits for a head."""
        self._asked.set()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="notary")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                async with await self._connect() as conn:
                    await self._sign_on(conn)
            except AnotherNotary:
                self.state = {"signing": "by another process"}
            # The outermost loop of this task: what went wrong is logged and shown by /ready.
            except Exception as trouble:  # noqa: BLE001
                self.state = {"signing": "failed", "reason": type(trouble).__name__}
                log.error("heads_not_signed", error=type(trouble).__name__)
            await asyncio.sleep(_AGAIN_S)

    async def _sign_on(self, conn: AsyncConnection[Any]) -> None:
        evidence = self._evidence
        notary = await Notary.open(
            conn, evidence.keys, evidence.register, evidence.publishers, utc_now
        )
        waiting_since: float | None = None
        while True:
            unsigned = await notary.unsigned()
            self.state = _state(notary)
            if unsigned:
                waiting_since = waiting_since or time.monotonic()
                events = sum(at - notary.signed.get(shard, 0) for shard, at in unsigned.items())
                late = time.monotonic() - waiting_since >= self._every_s
                if late or events >= self._every_events or self._asked.is_set():
                    self._asked.clear()
                    await notary.sign()
                    self._tell_key()
                    waiting_since = None
                    await asyncio.sleep(_BETWEEN_S)
                    continue
            self._asked.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), _LOOK_S)

    def _tell_key(self) -> None:
        key = self._evidence.keys.current().public.id.hex()
        if key != self._key:
            self._key = key
            self._signs_with(key)


def _state(notary: Notary) -> dict[str, Any]:
    if not notary.refused:
        return {"signing": "ok"}
    refused = {str(shard): refusal.message for shard, refusal in notary.refused.items()}
    return {"signing": "refused", "shards": refused}
