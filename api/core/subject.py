"""What a request is about: which ledger, as of when, known when, and not before which position.

Read here by hand, once per request, before the route runs: as FastAPI dependencies the same four
parameters took a third of the time of a query. The OpenAPI document gets them in core/app.py.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from uuid import UUID

from starlette.requests import Request

from mintflow.api.core.known_at import KNOWN_AT_PARAMETER, read_known_at
from mintflow.api.core.services import Services, principal_of, services_of
from mintflow.domain.core.errors import Invalid, Unavailable
from mintflow.domain.core.ids import shard_of
from mintflow.domain.core.time import check_date
from mintflow.domain.ledgers import Ledger, LedgerNotFound
from mintflow.projections.ledgers import default_ledger
from mintflow.store.moments import Moment

DEFAULT_LEDGER = "default"
OWN_WRITES_WAIT_S = 1.0
POSITION_MAX = 2**62

# How the OpenAPI document describes what is read here.
LEDGER_PARAMETER = {
    "name": "ledger_id",
    "in": "path",
    "required": True,
    "description": "A ledger's id, or `default` for the caller's own.",
    "schema": {"type": "string", "maxLength": 36, "examples": [DEFAULT_LEDGER]},
}
QUERY_PARAMETERS = [
    {
        "name": "as_of",
        "in": "query",
        "description": "Only what happened on this day or before.",
        "schema": {"type": "string", "format": "date"},
    },
    KNOWN_AT_PARAMETER,
    {
        "name": "min_position",
        "in": "query",
        "description": "Wait until this position is visible; 503 with the lag where it is not.",
        "schema": {"type": "integer", "minimum": 0, "maximum": POSITION_MAX},
    },
]


class AsOfNotReadable(Invalid):
    """`as_of` is a day like 2025-03-31."""

    code = "as_of_not_readable"


class PositionNotReadable(Invalid):
    """`min_position` is a whole number from 0 on."""

    code = "position_not_readable"


def ledger_of(request: Request) -> UUID:
    """The ledger in the address; it is the caller's."""
    ledger_id: UUID = request.scope["state"]["ledger_id"]
    return ledger_id


def as_of(request: Request) -> dt.date | None:
    """Only what happened on this day or before; None: all."""
    day: dt.date | None = request.scope["state"]["as_of"]
    return day


def known_at(request: Request) -> Moment | None:
    """Only what was known at this moment; None: all that is known."""
    moment: Moment | None = request.scope["state"].get("known_at")
    return moment


def known_until(request: Request) -> int | None:
    """The ledger_seq of the last event that was known then; None: all. For what reads the log."""
    moment = known_at(request)
    return None if moment is None else moment.ledger_seq


def now_of(request: Request) -> dt.datetime:
    """The present of the request: with known_at, that moment."""
    moment = known_at(request)
    return services_of(request).clock() if moment is None else moment.at


def today_of(request: Request) -> dt.date:
    """The day, in UTC, on which the request is asked, or is asked to be."""
    return now_of(request).astimezone(dt.UTC).date()


def day_asked(request: Request, today: dt.date | None = None) -> dt.date:
    """The day that is taken for today: as said, else today, and never after `as_of`.

    Raises DateOutOfRange.
    """
    day, until = today or today_of(request), as_of(request)
    return check_date(day if until is None else min(day, until))


async def find_subject(request: Request) -> None:
    """Read what the request is about into its state; wait for the position that it asks for.

    Raises LedgerNotFound, and for a query AsOfNotReadable, KnownAtNotReadable, KnownAtInFuture,
    PositionNotReadable, NotYetVisible.
    """
    services = services_of(request)
    ledger_id = await _ledger(services, request, request.path_params["ledger_id"])
    state = request.scope["state"]
    state["ledger_id"], state["as_of"], state["known_at"] = ledger_id, None, None
    if request.method != "GET":
        return
    position = None
    if "imagined" in state:
        state["known_at"] = state["imagined"][1]
    if request.scope["query_string"]:
        asked = request.query_params
        if "as_of" in asked:
            state["as_of"] = _day(asked["as_of"])
        if "min_position" in asked:
            position = _position(asked["min_position"])
        if "known_at" in asked:
            async with services.pool.connection() as conn:
                now, text = services.clock(), asked["known_at"]
                state["known_at"] = await read_known_at(conn, ledger_id, text, now)
            # A replay reads the log, which holds every position that there is.
            return
    if "imagined" in state:
        return
    if position is None:
        await own_writes(services, ledger_id)
    else:
        await services.positions.wait_for(shard_of(ledger_id), position, services.limits.wait_s_max)


async def own_writes(services: Services, scope_id: UUID) -> None:
    """Let what was just written here be seen by who asks next, without their saying so.

    A kindness and no promise: it waits a moment at most, and another process knows nothing of it;
    who must be sure says min_position.
    """
    written = services.bus.last_written(scope_id)
    if written is not None:
        with suppress(Unavailable):
            await services.positions.wait_for(*written, OWN_WRITES_WAIT_S)


async def _ledger(services: Services, request: Request, text: str) -> UUID:
    principal = principal_of(request)
    if text == DEFAULT_LEDGER:
        await own_writes(services, principal.user_id)
        async with services.pool.connection() as conn:
            found = await default_ledger(conn, str(principal.user_id))
        if found is None:
            raise LedgerNotFound("you have no ledger yet: POST /v1/ledgers opens one")
        return found
    try:
        ledger_id = UUID(text)
    except ValueError:
        raise LedgerNotFound("there is no such ledger") from None
    ledger = await services.repository.find(ledger_id, Ledger, ledger_id)
    if ledger is None or ledger.owner != str(principal.user_id):
        raise LedgerNotFound("there is no such ledger", ledger_id=str(ledger_id))
    return ledger_id


def _day(text: str) -> dt.date:
    try:
        if len(text) == 10:
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise AsOfNotReadable("as_of is a day like 2025-03-31")


def _position(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= POSITION_MAX:
        return int(text)
    raise PositionNotReadable("min_position is a whole number from 0 on", maximum=POSITION_MAX)
