"""A ledger's events, really appended, and every way to bring them into the read models.

What a test checks at the end, `check_everywhere`, is the promise of the read side: the rows do not
depend on how the log was cut into batches, on what came twice, or on whether it was rebuilt.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from mintflow.domain.accounts import Account
from mintflow.domain.categories import CategoryTree
from mintflow.domain.core.aggregates import Aggregate
from mintflow.domain.core.ids import shard_of
from mintflow.domain.core.postings import UNCATEGORIZED, Booking, whole
from mintflow.domain.ledgers import Ledger
from mintflow.domain.transactions import Transaction
from mintflow.projections import accounts
from mintflow.projections.core.applier import Applier
from mintflow.projections.core.bulk.folder import LedgerFolder
from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.tables import Table
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.append import APPEND_SQL, Commit, append_args, outcomes
from mintflow.store.arrays import register_arrays
from mintflow.store.keys import KeyStore, MemoryKeyStore
from mintflow.store.mapper import Mapper, Provenance, RecordedEvent
from mintflow.store.sealing import Sealer

NOW = dt.datetime(2025, 3, 15, 12, tzinfo=dt.UTC)
APP = "-c role=mintflow_app -c search_path=model,projection"
SCRATCH = "model_scratch"
T = TypeVar("T")

Query = Callable[..., Awaitable[T]]
Dump = dict[str, list[tuple[Any, ...]]]


def table(name: str) -> Table:
    """The definition of a read-model table."""
    return next(one for p in PROJECTIONS for one in p.tables if one.name == name)


class Books:
    """One ledger with two accounts, and the read models beside it."""

    def __init__(self, url: str, ledger: int = 1, keys: KeyStore | None = None) -> None:
        """keys: of books whose read models these share."""
        self.url = url
        self.chance = random.Random(ledger)
        self.keys = keys or MemoryKeyStore()
        self.sealer = Sealer(self.keys)
        self.mapper = Mapper(self.sealer)
        self.conn = psycopg.connect(url, autocommit=True)
        register_arrays(self.conn)
        self.ledger_id = UUID(int=ledger, version=4)
        self.shard = shard_of(self.ledger_id)
        self.sealer.prepare(self.ledger_id)
        self.checking = Account.open(
            self.new_id(), "Checking", "checking", "USD", NOW, opening_balance="100.00"
        )
        self.savings = Account.open(
            self.new_id(), "Savings", "savings", "USD", NOW,
            opening_balance="5.00", opening_date=dt.date(2025, 1, 31),
        )  # fmt: skip
        self.tree = CategoryTree.plant(self.ledger_id, NOW)

    def open(self) -> Books:
        self.put(
            Ledger.open(self.ledger_id, "Home", "USD", "owner-1", NOW),
            self.tree,
            self.checking,
            self.savings,
        )
        return self

    def close(self) -> None:
        self.conn.close()

    def beside(self, ledger: int) -> Books:
        """Another ledger in the same log, opened; close it after use."""
        return Books(self.url, ledger, self.keys).open()

    def new_id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def put(self, *aggregates: Aggregate) -> None:
        """Append what is pending, as one command."""
        provenance = Provenance(self.ledger_id, "user:test", self.new_id(), None)
        events = [
            self.mapper.encode(event, self.new_id(), provenance)  # type: ignore[arg-type]
            for aggregate in aggregates
            for event in aggregate.collect_events()
        ]
        args = append_args([Commit(self.shard, self.ledger_id, events)])
        rows = self.conn.execute(APPEND_SQL, args, prepare=True, binary=True).fetchall()
        assert [outcome.kind for outcome in outcomes(rows)] == ["appended"]

    def record(
        self,
        amount: str,
        day: str,
        category: str = UNCATEGORIZED,
        *,
        account: Account | None = None,
        **facts: Any,
    ) -> Transaction:
        """A transaction in the books; facts: status, and those of `Transaction.record`."""
        status = facts.pop("status", "posted")
        facts = {"description": "something", "origin": "manual", **facts}
        account = account or self.checking
        booking = Booking(
            account.id,
            dt.date.fromisoformat(day),
            Decimal(amount),
            account.currency,
            status,
            whole(Decimal(amount), category),
        )
        made = Transaction.record(self.new_id(), booking, NOW, **facts)
        self.put(made)
        return made

    def events(self, *, decoded: bool = True) -> list[RecordedEvent]:
        """The whole log, in order of shard and position."""
        rows = self.conn.execute(
            "select shard, position, ledger_id, ledger_seq, recorded_at, record, sealed"
            " from log.event order by shard, position"
        ).fetchall()
        return [self.mapper.recorded(*row, decoded=decoded) for row in rows]

    def fold(
        self,
        pieces: Sequence[Sequence[RecordedEvent]] | None = None,
        projections: Sequence[Projection] = PROJECTIONS,
    ) -> None:
        """Apply the log to the read models: all at once, or piece by piece."""
        wanted = pieces if pieces is not None else [self.events()]

        async def run() -> None:
            conn = await connect(self.url)
            async with conn:
                applier = await Applier.open(conn, self.mapper, projections)
                for piece in wanted:
                    await applier.apply(by_shard(piece))

        asyncio.run(run())

    def ask(self, query: Query[T], *args: Any, **named: Any) -> T:
        """What a query answers."""

        async def run() -> T:
            conn = await connect(self.url)
            async with conn:
                return await query(conn, *args, **named)

        return asyncio.run(run())

    def rows(self, name: str, columns: str = "*", schema: str = "model") -> list[tuple[Any, ...]]:
        """Rows of a table in order of its key, numbers as they are written."""
        key = ", ".join(table(name).key)
        sql = f"select {columns} from {schema}.{name} order by {key}"
        return self.conn.execute(sql.encode()).fetchall()

    def wipe(self) -> None:
        """Empty read models at position 0."""
        for projection in PROJECTIONS:
            for one in projection.tables:
                self.conn.execute(f"truncate model.{one.name}".encode())
        self.conn.execute("update projection.checkpoint set position = 0")
        self.conn.execute("delete from projection.parked")

    def dump(self, schema: str = "model") -> Dump:
        """Every row of every table as text, so that 1.0 is not 1.00."""
        found = {}
        for projection in PROJECTIONS:
            for one in projection.tables:
                sql = f"select t::text from {schema}.{one.name} t order by t::text"
                found[one.name] = self.conn.execute(sql.encode()).fetchall()
        return found

    def rebuilt(self, rows_hard: int = 80_000, chunk: int = 2_000) -> Dump:
        """What a rebuild's worker makes of the log, in a schema that is then gone."""
        self.conn.execute(f"drop schema if exists {SCRATCH} cascade")
        self.conn.execute(f"create schema {SCRATCH}")
        for projection in PROJECTIONS:
            for one in projection.tables:
                self.conn.execute(one.create_sql(SCRATCH).encode())
        folder = LedgerFolder(self.conn, SCRATCH, PROJECTIONS, rows_hard=rows_hard)
        events = sorted(self.events(), key=lambda event: (event.ledger_id, event.ledger_seq))
        for start in range(0, len(events), chunk):
            folder.take(events[start : start + chunk])
        folder.finish()
        found = self.dump(SCRATCH)
        self.conn.execute(f"drop schema {SCRATCH} cascade")
        return found

    def check_everywhere(self, seed: int = 0) -> None:
        """The rows are the same in pieces, with pieces twice, and after a rebuild."""
        self.wipe()
        self.fold()
        whole_log = self.dump()
        self.fold()
        assert self.dump() == whole_log, "the same events once more changed the rows"
        self.wipe()
        self.fold(in_pieces(self.events(), random.Random(seed)))
        assert self.dump() == whole_log, "other borders of batches gave other rows"
        assert self.rebuilt() == whole_log, "a rebuild gave other rows"
        assert self.rebuilt(rows_hard=1, chunk=2) == whole_log, "a rebuild in gulps gave other rows"
        assert not self.conn.execute("select from projection.parked").fetchall()


def in_pieces(events: Sequence[RecordedEvent], chance: random.Random) -> list[list[RecordedEvent]]:
    """The events cut at random; some pieces come again, whole or from somewhere earlier."""
    pieces, start = [], 0
    while start < len(events):
        end = min(len(events), start + chance.randint(1, 5))
        pieces.append(list(events[max(0, start - chance.choice([0, 0, 1, 7])) : end]))
        start = end
    return pieces


def by_shard(events: Sequence[RecordedEvent]) -> dict[int, list[RecordedEvent]]:
    found: dict[int, list[RecordedEvent]] = {}
    for event in events:
        found.setdefault(event.shard, []).append(event)
    return found


async def connect(url: str) -> AsyncConnection[Any]:
    """As the product connects: its own role, and the served read models by search path."""
    conn = await AsyncConnection.connect(url, autocommit=True, options=APP)
    register_arrays(conn)
    return conn


def statements(conn: AsyncConnection[Any]) -> list[Any]:
    """What is asked of the server over a connection from now on, as it is asked."""
    asked: list[Any] = []
    execute = conn.execute

    async def noted(query: Any, *args: Any, **named: Any) -> Any:
        asked.append(query)
        return await execute(query, *args, **named)

    conn.execute = noted  # type: ignore[method-assign]
    return asked


def key_source(books: Books) -> Callable[[], KeyStore]:
    """Opens the books' keys in another process."""
    assert isinstance(books.keys, MemoryKeyStore)
    return partial(_same_keys, books.keys._keys)


def _same_keys(keys: dict[UUID, bytes]) -> KeyStore:
    made = MemoryKeyStore()
    made._keys = keys
    return made


def broken() -> list[Projection]:
    """All projections, one of which can not fold a booking of -3.00."""
    return [replace(one, fold=_poisoned) if one.name == "accounts" else one for one in PROJECTIONS]


def _poisoned(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    for event in batch:
        after = event.data.get("after")
        if isinstance(after, dict) and after["amount"] == "-3.00":
            raise ValueError("not this one")
    accounts.PROJECTION.fold(batch, changes)


def passes_over(_batch: Sequence[RecordedEvent], _changes: Changes) -> None:
    """A fold that nothing concerns; a rebuild's workers find it by its module."""
