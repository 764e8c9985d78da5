"""The one shape of every answer: `success`, `data` or `error`, and `meta`."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from mintflow.domain.core.money import money_text

MEDIA_TYPE = "application/json"
REPLAYED = {"Idempotency-Replayed": "true"}
"""The header of an answer that was given before, under the same idempotency key."""
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def respond(
    request: Request,
    data: Any,
    *,
    position: int | None = None,
    status: int = 200,
    pagination: dict[str, Any] | None = None,
    replayed: bool = False,
    day: dt.date | None = None,
) -> Response:
    """A success. position: what a command appended, or what a query reflects; of a query about
    what was known at a moment it is always that of the moment. It stands in every answer, null in
    one that is about no ledger or about several. day: the day that a
    query's answer depends on besides, if it does.

    A query's answer carries an ETag made of its position and address; If-None-Match gets a 304.
    """
    meta = _meta(request)
    moment = request.scope.get("state", {}).get("known_at")
    if moment is not None:
        position = moment.position
    meta["position"] = position
    if pagination is not None:
        meta["pagination"] = pagination
    headers = {"X-Request-Id": meta["request_id"]}
    if replayed:
        headers |= REPLAYED
    if request.method == "GET" and position is not None:
        etag = f'W/"{position}"' if day is None else f'W/"{position}-{day:%Y%m%d}"'
        headers["ETag"] = etag
        headers["Cache-Control"] = "private, no-cache"
        headers["Vary"] = "Authorization"
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
    return Response(
        encode({"success": True, "data": data, "meta": meta}),
        status,
        headers=headers,
        media_type=MEDIA_TYPE,
    )


def refuse(
    request: Request,
    status: int,
    code: str,
    message: str,
    details: Any,
    headers: dict[str, str] | None = None,
) -> Response:
    """A failure. Its code is left in the request's state, for the trail."""
    request.scope.setdefault("state", {})["refused"] = code
    meta = _meta(request)
    error = {"code": code, "message": message, "details": details}
    return Response(
        encode({"success": False, "error": error, "meta": meta}),
        status,
        headers={"X-Request-Id": meta["request_id"], **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def encode(value: Any) -> bytes:
    """JSON with money as plain decimal text."""
    return orjson.dumps(value, default=_plain, option=_OPTIONS)


def _meta(request: Request) -> dict[str, Any]:
    state = request.scope.get("state", {})
    return {
        "timestamp": dt.datetime.now(dt.UTC),
        "request_id": str(state.get("request_id", "")),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return money_text(value)
    raise TypeError(f"{type(value).__name__} has no JSON form in an answer")
