"""A log of real events, and a notary that signs it: what the tests of evidence begin with."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from store.appending import as_app, connect, ledger_in
from store.bookkeeping import Bookkeeper

from mintflow.store.evidence.keyring import Keyring
from mintflow.store.evidence.notary import Notary
from mintflow.store.evidence.register import Register
from mintflow.store.evidence.verifier import Head
from mintflow.store.keys import KeyStore
from mintflow.store.mapper import Mapper
from mintflow.store.sealing import Sealer

T = TypeVar("T")
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
LOG_ID = UUID(int=0x5EED, version=4)
Work = Callable[[psycopg.AsyncConnection[Any]], Awaitable[T]]


class Place:
    """A database and the folder outside of it with keys and published heads."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.keys = Keyring(folder / "keys" / "signing", LOG_ID)
        self.register = Register(folder / "heads")

    def sign(self) -> list[Head]:
        """What a notary that starts now signs."""

        async def work(conn: psycopg.AsyncConnection[Any]) -> list[Head]:
            notary = await Notary.open(conn, self.keys, self.register, lambda: NOON)
            return await notary.sign()

        return self.ask(work)

    def refused(self) -> dict[int, str]:
        """Shard -> why a notary that starts now signs nothing for it."""

        async def work(conn: psycopg.AsyncConnection[Any]) -> dict[int, str]:
            notary = await Notary.open(conn, self.keys, self.register, lambda: NOON)
            await notary.sign()
            return {shard: refusal.message for shard, refusal in notary.refused.items()}

        return self.ask(work)

    def ask(self, work: Work[T]) -> T:
        """Run something on a connection of the product's role."""

        async def run() -> T:
            conn = await psycopg.AsyncConnection.connect(as_app(self.url), autocommit=True)
            async with conn:
                return await work(conn)

        return asyncio.run(run())


def keep_books(url: str, keys: KeyStore, shards: tuple[int, ...], rows: int) -> list[UUID]:
    """A ledger per shard named, their events interleaved; the ids of the ledgers."""
    sealer = Sealer(keys)
    with connect(url) as conn:
        keepers = []
        for number, shard in enumerate(shards):
            ledger_id = ledger_in(shard)
            sealer.prepare(ledger_id)
            keepers.append(Bookkeeper(conn, Mapper(sealer), ledger_id, seed=number))
        for keeper in keepers:
            keeper.open()
        for _ in range(max(1, rows // 5)):
            for keeper in keepers:
                keeper.live(min(5, rows))
        return [keeper.ledger_id for keeper in keepers]
