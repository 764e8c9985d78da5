"""How a route reads its request: JSON by orjson, its ledger, and what all queries take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Header, Path, Query
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.envelope import respond
from mintflow.api.core.services import Services, principal_of, request_id_of, services_of
from mintflow.commands.core.command import Answer, Command, Context
from mintflow.domain.core.errors import Invalid, Unavailable
from mintflow.domain.core.ids import shard_of
from mintflow.domain.ledgers import Ledger, LedgerNotFound
from mintflow.projections.ledgers import default_ledger

DEFAULT_LEDGER = "default"
OWN_WRITES_WAIT_S = 1.0


class KnownAtNotOffered(Invalid):
    """This release answers as of an effective date; not yet as of what was known at a time."""

    code = "known_at_not_offered"


class JsonRequest(Request):
    """A request whose body orjson reads: it refuses NaN, bad UTF-8 and bottomless nesting."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            body = await self.body()
            try:
                self._json = orjson.loads(body)
            except orjson.JSONDecodeError as error:
                where = ("body", error.pos)
                problem = {"loc": where, "msg": f"not JSON: {error.msg}", "type": "json_invalid"}
                raise RequestValidationError([problem]) from None
        return self._json


class JsonRoute(APIRoute):
    """The route class of every router."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(JsonRequest(request.scope, request.receive))

        return handle


async def ledger_of(
    request: Request,
    ledger_id: Annotated[
        str, Path(description="A ledger's id, or `default` for the caller's own.", max_length=36)
    ],
) -> UUID:
    """The ledger in the address, if it is the caller's. Raises LedgerNotFound."""
    services, principal = services_of(request), principal_of(request)
    if ledger_id == DEFAULT_LEDGER:
        await own_writes(services, principal.user_id)
        async with services.pool.connection() as conn:
            found = await default_ledger(conn, str(principal.user_id))
        if found is None:
            raise LedgerNotFound("you have no ledger yet: POST /v1/ledgers opens one")
        return found
    try:
        wanted = UUID(ledger_id)
    except ValueError:
        raise LedgerNotFound("there is no such ledger") from None
    ledger = await services.repository.find(wanted, Ledger, wanted)
    if ledger is None or ledger.owner != str(principal.user_id):
        raise LedgerNotFound("there is no such ledger", ledger_id=str(wanted))
    return wanted


LedgerId = Annotated[UUID, Depends(ledger_of)]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a query is about. as_of: only what happened on this day or before; None: all."""

    as_of: dt.date | None


async def moment_of(
    request: Request,
    ledger_id: LedgerId,
    as_of: Annotated[
        dt.date | None, Query(description="Only what happened on this day or before.")
    ] = None,
    known_at: Annotated[
        str | None, Query(description="Not offered yet: refused.", max_length=40)
    ] = None,
    min_position: Annotated[
        int | None,
        Query(ge=0, le=2**62, description="Wait until this position is visible, or 503."),
    ] = None,
) -> Moment:
    """What every `GET L/…` takes. Raises KnownAtNotOffered, NotYetVisible."""
    if known_at is not None:
        raise KnownAtNotOffered("known_at is not offered yet; as_of is")
    services = services_of(request)
    if min_position is not None:
        await services.positions.wait_for(
            shard_of(ledger_id), min_position, services.limits.wait_s_max
        )
    else:
        await own_writes(services, ledger_id)
    return Moment(as_of)


async def own_writes(services: Services, scope_id: UUID) -> None:
    """Let what was just written here be seen by who asks next, without their saying so.

    A kindness and no promise: it waits a moment at most, and another process knows nothing of it;
    who must be sure says min_position.
    """
    written = services.bus.last_written(scope_id)
    if written is not None:
        with suppress(Unavailable):
            await services.positions.wait_for(*written, OWN_WRITES_WAIT_S)


At = Annotated[Moment, Depends(moment_of)]
# For a query that has no effective date to filter by: it still waits for min_position.
TAKES_MOMENT = [Depends(moment_of)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Makes a repeat of this very request give the first answer again.",
        max_length=255,
    ),
]


async def execute(
    request: Request,
    command: Command,
    ledger_id: UUID | None,
    key: str | None,
    *,
    status: int = 200,
) -> Response:
    """Carry out a command and answer in the envelope."""
    context = Context(principal_of(request), ledger_id, request_id_of(request), None, key)
    answer: Answer = await services_of(request).bus.execute(command, context)
    return respond(
        request, answer.data, position=answer.position, status=status, replayed=answer.replayed
    )
