"""The tables of accounts and how events move them.

posted: the balance, signed from the account's side. pending: all pending bookings; pending_out:
only those that take money out, which is what `available` leaves aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from mintflow.domain.core.money import EXACT, ZERO, exact_amount
from mintflow.projections.core.bookings import MONEY_TYPES, Json, account_leg, signed
from mintflow.projections.core.changes import Changes, Delta, Key
from mintflow.projections.core.projection import Projection, json_text, private
from mintflow.projections.core.tables import Column, Table
from mintflow.store.mapper import RecordedEvent

ACCOUNTS = Table(
    "accounts",
    (
        Column("ledger_id", "uuid"),
        Column("account_id", "uuid"),
        Column("name", "text"),
        Column("kind", "text"),
        Column("currency", "text"),
        Column("closed_on", "date", null=True),
        Column("opening_balance", "numeric", null=True),
        Column("opening_date", "date", null=True),
        Column("import_profile", "jsonb", null=True),
        Column("opened_seq", "bigint"),
    ),
    key=("ledger_id", "account_id"),
    topics=("account.",),
)
_SUMS = (
    Column("posted", "numeric"),
    Column("pending", "numeric"),
    Column("pending_out", "numeric"),
)
ACCOUNT_BALANCES = Table(
    "account_balances",
    (
        Column("ledger_id", "uuid"),
        Column("account_id", "uuid"),
        Column("currency", "text"),
        *_SUMS,
    ),
    key=("ledger_id", "account_id", "currency"),
    fill=50,
)
# What each day added; the balance at the end of a day is the sum of all days up to it.
ACCOUNT_DAYS = Table(
    "account_days",
    (Column("ledger_id", "uuid"), Column("account_id", "uuid"), Column("date", "date"), *_SUMS),
    key=("ledger_id", "account_id", "date"),
    fill=80,
)
REPORTED_BALANCES = Table(
    "reported_balances",
    (
        Column("ledger_id", "uuid"),
        Column("account_id", "uuid"),
        Column("date", "date"),
        Column("amount", "numeric"),
        Column("currency", "text"),
        Column("source", "text"),
        Column("position", "bigint"),
    ),
    key=("ledger_id", "account_id", "date"),
    topics=("account.",),
)

_Sums = dict[Key, list[Delta]]
# Which of the sums an amount is added to.
_POSTED: tuple[int, ...] = (0,)
_PENDING: tuple[int, ...] = (1,)
_PENDING_OUT: tuple[int, ...] = (1, 2)
_NAMED = {
    "account.opened", "account.renamed", "account.opening_balance_changed", "account.closed",
    "account.reopened", "account.balance_reported", "account.import_profile_set",
    "account.balance_report_withdrawn", "account.import_profile_forgotten",
}  # fmt: skip


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    sums = changes.sums(ACCOUNT_BALANCES), changes.sums(ACCOUNT_DAYS)
    for event in batch:
        topic = event.type
        if topic in MONEY_TYPES:
            _book(event.envelope["ledger_id"], event.data, *sums)
        if topic in _NAMED:
            _describe(event, changes)


def _book(ledger_id: str, data: Json, balances: _Sums, days: _Sums) -> None:
    """Add what a money event changes on its account, in all and on its day."""
    before, after = data["before"], data["after"]
    if before is not None and after is not None and _same_leg(before, after):
        return
    for comes_in, booking in ((False, before), (True, after)):
        if booking is None:
            continue
        amount = signed(account_leg(booking), comes_in)
        if booking["status"] == "posted":
            moved = _POSTED
        else:
            moved = _PENDING_OUT if booking["amount"][0] == "-" else _PENDING
        account_id = booking["account_id"]
        _add(balances, (ledger_id, account_id, booking["currency"]), amount, moved)
        _add(days, (ledger_id, account_id, booking["date"]), amount, moved)


def _add(sums: _Sums, key: Key, amount: Decimal, moved: tuple[int, ...]) -> None:
    held = sums.get(key)
    if held is None:
        # With the digits of the amount, as every sum has those of its currency.
        zero = EXACT.subtract(amount, amount)
        held = sums[key] = [zero, zero, zero]
    for index in moved:
        held[index] = EXACT.add(held[index], amount)


def _same_leg(before: Json, after: Json) -> bool:
    return bool(
        before["amount"] == after["amount"]
        and before["date"] == after["date"]
        and before["status"] == after["status"]
        and before["account_id"] == after["account_id"]
    )


def _describe(event: RecordedEvent, changes: Changes) -> None:
    ledger_id: str = event.envelope["ledger_id"]
    data, key = event.data, (ledger_id, event.stream_id)
    if event.type == "account.opened":
        opening = data["after"] or {"amount": None, "date": None}
        changes.insert(
            ACCOUNTS,
            [
                *key,
                private(event).get("name", ""),
                data["kind"],
                data["currency"],
                None,
                opening["amount"],
                opening["date"],
                None,
                str(event.ledger_seq),
            ],
        )
        # Every account has a row of its balance, with the currency's digits, from the beginning.
        zero = exact_amount(ZERO, data["currency"])
        changes.sums(ACCOUNT_BALANCES).setdefault((*key, data["currency"]), [zero, zero, zero])
    elif event.type == "account.renamed":
        changes.patch(ACCOUNTS, key, {"name": private(event).get("name", "")})
    elif event.type == "account.opening_balance_changed":
        opening = data["after"] or {"amount": None, "date": None}
        columns = {"opening_balance": opening["amount"], "opening_date": opening["date"]}
        changes.patch(ACCOUNTS, key, columns)
    elif event.type == "account.closed":
        changes.patch(ACCOUNTS, key, {"closed_on": data["closed_on"]})
    elif event.type == "account.reopened":
        changes.patch(ACCOUNTS, key, {"closed_on": None})
    elif event.type == "account.balance_reported":
        row = [
            *key, data["date"], data["amount"], data["currency"], data["source"],
            str(event.position),
        ]  # fmt: skip
        changes.upsert(REPORTED_BALANCES, row)
    elif event.type == "account.balance_report_withdrawn":
        changes.delete(REPORTED_BALANCES, (*key, data["date"]))
    elif event.type == "account.import_profile_forgotten":
        changes.patch(ACCOUNTS, key, {"import_profile": None})
    else:
        changes.patch(ACCOUNTS, key, {"import_profile": json_text(data["profile"])})


PROJECTION = Projection(
    "accounts",
    1,
    (ACCOUNTS, ACCOUNT_BALANCES, ACCOUNT_DAYS, REPORTED_BALANCES),
    fold,
    topics=(*sorted(MONEY_TYPES | _NAMED),),
)
