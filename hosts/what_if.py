"""What-if: the handlers of the bus over scratch read models, put together for one question."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection

from mintflow.commands.core.bus import Authorizer
from mintflow.commands.core.command import Command, Handler, utc_now
from mintflow.commands.core.ids import new_id
from mintflow.commands.core.imagining import Imagination
from mintflow.commands.core.ports import Books
from mintflow.commands.core.repository import Repository
from mintflow.commands.erasure import CancelErasure, CompleteErasure, RequestErasure
from mintflow.commands.imports import ImportFile, SyncAccount
from mintflow.commands.ledgers import OpenLedger
from mintflow.hosts.books import ReadModelBooks
from mintflow.projections.core.replay import Scratch

# Commands that are not imagined, each with the reason.
NOT_IMAGINED: dict[type[Command], str] = {
    RequestErasure: "an erasure is waited for, and can be called off",
    CancelErasure: "an erasure is waited for, and can be called off",
    CompleteErasure: "only the host says that",
    OpenLedger: "a new ledger has no books to compare with",
    ImportFile: "a file is tried with dry_run",
    SyncAccount: "only a bank knows what it would bring",
}


class WhatIf:
    """Makes imaginations; holds no state of any."""

    def __init__(
        self,
        repository: Repository,
        authorizer: Authorizer,
        handlers: Callable[[Books], Mapping[type[Command], Handler]],
    ) -> None:
        """handlers: those of the bus, made for the books that they look things up in."""
        self._repository = repository
        self._authorizer = authorizer
        self._handlers = handlers
        known = handlers(_books(None))
        self.commands = {_name(one): one for one in known if one not in NOT_IMAGINED}
        """The commands that can be imagined, by the names that callers use."""

    def over(self, scratch: Scratch) -> Imagination:
        """An imagination whose commands look things up in these read models."""
        return Imagination(
            self._handlers(_books(scratch.conn)),
            self._repository,
            self._repository.mapper,
            self._authorizer,
            utc_now,
            new_id,
        )


class _OneConnection:
    """Stands where a pool is expected."""

    def __init__(self, conn: AsyncConnection[Any] | None) -> None:
        self._conn = conn

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        assert self._conn is not None
        yield self._conn


class _CaughtUp:
    """A replay is complete: nothing has to be waited for."""

    async def wait_for(self, shard: int, position: int, timeout_s: float) -> None:  # noqa: ARG002
        return


def _books(conn: AsyncConnection[Any] | None) -> ReadModelBooks:
    return ReadModelBooks(_OneConnection(conn), _CaughtUp(), 0)


def _name(command: type[Command]) -> str:
    """SetBudget is called set_budget."""
    letters = (f"_{one.lower()}" if one.isupper() else one for one in command.__name__)
    return "".join(letters).removeprefix("_")
