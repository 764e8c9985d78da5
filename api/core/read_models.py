"""The read models that a request is about: the served ones, those of what was known once, or of
what is imagined.

Every query of a route goes through here, so that `known_at` is the route's without its saying so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from starlette.requests import Request

from mintflow.api.core.services import services_of
from mintflow.api.core.subject import known_at, ledger_of


@asynccontextmanager
async def read_models(request: Request) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection whose tables answer for this request; in autocommit mode.

    Raises ReplaysBusy, ReplayTooLarge.
    """
    services, moment = services_of(request), known_at(request)
    imagined = request.scope["state"].get("imagined")
    if imagined is not None:
        yield imagined[0]
    elif moment is None:
        async with services.pool.connection() as conn:
            yield conn
    else:
        async with services.replays.at(ledger_of(request), moment) as conn:
            yield conn
