"""The scratch read models that are kept: a few sessions, each on one moment of one ledger.

Who asks for a moment that is held gets that session, after those who asked before; who asks for
another one gets a free session, or the one that was used longest ago. So a moment is folded once
however many ask for it at once. What nobody has asked for in a while is dropped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from mintflow.domain.core.errors import Unavailable
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.replay.scratch import Scratch
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.mapper import Mapper
from mintflow.store.moments import Moment

# How often is looked for what is to be dropped, at least.
SWEEP_S = 5.0

Connect = Callable[[], Awaitable[AsyncConnection[Any]]]
Key = tuple[UUID, int]


class ReplaysBusy(Unavailable):
    """As many past moments are being asked for as this host holds at once; ask again."""

    code = "replays_busy"


class ReplayTooLarge(Unavailable):
    """The ledger had more events at that moment than this host replays; the operator can raise
    the limit."""

    code = "replay_too_large"


@dataclass(frozen=True, slots=True)
class ReplayLimits:
    """sessions_max: moments held at once, each a database session. events_max: events of a ledger
    up to the moment. rows_max: rows of all of them. idle_s: when one that nobody asks for goes.
    wait_s: how long a request waits for a session."""

    sessions_max: int = 4
    events_max: int = 2_000_000
    rows_max: int = 4_000_000
    idle_s: float = 300.0
    wait_s: float = 5.0


@dataclass(slots=True, eq=False)
class _Held:
    """A session. users: how many tasks have it or wait for it; key: None while it holds nothing
    that may be given again. erased: whether the keys were gone before its rows were folded."""

    key: Key | None
    scratch: Scratch | None = None
    erased: bool = False
    users: int = 0
    used_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Replays:
    """For the tasks of one event loop. The versions of the projections are those of this process,
    so a session never holds rows of another version."""

    def __init__(
        self,
        connect: Connect,
        mapper: Mapper,
        projections: Sequence[Projection] = PROJECTIONS,
        limits: ReplayLimits = ReplayLimits(),
        erased: Callable[[UUID], bool] = lambda _: False,
    ) -> None:
        """connect: opens an autocommit connection of the product's role. erased: whether the keys
        of a ledger are destroyed; rows from before that are given to nobody, and are dropped
        within seconds."""
        self._erased = erased
        self._connect = connect
        self._mapper = mapper
        self._projections = projections
        self.limits = limits
        self._held: list[_Held] = []
        self._freed = asyncio.Condition()
        self._sweeper: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def at(self, ledger_id: UUID, moment: Moment) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection whose tables hold what was known of a ledger at a moment.

        Raises ReplaysBusy, ReplayTooLarge.
        """
        async with self._session((ledger_id, moment.ledger_seq)) as held:
            scratch = await self._turned(held, ledger_id, moment)
            yield scratch.conn

    @asynccontextmanager
    async def imagining(self, ledger_id: UUID, moment: Moment) -> AsyncIterator[Scratch]:
        """Scratch read models of a moment to fold on; given to nobody else, then or later.

        Raises ReplaysBusy, ReplayTooLarge.
        """
        async with self._session(None, moment.ledger_seq) as held:
            scratch = await self._turned(held, ledger_id, moment)
            try:
                yield scratch
            finally:
                await self._drop(held)

    async def close(self) -> None:
        """End all sessions, and with them their tables.

        One that is in use ends with its user: closed under a query that waits for its answer, a
        connection is freed while libpq still writes into it.
        """
        if self._sweeper is not None:
            self._sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeper
        for held in list(self._held):
            if held.users:
                self._held.remove(held)
            else:
                await self._drop(held)

    @property
    def rows(self) -> int:
        """Rows that all sessions hold."""
        return sum(held.scratch.rows for held in self._held if held.scratch is not None)

    @property
    def sessions(self) -> int:
        return len(self._held)

    @asynccontextmanager
    async def _session(self, key: Key | None, events: int = 0) -> AsyncIterator[_Held]:
        """A session that is this task's alone for the moment."""
        events = key[1] if key is not None else events
        if events > self.limits.events_max:
            raise ReplayTooLarge(
                "the ledger had more events then than this host replays",
                events=events,
                events_max=self.limits.events_max,
            )
        held = await self._take(key)
        try:
            async with held.lock:
                try:
                    yield held
                finally:
                    if not _is_idle(held):
                        await self._drop(held)
        finally:
            held.users -= 1
            held.used_at = time.monotonic()
            if held not in self._held and not held.users:
                await self._drop(held)
            async with self._freed:
                self._freed.notify_all()
            await self._keep_within_rows()

    async def _take(self, key: Key | None) -> _Held:
        deadline = time.monotonic() + self.limits.wait_s
        while True:
            held = self._free_one(key)
            if held is not None:
                held.users += 1
                return held
            left = deadline - time.monotonic()
            if left <= 0:
                raise ReplaysBusy(
                    "too many past moments are being asked for at once; ask again",
                    sessions_max=self.limits.sessions_max,
                )
            async with self._freed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._freed.wait()

    def _free_one(self, key: Key | None) -> _Held | None:
        """The session of this key, a new one, or the one that was used longest ago; or None."""
        for held in self._held:
            if key is not None and held.key == key:
                return held
        free = [held for held in self._held if not held.users]
        if len(self._held) < self.limits.sessions_max and all(one.key for one in free):
            held = _Held(key)
            self._held.append(held)
            if self._sweeper is None or self._sweeper.done():
                self._sweeper = asyncio.create_task(self._sweep(), name="replays")
            return held
        if not free:
            return None
        held = min(free, key=lambda one: (one.key is not None, one.used_at))
        held.key = key
        return held

    async def _turned(self, held: _Held, ledger_id: UUID, moment: Moment) -> Scratch:
        """The session, holding a moment, and nothing of it that could not be opened any more."""
        scratch = await self._open(held)
        erased = self._erased(ledger_id)
        if erased and not held.erased:
            await scratch.clear()
        held.erased = erased
        await scratch.turn_to(ledger_id, moment.ledger_seq, moment.position)
        return scratch

    async def _open(self, held: _Held) -> Scratch:
        if held.scratch is None or held.scratch.conn.closed:
            conn = await self._connect()
            held.scratch = await Scratch.open(conn, self._mapper, self._projections)
        return held.scratch

    async def _drop(self, held: _Held) -> None:
        held.key = None
        if held in self._held:
            self._held.remove(held)
        if held.scratch is not None:
            await held.scratch.conn.close()

    async def _keep_within_rows(self) -> None:
        while self.rows > self.limits.rows_max:
            free = [held for held in self._held if not held.users]
            if not free:
                return
            await self._drop(min(free, key=lambda held: held.used_at))

    async def _sweep(self) -> None:
        """Drop what nobody has asked for in a while; ends when nothing is held."""
        while self._held:
            await asyncio.sleep(min(self.limits.idle_s / 4, SWEEP_S))
            old = time.monotonic() - self.limits.idle_s
            for held in [
                one
                for one in self._held
                if not one.users and (one.used_at < old or self._is_forbidden(one))
            ]:
                await self._drop(held)

    def _is_forbidden(self, held: _Held) -> bool:
        """Whether its rows are from before the keys of their ledger were destroyed."""
        return held.key is not None and not held.erased and self._erased(held.key[0])


def _is_idle(held: _Held) -> bool:
    """Whether the session can be given to another: it is connected and in no transaction."""
    scratch = held.scratch
    return scratch is not None and scratch.conn.info.transaction_status == TransactionStatus.IDLE
