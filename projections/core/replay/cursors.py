"""Cursors that have the tables of a statement filled before they run it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

from psycopg import AsyncCursor


def filling_cursor(before: Callable[[str], Awaitable[None]]) -> type[AsyncCursor[Any]]:
    """The class of these cursors. before: is given the text of each statement."""

    class FillingCursor(AsyncCursor[Any]):
        async def execute(self, query: Any, *args: Any, **named: Any) -> Self:
            await before(_text(query))
            return await super().execute(query, *args, **named)

        def copy(self, statement: Any, *args: Any, **named: Any) -> Any:
            return _filled_copy(super().copy, before, statement, *args, **named)

    return FillingCursor


@asynccontextmanager
async def _filled_copy(
    copy: Callable[..., Any],
    before: Callable[[str], Awaitable[None]],
    statement: Any,
    *args: Any,
    **named: Any,
) -> AsyncIterator[Any]:
    await before(_text(statement))
    async with copy(statement, *args, **named) as copying:
        yield copying


def _text(query: Any) -> str:
    if isinstance(query, bytes):
        return query.decode()
    return query if isinstance(query, str) else str(query.as_string(None))
