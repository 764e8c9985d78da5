"""What-if: commands that are not carried out, and what queries would answer after them.

The queries are the routes themselves, asked inside this process on scratch read models: first as
the books stand, then with the events that the commands would have appended folded on top.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted
from mintflow.api.core.envelope import respond
from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.services import context_of, principal_of, request_id_of, services_of
from mintflow.api.core.subject import ledger_of
from mintflow.commands.core.command import Command, ConcurrentChange, Day
from mintflow.domain.core.errors import Invalid, MintFlowError
from mintflow.domain.core.ids import shard_of
from mintflow.store.moments import Moment, sequence_at, shard_head
from mintflow.store.reader import ledger_head

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/what-if", tags=["what-if"], route_class=JsonRoute
)

COMMANDS_MAX = 1_000
ATTEMPTS_MAX = 3
ALIASES = {"balances": "accounts"}


class CommandNotImaginable(Invalid):
    """There is no such command, or it is one that can not be imagined; details name those that
    can."""

    code = "command_not_imaginable"


class TooManyCommands(Invalid):
    """With all repetitions there are more commands than one question may have."""

    code = "too_many_commands"


class QueryNotUsable(Invalid):
    """A query is the address of a read below the ledger's own, like category-totals?month=2025-03;
    live streams are none, and known_at has no meaning beside what never happened."""

    code = "query_not_usable"


Asked = tuple[int, str, Command]


class Hypothesis(BaseModel):
    """commands: each with its `type`, like set_budget, and its fields; with `each_month_until` a
    command that has a date is repeated every month up to that day. queries: addresses below the
    ledger's own; `balances` stands for `accounts`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "commands": [
                        {"type": "set_budget", "category": "food_dining", "amount": "400"}
                    ],
                    "queries": ["balances", "budgets/status?month=2025-03"],
                }
            ]
        },
    )

    commands: list[dict[str, Any]] = Field(min_length=1, max_length=100)
    queries: list[Annotated[str, StringConstraints(min_length=1, max_length=2_000)]] = Field(
        min_length=1, max_length=20
    )


class WhatIfShown(Documented):
    """commands: what each would have answered. queries: each with its answer before and after: the
    `data` of a success, or `{error}`."""

    commands: list[dict[str, Any]]
    queries: list[dict[str, Any]]


@router.post("", responses=accepted(WhatIfShown))
async def what_if(request: Request, body: Hypothesis) -> Response:
    """What the queries would answer if the commands were carried out. Nothing is written."""
    services, ledger_id = services_of(request), ledger_of(request)
    commands = list(_commands(services.what_if.commands, body.commands))
    for number, query in enumerate(body.queries):
        _check(query, number)
    for _ in range(ATTEMPTS_MAX):
        async with services.pool.connection() as conn:
            position = await shard_head(conn, shard_of(ledger_id))
            ledger_seq = await sequence_at(conn, ledger_id, position)
        moment = Moment(position, ledger_seq, services.clock())
        answer = await _imagine(request, moment, commands, body.queries)
        async with services.pool.connection() as conn:
            if await ledger_head(conn, ledger_id) == ledger_seq:
                return respond(request, answer, position=position)
    raise ConcurrentChange("others change the same books; ask again", attempts=ATTEMPTS_MAX)


async def _imagine(
    request: Request, moment: Moment, commands: list[Asked], queries: list[str]
) -> dict[str, Any]:
    services, ledger_id = services_of(request), ledger_of(request)
    context = context_of(request, ledger_id)
    done = []
    async with services.replays.imagining(ledger_id, moment) as scratch:
        before = [await _ask(request, scratch.conn, moment, query) for query in queries]
        imagination = services.what_if.over(scratch)
        for number, name, command in commands:
            try:
                data, events = await imagination.decide(command, context, moment)
            except MintFlowError as refusal:
                refusal.details = {**refusal.details, "index": number}
                raise
            done.append({"type": name, "data": data, "events": len(events)})
            if events:
                await scratch.imagine(events)
                moment = replace(
                    moment, position=events[-1].position, ledger_seq=events[-1].ledger_seq
                )
        after = [await _ask(request, scratch.conn, moment, query) for query in queries]
    return {
        "commands": done,
        "queries": [
            {"query": query, "before": old, "after": new, "changed": old != new}
            for query, old, new in zip(queries, before, after, strict=True)
        ],
    }


def _commands(known: dict[str, type[Command]], asked: list[dict[str, Any]]) -> Iterator[Asked]:
    """The commands, repeated ones as often as they are meant, each with its place in the list."""
    count = 0
    for number, one in enumerate(asked):
        fields = dict(one)
        name, until = fields.pop("type", None), fields.pop("each_month_until", None)
        kind = known.get(name) if isinstance(name, str) else None
        if kind is None:
            raise CommandNotImaginable(
                f"command {number} is none that can be imagined", index=number, known=sorted(known)
            )
        try:
            command = kind.model_validate(fields)
            last = _Until.model_validate({"day": until}).day if until is not None else None
        except ValidationError as refused:
            problems = [
                {**problem, "loc": ("body", "commands", number, *problem["loc"])}
                for problem in refused.errors()
            ]
            raise RequestValidationError(problems) from None
        for made in _repeated(command, last, number):
            count += 1
            if count > COMMANDS_MAX:
                raise TooManyCommands("too many commands", commands_max=COMMANDS_MAX)
            yield number, str(name), made


class _Until(BaseModel):
    day: Day


def _repeated(command: Command, last: Day | None, number: int) -> Iterator[Command]:
    yield command
    if last is None:
        return
    first: Day | None = getattr(command, "date", None)
    if first is None:
        raise CommandNotImaginable(
            f"command {number} has no date, so it is not repeated", index=number
        )
    months = 1
    while True:
        year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
        day = first.replace(
            year=year, month=month + 1, day=min(first.day, monthrange(year, month + 1)[1])
        )
        if day > last:
            return
        yield command.model_copy(update={"date": day})
        months += 1


def _check(query: str, number: int) -> None:
    path, _, asked = query.partition("?")
    if (
        not query.isascii()
        or not query.isprintable()
        or any(one in ("", ".", "..") for one in path.split("/"))
        or path.endswith("/stream")
        or "known_at" in asked
    ):
        raise QueryNotUsable(
            "a query is like balances, or category-totals?month=2025-03", index=number
        )


async def _ask(
    request: Request, conn: AsyncConnection[Any], moment: Moment, query: str
) -> dict[str, Any]:
    """The answer of a route of this application on other read models."""
    path, _, asked = query.partition("?")
    address = f"/v1/ledgers/{ledger_of(request)}/{ALIASES.get(path, path)}"
    state = {
        "principal": principal_of(request),
        "request_id": request_id_of(request),
        "imagined": (conn, moment),
    }
    scope: MutableMapping[str, Any] = {
        **{name: request.scope[name] for name in _KEPT if name in request.scope},
        "method": "GET",
        "path": address,
        "raw_path": address.encode(),
        "query_string": asked.encode(),
        "headers": [],
        "state": state,
    }
    parts: list[bytes] = []
    kind = b""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal kind
        if message["type"] == "http.response.start":
            kind = dict(message["headers"]).get(b"content-type", b"")
            if not kind.startswith(b"application/json"):
                raise QueryNotUsable("this address has no answer that could be compared")
        else:
            parts.append(message.get("body", b""))

    await request.app.router(scope, receive, send)
    answer: dict[str, Any] = orjson.loads(b"".join(parts))
    if not answer.get("success"):
        return {"error": answer.get("error", {"code": "not_found"})}
    return {"data": answer["data"]}


_KEPT = (
    "type", "asgi", "http_version", "scheme", "server", "client", "root_path", "app", "router",
    "starlette.exception_handlers", "fastapi_middleware_astack", "extensions",
)  # fmt: skip
