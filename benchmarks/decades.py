"""The books of one household over twenty years, in the order in which a household lives them.

Eight accounts, some thirty payments that come again and again, four hundred shops of which a few
take most of the visits, forty budgets of every kind of period and rollover, envelopes, and what
people do to rows: posting, categorizing, splitting, tagging, notes, voiding. The same seed gives
the same books.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import psycopg

from benchmarks.history import append
from mintflow.commands.core.ids import new_id
from mintflow.domain.accounts import Account
from mintflow.domain.budgets import Budget, Wish, cycle_of
from mintflow.domain.budgets.envelopes import Envelopes
from mintflow.domain.categories import DEFAULT_TREE, CategoryTree
from mintflow.domain.core.aggregates import Aggregate
from mintflow.domain.core.postings import UNCATEGORIZED, Allocation, Booking, whole
from mintflow.domain.core.time import Month
from mintflow.domain.ledgers import Ledger
from mintflow.domain.transactions import Transaction
from mintflow.store.arrays import register_arrays
from mintflow.store.keys import KeyStore
from mintflow.store.mapper import Mapper, Provenance
from mintflow.store.sealing import Sealer

YEARS = 20
OWNER = "00000000-0000-0000-0000-000000000001"
KINDS = (
    "checking", "checking", "savings", "cash", "credit_card", "credit_card", "loan", "investment",
)  # fmt: skip
BUDGETS = 40
# Most are by month; the first and every fourth carries nothing on, the others do for all years.
_PERIODS = {
    2: "day", 3: "week", 7: "week", 8: "week", 11: "quarter", 14: "two_weeks", 17: "week",
    20: "year", 22: "quarter", 26: "year", 29: "week", 33: "two_weeks", 35: "quarter",
}  # fmt: skip
_TOGETHER = 500
_HEADS = (
    "Corner", "Green", "Harbour", "Old Town", "Sunny", "Silver", "North", "Royal", "Little",
    "Grand", "Blue", "Market", "Station", "Garden", "Golden", "River", "Maple", "Union", "Star",
    "Central",
)  # fmt: skip
_TAILS = (
    "Coffee", "Bakery", "Books", "Grocer", "Pharmacy", "Fuel", "Cinema", "Hardware", "Pizza",
    "Bistro", "Clothing", "Florist", "Electronics", "Gym", "Toys", "Barber", "Shoes", "Noodles",
    "Parking", "Pets",
)  # fmt: skip
_CATEGORIES = [f"{top}.{child}" for top, children in DEFAULT_TREE.items() for child in children]
_SPENDING = [path for path in _CATEGORIES if not path.startswith(("income", "transfer"))]
SHOPS = [f"{head} {tail}" for head in _HEADS for tail in _TAILS]
_VISITS = [1 / (rank + 3) for rank in range(len(SHOPS))]


def account_of(ledger_id: UUID, number: int) -> UUID:
    return uuid5(ledger_id, f"account {number}")


def write_books(database_url: str, keys: KeyStore, transactions: int, last: dt.date) -> UUID:
    """Append the twenty years up to a day to the log and return the ledger."""
    first = dt.date(last.year - YEARS, last.month, 1)
    sealer = Sealer(keys)
    mapper = Mapper(sealer)
    chance = random.Random(1)
    ledger_id = UUID(int=chance.getrandbits(128), version=4)
    sealer.prepare(ledger_id)
    provenance = Provenance(ledger_id, "user:bench", new_id(), None)
    with psycopg.connect(database_url, autocommit=True) as conn:
        register_arrays(conn)
        pending: list[Aggregate] = list(_beginning(ledger_id, first, last))
        for made in _life(ledger_id, chance, transactions, first, last):
            pending.append(made)
            if len(pending) >= _TOGETHER:
                _append(conn, mapper, provenance, pending)
                pending = []
        _append(conn, mapper, provenance, pending)
    return ledger_id


def _append(
    conn: psycopg.Connection[Any],
    mapper: Mapper,
    provenance: Provenance,
    made: Sequence[Aggregate],
) -> None:
    events = [
        mapper.encode(event, new_id(), provenance)  # type: ignore[arg-type]
        for one in made
        for event in one.pending_events
    ]
    append(conn, {provenance.ledger_id: events})


def _beginning(ledger_id: UUID, first: dt.date, last: dt.date) -> Iterator[Aggregate]:
    """The ledger, its accounts, budgets half of which carry for 20 years, and the envelopes."""
    now = _at(first)
    yield Ledger.open(ledger_id, "Household", "USD", OWNER, now)
    yield CategoryTree.plant(ledger_id, now)
    for number, kind in enumerate(KINDS):
        name = f"{kind.replace('_', ' ').capitalize()} {number}"
        yield Account.open(
            account_of(ledger_id, number), name, kind, "USD", now, opening_balance="1000.00"
        )
    paths = [path for top in DEFAULT_TREE for path in (top, *(f"{top}.{c}" for c in
             DEFAULT_TREE[top])) if not top.startswith(("income", "transfer"))]  # fmt: skip
    rollovers: tuple[Any, ...] = ("none", "surplus", "both", "capped")
    for number, path in enumerate(paths[:BUDGETS]):
        rollover = rollovers[number % 4]
        cap = "50" if rollover == "capped" else None
        cycle = cycle_of(_PERIODS.get(number, "month"), first)
        wish = Wish("100", "USD", cycle, rollover=rollover, cap=cap, start=first)
        yield Budget.set(ledger_id, [path], wish, now)
    plan = Envelopes.open(ledger_id, now)
    for month in Month.of(first).until(Month.of(last)):
        for path in paths[:12]:
            plan.assign(path, month, "100", "USD", now)
    yield plan


def _life(
    ledger_id: UUID, chance: random.Random, transactions: int, first: dt.date, last: dt.date
) -> Iterator[Transaction]:
    """Day by day: what is due, and so many purchases that the number comes out."""
    days = (last - first).days + 1
    left = transactions
    for index in range(days):
        day = first + dt.timedelta(days=index)
        today = list(_due(ledger_id, day, chance))
        count = max(round(left / (days - index)) - len(today), 0)
        today += [purchase(ledger_id, day, chance) for _ in range(count)]
        left -= len(today)
        yield from today


# (name, day of the month, months between, amount, category, how much it varies in hundredths)
_RECURRING = [
    ("Employer Payroll", 25, 1, "4200.00", "income.salary", 0),
    ("Second Employer", 1, 1, "2100.00", "income.salary", 0),
    ("Landlord Rent", 1, 1, "-1450.00", "housing.rent", 0),
    ("City Power", 12, 1, "-95.00", "bills.utilities", 15),
    ("Water Works", 14, 3, "-120.00", "bills.utilities", 10),
    ("Fibre Internet", 5, 1, "-49.90", "bills.internet", 0),
    ("Phone Company", 7, 1, "-35.00", "bills.phone", 0),
    ("Car Insurance", 20, 12, "-640.00", "bills.insurance", 0),
    ("Home Insurance", 3, 12, "-280.00", "bills.insurance", 0),
    *(
        (f"Streaming Service {n}", 2 + n, 1, f"-{7 + n}.99", "entertainment.streaming", 0)
        for n in range(12)
    ),
    *((f"Club Membership {n}", 8 + n, 3, f"-{20 + n}.00", "entertainment", 0) for n in range(4)),
    *((f"Yearly Service {n}", 10 + n, 12, f"-{60 + n}.00", "shopping", 0) for n in range(5)),
]


def _due(ledger_id: UUID, day: dt.date, chance: random.Random) -> Iterator[Transaction]:
    for name, on, every, amount, category, varies in _RECURRING:
        if day.day == on and (day.year * 12 + day.month) % every == 0:
            factor = Decimal(100 + chance.randint(-varies, varies)) / 100
            money = (Decimal(amount) * factor).quantize(Decimal("0.01"))
            booking = _booking(ledger_id, 0, day, money, _known(category))
            yield _record(
                booking, f"{name.upper()} REF {chance.randrange(10**8):08d}", name, chance
            )


def purchase(ledger_id: UUID, day: dt.date, chance: random.Random) -> Transaction:
    """What somebody bought that day, and what became of the row."""
    rank = chance.choices(range(len(SHOPS)), _VISITS)[0]
    shop = SHOPS[rank]
    amount = -Decimal(round(chance.lognormvariate(7.6, 0.8)) + 1).scaleb(-2)
    fate = chance.random()
    category = _SPENDING[rank % len(_SPENDING)] if fate < 0.95 else UNCATEGORIZED
    booking = _booking(
        ledger_id, chance.choice((0, 0, 1, 3, 4, 4, 4, 5)), day, amount, category,
        "pending" if fate < 0.01 else "posted",
    )  # fmt: skip
    text = f"{shop.upper()} #{chance.randrange(10_000):04d} {chance.choice(_HEADS).upper()} CITY"
    made = _record(booking, text, shop if fate > 0.2 else "", chance)
    now = _at(day)
    if fate < 0.01:
        made.post(now, origin="file")
    elif fate < 0.03:
        made.categorize(whole(amount, chance.choice(_SPENDING)), "user", now)
    elif fate < 0.04:
        rest = amount + Decimal("0.01")
        parts = (Allocation(UNCATEGORIZED, Decimal("-0.01")), Allocation("shopping", rest))
        if rest:
            made.categorize(parts, "user", now)
    elif fate < 0.05:
        made.note("shared with the neighbours after the summer party", now)
    elif fate < 0.08:
        made.tag([chance.choice(("holiday", "work", "gift", "kids", "garden"))], now)
    elif fate < 0.085:
        made.void(now)
    elif fate < 0.086:
        made.budget(False, now)
    return made


def _booking(
    ledger_id: UUID,
    number: int,
    day: dt.date,
    amount: Decimal,
    category: str,
    status: Any = "posted",
) -> Booking:
    return Booking(
        account_of(ledger_id, number), day, amount, "USD", status, whole(amount, category)
    )


def _record(booking: Booking, text: str, payee: str, chance: random.Random) -> Transaction:
    return Transaction.record(
        UUID(int=chance.getrandbits(128), version=4),
        booking,
        _at(booking.date),
        description=text,
        counterparty=payee,
        origin="file",
        category_source="rule",
    )


def _known(category: str) -> str:
    return category if category in _CATEGORIES or category in DEFAULT_TREE else UNCATEGORIZED


def _at(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), dt.UTC)
