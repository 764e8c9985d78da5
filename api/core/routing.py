"""How a route reads its request: JSON by orjson, its ledger, and what all queries take."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ClassVar
from uuid import UUID

import orjson
from fastapi import Header
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.envelope import respond
from mintflow.api.core.services import context_of, principal_of, services_of
from mintflow.api.core.subject import find_subject
from mintflow.commands.core.command import Answer, Command
from mintflow.commands.core.ports import Scope
from mintflow.domain.core.errors import Forbidden, MintFlowError
from mintflow.domain.core.ids import shard_of
from mintflow.store.reader import head_of


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


class ScopeNotSufficient(Forbidden):
    """The token is for something else: owner, analyst or auditor. Another token may do this."""

    code = "scope_not_sufficient"


class JsonRoute(APIRoute):
    """The route class of every router. A route is for owners where its class does not say else."""

    scopes: ClassVar[frozenset[Scope]] = frozenset({"owner"})

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        about_a_ledger = "{ledger_id}" in self.path

        async def handle(request: Request) -> Response:
            request = JsonRequest(request.scope, request.receive)
            scope = principal_of(request).scope
            if scope not in self.scopes:
                raise ScopeNotSufficient(
                    "this token is not for that", scope=scope, sufficient=sorted(self.scopes)
                )
            if about_a_ledger:
                await find_subject(request)
            try:
                return await handler(request)
            except HTTPException as error:
                raise _about_the_body(error) from None

        return handle


class AnalystRoute(JsonRoute):
    """A route over all ledgers, for those who analyse them without knowing whose they are."""

    scopes = frozenset({"analyst"})


class AuditRoute(JsonRoute):
    """A route about the log as a whole, for owners and auditors."""

    scopes = frozenset({"owner", "auditor"})


def _about_the_body(error: HTTPException) -> Exception:
    """FastAPI says 400 and no reason for whatever goes wrong while it reads a body: say which."""
    if isinstance(error.__cause__, MintFlowError | RequestValidationError):
        return error.__cause__
    if error.status_code != 400:
        return error
    problem = {"loc": ("body",), "msg": str(error.detail), "type": "body_not_readable"}
    return RequestValidationError([problem])


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
    services = services_of(request)
    answer: Answer = await services.bus.execute(command, context_of(request, ledger_id, key))
    position = answer.position
    if position is None and ledger_id is not None:
        # It changed nothing: what it found is visible to whoever waits for all that there is.
        async with services.pool.connection() as conn:
            position = await head_of(conn, shard_of(ledger_id))
    return respond(request, answer.data, position=position, status=status, replayed=answer.replayed)
