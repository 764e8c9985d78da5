"""What every benchmark starts from: a migrated database, a bus on it, ledgers with an account."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import platform
import statistics
import sysconfig
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from mintflow.commands.accounts import OpenAccount
from mintflow.commands.core.command import Context
from mintflow.commands.core.ids import new_id
from mintflow.commands.core.ports import Principal
from mintflow.commands.ledgers import OpenLedger
from mintflow.hosts.bootstrap import Running, running
from mintflow.hosts.settings import Settings
from mintflow.migrations.runner import migrate
from mintflow.projections.core.install import install
from mintflow.store.keys import KeyStore, MemoryKeyStore

OWNER = Principal(UUID(int=1), "user:bench")
TOKEN = "bench"


@dataclass(frozen=True, slots=True)
class Place:
    """A ledger with one open account."""

    ledger_id: UUID
    account_id: UUID

    def context(self) -> Context:
        return Context(OWNER, self.ledger_id, new_id())


def fresh_database(server_url: str, name: str) -> str:
    """A new migrated database beside the one of `server_url`; an older one of the name is gone."""
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'drop database if exists "{name}" with (force)')
        conn.execute(f'create database "{name}"')
    url = psycopg.conninfo.make_conninfo(server_url, dbname=name)
    migrate(url)
    install(url)
    return url


def drop_database(server_url: str, name: str) -> None:
    """Remove what `fresh_database` made."""
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'drop database if exists "{name}" with (force)')


@asynccontextmanager
async def product(
    database_url: str, *, tail: bool, keys: KeyStore | None = None
) -> AsyncIterator[Running]:
    """The product in this process, as the embedded host runs it."""

    def authenticate(token: str) -> Principal | None:
        return OWNER if token == TOKEN else None

    settings = Settings(requests_per_s=1_000_000, requests_burst=1_000_000)
    keys = keys or MemoryKeyStore()
    async with running(database_url, keys, settings, authenticate, tail=tail) as made:
        yield made


async def places(made: Running, count: int) -> list[Place]:
    """Open ledgers with one account each."""

    async def one(number: int) -> Place:
        opened = await made.bus.execute(
            OpenLedger(name=f"Ledger {number}", currency="USD"), Context(OWNER, None, new_id())
        )
        ledger_id = UUID(opened.data["ledger_id"])
        account = OpenAccount(name="Checking", kind="checking", currency="USD")
        answer = await made.bus.execute(account, Context(OWNER, ledger_id, new_id()))
        return Place(ledger_id, UUID(answer.data["account_id"]))

    found: list[Place] = []
    for start in range(0, count, 200):
        found += await asyncio.gather(*(one(n) for n in range(start, min(start + 200, count))))
    return found


async def load(
    clients: int, seconds: float, work: Callable[[int, int], Awaitable[object]]
) -> dict[str, float]:
    """Closed-loop clients for a time: rate per second, p50 and p99 in milliseconds.

    work(client, number) does one thing. A first tenth of the time is not counted.
    """
    spans: list[float] = []
    counting_from = time.perf_counter() + seconds / 10
    until = counting_from + seconds

    async def client(index: int) -> None:
        number = 0
        while (began := time.perf_counter()) < until:
            await work(index, number)
            ended = time.perf_counter()
            if counting_from <= began and ended <= until:
                spans.append(ended - began)
            number += 1

    await asyncio.gather(*(client(index) for index in range(clients)))
    return summary(spans, seconds)


def summary(spans: Sequence[float], seconds: float) -> dict[str, float]:
    """Rate per second, p50 and p99 in milliseconds, of spans in seconds."""
    ordered = sorted(spans)
    if not ordered:
        return {"per_s": 0.0, "p50_ms": 0.0, "p99_ms": 0.0}
    return {
        "per_s": round(len(ordered) / seconds, 1),
        "p50_ms": round(statistics.median(ordered) * 1000, 3),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 3),
    }


def optimized() -> bool:
    """Whether this interpreter was, as far as it tells, built with the help of a profile.

    How much slower one is that was not (pyenv's, unless told otherwise): docs/decisions/0006.
    Debian builds with a profile by rules of its own and records no flag for it at all.
    """
    flag, given = sysconfig.get_config_vars("PGO_PROF_USE_FLAG", "CONFIG_ARGS")
    return not flag or "--enable-optimizations" in (given or "")


def machine() -> dict[str, Any]:
    """Where a result comes from."""
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "python_is_optimized": optimized(),
        "processors": os.cpu_count(),
    }
