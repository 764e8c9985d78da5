"""Ends a process whose read models stand still while there is more to fold, so that whoever runs it
starts another one: a consumer that died quietly looks exactly like one that has nothing to do.

It looks from a thread of its own into the database alone, so a loop that hangs can not talk it out
of it. While the database is away nothing can be said, and nobody is ended.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence

import psycopg
import structlog

log = structlog.get_logger(__name__)

# A supervisor restarts it; 75 is sysexits' "try again".
EXIT_CODE = 75
# Shards that this process does not have are another one's matter, unless nobody moves them at all,
# or they come and go.
OF_OTHERS = 3

# Shard -> (what can be read, what was folded).
Progress = Mapping[int, tuple[int, int]]


class Standstill:
    """Since when each shard has more to fold and folds nothing. Pure: the clock is an argument."""

    def __init__(self, stall_s: float) -> None:
        self._stall_s = stall_s
        self._since: dict[int, tuple[int, float]] = {}
        self._mine_since: dict[int, float] = {}

    def look(self, progress: Progress, mine: Collection[int], now: float) -> list[int]:
        """The shards that have stood still for too long."""
        before, self._since = self._since, {}
        # Who has just got a shard has had no time for it yet, however long it stood still.
        self._mine_since = {shard: self._mine_since.get(shard, now) for shard in mine}
        stuck = []
        for shard, (head, folded) in progress.items():
            if folded >= head:
                continue
            where, since = before.get(shard, (folded, now))
            if where != folded:
                since = now
            self._since[shard] = (folded, since)
            mine_since = max(since, self._mine_since.get(shard, now))
            if now - since >= self._stall_s * OF_OTHERS or now - mine_since >= self._stall_s:
                stuck.append(shard)
        return stuck

    def forget(self) -> None:
        """Begin anew: what happened meanwhile is not known."""
        self._since = {}


class Watchdog:
    """A thread; `start` it, and `stop` it before an orderly end."""

    def __init__(
        self,
        url: str,
        query: str,
        args: Sequence[object],
        mine: Callable[[], Collection[int]],
        stall_s: float,
        end: Callable[[int], None] = os._exit,
    ) -> None:
        """query: rows of shard, what can be read, what was folded; args: its parameters. mine: the
        shards that this process folds now."""
        self._url, self._query, self._args = url, query.encode(), list(args)
        self._mine, self._end = mine, end
        self._standstill = Standstill(stall_s)
        self._every_s = min(max(stall_s / 10, 0.1), 5.0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=5)

    def _watch(self) -> None:
        while not self._stopping.wait(self._every_s):
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as conn:
                    conn.execute("set statement_timeout = '5s'")
                    self._follow(conn)
            except psycopg.Error:
                self._standstill.forget()

    def _follow(self, conn: psycopg.Connection[tuple[int, int, int]]) -> None:
        while not self._stopping.is_set():
            found = conn.execute(self._query, self._args).fetchall()
            progress = {shard: (head, folded) for shard, head, folded in found}
            stuck = self._standstill.look(progress, self._mine(), time.monotonic())
            if stuck:
                log.error("worker_stands_still", shards=stuck, exit_code=EXIT_CODE)
                self._end(EXIT_CODE)
                return
            self._stopping.wait(self._every_s)
