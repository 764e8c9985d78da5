"""`GET /v1/me/takeout`: everything about the caller as one zip, made while it is sent.

Nothing is kept on the way: not on a disk, and in memory no more than a page. The zip ends with its
manifest, so one that was cut off is seen to be.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from hashlib import sha256
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import orjson
from fastapi import APIRouter
from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.services import Services, principal_of, services_of
from mintflow.api.core.subject import own_writes
from mintflow.commands.core.ports import Principal
from mintflow.domain.core.errors import Unavailable
from mintflow.projections.erasure import erasures_of
from mintflow.projections.ledgers import list_ledgers
from mintflow.projections.takeout import events_of, rows_as_csv, rows_as_json, tables
from mintflow.store.reader import heads
from mintflow.store.schemas import released
from mintflow.store.takeout import FORMAT, VERSION, schema_of_files
from mintflow.store.trail import read_trail

router = APIRouter(prefix="/v1/me", tags=["takeout"], route_class=JsonRoute)

# Takeouts that one process makes at once; each holds a connection of the pool while it is sent.
_AT_ONCE = 2
_WAIT_S = 5.0
# A reader who takes nothing for so long is let go, and his takeout with him.
_STALLED_S = 60
_TRAIL_PAGE = 1_000

_Chunks = AsyncIterator[tuple[bytes, int]]


class TakeoutsBusy(Unavailable):
    """As many takeouts are being sent as this host sends at once; ask again."""

    code = "takeouts_busy"


_room = asyncio.Semaphore(_AT_ONCE)


@router.get(
    "/takeout",
    response_class=Response,
    responses={
        200: {
            "description": "A zip: events, read models as JSON and CSV, schema and manifest.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def takeout(request: Request) -> Response:
    """Everything about you, to take away: all your ledgers with what is sealed opened.

    `mintflow import-takeout` brings it into another installation.
    """
    services, principal = services_of(request), principal_of(request)
    await own_writes(services, principal.user_id)
    return _Download(services, principal)


class _Download(Response):
    """Makes the zip while it is sent."""

    media_type = "application/zip"

    def __init__(self, services: Services, principal: Principal) -> None:
        name = 'attachment; filename="mintflow-takeout.zip"'
        super().__init__(headers={"Content-Disposition": name})
        del self.headers["content-length"]
        self._services, self._principal = services, principal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Raises TakeoutsBusy, before anything is sent."""
        services, principal = self._services, self._principal
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(_WAIT_S):
                    await stack.enter_async_context(_room)
                    conn = await stack.enter_async_context(services.pool.connection())
            except TimeoutError:
                raise TakeoutsBusy("others are being sent; ask again", at_once=_AT_ONCE) from None
            if services.trail is not None:
                services.trail.note("takeout", actor=principal.actor)
            await stack.enter_async_context(conn.transaction())
            await conn.execute("set transaction isolation level repeatable read, read only")
            timeout = f"set local idle_in_transaction_session_timeout = '{_STALLED_S}s'"
            await conn.execute(timeout.encode())
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
            archive = _Archive()
            async for chunk in _everything(archive, services, principal, conn):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": archive.close(), "more_body": False})


async def _everything(
    archive: _Archive, services: Services, principal: Principal, conn: AsyncConnection[Any]
) -> AsyncIterator[bytes]:
    owner = str(principal.user_id)
    ledgers = await list_ledgers(conn, owner)
    states = {one["ledger_id"]: one["state"] for one in await erasures_of(conn, owner)}
    schema = {**schema_of_files(tables()), "events": _schemas()}
    yield await archive.whole("schema.json", schema)
    for ledger in ledgers:
        ledger_id: UUID = ledger["ledger_id"]
        folder = f"ledgers/{ledger_id}"
        chunks = events_of(conn, services.mapper, ledger_id)
        async for sent in archive.add(f"{folder}/events.jsonl", chunks):
            yield sent
        for table in tables():
            for name, rows in (
                (f"{folder}/{table.name}.json", rows_as_json(conn, table, ledger_id)),
                (f"{folder}/{table.name}.csv", rows_as_csv(conn, table, ledger_id)),
            ):
                async for sent in archive.add(name, rows):
                    yield sent
    async for sent in archive.add("trail.jsonl", _trail(services, principal, conn)):
        yield sent
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": services.clock(),
        "made_by": f"mintflow {services.version}",
        "user_id": owner,
        "heads": {str(shard): position for shard, position in (await heads(conn)).items()},
        "ledgers": [{**one, "erasure": states.get(one["ledger_id"])} for one in ledgers],
        "files": archive.files,
    }
    yield await archive.whole("manifest.json", manifest)


def _schemas() -> dict[str, Any]:
    return {f"{topic}.v{version}": one for (topic, version), one in released().items()}


async def _trail(services: Services, principal: Principal, conn: AsyncConnection[Any]) -> _Chunks:
    """What the trail says of the caller."""
    after = 0
    while services.trail_keys is not None:
        entries = await read_trail(conn, services.trail_keys, after, _TRAIL_PAGE, principal.actor)
        if not entries:
            return
        after = entries[-1]["position"]
        option = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
        yield b"".join(orjson.dumps(one, option=option) for one in entries), len(entries)


class _Archive:
    """A zip that is taken away while it is written. files: what is in it by now."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = ZipFile(self._sink, "w", ZIP_DEFLATED)
        self.files: dict[str, dict[str, Any]] = {}

    async def add(self, name: str, chunks: _Chunks) -> AsyncIterator[bytes]:
        digest, size, rows = sha256(), 0, 0
        info = ZipInfo(name)
        info.compress_type = ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as member:
            async for chunk, count in chunks:
                digest.update(chunk)
                size, rows = size + len(chunk), rows + count
                # Compressing a page takes milliseconds in which others want to be answered.
                await asyncio.to_thread(member.write, chunk)
                if sent := self._sink.taken():
                    yield sent
        self.files[name] = {"bytes": size, "rows": rows, "sha256": digest.hexdigest()}
        if sent := self._sink.taken():
            yield sent

    async def whole(self, name: str, value: Any) -> bytes:
        """A small file of JSON."""
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)

        async def one() -> _Chunks:
            yield text, 1

        return b"".join([sent async for sent in self.add(name, one())])

    def close(self) -> bytes:
        self._zip.close()
        return self._sink.taken()


class _Sink(io.RawIOBase):
    """What was written and not taken yet. It can not go back, so the zip has no need to."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._parts.append(bytes(content))
        return len(content)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
