"""The feed of a ledger's events, in order, from any sync number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.paging import Limit, page
from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.services import services_of
from mintflow.api.core.subject import known_until, ledger_of
from mintflow.commands.core.command import NO_NUL
from mintflow.domain.core.errors import Invalid
from mintflow.store.mapper import RecordedEvent
from mintflow.store.reader import read_ledger

router = APIRouter(prefix="/v1/ledgers/{ledger_id}/events", tags=["events"], route_class=JsonRoute)
TYPES_MAX = 100


class TooManyTypes(Invalid):
    """The filter names more types than there can be."""

    code = "too_many_types"


class EventShown(Documented):
    """data: the open facts, and the sealed ones opened for their owner."""

    event_id: str
    type: str
    schema_version: int
    ledger_id: str
    ledger_seq: int
    position: int
    stream_id: str
    stream_version: int
    effective_at: str
    recorded_at: str
    actor: str
    data: dict[str, Any]


@router.get("", responses=found(list[EventShown]))
async def list_events(
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**62, description="The last ledger_seq you have.")] = 0,
    limit: Limit = 100,
    types: Annotated[
        str | None,
        Query(max_length=4_000, pattern=NO_NUL, description="Event types with commas between."),
    ] = None,
) -> Response:
    """The ledger's events after `after`, in order. `next_cursor` is the next `after`."""
    wanted = [one.strip() for one in types.split(",") if one.strip()] if types else []
    if len(wanted) > TYPES_MAX:
        raise TooManyTypes("too many event types", types_max=TYPES_MAX)
    services = services_of(request)
    async with services.pool.connection() as conn:
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
        [shown(event) for event in events],
        position=events[-1].position if events else None,
        pagination=page(str(events[-1].ledger_seq) if more else None),
    )


def shown(event: RecordedEvent) -> dict[str, Any]:
    """An event for the owner of its ledger. `sealed` says whether personal facts are gone."""
    private = event.private()
    return {
        **{name: value for name, value in event.envelope.items() if name != "data"},
        "shard": event.shard,
        "position": event.position,
        "ledger_seq": event.ledger_seq,
        "recorded_at": event.recorded_at,
        "data": {**event.data, **(private or {})},
        "erased": private is None,
    }


def known(request: Request, events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    """Those that were known at the moment that the request is about."""
    until = known_until(request)
    return [event for event in events if until is None or event.ledger_seq <= until]
