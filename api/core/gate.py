"""The gate before every route: request id, who asks, how much and how often; and one log line.

Plain ASGI, because a body must be counted while it streams. The log line has ids, the route's
template, status and time; never the address's query, a body, a name or a token.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from mintflow.api.core.envelope import refuse
from mintflow.api.core.services import Services
from mintflow.api.core.trail import note_request
from mintflow.domain.core.errors import Invalid

log = structlog.get_logger(__name__)

DOCUMENTATION_FILES = "/docs/files"
OPEN_PATHS = frozenset(
    {
        "/",
        "/health",
        "/ready",
        "/openapi.json",
        "/asyncapi.json",
        "/docs",
        *(
            f"{DOCUMENTATION_FILES}/{name}"
            for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")
        ),
    }
)
METRICS = "/metrics"
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_FORWARDED = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})
_CALLERS_MAX = 10_000
# What a refused caller may still send, and for how long, before it is cut off. Most clients read
# no answer before they have sent all; one that is cut off earlier learns no reason.
_DRAINED_BYTES_MAX = 512 * 1024 * 1024
_DRAINED_S_MAX = 20.0


class BodyTooLarge(Invalid):
    """The body is larger than this endpoint takes."""

    code = "body_too_large"


class Gate:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = self._services.new_id()
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 500

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self._services.trail is not None:
                    note_request(self._services.trail, scope, _address(scope), status)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await _drain(scope, receive)
            await refusal(scope, receive, observed)
            self._seen(scope, request_id, status, started)
        else:
            try:
                with bound_contextvars(request_id=str(request_id)):
                    await self._app(scope, self._counted(scope, receive), observed)
            finally:
                # A fault passes through here before it is answered with 500.
                self._seen(scope, request_id, status, started)

    def _seen(self, scope: Scope, request_id: UUID, status: int, started: float) -> None:
        """Count and log an answer."""
        route = getattr(scope.get("route"), "path", "unmatched")
        seconds = time.perf_counter() - started
        self._services.requests.count(scope["method"], route, status, seconds)
        log.info(
            "request",
            request_id=str(request_id),
            method=scope["method"],
            route=route,
            status=status,
            ms=round(seconds * 1000, 2),
        )

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        request = Request(scope)
        if scope["path"] not in OPEN_PATHS and not _is_scrape(scope):
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            principal = (
                self._services.authenticate(token.strip()) if scheme.lower() == "bearer" else None
            )
            caller = str(principal.user_id) if principal else f"address:{_address(scope)}"
            if not self._admitted(caller):
                return refuse(
                    request,
                    429,
                    "too_many_requests",
                    "too many requests, slow down",
                    {"requests_per_s": self._services.limits.requests_per_s},
                    {"Retry-After": "1"},
                )
            if principal is None:
                return refuse(
                    request,
                    401,
                    "unauthenticated",
                    "send the header 'Authorization: Bearer …' with your token",
                    {},
                    {"WWW-Authenticate": "Bearer"},
                )
            scope["state"]["principal"] = principal
        length = request.headers.get("content-length", "0")
        limit = self._limit(scope)
        if not length.isdigit() or int(length) > limit:
            return refuse(
                request, 413, BodyTooLarge.code, "the body is too large", {"bytes_max": limit}
            )
        return None

    def _limit(self, scope: Scope) -> int:
        limits = self._services.limits
        upload = scope["path"].endswith("/imports")
        return limits.upload_bytes_max if upload else limits.body_bytes_max

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        """Bodies without a length are counted as they come."""
        limit, seen = self._limit(scope), 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit:
                    if message.get("more_body"):
                        await _drain(scope, receive)
                    raise BodyTooLarge("the body is too large", bytes_max=limit)
            return message

        return counted

    def _admitted(self, caller: str) -> bool:
        """A token bucket per caller; a caller without a valid token has a hundredth of it."""
        limits = self._services.limits
        share = 0.01 if caller.startswith("address:") else 1.0
        now = time.monotonic()
        level, at = self._buckets.pop(caller, (limits.requests_burst * share, now))
        level = min(
            limits.requests_burst * share, level + (now - at) * limits.requests_per_s * share
        )
        admitted = level >= 1
        self._buckets[caller] = (level - 1 if admitted else level, now)
        if len(self._buckets) > _CALLERS_MAX:
            self._buckets.popitem(last=False)
        return admitted


async def _drain(scope: Scope, receive: Receive) -> None:
    """Let a caller who is refused finish what it is sending, within bounds."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"")
    if b"expect" in headers or not (length or b"transfer-encoding" in headers):
        return  # It waits for a word before it sends, or sends nothing.
    if length and (not length.isdigit() or int(length) > _DRAINED_BYTES_MAX):
        return
    left = _DRAINED_BYTES_MAX
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAINED_S_MAX):
            while left > 0:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
                left -= len(message.get("body", b""))


def _is_scrape(scope: Scope) -> bool:
    """Whether Prometheus on this machine asks; what a proxy brings needs a token like the rest."""
    if scope["path"] != METRICS or _address(scope) not in _LOOPBACK:
        return False
    return not any(name in _FORWARDED for name, _ in scope["headers"])


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "unknown"
