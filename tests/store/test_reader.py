"""Reading the log by shard, by ledger and by stream, and what travels to it as packed arrays."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from store.appending import Conn, as_app, connect, ledger_in
from store.bookkeeping import Bookkeeper

from mintflow.store.arrays import (
    ByteaArray,
    Int4Array,
    Int8Array,
    PackedArray,
    TextArray,
    UuidArray,
    register_arrays,
)
from mintflow.store.keys import MemoryKeyStore
from mintflow.store.mapper import Mapper
from mintflow.store.reader import heads, ledger_head, read_ledger, read_shards, read_streams
from mintflow.store.sealing import Sealer

AsyncConn = psycopg.AsyncConnection[Any]
ONE, TWO = ledger_in(3), ledger_in(3)


def reading(url: str, read: Callable[[AsyncConn, Mapper, Conn], Awaitable[None]]) -> None:
    """With two ledgers of one shard written, read by an asynchronous connection."""
    sealer = Sealer(MemoryKeyStore())
    mapper = Mapper(sealer)

    async def go(writer: Conn) -> None:
        async with await psycopg.AsyncConnection.connect(as_app(url), autocommit=True) as conn:
            register_arrays(conn)
            await read(conn, mapper, writer)

    with connect(url) as writer:
        for ledger_id in (ONE, TWO):
            sealer.prepare(ledger_id)
            keeper = Bookkeeper(writer, mapper, ledger_id)
            keeper.open()
            keeper.live(4)
        asyncio.run(go(writer))


def test_a_shard_is_read_on_from_a_position(database_url: str) -> None:
    async def read(conn: AsyncConn, mapper: Mapper, writer: Conn) -> None:
        head = (await heads(conn))[3]
        assert {shard: at for shard, at in (await heads(conn)).items() if at} == {3: head}
        seen: list[int] = []
        while found := await read_shards(conn, mapper, {3: len(seen), 4: 0}, 7):
            assert found.keys() == {3}
            assert len(found[3]) <= 7
            seen += [event.position for event in found[3]]
        assert seen == list(range(1, head + 1))

    reading(database_url, read)


def test_a_ledger_is_read_on_from_its_own_number_and_by_type(database_url: str) -> None:
    async def read(conn: AsyncConn, mapper: Mapper, writer: Conn) -> None:
        last = await ledger_head(conn, ONE)
        assert await ledger_head(conn, uuid4()) == 0
        everything = await read_ledger(conn, mapper, ONE, 0, 1_000)
        assert [event.ledger_seq for event in everything] == list(range(1, last + 1))
        assert {event.ledger_id for event in everything} == {ONE}
        rest = await read_ledger(conn, mapper, ONE, last - 2, 1_000)
        assert [event.ledger_seq for event in rest] == [last - 1, last]
        assert len(await read_ledger(conn, mapper, ONE, 0, 3)) == 3
        some = await read_ledger(conn, mapper, ONE, 0, 1_000, ["account.opened", "nothing.such"])
        assert [event.type for event in some] == ["account.opened"]

    reading(database_url, read)


def test_streams_are_read_whole_and_of_one_ledger_only(database_url: str) -> None:
    async def read(conn: AsyncConn, mapper: Mapper, writer: Conn) -> None:
        everything = await read_ledger(conn, mapper, ONE, 0, 1_000)
        streams = {UUID(event.stream_id) for event in everything}
        found = await read_streams(conn, mapper, ONE, [*streams, uuid4()])
        assert found.keys() == streams
        for events in found.values():
            assert [event.stream_version for event in events] == list(range(1, len(events) + 1))
        assert await read_streams(conn, mapper, ONE, []) == {}
        assert ONE not in await read_streams(conn, mapper, TWO, [ONE])

    reading(database_url, read)


def test_an_event_tells_where_it_stands_who_caused_it_and_what_is_sealed(database_url: str) -> None:
    async def read(conn: AsyncConn, mapper: Mapper, writer: Conn) -> None:
        (event,) = await read_ledger(conn, mapper, ONE, 0, 1, ["ledger.opened"])
        assert (event.shard, event.ledger_seq, event.stream_version) == (3, 1, 1)
        assert (event.stream_id, event.actor) == (str(ONE), "user:test")
        assert event.private() == {"name": "Home"}
        assert event.data == {"currency": "USD", "owner": "owner"}
        assert event.recorded_at.tzinfo is not None

    reading(database_url, read)


@pytest.mark.parametrize(
    ("array", "values", "kind"),
    [
        (Int4Array, [0, 1, -1, 2**31 - 1, -(2**31)], "int4"),
        (Int8Array, [0, None, 2**63 - 1, -(2**63)], "int8"),
        (UuidArray, [UUID(int=0), UUID(int=2**128 - 1)], "uuid"),
        (TextArray, ["", None, "ü\u2028\U0001f600", "NULL", '"{},\\'], "text"),
        (ByteaArray, [b"", None, b"\x00\xff", bytes(100_000)], "bytea"),
    ],
)
def test_packed_arrays_arrive_as_they_were(
    database_url: str, array: Any, values: list[Any], kind: str
) -> None:
    with connect(database_url) as conn:
        for given in ([], values, values[1:] + values[:1], values * 50):
            row = conn.execute(f"select %s::{kind}[]".encode(), [array.of(given)]).fetchone()
            assert row == (given,)


def test_a_number_that_does_not_fit_is_refused_and_never_cut() -> None:
    for array, value in ((Int4Array, 2**31), (Int8Array, 2**63)):
        with pytest.raises(OverflowError):
            array.of([value])


def test_random_arrays_equal_those_of_psycopg(database_url: str) -> None:
    chance = random.Random(3)
    with connect(database_url) as conn:
        for _ in range(50):
            values = [chance.choice([None, chance.randbytes(chance.randint(0, 40))])
                      for _ in range(chance.randint(0, 20))]  # fmt: skip
            packed: PackedArray = ByteaArray.of(values)
            row = conn.execute("select %s = %s::bytea[]", [packed, values]).fetchone()
            assert row == (True,)
