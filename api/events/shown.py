"""What an event looks like from outside, and what every feed of events takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented
from mintflow.api.core.event_stream import EventStream
from mintflow.api.core.services import principal_of, request_id_of, services_of
from mintflow.api.core.subject import as_of, known_until
from mintflow.commands.core.command import NO_NUL
from mintflow.domain.core.errors import Invalid
from mintflow.store.mapper import RecordedEvent
from mintflow.store.places import Place
from mintflow.store.schemas.filtering import checked_types

TYPES_MAX = 100

Types = Annotated[
    str | None,
    Query(
        max_length=4_000,
        pattern=NO_NUL,
        description="Event types with commas between; one that there is not is refused.",
    ),
]
Live = Annotated[
    bool,
    Query(description="Go on with what happens; `false` ends the stream at the end of the log."),
]


class TooManyTypes(Invalid):
    """The filter names more types than there can be."""

    code = "too_many_types"


class EventOpen(Documented):
    """data: the open facts alone: ids, dates, amounts, categories. sealed: whether there are
    others, which only the owner of the ledger reads."""

    event_id: str
    type: str
    schema_version: int
    ledger_id: str
    ledger_seq: int
    shard: int
    position: int
    stream_id: str
    stream_version: int
    effective_at: str
    recorded_at: str
    actor: str
    data: dict[str, Any]


def types_of(text: str | None) -> list[str]:
    """The types of a filter; empty for all. Raises TooManyTypes, EventTypeNotKnown."""
    wanted = [one.strip() for one in text.split(",") if one.strip()] if text else []
    if len(wanted) > TYPES_MAX:
        raise TooManyTypes("too many event types", types_max=TYPES_MAX)
    return checked_types(wanted)


def shown_to_owner(event: RecordedEvent) -> dict[str, Any]:
    """An event for the owner of its ledger. `erased` says whether personal facts are gone."""
    private = event.private()
    return {**_facts(event), "data": {**event.data, **(private or {})}, "erased": private is None}


def shown_to_analyst(event: RecordedEvent) -> dict[str, Any]:
    """An event for somebody who must not know whose it is: nothing sealed is opened."""
    return {**_facts(event), "data": event.data, "sealed": bool(event.sealed)}


async def stream(
    request: Request,
    place: Place,
    types: str | None,
    shown: Any,
    *,
    live: bool,
    only: Callable[[RecordedEvent], bool] | None = None,
) -> Response:
    """Everything behind a place as Server-Sent Events; only: those that it says yes to.

    Raises TooManyTypes, EventTypeNotKnown, PlaceBeyondHead."""
    services, wanted = services_of(request), types_of(types)
    async with services.pool.connection() as conn:
        await place.check(conn)
    token = request.headers["authorization"].partition(" ")[2].strip()
    return EventStream(
        services.feed,
        principal_of(request).user_id,
        place,
        wanted,
        shown,
        only=only,
        live=live,
        patience_s=services.limits.stream_patience_s,
        still_allowed=lambda: services.authenticate(token) is not None,
        request_id=str(request_id_of(request)),
    )


def known(request: Request, events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    """Those that were known, and had happened, at the moment that the request is about."""
    until = known_until(request)
    return [
        event
        for event in events
        if (until is None or event.ledger_seq <= until) and happened(request, event)
    ]


def happened(request: Request, event: RecordedEvent) -> bool:
    """Whether its effective date is not after `as_of`."""
    day = as_of(request)
    return day is None or event.effective_at[:10] <= day.isoformat()


def _facts(event: RecordedEvent) -> dict[str, Any]:
    return {
        **{name: value for name, value in event.envelope.items() if name != "data"},
        "shard": event.shard,
        "position": event.position,
        "ledger_seq": event.ledger_seq,
        "recorded_at": event.recorded_at,
    }
