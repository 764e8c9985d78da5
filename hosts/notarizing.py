"""The notary of a host: signs the heads of the log every so many events or seconds.

A task of its own on the event loop, with a connection of its own. It stands behind the log: when it
fails, nothing of the books does; it says so in the log and tries again. Where several processes
serve one database one of them signs, and another takes over when it ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection

from mintflow.commands.core.command import utc_now
from mintflow.domain.core.errors import MintFlowError
from mintflow.store.evidence.forwarding import Forwarder, Publisher
from mintflow.store.evidence.keyring import Keyring
from mintflow.store.evidence.notary import AnotherNotary, Notary
from mintflow.store.evidence.register import Register
from mintflow.streams.core.background import cut_off, rest

log = structlog.get_logger(__name__)

# How often it looks whether there is something to sign; and the least time between two heads.
_LOOK_S = 0.5
_BETWEEN_S = 0.1
_AGAIN_S = 5.0
# By it a process that does not sign tells the one that does that somebody waits for a head.
_CHANNEL = "mintflow_sign"


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
        self._telling: asyncio.Task[None] | None = None
        self._signing: dict[str, Any] = {"signing": "not yet"}
        self.forwarders: Sequence[Forwarder] = ()
        """Of the places that heads go to besides; none where another process signs."""

    @property
    def state(self) -> dict[str, Any]:
        """For /ready: whether this process signs, and how far each publisher is."""
        published = {one.name: one.state for one in self.forwarders}
        return {**self._signing, **({"published": published} if published else {})}

    def ask(self) -> None:
        """Somebody waits for a head; the process that signs hears it, whichever that is."""
        self._asked.set()
        if self._signing["signing"] == "by another process" and (
            self._telling is None or self._telling.done()
        ):
            self._telling = asyncio.create_task(self._tell(), name="notary_asks")

    async def _tell(self) -> None:
        """Once a moment at most, however many wait. Not in an append: NOTIFY takes a lock that
        all commits of the server share."""
        with suppress(psycopg.Error, OSError):
            async with await self._connect() as conn:
                await conn.execute("select pg_notify(%s, '')", [_CHANNEL])
        await asyncio.sleep(_LOOK_S)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="notary")

    async def stop(self) -> None:
        await cut_off(self._task, self._telling)

    async def _run(self) -> None:
        while True:
            try:
                conn = await self._connect()
                try:
                    await self._sign_on(conn)
                finally:
                    # Its context would ask the database first, and cut off while it waits for
                    # that leave it open, and the lock with it, until it is collected.
                    await conn.close()
            except AnotherNotary:
                self._signing = {"signing": "by another process"}
            # The outermost loop of this task: what went wrong is logged and shown by /ready.
            except Exception as trouble:  # noqa: BLE001
                reason = trouble.code if isinstance(trouble, MintFlowError) else None
                reason = reason or type(trouble).__name__
                self._signing = {"signing": "failed", "reason": reason}
                log.error("heads_not_signed", error=reason)
            await asyncio.sleep(_AGAIN_S)

    async def _sign_on(self, conn: AsyncConnection[Any]) -> None:
        evidence = self._evidence
        notary = await Notary.open(conn, evidence.keys, evidence.register, utc_now)
        conn.add_notify_handler(lambda _: self._asked.set())
        await conn.execute(f"listen {_CHANNEL}")
        async with AsyncExitStack() as stack:
            forwarders = [Forwarder(evidence.register, one) for one in evidence.publishers]
            for forwarder in forwarders:
                forwarder.start()
                stack.push_async_callback(forwarder.stop)
            self.forwarders = forwarders
            stack.callback(self._forward_no_more)
            await self._sign_always(notary)

    def _forward_no_more(self) -> None:
        self.forwarders = ()

    async def _sign_always(self, notary: Notary) -> None:
        waiting_since: float | None = None
        while True:
            unsigned = await notary.unsigned()
            self._signing = _state(notary)
            if unsigned:
                waiting_since = waiting_since or time.monotonic()
                events = sum(at - notary.signed.get(shard, 0) for shard, at in unsigned.items())
                late = time.monotonic() - waiting_since >= self._every_s
                if late or events >= self._every_events or self._asked.is_set():
                    self._asked.clear()
                    if await notary.sign():
                        for forwarder in self.forwarders:
                            forwarder.ring(notary.published)
                    self._tell_key()
                    waiting_since = None
                    await asyncio.sleep(_BETWEEN_S)
                    continue
            self._asked.clear()
            await rest(self._asked, _LOOK_S)

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
