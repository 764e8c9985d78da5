"""Server-Sent Events: a live answer that ends when its reader goes, or with the reason.

An event is `id:` (its place, from which a reader goes on with Last-Event-ID) and `data:` (JSON in
one line). The last thing on a stream that the server ends is `event: end` with a code and words; it
has no id. Lines that begin with a colon keep the connection open and mean nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mintflow.api.core.envelope import encode
from mintflow.api.core.services import Delivery, Feed, Follower
from mintflow.domain.core.errors import Unavailable
from mintflow.store.mapper import RecordedEvent
from mintflow.store.places import Place

log = structlog.get_logger(__name__)

# A reader that has taken nothing for so long will not read the reason either.
GIVE_UP_S = 60.0
# How often a stream that is never silent asks whether its token still counts.
ASK_AGAIN_S = 1.0
# What is written at once; more would wait in memory for each slow reader.
CHUNK_BYTES = 65_536
RETRY_MS = 1_000
HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    # Proxies that hold answers back until they are whole would hold this one for ever.
    "x-accel-buffering": "no",
}
_TICK = b":\n\n"


class EventStream(Response):
    """What a route returns; everything happens while it is being sent."""

    def __init__(
        self,
        feed: Feed,
        caller: UUID,
        place: Place,
        types: Sequence[str],
        shown: Callable[[RecordedEvent], object],
        *,
        only: Callable[[RecordedEvent], bool] | None,
        live: bool,
        patience_s: float,
        still_allowed: Callable[[], bool],
        request_id: str,
    ) -> None:
        """shown: what of an event goes into `data`. only: which of the events of these types
        are sent; None: all. live: go on at the end of the log, else end there. still_allowed: asked
        at every tick, and each second in between where something is sent: a history takes as long
        as its reader does. Raises nothing here; sending it may raise TooManyStreams before anything
        is sent."""
        super().__init__(headers={**HEADERS, "x-request-id": request_id})
        del self.headers["content-length"]
        self._feed = feed
        self._caller = caller
        self._place = place
        self._types = types
        self._shown = shown
        self._only = only
        self._live = live
        self._patience_s = patience_s
        self._still_allowed = still_allowed

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the reader is gone or the stream ends."""
        with self._feed.admitted(self._caller):
            follower = self._feed.follow(self._place, self._types)
            gone = asyncio.create_task(_until_gone(receive))
            # Told, not cancelled: a query under way may not let itself be cancelled.
            gone.add_done_callback(lambda _: follower.stop())
            try:
                await self._write(follower, send, gone)
            finally:
                gone.cancel()
                await asyncio.gather(gone, return_exceptions=True)

    async def _write(self, follower: Follower, send: Send, gone: asyncio.Task[None]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        try:
            await _body(send, b"retry: %d\n\n" % RETRY_MS)
            code, words = await self._follow(follower, send)
        except Unavailable as trouble:
            code, words = trouble.code, trouble.message
        except TimeoutError:
            log.info("stream_given_up", caller=str(self._caller))
            return
        finally:
            follower.close()
        if gone.done():
            code = "reader_gone"
        log.info("stream_ended", caller=str(self._caller), code=code)
        reason = encode({"code": code, "message": words})
        await _body(send, b"event: end\ndata: " + reason + b"\n\n", more=False)

    async def _follow(self, follower: Follower, send: Send) -> tuple[str, str]:
        """Send what comes; at the end the reason: a code, and words."""
        asked = time.monotonic()
        while (batch := await follower.next()) is not None:
            # Nothing came, or a long stretch had nothing of what is asked for.
            for chunk in self._chunks(batch) if batch else (_TICK,):
                if not batch or time.monotonic() - asked > ASK_AGAIN_S:
                    if not self._still_allowed():
                        return "unauthenticated", "the token is no longer valid"
                    asked = time.monotonic()
                if await _sent(send, chunk) > self._patience_s and follower.behind:
                    return "slow_reader", "more came than was read; go on from the last event"
            if follower.at_end and not self._live:
                return "at_end", "this is all there is now"
        return "host_stops", "the host is stopping; another one, or this one later, goes on"

    def _chunks(self, batch: Sequence[tuple[Delivery, str]]) -> Iterator[bytes]:
        parts: list[bytes] = []
        size = 0
        for delivery, place in batch:
            if self._only is not None and not self._only(delivery.event):
                continue
            part = delivery.bytes_of(self._data)
            parts += (b"id: ", place.encode(), part)
            size += len(part)
            if size > CHUNK_BYTES:
                yield b"".join(parts)
                parts, size = [], 0
        if parts:
            yield b"".join(parts)

    @property
    def _data(self) -> Callable[[RecordedEvent], bytes]:
        return _encoders.setdefault(self._shown, _Encoder(self._shown))


class _Encoder:
    """From an event to the rest of its lines; one object per way of showing, so that what one
    stream has encoded is found by the others."""

    def __init__(self, shown: Callable[[RecordedEvent], object]) -> None:
        self._shown = shown

    def __call__(self, event: RecordedEvent) -> bytes:
        return b"\ndata: " + encode(self._shown(event)) + b"\n\n"


# As many as there are ways of showing an event, which are functions of this room.
_encoders: dict[Callable[[RecordedEvent], object], _Encoder] = {}


async def _sent(send: Send, chunk: bytes) -> float:
    """Seconds that it took until there was room. Raises TimeoutError."""
    began = time.monotonic()
    async with asyncio.timeout(GIVE_UP_S):
        await _body(send, chunk)
    return time.monotonic() - began


async def _body(send: Send, chunk: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": more})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
