"""A log full of synthetic households, written through the same append as everything else.

Three years of days, five accounts per ledger, mostly recorded transactions; some of them are
posted, categorized anew, split, noted or voided later. The same seed gives the same books.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID, uuid5

import psycopg

from mintflow.commands.core.ids import new_id
from mintflow.domain.accounts import Account
from mintflow.domain.budgets import MONTHLY, Budget, Wish
from mintflow.domain.categories import DEFAULT_TREE, CategoryTree
from mintflow.domain.core.aggregates import Aggregate
from mintflow.domain.core.ids import shard_of
from mintflow.domain.core.postings import UNCATEGORIZED, Allocation, Booking, whole
from mintflow.domain.ledgers import Ledger
from mintflow.domain.transactions import Transaction
from mintflow.store.append import (
    APPEND_SQL,
    Commit,
    EncodedEvent,
    append_args,
    lock_order,
    outcomes,
)
from mintflow.store.arrays import register_arrays
from mintflow.store.keys import KeyStore
from mintflow.store.mapper import Mapper, Provenance
from mintflow.store.sealing import Sealer

LEDGERS = 100
ACCOUNTS = 5
FIRST_DAY, DAYS = dt.date(2023, 1, 1), 3 * 365
OWNER = "00000000-0000-0000-0000-000000000001"
# Commands in one append, from different ledgers, as group commit would bring them together.
_TOGETHER = 500
_NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_CATEGORIES = [f"{top}.{child}" for top, children in DEFAULT_TREE.items() for child in children]
_SHOPS = ["REWE", "Shell", "Netflix", "Whole Foods", "Amazon", "Deutsche Bahn", "Corner Café"]


def write_history(
    database_url: str,
    keys: KeyStore,
    events: int,
    *,
    seed: int = 1,
    households: int = LEDGERS,
) -> list[UUID]:
    """Append at least `events` events; returns the ledgers."""
    sealer = Sealer(keys)
    mapper = Mapper(sealer)
    chance = random.Random(seed)
    ledgers = [UUID(int=chance.getrandbits(128), version=4) for _ in range(households)]
    written = 0
    with psycopg.connect(database_url, autocommit=True) as conn:
        register_arrays(conn)
        commits: dict[UUID, list[EncodedEvent]] = {}
        for count, (ledger_id, made) in enumerate(_households(ledgers, chance, sealer), 1):
            provenance = Provenance(ledger_id, "user:bench", new_id(), None)
            pending = commits.setdefault(ledger_id, [])
            pending += [mapper.encode(e, new_id(), provenance) for e in made.pending_events]
            if count % _TOGETHER == 0:
                written += append(conn, commits)
                commits = {}
                if written >= events:
                    return ledgers
    raise AssertionError("unreachable: households go on for ever")


def append(
    conn: psycopg.Connection[tuple[object, ...]], made: dict[UUID, list[EncodedEvent]]
) -> int:
    commits = [Commit(shard_of(one), one, events) for one, events in made.items() if events]
    commits.sort(key=lock_order)
    rows = conn.execute(APPEND_SQL, append_args(commits), prepare=True, binary=True).fetchall()
    assert all(outcome.kind == "appended" for outcome in outcomes(rows))
    return sum(len(commit.events) for commit in commits)


def _households(
    ledgers: list[UUID], chance: random.Random, sealer: Sealer
) -> Iterator[tuple[UUID, Aggregate]]:
    """First all ledgers with their accounts, then transactions without end."""
    accounts: dict[UUID, list[UUID]] = {}
    for ledger_id in ledgers:
        sealer.prepare(ledger_id)
        yield ledger_id, Ledger.open(ledger_id, "Household", "USD", OWNER, _NOW)
        yield ledger_id, CategoryTree.plant(ledger_id, _NOW)
        yield (
            ledger_id,
            Budget.set(
                ledger_id, ["food_dining"], Wish("600", "USD", MONTHLY, rollover="surplus"), _NOW
            ),
        )
        accounts[ledger_id] = [uuid5(ledger_id, f"account {n}") for n in range(ACCOUNTS)]
        for account_id in accounts[ledger_id]:
            yield (
                ledger_id,
                Account.open(
                    account_id, "Checking", "checking", "USD", _NOW, opening_balance="1000.00"
                ),
            )
    while True:
        ledger_id = chance.choice(ledgers)
        yield ledger_id, transaction(chance.choice(accounts[ledger_id]), chance)


def transaction(
    account_id: UUID, chance: random.Random, first: dt.date = FIRST_DAY, days: int = DAYS
) -> Transaction:
    """One as a household has it, on a random day."""
    amount = Decimal(chance.randint(-20_000, 5_000) or 1).scaleb(-2)
    day = first + dt.timedelta(days=chance.randrange(days))
    fate = chance.random()
    booking = Booking(
        account_id,
        day,
        amount,
        "USD",
        "pending" if fate < 0.01 else "posted",
        whole(amount, chance.choice(_CATEGORIES)),
    )
    shop = chance.choice(_SHOPS)
    made = Transaction.record(
        UUID(int=chance.getrandbits(128), version=4),
        booking,
        _NOW,
        description=f"{shop} {chance.randrange(10_000)} card payment",
        counterparty=shop,
        origin="file",
        category_source="rule",
    )
    if fate < 0.01:
        made.post(_NOW, origin="file")
    elif fate < 0.03:
        made.categorize(whole(amount, chance.choice(_CATEGORIES)), "user", _NOW)
    elif fate < 0.035:
        rest = amount - Decimal("0.01")
        parts = (Allocation(UNCATEGORIZED, Decimal("0.01")), Allocation("shopping", rest))
        made.categorize(parts, "user", _NOW)
    elif fate < 0.04:
        made.note("shared with the neighbours", _NOW)
    elif fate < 0.045:
        made.void(_NOW)
    return made
