"""The command side of the product over a test's database: bus, appender and repository."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool
from store.appending import as_app

from mintflow.commands import (
    accounts,
    budgets,
    categories,
    connections,
    ledgers,
    rules,
    transactions,
)
from mintflow.commands import transfers as transfer_commands
from mintflow.commands.core.bus import CommandBus
from mintflow.commands.core.command import Answer, Command, Context
from mintflow.commands.core.group_commit import GroupCommit
from mintflow.commands.core.ids import new_id
from mintflow.commands.core.ports import Books, Principal
from mintflow.commands.core.repository import Repository
from mintflow.commands.imports import import_handlers
from mintflow.ml.categorize import Categorizer
from mintflow.store.arrays import register_arrays
from mintflow.store.keys import KeyStore, MemoryKeyStore
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.reader import read_ledger
from mintflow.store.sealing import Sealer

OWNER = Principal(UUID(int=1), "user:1")
NOW = dt.datetime(2025, 3, 15, 12, 0, tzinfo=dt.UTC)

Connection = psycopg.AsyncConnection[Any]


def run(scenario: Coroutine[Any, Any, Any]) -> Any:
    """Run one test's scenario in a loop of its own."""
    return asyncio.run(scenario)


def connector(url: str) -> Callable[[], Awaitable[Connection]]:
    """Opens connections as a host does."""

    async def connect() -> Connection:
        conn = await psycopg.AsyncConnection.connect(as_app(url), autocommit=True)
        register_arrays(conn)
        return conn

    return connect


class AllowAll:
    """Every caller may everything; a ledger that is not there is the handlers' to refuse."""

    async def authorize(self, command: Command, context: Context) -> None:
        return


class NoBooks:
    """Read models that hold nothing; the ledger is as it is."""

    async def caught_up(self, ledger_id: UUID) -> int:
        raise AssertionError("this test asks no read model")

    async def waiting(self, *_: Any) -> list[Any]:
        return []

    hand_made = pending = in_category = corrections = standing = possible_legs = caught_up


@dataclass(frozen=True, slots=True)
class Product:
    """What a test talks to."""

    bus: CommandBus
    appender: GroupCommit
    repository: Repository
    mapper: Mapper
    sealer: Sealer
    pool: AsyncConnectionPool[Any]

    async def do(
        self,
        command: Command,
        ledger_id: UUID | None = None,
        *,
        key: str | None = None,
        who: Principal = OWNER,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
    ) -> Answer:
        """Carry out one command."""
        context = Context(who, ledger_id, correlation_id or new_id(), causation_id, key)
        return await self.bus.execute(command, context)

    async def open_ledger(self, *, currency: str = "USD", who: Principal = OWNER) -> UUID:
        answer = await self.do(ledgers.OpenLedger(name="Home", currency=currency), who=who)
        return UUID(answer.data["ledger_id"])

    async def open_account(self, ledger_id: UUID, **facts: Any) -> UUID:
        given = {"name": "Checking", "kind": "checking", "currency": "USD", **facts}
        answer = await self.do(accounts.OpenAccount(**given), ledger_id)
        return UUID(answer.data["account_id"])

    async def record(self, ledger_id: UUID, account_id: UUID, amount: str, **facts: Any) -> UUID:
        given = {"date": "2025-03-01", "description": "Coffee", **facts}
        command = transactions.RecordTransaction(account_id=account_id, amount=amount, **given)
        return UUID((await self.do(command, ledger_id)).data["transaction_id"])

    async def events(self, ledger_id: UUID) -> list[RecordedEvent]:
        """All of a ledger's events, in order."""
        async with self.pool.connection() as conn:
            return await read_ledger(conn, self.mapper, ledger_id, 0, 1_000_000)

    async def types(self, ledger_id: UUID, *, after: int = 0) -> list[str]:
        """The types of a ledger's events, in order, after a ledger_seq."""
        return [event.type for event in (await self.events(ledger_id))[after:]]


@asynccontextmanager
async def product(
    url: str,
    *,
    keys: KeyStore | None = None,
    books: Callable[[AsyncConnectionPool[Any], Mapper], Books] | None = None,
    categorizer: Categorizer | None = None,
    learner: bool = False,
    clock: Callable[[], dt.datetime] = lambda: NOW,
    connect: Callable[[], Awaitable[Connection]] | None = None,
    authorizer: Any = None,
) -> AsyncIterator[Product]:
    """Composed as a host does it, without a tailer."""

    async def configure(conn: Connection) -> None:
        register_arrays(conn)

    sealer = Sealer(keys or MemoryKeyStore())
    mapper = Mapper(sealer)
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        as_app(url),
        min_size=1,
        max_size=4,
        kwargs={"autocommit": True},
        configure=configure,
        open=False,
    )
    await pool.open()
    repository = Repository(pool, mapper, sealer)
    appender = GroupCommit(connect or connector(url), lambda _: None)
    known: Books = books(pool, mapper) if books else NoBooks()
    sorter = rules.Sorter(categorizer)
    learns = rules.Learner(known) if learner else None
    handlers: dict[Any, Any] = {
        categories.MergeCategories: categories.merge_categories(known),
        **import_handlers(known, sorter, learns),
        **rules.rule_handlers(known, sorter),
        **transactions.transaction_handlers(sorter, learns, known),
    }
    for module in (
        ledgers, accounts, budgets, categories, connections, transfer_commands
    ):  # fmt: skip
        handlers |= module.HANDLERS
    bus = CommandBus(
        handlers, repository, mapper, appender, authorizer or AllowAll(), clock, new_id
    )
    await appender.start()
    try:
        yield Product(bus, appender, repository, mapper, sealer, pool)
    finally:
        await appender.stop()
        await pool.close()


async def refusal_of(attempts: Sequence[Awaitable[Any]]) -> list[Any]:
    """The results of all at once, refusals as values."""
    return await asyncio.gather(*attempts, return_exceptions=True)
