"""From refusals to HTTP: the kind of an error gives its status, in this one place."""

from __future__ import annotations

from collections.abc import Mapping
from traceback import extract_tb
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from mintflow.api.core.envelope import REPLAYED, refuse
from mintflow.api.core.gate import BodyTooLarge
from mintflow.commands.core.batches import StoreUnavailable
from mintflow.commands.core.bus import KeptRefusal
from mintflow.domain.core.errors import Kind, MintFlowError

log = structlog.get_logger(__name__)

STATUS_OF: Mapping[Kind, int] = {
    "invalid": 422,
    "not_found": 404,
    "conflict": 409,
    "forbidden": 403,
    "unavailable": 503,
}
_CODES = {401: "unauthenticated", 404: "not_found", 405: "method_not_allowed"}

# What pydantic says of a body that was left as it is, because it was not sent as JSON.
_NO_OBJECT = frozenset({"model_attributes_type", "dict_type"})
_SENT_OTHERWISE = "the body is JSON: send it with the header 'Content-Type: application/json'"


def install_error_handlers(app: FastAPI) -> None:
    """Every failure leaves in the envelope; none shows its inside."""
    app.add_exception_handler(MintFlowError, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(ValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(psycopg.OperationalError, _database_away)
    app.add_exception_handler(Exception, _fault)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, MintFlowError)
    headers = {"Retry-After": "1"} if error.kind == "unavailable" else {}
    if isinstance(error, KeptRefusal) and error.replayed:
        headers |= REPLAYED
    status = 413 if isinstance(error, BodyTooLarge) else STATUS_OF[error.kind]
    return refuse(request, status, error.code, error.message, error.details, headers)


async def _not_valid(request: Request, error: Exception) -> Response:
    """What was sent is not repeated: it may be a description, a note or a secret.

    A ValidationError comes from a command that a route makes of a request's parts.
    """
    assert isinstance(error, RequestValidationError | ValidationError)
    # A rule about several fields together has no place of its own.
    whole = "query" if request.method == "GET" else "body"
    as_json = "json" in request.headers.get("content-type", "").lower()
    problems = [
        {
            "where": [_short(part) for part in one["loc"] or (whole,)],
            "problem": _SENT_OTHERWISE
            if one["type"] in _NO_OBJECT and not as_json
            else one["msg"][:300],
        }
        for one in error.errors()[:50]
    ]
    return refuse(request, 422, "request_not_valid", "the request is not valid", problems)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "http_error")
    headers = dict(error.headers) if error.headers else {}
    if error.status_code == 405:
        # The router names the methods of one route only, and an address has several routes.
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return refuse(request, error.status_code, code, str(error.detail), {}, headers)


async def _database_away(request: Request, error: Exception) -> Response:
    """It was ended, starts anew, or has no connection left: what was asked can be asked again."""
    log.warning("database_away", error=type(error).__name__, at=_places(error))
    message = "the books can not be read at the moment; ask again"
    return refuse(request, 503, StoreUnavailable.code, message, {}, {"Retry-After": "1"})


async def _fault(request: Request, error: Exception) -> Response:
    state = request.scope.get("state", {})
    log.error(
        "request_failed",
        request_id=str(state.get("request_id", "")),
        error=type(error).__name__,
        at=_places(error),
    )
    return refuse(request, 500, "internal_error", "something went wrong on our side", {})


def _methods(request: Request) -> set[str]:
    """What this address takes."""
    return {
        method
        for route in request.app.router.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


def _places(error: BaseException) -> list[str]:
    """Where it happened, without the message, which may quote what was sent."""
    return [f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in extract_tb(error.__traceback__)]


def _short(part: Any) -> Any:
    return part if isinstance(part, int) else str(part)[:100]
