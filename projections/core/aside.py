"""Folding in a process of its own, beside one that has enough to do with bringing the events.

A host that catches up spends as much of Python on what it reads as on folding it, and one
interpreter takes one core. So whatever is much is folded by a second one: rows of the log go there
through a pipe, and what comes back is the SQL with its values. It has keys and no connection.

It is an aid and nothing depends on it: while it is starting, when it has died, and for events that
it can not fold, who asks is told to fold by himself.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

import structlog

from mintflow.domain.core.errors import Unavailable
from mintflow.projections.core.folding import Work, written
from mintflow.projections.core.processes import Process, started
from mintflow.projections.core.projection import POISON, Projection
from mintflow.projections.core.statements import Copy, Statement
from mintflow.store.keys import KeyStore
from mintflow.store.mapper import LogRow, Mapper, RecordUnreadable
from mintflow.store.sealing import Sealer

log = structlog.get_logger(__name__)

Written = list[Statement | Copy]

# Fewer events are folded sooner than they are sent and come back.
EVENTS_MIN = 500
# A hundred times what the largest batch takes. Who waits holds checkpoints meanwhile.
ANSWER_S = 5.0
# One that died is not started again and again.
AGAIN_S = 30.0
# What it has in hand are a batch's objects, which are freed by their last reference.
_COLLECT_OBJECTS = 1_000_000


class Aside:
    """A process that is started when there is much to fold for the first time, and ended by `end`.

    projections: all that it may be asked for. keys: opens the key store there, so it has to be
    picklable, e.g. `partial(FolderKeyStore, folder)`. May be shared by appliers of one event loop.
    """

    def __init__(
        self,
        projections: Sequence[Projection],
        keys: Callable[[], KeyStore],
        *,
        events_min: int = EVENTS_MIN,
    ) -> None:
        self.folded = 0
        """Events that it has folded."""
        self._projections, self._keys = tuple(projections), keys
        self._events_min = events_min
        self._process: Process | None = None
        self._ready = False
        self._started_at = -AGAIN_S
        self._one_at_a_time = threading.Lock()
        self._ended = False

    @property
    def pid(self) -> int | None:
        """Of the process; None while there is none."""
        return self._process.child.pid if self._process else None

    async def written(self, work: Sequence[Work], copy_rows: int | None) -> Written | None:
        """As `folding.written`; None where the caller has to do it."""
        count = sum(len(events) for events, _ in work)
        if count < self._events_min:
            return None
        rows = [([event.row() for event in events], _names(folding)) for events, folding in work]
        if any(None in some for some, _ in rows):
            # Decoded already: it was looked into for a fault.
            return None
        found = await asyncio.to_thread(self._ask, rows, copy_rows)
        if found is not None:
            self.folded += count
        return found

    def end(self) -> None:
        """End the process; nothing is started any more."""
        self._ended = True
        # Not while another thread reads what it answers: its end of the pipe would be taken away.
        with self._one_at_a_time:
            process, self._process = self._process, None
            if process is not None:
                process.end()

    def _ask(self, rows: object, copy_rows: int | None) -> Written | None:
        # Whoever is cut off while it waits leaves the answer to this thread, so that no other
        # takes it for its own.
        with self._one_at_a_time:
            try:
                process = self._at_hand()
                if process is None:
                    return None
                process.pipe.send((rows, copy_rows))
                if not process.pipe.poll(ANSWER_S):
                    raise TimeoutError
                found: Written | None = process.pipe.recv()
            except (EOFError, OSError) as fault:
                self._give_up(fault)
                return None
            return found

    def _at_hand(self) -> Process | None:
        """The process, when it has started; starting it takes a second, for which nobody waits."""
        process = self._process
        if process is None:
            if not self._ended and time.monotonic() - self._started_at >= AGAIN_S:
                self._started_at, self._ready = time.monotonic(), False
                self._process = started(__name__)
                self._process.pipe.send((self._projections, self._keys))
            return None
        if not self._ready and process.pipe.poll():
            self._ready = bool(process.pipe.recv())
        return process if self._ready else None

    def _give_up(self, fault: Exception) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.child.kill()
            process.end()
        if not self._ended:
            log.warning("fold_process_ended", error=type(fault).__name__)


def _names(projections: Sequence[Projection]) -> list[str]:
    return [projection.name for projection in projections]


def main() -> None:
    """The process: projections and keys, and then work, come through the pipe of argv[1]."""
    with Connection(int(sys.argv[1])) as pipe, suppress(EOFError, OSError):
        _serve(pipe)


def _serve(pipe: Connection) -> None:
    """Answer until the other end is closed; None for what can not be folded, so that who asks meets
    the fault himself."""
    projections, keys = pipe.recv()
    by_name: dict[str, Projection] = {one.name: one for one in projections}
    mapper = Mapper(Sealer(keys()))
    gc.freeze()
    gc.set_threshold(_COLLECT_OBJECTS, 20, 50)
    pipe.send(True)
    while True:
        rows, copy_rows = pipe.recv()
        pipe.send(_answer(mapper, by_name, rows, copy_rows))


def _answer(
    mapper: Mapper,
    by_name: dict[str, Projection],
    rows: Sequence[tuple[Sequence[LogRow], Sequence[str]]],
    copy_rows: int | None,
) -> Written | None:
    try:
        return written(
            [
                (
                    [mapper.recorded(*row, decoded=False) for row in some],
                    [by_name[name] for name in names],
                )
                for some, names in rows
            ],
            copy_rows,
        )
    except (*POISON, RecordUnreadable, Unavailable):
        return None
