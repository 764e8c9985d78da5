"""Carrying out erasures: when one is due the keys go, and then whatever was opened with them.

Each step can be done again, so one that was cut off goes on at the next round: the log says that
the ledger is erased, the keys are destroyed, every process forgets them within FRESH_S seconds, and
then the tables are emptied. A key that came back, for instance with a restored folder, is destroyed
again and the tables are emptied again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

import psycopg
import structlog

from mintflow.commands.core.command import Context, utc_now
from mintflow.commands.core.ids import new_id
from mintflow.commands.core.ports import Principal
from mintflow.commands.erasure import CompleteErasure
from mintflow.domain.core.errors import Conflict, Unavailable
from mintflow.domain.core.ids import shard_of
from mintflow.hosts.bootstrap import Running
from mintflow.projections import erasure as queries
from mintflow.projections.core.rebuild import RebuildRefused
from mintflow.projections.core.sweeping import sweep
from mintflow.store.keys import KeyStore
from mintflow.store.sealing import FRESH_S

log = structlog.get_logger(__name__)

ACTOR = "process:erasure"
# Beyond FRESH_S, for what a process had just opened to reach the database or a reader.
_MARGIN_S = 1.0
# For so long answers are looked for again in a ledger that was swept, by whoever: one of a command
# that was under way could come late.
_LATE_S = 3_600.0
_ROUND_S = 0.2


class Erasing:
    """One per host that schedules. `run` is safe to call at any time and in several processes."""

    def __init__(
        self,
        url: str,
        product: Running,
        keys: KeyStore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """url: a role that owns the schemas. keys: the store itself."""
        self._url = url
        self._product = product
        self._keys = keys
        self._clock = clock
        # Ledger -> when its keys are forgotten everywhere.
        self._forgotten: dict[UUID, float] = {}

    async def run(self) -> list[UUID]:
        """Do what is due; returns the ledgers of which nothing personal is left now."""
        pool = self._product.pool
        async with pool.connection() as conn:
            due = await queries.due(conn, utc_now())
        for ledger_id, owner in due:
            with suppress(Conflict):  # It was called off, or another host was first.
                await self._complete(ledger_id, owner)
        async with pool.connection() as conn:
            erased = await queries.erased(conn)
        done = []
        late = []
        for ledger_id, swept_at in erased:
            if swept_at is not None:
                if self._keys.newest(ledger_id):
                    # It came back. That there is something to empty again outlives this process.
                    await asyncio.to_thread(self._unsweep, ledger_id)
                elif (utc_now() - swept_at).total_seconds() < _LATE_S:
                    late.append(ledger_id)
            unswept = swept_at is None and ledger_id not in self._forgotten
            if self._destroyed(ledger_id) or unswept:
                self._forgotten[ledger_id] = self._clock() + FRESH_S + _MARGIN_S
            if self._clock() >= self._forgotten.get(ledger_id, float("inf")):
                try:
                    await asyncio.to_thread(sweep, self._url, self._product.mapper, ledger_id)
                except RebuildRefused:
                    continue  # A rebuild, or another erasure, is under way: the next round.
                del self._forgotten[ledger_id]
                log.info("ledger_erased", ledger_id=str(ledger_id))
                done.append(ledger_id)
        if late:
            await asyncio.to_thread(self._remove_late_answers, late)
        return done

    async def erase_now(self, ledger_id: UUID, owner: str) -> None:
        """Erase a ledger whose erasure is due and wait until nothing is left."""
        await self._complete(ledger_id, owner)
        swept = False
        while not swept:
            await self.run()
            async with self._product.pool.connection() as conn:
                swept = dict(await queries.erased(conn)).get(ledger_id) is not None
            await asyncio.sleep(0 if swept else _ROUND_S)

    async def _complete(self, ledger_id: UUID, owner: str) -> None:
        context = Context(Principal(UUID(owner), ACTOR), ledger_id, new_id())
        answer = await self._product.bus.execute(CompleteErasure(), context)
        if answer.position is not None:
            with suppress(Unavailable):  # The next round sees it.
                await self._product.services.positions.wait_for(
                    shard_of(ledger_id), answer.position, 5.0
                )

    def _destroyed(self, ledger_id: UUID) -> bool:
        """Whether there were keys to destroy."""
        if not self._keys.newest(ledger_id):
            return False
        self._keys.destroy(ledger_id)
        self._product.sealer.forget(ledger_id)
        self._product.services.repository.forget(ledger_id)
        trail = self._product.services.trail
        if trail is not None:
            trail.note("key.destroyed", actor=ACTOR, ledger_id=str(ledger_id))
        return True

    def _unsweep(self, ledger_id: UUID) -> None:
        with psycopg.connect(self._url, autocommit=True) as conn:
            conn.execute("delete from log.swept where ledger_id = %s", [ledger_id])

    def _remove_late_answers(self, ledgers: Sequence[UUID]) -> None:
        with psycopg.connect(self._url, autocommit=True) as conn:
            for ledger_id in ledgers:
                conn.execute("select log.forget_answers(%s)", [ledger_id])
