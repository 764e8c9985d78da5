"""Operations are the events of a ledger by the request that they came from, whoever it was."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter, defaultdict
from uuid import UUID, uuid4

import psycopg
import pytest
from store.appending import Conn, as_app, connect, ledger_in
from store.bookkeeping import Bookkeeper

from mintflow.domain.accounts import Account
from mintflow.store.append import APPEND_SQL, Commit, append_args
from mintflow.store.arrays import register_arrays
from mintflow.store.keys import MemoryKeyStore
from mintflow.store.mapper import Mapper, Provenance, RecordedEvent
from mintflow.store.operations import read_operations
from mintflow.store.reader import read_ledger
from mintflow.store.sealing import Sealer

NOW = dt.datetime(2025, 3, 15, 12, tzinfo=dt.UTC)
ONE, TWO = ledger_in(3), ledger_in(3)
# What a caller could be called to be taken for another request.
ACTORS = (
    "user:plain",
    f'user:"correlation_id":"{UUID(int=5)}"',
    'user:\\"correlation_id\\":\\"',
    "user:Zoë 東京 \u0001",
)


def open_accounts(
    writer: Conn, mapper: Mapper, ledger_id: UUID, actor: str, cause: UUID | None
) -> None:
    """One request that opens two accounts."""
    request = uuid4()
    provenance = Provenance(ledger_id, actor, request, cause)
    events = []
    for number in range(2):
        made = Account.open(uuid4(), f"Account {number}", "checking", "USD", NOW)
        events += [mapper.encode(event, uuid4(), provenance) for event in made.collect_events()]
    writer.execute(APPEND_SQL, append_args([Commit(3, ledger_id, events)]), binary=True)


@pytest.mark.parametrize("actor", ACTORS)
def test_an_operation_is_what_its_events_say_together(database_url: str, actor: str) -> None:
    sealer = Sealer(MemoryKeyStore())
    mapper = Mapper(sealer)

    async def ask() -> None:
        async with await psycopg.AsyncConnection.connect(
            as_app(database_url), autocommit=True
        ) as conn:
            register_arrays(conn)
            # Groups come by hash then, in an order that means nothing.
            await conn.execute("set enable_sort = off")
            events = await read_ledger(conn, mapper, ONE, 0, 1_000)
            found, more = await read_operations(
                conn, mapper, ONE, until_seq=None, before=None, limit=100
            )
            assert not more
            by_request: dict[str, list[RecordedEvent]] = defaultdict(list)
            types: set[int] = set()
            for event in events:
                by_request[event.correlation_id].append(event)
            assert [one["operation_id"] for one in found] == [*reversed(by_request)]
            for one in found:
                mine = by_request[one["operation_id"]]
                counted = Counter(event.type for event in mine)
                assert [*one["events"].items()] == sorted(counted.items())
                types.add(len(counted))
                assert (one["first_seq"], one["last_seq"]) == (
                    mine[0].ledger_seq, mine[-1].ledger_seq,
                )  # fmt: skip
                assert one["actor"] == mine[0].actor
            assert max(types) > 1
            assert found[0]["actor"] == actor
            assert found[0]["events"] == {"account.opened": 2}

    with connect(database_url) as writer:
        for ledger_id in (TWO, ONE):
            sealer.prepare(ledger_id)
            keeper = Bookkeeper(writer, mapper, ledger_id)
            keeper.open()
            keeper.live(4)
            for cause in (None, uuid4()):
                open_accounts(writer, mapper, ledger_id, actor, cause)
        asyncio.run(ask())
