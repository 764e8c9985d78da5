"""The events of one ledger for its owner, in order, from any sync number."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import found, streamed
from mintflow.api.core.envelope import respond
from mintflow.api.core.paging import Limit, page
from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.services import services_of
from mintflow.api.core.subject import as_of, known_until, ledger_of
from mintflow.api.events.shown import (
    EventOpen,
    Live,
    Types,
    happened,
    shown_to_owner,
    stream,
    types_of,
)
from mintflow.domain.core.ids import shard_of
from mintflow.store.places import SEQ_MAX, LedgerPlace, ledger_seq_of
from mintflow.store.reader import head_of, read_ledger

router = APIRouter(prefix="/v1/ledgers/{ledger_id}/events", tags=["events"], route_class=JsonRoute)

After = Annotated[int, Query(ge=0, le=SEQ_MAX, description="The last ledger_seq you have.")]


class EventShown(EventOpen):
    """data: the open facts, and the sealed ones opened for their owner. erased: the sealed ones
    are gone for ever."""

    data: dict[str, Any]


@router.get("", responses=found(list[EventShown]))
async def list_events(
    request: Request, after: After = 0, limit: Limit = 100, types: Types = None
) -> Response:
    """The ledger's events after `after`, in order. `next_cursor` is the next `after`.

    With as_of those that had happened by then; a page may have fewer rows than it could.
    """
    wanted, services = types_of(types), services_of(request)
    async with services.pool.connection() as conn:
        # Asked first: what is read after it reflects no less.
        head = await head_of(conn, shard_of(ledger_of(request)))
        events = await read_ledger(
            conn,
            services.mapper,
            ledger_of(request),
            after,
            limit + 1,
            wanted,
            until_seq=known_until(request),
        )
    more, events = len(events) > limit, events[:limit]
    return respond(
        request,
        [shown_to_owner(event) for event in events if happened(request, event)],
        # Also of a full page: whether more follows it changes with what comes.
        position=max([head, *(one.position for one in events)]),
        pagination=page(str(events[-1].ledger_seq) if more else None),
    )


@router.get("/stream", responses=streamed("`id` is the `ledger_seq`."))
async def stream_events(
    request: Request, after: After = 0, types: Types = None, live: Live = True
) -> Response:
    """The same as Server-Sent Events, and what happens from then on. `Last-Event-ID` goes before
    `after`, so a reader that was cut off gets each event exactly once. With `known_at` it ends at
    that moment; with `as_of` it has those that had happened by then."""
    last = request.headers.get("last-event-id")
    after = after if last is None else ledger_seq_of(last)
    until = known_until(request)
    place = LedgerPlace(ledger_of(request), after, until)
    live = live and until is None
    only = None if as_of(request) is None else partial(happened, request)
    return await stream(request, place, types, shown_to_owner, live=live, only=only)
