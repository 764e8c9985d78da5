"""The rebuilt rows against the served ones, at the same positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future

import psycopg

from mintflow.projections.core.rebuild.catching_up import Replay, positions_of
from mintflow.projections.core.rebuild.lanes import Connection, Lanes
from mintflow.projections.core.rebuild.report import (
    LEDGERS_SHOWN_MAX,
    Digest,
    TableReport,
    by_ledger,
    differing,
    digest,
)
from mintflow.projections.core.tables import SERVED, Table


def compare_tables(
    url: str,
    lanes: Lanes,
    tables: Sequence[Table],
    schema: str,
    replay: Replay,
    *,
    compare: bool,
) -> list[TableReport]:
    """Bring the new tables to where the served ones are, and take the digests of both.

    tables: the largest first; so are the reports. The served side is one snapshot, rows and
    checkpoints together, so neither waits for the other: the live path goes on while they are
    compared.
    """
    if not compare:
        digests = [lanes.begin(_digest(table, schema)) for table in tables]
        return [
            TableReport(table.name, rebuilt.result(), None)
            for table, rebuilt in zip(tables, digests, strict=True)
        ]
    with psycopg.connect(url, autocommit=True) as snapshot, snapshot.transaction():
        snapshot.execute("set transaction isolation level repeatable read read only")
        replay.until(positions_of(snapshot, replay.projections))
        (name,) = snapshot.execute("select pg_export_snapshot()").fetchone() or ("",)
        both = [
            (lanes.begin(_digest(table, schema)), lanes.begin(_digest(table, SERVED, name)))
            for table in tables
        ]
        return [
            _told(snapshot, url, table, schema, *digests)
            for table, digests in zip(tables, both, strict=True)
        ]


def _digest(table: Table, schema: str, snapshot: str = "") -> Callable[[Connection], Digest]:
    """snapshot: the name of the one to look at the table in."""

    def taken(conn: Connection) -> Digest:
        with conn.transaction():
            if snapshot:
                conn.execute("set transaction isolation level repeatable read read only")
                conn.execute(f"set transaction snapshot '{snapshot}'".encode())
            return digest(conn, table, schema)

    return taken


def _told(
    snapshot: Connection,
    url: str,
    table: Table,
    schema: str,
    rebuilt: Future[Digest],
    served: Future[Digest],
) -> TableReport:
    same = rebuilt.result() == served.result()
    ledgers = () if same else _ledgers(snapshot, url, table, schema)
    return TableReport(table.name, rebuilt.result(), served.result(), ledgers)


def _ledgers(snapshot: Connection, url: str, table: Table, schema: str) -> tuple[str, ...]:
    """Some of the ledgers whose rows differ."""
    with psycopg.connect(url) as conn:
        rebuilt = by_ledger(conn, table, schema)
    return tuple(differing(by_ledger(snapshot, table, SERVED), rebuilt)[:LEDGERS_SHOWN_MAX])
