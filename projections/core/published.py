"""What analysts read with SQL of the read models: views with columns that stay.

Only open facts: no names, descriptions, counterparties, notes, payees or tags, so that the role
mintflow_reader learns amounts and never whose they are. The views are dropped and made again in the
transaction in which a rebuild replaces a table, so they are always those of what is served.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import psycopg

READING, READER = "reading", "mintflow_reader"


@dataclass(frozen=True, slots=True)
class Published:
    """A view over one served table. columns: SQL, each a column or an expression with a name.
    sums: columns that are added up over all rows that have the others in common."""

    name: str
    table: str
    columns: Sequence[str]
    sums: Sequence[str] = ()

    def create_sql(self, schema: str) -> str:
        grouped = f" group by {', '.join(self.columns)}" if self.sums else ""
        return (
            f"create view {READING}.{self.name} as"  # noqa: S608 - this module's own words
            f" select {', '.join([*self.columns, *self.sums])} from {schema}.{self.table}{grouped};"
            f" grant select on {READING}.{self.name} to {READER}"
        )


_SUMS = ("posted", "pending")
_TOTALS = ("sum(amount) as amount", "sum(transactions)::bigint as transactions")
PUBLISHED = (
    Published("ledger", "ledgers", ("ledger_id", "currency")),
    Published(
        "account",
        "accounts",
        ("ledger_id", "account_id", "kind", "currency", "closed_on", "opening_balance",
         "opening_date"),
    ),
    Published(
        "account_balance", "account_balances", ("ledger_id", "account_id", "currency", *_SUMS)
    ),
    # What moved on a day; the balance of a day is the sum of the days until then.
    Published("account_day", "account_days", ("ledger_id", "account_id", "date", *_SUMS)),
    Published(
        "transaction",
        "transactions",
        ("ledger_id", "transaction_id", "account_id", "date", "amount", "currency", "status",
         "category_ids", "allocations", "category_source", "origin", "import_id", "transfer_id",
         "recorded_at"),
    ),
    Published(
        "category",
        "categories",
        ("ledger_id", "category_id", "path", "kind", "archived", "merged_into"),
    ),
    Published(
        "category_day",
        "category_days",
        ("ledger_id", "category_id", "date", "currency"),
        _TOTALS,
    ),
    Published(
        "category_month",
        "category_months",
        ("ledger_id", "category_id", "month", "currency"),
        _TOTALS,
    ),
)  # fmt: skip


def publish(conn: psycopg.Connection[Any], schema: str) -> None:
    """Make the views over the tables of a schema anew; those of tables that are not there are
    left out."""
    withdraw(conn)
    for view in PUBLISHED:
        if _exists(conn, f"{schema}.{view.table}"):
            conn.execute(view.create_sql(schema).encode())
    conn.execute(f"comment on schema {READING} is '{_digest()}'".encode())


def withdraw(conn: psycopg.Connection[Any]) -> None:
    """Drop the views, so that the tables below them can be replaced."""
    for view in PUBLISHED:
        conn.execute(f"drop view if exists {READING}.{view.name}".encode())


def is_published(conn: psycopg.Connection[Any]) -> bool:
    """Whether the views are those of this release."""
    row = conn.execute(
        "select obj_description(to_regnamespace(%s), 'pg_namespace')", [READING]
    ).fetchone()
    return row is not None and row[0] == _digest()


def _digest() -> str:
    text = "\n".join(view.create_sql("") for view in PUBLISHED)
    return f"views {sha256(text.encode()).hexdigest()[:16]}"


def _exists(conn: psycopg.Connection[Any], table: str) -> bool:
    row = conn.execute("select to_regclass(%s) is not null", [table]).fetchone()
    return row is not None and bool(row[0])
