"""One client of the API for whoever has a data folder, whether a host runs on it or not.

If a host runs, requests go to it over loopback; if none does, one is started in this process and
asked without a network. Either way the caller speaks HTTP, so both ways do the same.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar
from uuid import UUID

import orjson

from mintflow.domain.core.errors import NotFound
from mintflow.hosts.folder_lock import DataFolderInUse, FolderLock

# The rest is imported where it is used: `mintflow --help` must not wait for an HTTP client and a
# whole product, and a command that asks a running host not for the product.
if TYPE_CHECKING:
    import httpx

    from mintflow.hosts.settings import Settings

# A host takes a second to start; another command on the folder takes as long as its work does.
HOLDER_PATIENCE_S: Final = 30.0
# Read models follow the log by milliseconds; after a very large import it can be minutes.
SETTLE_PATIENCE_S: Final = 1_800.0
_POLL_S: Final = 0.1
_ASK_S: Final = 5.0

Tell = Callable[[str], None]
T = TypeVar("T")


class Refused(Exception):
    """The API refused: its error as it stands in the envelope. status: 0 if there was no answer."""

    def __init__(self, code: str, message: str, details: Any = None, status: int = 0) -> None:
        super().__init__(message)
        self.code, self.message, self.details, self.status = code, message, details, status


class DataFolderNotFound(NotFound):
    """There is no data folder here, so there are no books to ask about."""

    code = "data_folder_not_found"


@dataclass(frozen=True, slots=True)
class Answer:
    """A success of the API. meta: the envelope's, with `position` and `pagination`."""

    data: Any
    meta: dict[str, Any]

    @property
    def position(self) -> int | None:
        return self.meta.get("position")


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What `api.json` says of a running host."""

    url: str
    token: str
    database_url: str


class Session:
    """The API as its local owner. database_url: the superuser's, for what only an operator does.

    url: where the host listens, or None if it runs in this process for this session alone.
    """

    def __init__(self, client: httpx.AsyncClient, database_url: str, url: str | None) -> None:
        self._client = client
        self.database_url = database_url
        self.url = url

    async def get(self, path: str, **query: Any) -> Answer:
        """query: names with None are left out. Raises Refused."""
        given = {name: value for name, value in query.items() if value is not None}
        return await self._ask("GET", path, params=given)

    async def post(self, path: str, body: Any) -> Answer:
        """Raises Refused."""
        return await self._ask("POST", path, json=body)

    async def put(self, path: str, body: Any) -> Answer:
        """Raises Refused."""
        return await self._ask("PUT", path, json=body)

    async def delete(self, path: str) -> Answer:
        """Raises Refused."""
        return await self._ask("DELETE", path)

    async def upload(self, path: str, name: str, content: bytes, form: dict[str, str]) -> Answer:
        """Send a file with form fields; reading a large one takes minutes. Raises Refused."""
        files = {"file": (name, content, "application/octet-stream")}
        return await self._ask("POST", path, files=files, data=form, timeout=None)

    async def download(self, path: str, file: Path) -> int:
        """Write an answer that is a file to a new file that only its owner reads; its bytes.

        Raises Refused, also where the file is there already.
        """
        import httpx

        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as trouble:
            reason = {"file": str(file), "reason": trouble.strerror}
            raise Refused("file_not_writable", "a new file is needed", reason) from None
        whole = False
        try:
            with os.fdopen(handle, "wb") as out:
                async with self._client.stream("GET", path, timeout=None) as response:
                    if not response.is_success:
                        error = orjson.loads(await response.aread())["error"]
                        raise Refused(
                            error["code"], error["message"], error["details"], response.status_code
                        )
                    async for chunk in response.aiter_bytes():
                        out.write(chunk)
                whole = True
                return out.tell()
        except httpx.HTTPError as trouble:
            raise Refused(
                "host_unreachable",
                "the host did not send all of it",
                {"reason": type(trouble).__name__},
            ) from trouble
        finally:
            if not whole:
                await asyncio.to_thread(file.unlink)

    async def pages(self, path: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """Every row of a list, page by page. Raises Refused."""
        cursor: str | None = None
        while True:
            answer = await self.get(path, cursor=cursor, **query)
            for row in answer.data:
                yield row
            cursor = answer.meta["pagination"]["next_cursor"]
            if cursor is None:
                return

    async def settle(self, ledger_id: str | UUID, position: int | None) -> None:
        """Wait until what was appended at a position is seen by every query. Raises Refused."""
        deadline = time.monotonic() + SETTLE_PATIENCE_S
        while position is not None:
            try:
                await self.get(f"/v1/ledgers/{ledger_id}/accounts", min_position=position)
                return
            except Refused as refusal:
                if refusal.code != "not_yet_visible" or time.monotonic() > deadline:
                    raise

    async def _ask(self, method: str, path: str, **request: Any) -> Answer:
        import httpx

        try:
            response = await self._client.request(method, path, **request)
        except httpx.HTTPError as trouble:
            raise Refused(
                "host_unreachable",
                "the host did not answer; is it still running?",
                {"reason": type(trouble).__name__},
            ) from trouble
        try:
            envelope = orjson.loads(response.content)
            if envelope["success"]:
                return Answer(envelope["data"], envelope["meta"])
            error = envelope["error"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise Refused(
                "answer_not_readable",
                f"the host answered {response.status_code} without an envelope",
                status=response.status_code,
            ) from None
        raise Refused(error["code"], error["message"], error["details"], response.status_code)


@asynccontextmanager
async def open_session(
    data_dir: Path,
    settings: Settings,
    *,
    purpose: Literal["read", "write"] = "write",
    tell: Tell = lambda _: None,
) -> AsyncIterator[Session]:
    """A session on a data folder. tell: hears in words what takes time.

    purpose: "write" makes the folder if it is not there, "read" refuses instead of making one.
    Raises DataFolderNotFound, DataFolderInUse if its holder does not answer in time, and what
    `EmbeddedHost` raises.
    """
    if purpose == "read" and settings.database_url is None:
        _must_exist(data_dir)

    async def started() -> Session:
        return await stack.enter_async_context(_in_process(data_dir, settings, tell))

    async with AsyncExitStack() as stack:
        found = await _patiently(data_dir, tell, started)
        if isinstance(found, HostFacts):
            found = await stack.enter_async_context(_over_loopback(found))
        yield found


@asynccontextmanager
async def open_database(
    data_dir: Path, settings: Settings, *, tell: Tell = lambda _: None, make: bool = False
) -> AsyncIterator[str]:
    """The superuser's address of a data folder's database, with nothing else started.

    For audits and rebuilds: what they look at must not move because they look. make: also where
    there is none yet, to restore into.
    Raises DataFolderNotFound, DataFolderInUse, and what `EmbeddedPostgres` raises.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    if not make:
        _must_exist(data_dir)
    from mintflow.hosts.postgres import EmbeddedPostgres
    from mintflow.hosts.postgres.keeper import started

    async def opened() -> str:
        tell("starting Postgres…")
        server = EmbeddedPostgres(data_dir)
        stack.callback(server.stop)
        return await started(server)

    async with AsyncExitStack() as stack:
        found = await _patiently(data_dir, tell, opened)
        yield found.database_url if isinstance(found, HostFacts) else found


async def running_host(data_dir: Path) -> HostFacts | None:
    """The host that serves this data folder now, or None.

    A host that was killed leaves `api.json` behind, and a copy of a folder holds one of the
    original, so the file counts only if its host lets its token in and the folder's lock is held.
    """
    import httpx

    facts = _kept_facts(data_dir)
    if facts is None:
        return None
    async with httpx.AsyncClient(base_url=facts.url, timeout=_ASK_S, trust_env=False) as client:
        try:
            ready = await client.get("/ready")
            known = await client.get("/v1/ledgers", headers=_authorization(facts.token))
        except httpx.HTTPError:
            return None
    if (ready.status_code, known.status_code) != (200, 200):
        return None
    # Last, because trying the lock holds it for a moment in which a host could not start.
    return facts if _is_held(data_dir) else None


async def _patiently(
    data_dir: Path, tell: Tell, start: Callable[[], Awaitable[T]]
) -> HostFacts | T:
    """The host that runs on a folder, or what `start` makes while nobody holds the folder.

    Raises DataFolderInUse if its holder neither serves nor ends in time.
    """
    deadline = time.monotonic() + HOLDER_PATIENCE_S
    while True:
        facts = await running_host(data_dir)
        if facts is not None:
            return facts
        try:
            return await start()
        except DataFolderInUse:
            if time.monotonic() > deadline:
                raise
        tell("waiting for the command that works on this folder…")
        await asyncio.sleep(_POLL_S)


@asynccontextmanager
async def _over_loopback(facts: HostFacts) -> AsyncIterator[Session]:
    import httpx

    async with httpx.AsyncClient(
        base_url=facts.url,
        headers=_authorization(facts.token),
        timeout=httpx.Timeout(60.0, connect=_ASK_S),
        trust_env=False,
    ) as client:
        yield Session(client, facts.database_url, facts.url)


@asynccontextmanager
async def _in_process(data_dir: Path, settings: Settings, tell: Tell) -> AsyncIterator[Session]:
    import httpx

    from mintflow.hosts.embedded import EmbeddedHost

    fresh = not (data_dir / "postgres").exists() and settings.database_url is None
    tell("making the data folder and its Postgres…" if fresh else "opening the books…")
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(EmbeddedHost(data_dir, settings))
        transport = httpx.ASGITransport(host.app, raise_app_exceptions=False)
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=transport, base_url="http://mintflow", headers=_authorization(host.token)
            )
        )
        yield Session(client, host.database_url, None)


def _kept_facts(data_dir: Path) -> HostFacts | None:
    try:
        kept = orjson.loads((data_dir / "api.json").read_bytes())
        return HostFacts(*(str(kept[name]) for name in ("url", "token", "database_url")))
    except (FileNotFoundError, NotADirectoryError, orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _must_exist(data_dir: Path) -> None:
    """Also where a folder holds something else: to ask must not fill it with empty books."""
    if not data_dir.is_dir():
        raise DataFolderNotFound(
            f"there is no data folder at {data_dir}; `mintflow demo` or `mintflow import` make one",
            folder=str(data_dir),
        )
    # Who holds a folder without a cluster is making one.
    if not (data_dir / "postgres").exists() and not _is_held(data_dir):
        raise DataFolderNotFound(
            f"{data_dir} holds no books; `mintflow demo` or `mintflow import` make a data folder",
            folder=str(data_dir),
        )


def _is_held(data_dir: Path) -> bool:
    if not os.path.lexists(data_dir / "host.lock"):
        return False
    try:
        FolderLock(data_dir).acquire().release()
    except DataFolderInUse:
        return True
    return False


def _authorization(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
