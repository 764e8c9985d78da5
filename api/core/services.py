"""What the routes work with; `hosts/` makes one and puts it into the application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from psycopg_pool import AsyncConnectionPool
from starlette.requests import Request

from mintflow.api.core.metrics import RequestCounts
from mintflow.commands.core.bus import CommandBus
from mintflow.commands.core.command import Command, Context
from mintflow.commands.core.imagining import Imagination
from mintflow.commands.core.ports import Clock, IdSource, Principal
from mintflow.commands.core.repository import Repository
from mintflow.ml.categorize import Categorizer
from mintflow.projections.core.replay import Replays, Scratch
from mintflow.store.evidence.keyring import Keyring
from mintflow.store.keys import KeyStore
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.places import Place
from mintflow.store.traces import trace_of


class Positions(Protocol):
    """How far the read models are."""

    async def wait_for(self, shard: int, position: int, timeout_s: float) -> None:
        """Return once a position is visible. Raises NotYetVisible (unavailable) with the lag."""


class Delivery(Protocol):
    """An event on its way to many."""

    @property
    def event(self) -> RecordedEvent: ...

    def bytes_of(self, encode: Callable[[RecordedEvent], bytes]) -> bytes:
        """encode(event), computed once for all to whom it goes."""


class WhatIf(Protocol):
    """Imagines commands. commands: those that it can, by their names."""

    commands: dict[str, type[Command]]

    def over(self, scratch: Scratch) -> Imagination:
        """Commands look things up in these read models."""


class Follower(Protocol):
    """One who follows the log live."""

    @property
    def behind(self) -> bool:
        """Whether more came than there was room for, and that is not made up for yet."""

    @property
    def at_end(self) -> bool:
        """Whether all that was in the log when it was last read has been given."""

    async def next(self) -> Sequence[tuple[Delivery, str]] | None:
        """What comes next, each with the place behind it; empty after a while without anything;
        None when the feed has ended. Raises Unavailable."""

    def stop(self) -> None:
        """Let `next` give None from now on, also the one that waits."""

    def close(self) -> None:
        """Follow no longer."""


class Feed(Protocol):
    """The log as it grows."""

    def admitted(self, caller: UUID) -> AbstractContextManager[None]:
        """One of the caller's streams. Raises Unavailable for more than one caller may have."""

    def follow(self, place: Place, types: Sequence[str]) -> Follower:
        """Everything behind a place, from the log and then as it happens."""


Authenticate = Callable[[str], Principal | None]
Ready = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes that a request may have; docs/reference/limits.md says them to callers."""

    body_bytes_max: int
    upload_bytes_max: int
    requests_per_s: int
    requests_burst: int
    wait_s_max: float
    stream_patience_s: float


class TrailNotes(Protocol):
    """Takes what belongs into the trail; never waits, never raises."""

    def note(
        self,
        what: str,
        *,
        actor: str | None = None,
        address: str | None = None,
        reason: str | None = None,
        route: str | None = None,
        ledger_id: str | None = None,
    ) -> None: ...

    def came_in(self, actor: str, address: str | None) -> None: ...

    async def flush(self) -> None: ...


@dataclass(frozen=True, slots=True)
class EvidenceService:
    """keys: the public ones are shown. ask: makes the notary sign now, if it runs here."""

    keys: Keyring
    ask: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Services:
    """One per application. authenticate: a bearer token to who it belongs to. ready: the state of
    each part; the API is ready when all are "ok"."""

    bus: CommandBus
    repository: Repository
    mapper: Mapper
    pool: AsyncConnectionPool[Any]
    replays: Replays
    what_if: WhatIf
    positions: Positions
    feed: Feed
    categorizer: Categorizer
    authenticate: Authenticate
    ready: Ready
    limits: Limits
    clock: Clock
    new_id: IdSource
    version: str
    # The AsyncAPI document; it is made in streams/, which this room does not know.
    asyncapi: Callable[[], dict[str, Any]]
    # Reading a file is CPU work: more of them at once would hold memory and save no time.
    uploads: asyncio.Semaphore
    # None where this host keeps no evidence.
    evidence: EvidenceService | None = None
    trail: TrailNotes | None = None
    # Opens what is sealed of the trail.
    trail_keys: KeyStore | None = None
    requests: RequestCounts = field(default_factory=RequestCounts)
    # The text that Prometheus reads; what it tells lies in rooms that this one does not know.
    metrics: Callable[[RequestCounts], Awaitable[bytes]] | None = None


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def principal_of(request: Request) -> Principal:
    principal: Principal = request.scope["state"]["principal"]
    return principal


def request_id_of(request: Request) -> UUID:
    request_id: UUID = request.scope["state"]["request_id"]
    return request_id


def context_of(request: Request, ledger_id: UUID | None, key: str | None = None) -> Context:
    """In which a command of this request is carried out. key: its idempotency key."""
    named = request.headers.getlist("traceparent")
    return Context(
        principal_of(request),
        ledger_id,
        request_id_of(request),
        idempotency_key=key,
        trace=trace_of(named[0]) if len(named) == 1 else None,
    )
