"""Carries published objects from the register to other places, each at its own pace.

The register is the queue: an object is durable in it before anybody else hears of it, so a place
that fails, or is away for days, loses nothing, never makes the notary sign again and never holds up
another place. What each place has is asked of the place itself and kept nowhere else.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Protocol

import structlog

from mintflow.domain.core.errors import MintFlowError
from mintflow.store.evidence.register import Publication, Register

log = structlog.get_logger(__name__)

RETRY_S_MIN, RETRY_S_MAX = 0.5, 30.0


class Publisher(Protocol):
    """Where else each object goes: a topic, an object store."""

    @property
    def name(self) -> str:
        """What it is called where its lag is shown."""

    async def reached(self, register: Register) -> int:
        """The number of the last object that is there, 0 for none; begins anew after a fault.

        Raises Conflict where what is there is not of this register.
        """

    async def publish(self, publication: Publication) -> None:
        """Durable there when it returns. Raises anything; then `reached` is asked again."""

    async def close(self) -> None:
        """Let go of connections."""


class Forwarder:
    """One publisher's way. At most one process has it: the one that signs."""

    def __init__(self, register: Register, publisher: Publisher) -> None:
        self._register = register
        self._publisher = publisher
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        # Numbers of the last object: of the register, and of what the place is known to have.
        self._head = self._at = 0
        self.name = publisher.name
        self.fault: str | None = None
        """What the last attempt failed with; None while all is well."""

    @property
    def behind(self) -> int:
        """Objects that the place is not known to have."""
        return self._head - self._at

    @property
    def state(self) -> dict[str, Any]:
        return {"state": self.fault or "ok", "behind": self.behind}

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"forwarder_{self.name}")

    def ring(self, number: int) -> None:
        """There are objects up to this one."""
        self._head = max(self._head, number)
        self._rung.set()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._publisher.close()

    async def _run(self) -> None:
        retry_s = RETRY_S_MIN
        while True:
            try:
                last = await asyncio.to_thread(self._register.last)
                self.ring(last.number if last is not None else 0)
                self._at = await self._publisher.reached(self._register)
                while True:
                    await self._catch_up()
                    self.fault, retry_s = None, RETRY_S_MIN
                    await self._rung.wait()
            # The outermost loop of this task: a publisher may raise anything.
            except Exception as trouble:  # noqa: BLE001
                code = trouble.code if isinstance(trouble, MintFlowError) else None
                self.fault = code or type(trouble).__name__
                log.error("heads_not_published", to=self.name, error=self.fault)
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, RETRY_S_MAX)

    async def _catch_up(self) -> None:
        self._rung.clear()
        while self._at < self._head:
            publication = await asyncio.to_thread(self._register.get, self._at + 1)
            await self._publisher.publish(publication)
            self._at += 1
            self.fault = None
