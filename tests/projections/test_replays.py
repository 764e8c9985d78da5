"""Sessions for past moments: who uses one has it to the end, also while the host ends."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from read_models.books import Books, connect

from mintflow.projections.core.replay import Replays
from mintflow.store.moments import Moment

AT = dt.datetime(2026, 3, 15, tzinfo=dt.UTC)


@pytest.mark.parametrize("imagined", [False, True], ids=["of a past moment", "of a what-if"])
def test_a_session_in_use_is_closed_by_its_user_and_not_under_its_query(
    books: Books, imagined: bool
) -> None:
    books.record("-1.00", "2026-03-01")
    moment = Moment(len(books.events()), len(books.events()), AT)

    async def run() -> None:
        async def opened() -> Any:
            return await connect(books.url)

        replays = Replays(opened, books.mapper)
        connections: list[Any] = []
        begun = asyncio.Event()

        async def ask() -> int:
            session = (replays.imagining if imagined else replays.at)(books.ledger_id, moment)
            async with session as found:
                conn = found.conn if imagined else found
                connections.append(conn)
                begun.set()
                cursor = await conn.execute("select count(*) from transactions, pg_sleep(0.3)")
                return int((await cursor.fetchone())[0])

        asked = asyncio.create_task(ask())
        await begun.wait()
        await asyncio.sleep(0.05)
        await replays.close()
        assert replays.sessions == 0
        assert not connections[0].closed
        assert await asked == 1
        assert connections[0].closed

    asyncio.run(run())


def test_a_session_that_nobody_uses_is_closed_at_once(books: Books) -> None:
    moment = Moment(1, 1, AT)

    async def run() -> None:
        async def opened() -> Any:
            return await connect(books.url)

        replays = Replays(opened, books.mapper)
        async with replays.at(books.ledger_id, moment) as conn:
            pass
        assert (replays.sessions, conn.closed) == (1, False)
        await replays.close()
        assert (replays.sessions, conn.closed) == (0, True)

    asyncio.run(run())
