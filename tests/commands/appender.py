"""A line to the database that is counted, breaks on command, and an appender on it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from commands.product import Connection, connector, run
from store.appending import assert_whole, connect

from mintflow.commands.core.group_commit import GroupCommit
from mintflow.store.append import APPEND_SQL

Cut = Callable[[Connection], Awaitable[None]]


class Line:
    """Opens connections that are counted, and that break on command."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.appends = self.others = 0
        self.down = False
        # Called in place of the next append's return, or beside it while it runs.
        self.after: Cut | None = None
        self.meanwhile: Cut | None = None
        self._connect = connector(url)

    async def __call__(self) -> Connection:
        if self.down:
            raise psycopg.OperationalError("connection refused")
        conn = await self._connect()
        real = conn.execute

        async def execute(query: Any, *args: Any, **options: Any) -> Any:
            if query != APPEND_SQL:
                self.others += 1
                return await real(query, *args, **options)
            self.appends += 1
            after, self.after = self.after, None
            meanwhile, self.meanwhile = self.meanwhile, None
            beside = asyncio.ensure_future(meanwhile(conn)) if meanwhile else None
            try:
                cursor = await real(query, *args, **options)
            finally:
                if beside is not None:
                    await beside
            if after is not None:
                await after(conn)
            return cursor

        conn.execute = execute  # type: ignore[method-assign]
        return conn


async def lose_the_answer(conn: Connection) -> None:
    """The commit happened; nobody heard of it."""
    await conn.close()
    raise psycopg.OperationalError("the connection is lost")


def cut_the_wire(conn: Connection) -> None:
    """The client sees the end of the line at once, the server when it next has something to say."""
    with socket.socket(fileno=os.dup(conn.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


def scenario(url: str, play: Callable[[GroupCommit, Line], Awaitable[Any]]) -> Any:
    """Run with one appender; afterwards the log must be whole whatever happened."""

    async def go() -> Any:
        line = Line(url)
        appender = GroupCommit(line, lambda _: None)
        await appender.start()
        try:
            return await play(appender, line)
        finally:
            await appender.stop()

    result = run(go())
    with connect(url) as conn:
        assert_whole(conn)
    return result


async def sessions_wait(owner: Connection, count: int) -> None:
    """Until so many sessions of the database wait for a lock."""
    sql = (
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and wait_event_type = 'Lock'"
    )
    while True:
        row = await (await owner.execute(sql)).fetchone()
        if row is not None and row[0] >= count:
            return
        await asyncio.sleep(0.01)


def stored(url: str) -> int:
    with connect(url) as conn:
        row = conn.execute("select count(*) from log.event").fetchone()
    assert row is not None
    return int(row[0])
