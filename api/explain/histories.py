"""What happened to a thing, or by somebody: events in order, in words, with before and after.

Before and after are the states of the aggregate itself, replayed to just before the event and with
it, so every kind of thing has a history here without a word of its own code. Only rules and
categories, many of which are one stream, are told one by one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.paging import Limit, page
from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.services import services_of
from mintflow.api.core.subject import known_until, ledger_of
from mintflow.api.events.shown import happened
from mintflow.commands.core.command import NO_NUL
from mintflow.domain.core.errors import Invalid, NotFound
from mintflow.domain.core.ids import shard_of
from mintflow.domain.core.money import money_text
from mintflow.domain.rules import rule_set_id
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.reader import SEQ_MAX, head_of, read_ledger, read_streams

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/history", tags=["explain"], route_class=JsonRoute
)
SCAN_EVENTS = 1_000


class HistoryNotNamed(Invalid):
    """A history is of one thing (`of`), or of what somebody did (`actor`)."""

    code = "history_not_named"


class NothingHappened(NotFound):
    """There is no such thing in this ledger, or it was not known then."""

    code = "nothing_happened"


class ChangeShown(Documented):
    """words: one line for a person. changes: per field that the event changed, before and after;
    before is null where the thing was made."""

    words: str
    changes: dict[str, dict[str, Any]]
    event_id: str
    type: str
    position: int
    ledger_seq: int
    recorded_at: dt.datetime
    effective_at: str
    actor: str
    correlation_id: str
    causation_id: str | None
    stream_id: str
    stream_version: int


@router.get("", responses=found(list[ChangeShown]))
async def history(
    request: Request,
    of: Annotated[
        UUID | None, Query(description="An account, transaction, budget, rule, transfer …")
    ] = None,
    actor: Annotated[
        str | None, Query(max_length=100, pattern=NO_NUL, description="Like user:….")
    ] = None,
    after: Annotated[int, Query(ge=0, le=SEQ_MAX, description="The last ledger_seq seen.")] = 0,
    limit: Limit = 100,
) -> Response:
    """What happened to one thing, or what somebody did, in order. A page of what somebody did may
    be short and have a next one."""
    if (of is None) == (actor is None):
        raise HistoryNotNamed("say of=… or actor=…")
    services, ledger_id, until = services_of(request), ledger_of(request), known_until(request)
    next_after: int | None = None
    async with services.pool.connection() as conn:
        # Asked first: what is read after it reflects no less.
        head = await head_of(conn, shard_of(ledger_id))
        if of is not None:
            stream = (await read_streams(conn, services.mapper, ledger_id, [of])).get(of, [])
            if not stream:
                stream = await _of_rule(conn, services.mapper, ledger_id, of)
            events = [
                one
                for one in stream
                if (until is None or one.ledger_seq <= until) and happened(request, one)
            ]
            if not events:
                raise NothingHappened("there is no such thing in this ledger")
            events = [one for one in events if one.ledger_seq > after]
        else:
            scanned = await read_ledger(
                conn, services.mapper, ledger_id, after, SCAN_EVENTS, until_seq=until
            )
            events = [one for one in scanned if one.actor == actor and happened(request, one)]
            if len(scanned) == SCAN_EVENTS:
                next_after = scanned[-1].ledger_seq
        if len(events) > limit:
            events = events[:limit]
            next_after = events[-1].ledger_seq
        rows = await _changes(conn, services.mapper, ledger_id, events)
    return respond(
        request,
        rows,
        position=max([head, *(one.position for one in events)]),
        pagination=page(None if next_after is None else str(next_after)),
    )


async def _of_rule(
    conn: AsyncConnection[Any], mapper: Mapper, ledger_id: UUID, rule_id: UUID
) -> list[RecordedEvent]:
    """What happened to one rule; all rules of a ledger are one stream."""
    stream_id, wanted = rule_set_id(ledger_id), str(rule_id)
    stream = (await read_streams(conn, mapper, ledger_id, [stream_id])).get(stream_id, [])
    return [
        one
        for one in stream
        if one.data.get("rule_id") == wanted or wanted in one.data.get("rule_ids", ())
    ]


async def _changes(
    conn: AsyncConnection[Any], mapper: Mapper, ledger_id: UUID, events: Sequence[RecordedEvent]
) -> list[dict[str, Any]]:
    """Each event with the state of its thing before and after it."""
    wanted = {one.ledger_seq for one in events}
    ids = list({UUID(one.stream_id) for one in events})
    changed: dict[int, dict[str, dict[str, Any]]] = {}
    for stream in (await read_streams(conn, mapper, ledger_id, ids)).values():
        aggregate: Any = None
        before: dict[str, Any] = {}
        earlier: Any = None
        for event in stream:
            aggregate = mapper.domain_event(event).mutate(aggregate)
            after = _state(aggregate, event)
            if event.type.startswith(_ONE_BY_ONE):
                before = _state(earlier, event)
            earlier = aggregate.copy()
            if event.ledger_seq in wanted:
                changed[event.ledger_seq] = {
                    name: {"before": before.get(name), "after": after.get(name)}
                    for name in sorted({*before, *after})
                    if before.get(name) != after.get(name)
                }
            before = after
    return [_shown(one, changed[one.ledger_seq]) for one in events]


def _shown(event: RecordedEvent, changes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    envelope = event.envelope
    return {
        "words": _words(event, changes),
        "changes": changes,
        "event_id": event.event_id,
        "type": event.type,
        "position": event.position,
        "ledger_seq": event.ledger_seq,
        "recorded_at": event.recorded_at,
        "effective_at": event.effective_at,
        "actor": event.actor,
        "correlation_id": event.correlation_id,
        "causation_id": envelope["causation_id"],
        "stream_id": event.stream_id,
        "stream_version": event.stream_version,
    }


def _words(event: RecordedEvent, changes: dict[str, dict[str, Any]]) -> str:
    """Like "transaction amended: date from 2025-03-01 to 2025-03-02"."""
    thing, _, did = event.type.replace("_", " ").partition(".")
    said = []
    for name, change in changes.items():
        if event.stream_version > 1:
            said.append(
                f"{_name(name)} from {_value(change['before'])} to {_value(change['after'])}"
            )
        elif change["after"] not in (None, "", [], {}, False):
            said.append(f"{_name(name)} {_value(change['after'])}")
    return f"{thing} {did}" + (f": {'; '.join(said)}" if said else "")


def _name(field: str) -> str:
    return field.replace("_", " ")


def _value(value: Any) -> str:
    if value in (None, "", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " and ".join(map(_value, value))
    if isinstance(value, dict):
        told = (f"{_name(name).removesuffix(' id')} {_value(one)}" for name, one in value.items())
        return ", ".join(told)
    return str(value)


def _state(aggregate: Any, event: RecordedEvent) -> dict[str, Any]:
    """The facts of an aggregate as JSON values; those of the library are left out."""
    if aggregate is None:
        return {}
    facts = {name: one for name, one in vars(aggregate).items() if not name.startswith("_")}
    if event.type.startswith(_ONE_BY_ONE):
        facts = _subject(facts, event.data)
    state: dict[str, Any] = orjson.loads(
        orjson.dumps(facts, default=_plain, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)
    )
    booking = state.pop("booking", None)
    return state | booking if isinstance(booking, dict) else state


def _subject(facts: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """The facts of the one rule or category that an event is about; of an order, the rules."""
    if "rule_id" in data:
        held = [one for one in facts["rules"] if str(one.rule_id) == data["rule_id"]]
    elif "rule_ids" in data:
        rules = [one for one in facts["rules"] if one.stage == data["stage"]]
        return {"order": [one.name for one in rules]}
    elif "category_id" in data or "category" in data:
        category_id = data.get("category_id") or data["category"]["category_id"]
        held = [one for one in facts["nodes"].values() if one.category_id == category_id]
    else:
        return facts
    return asdict(held[0]) if held else {}


_ONE_BY_ONE = ("rule.", "category.")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return money_text(value)
    if isinstance(value, set | frozenset | tuple):
        return sorted(value, key=str)
    if hasattr(value, "items"):
        return dict(value)
    return vars(value) if hasattr(value, "__dict__") else str(value)
