"""What the OpenAPI document says of answers: models for reading, not for validating.

Routes write their bytes themselves, so a model here costs a request nothing; that the models tell
the truth is a test (tests/api/test_openapi.py).
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, create_model

T = TypeVar("T")


class Documented(BaseModel):
    """A part of an answer. More fields may come, none goes away."""

    # Validators are made when one is first asked, which no request does.
    model_config = ConfigDict(extra="allow", defer_build=True)


class Pagination(Documented):
    next_cursor: str | None
    has_next: bool


class Meta(Documented):
    """position: what a command appended, or what a query reflects, within the ledger's shard."""

    timestamp: dt.datetime
    request_id: str
    position: int | None = None
    pagination: Pagination | None = None


class Success(Documented, Generic[T]):
    success: bool
    data: T
    meta: Meta


class Problem(Documented):
    code: str
    message: str
    details: Any


class Failure(Documented):
    success: bool
    error: Problem
    meta: Meta


def _refusal(words: str) -> dict[str, Any]:
    """Named and not given as a model: FastAPI would make a validator of each, a thousand in all at
    every start, that nothing ever asks. The 409 of the commands brings the model into the document.
    """
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}
    return {"description": words, "content": content}


_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: _refusal("No valid bearer token."),
    403: _refusal("The caller may not do this."),
    404: _refusal("Not there, or not the caller's."),
    413: _refusal("The body is too large."),
    422: _refusal("It can never succeed as it is written."),
    429: _refusal("Too many requests."),
    503: _refusal("Not now; the same request may succeed later."),
}


def found(data: Any) -> dict[int | str, dict[str, Any]]:
    """The answers of a query."""
    return {200: {"model": _of(data), "description": "Found."}, 304: _UNCHANGED, **_REFUSALS}


def streamed(words: str) -> dict[int | str, dict[str, Any]]:
    """The answers of a stream. words: what its ids are."""
    # Of one message: OpenAPI 3.1 has no word for a stream of them.
    fields = {name: {"type": "string"} for name in ("id", "event", "data")}
    content = {"text/event-stream": {"schema": {"type": "object", "properties": fields}}}
    conflict = {"model": Failure, "description": "The place lies behind the last event."}
    told = f"Server-Sent Events until either side ends it. {words}"
    return {200: {"content": content, "description": told}, 409: conflict, **_REFUSALS}


def given_as(media_type: str, words: str) -> dict[int | str, dict[str, Any]]:
    """The answers of a query that are a file and no envelope. words: what is in it."""
    content: dict[str, Any] = {media_type: {"schema": {"type": "string"}}}
    return {200: {"content": content, "description": words}, 304: _UNCHANGED, **_REFUSALS}


def accepted(data: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The answers of a command."""
    conflict = {"model": Failure, "description": "The books are in a state that refuses this."}
    return {
        status: {"model": _of(data), "description": "Done, durably."},
        409: conflict,
        **_REFUSALS,
    }


_UNCHANGED = {"description": "Nothing changed since the ETag in If-None-Match."}


def _of(data: Any) -> Any:
    name = getattr(data, "__name__", "Answer")
    inner = getattr(data, "__args__", ())
    if inner:
        name = f"ListOf{inner[0].__name__}"
    return create_model(f"{name}Answer", __base__=Success[data])
