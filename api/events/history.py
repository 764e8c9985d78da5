"""The events of all ledgers for analysts: by shard and position, nothing sealed opened."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import found, streamed
from mintflow.api.core.envelope import respond
from mintflow.api.core.paging import Limit
from mintflow.api.core.routing import AnalystRoute
from mintflow.api.core.services import services_of
from mintflow.api.events.shown import EventOpen, Live, Types, shown_to_analyst, stream, types_of
from mintflow.store.places import CURSOR_LENGTH_MAX, LogPlace

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=AnalystRoute)

From = Annotated[
    str | None,
    Query(max_length=CURSOR_LENGTH_MAX, description="`next_cursor`, or the `id` of a stream."),
]


@router.get("", responses=found(list[EventOpen]))
async def list_all_events(
    request: Request, cursor: From = None, limit: Limit = 100, types: Types = None
) -> Response:
    """The events of all ledgers behind a cursor, shard by shard, in order of position.

    There is always a `next_cursor`: where `has_next` is false it is the one to ask with later. A
    page may be empty and yet have a next one, where a filter fits little.
    """
    wanted, services = types_of(types), services_of(request)
    place = LogPlace() if cursor is None else LogPlace.of_text(cursor)
    async with services.pool.connection() as conn:
        await place.check(conn)
        read = await place.read(conn, services.mapper, limit, wanted)
    place.reach(read.reached)
    return respond(
        request,
        [shown_to_analyst(event) for event in read.events],
        pagination={"next_cursor": place.text, "has_next": not read.at_end},
    )


@router.get("/stream", responses=streamed("`id` is a cursor."))
async def stream_all_events(
    request: Request, cursor: From = None, types: Types = None, live: Live = True
) -> Response:
    """The same as Server-Sent Events, and what happens from then on. `Last-Event-ID` goes before
    `cursor`."""
    text = request.headers.get("last-event-id", cursor)
    place = LogPlace() if text is None else LogPlace.of_text(text)
    return await stream(request, place, types, shown_to_analyst, live=live)
