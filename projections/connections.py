"""Connections: which banks rows come from, and what the last sync of each account brought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection, private
from mintflow.projections.core.reading import Rows, positioned, read
from mintflow.projections.core.tables import Column, Table
from mintflow.store.mapper import RecordedEvent

CONNECTIONS = Table(
    "connections",
    (
        Column("ledger_id", "uuid"),
        Column("connection_id", "uuid"),
        Column("provider", "text"),
        # Unreadable once the ledger's key is destroyed.
        Column("institution", "text", null=True),
        Column("opened_at", "timestamptz"),
        Column("opened_seq", "bigint"),
        Column("closed_at", "timestamptz", null=True),
    ),
    key=("ledger_id", "connection_id"),
)
_COUNTS = ("added", "known", "updated", "skipped", "removed")
SYNCS = Table(
    "connection_syncs",
    (
        Column("ledger_id", "uuid"),
        Column("connection_id", "uuid"),
        Column("account_id", "uuid"),
        Column("cursor", "text"),
        *(Column(name, "bigint") for name in _COUNTS),
        Column("synced_at", "timestamptz"),
        Column("synced_seq", "bigint"),
    ),
    key=("ledger_id", "connection_id", "account_id"),
)


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    for event in batch:
        if event.type == "connection.opened":
            changes.insert(
                CONNECTIONS,
                [
                    event.envelope["ledger_id"],
                    event.stream_id,
                    event.data["provider"],
                    private(event).get("institution"),
                    event.recorded_at.isoformat(),
                    str(event.ledger_seq),
                    None,
                ],
            )
        elif event.type == "connection.synced":
            _sync(event, changes, event.data, event.recorded_at.isoformat())
        elif event.type == "connection.sync_restored":
            if event.data["last"] is None:
                ledger_id, account_id = event.envelope["ledger_id"], event.data["account_id"]
                changes.delete(SYNCS, (ledger_id, event.stream_id, account_id))
            else:
                _sync(event, changes, event.data["last"], event.data["synced_at"])
        elif event.type in ("connection.closed", "connection.reopened"):
            at = event.recorded_at.isoformat() if event.type == "connection.closed" else None
            key = (event.envelope["ledger_id"], event.stream_id)
            changes.patch(CONNECTIONS, key, {"closed_at": at})


def _sync(event: RecordedEvent, changes: Changes, facts: dict[str, Any], at: str) -> None:
    changes.upsert(
        SYNCS,
        [
            event.envelope["ledger_id"],
            event.stream_id,
            event.data["account_id"],
            facts["cursor"],
            *(str(facts[name]) for name in _COUNTS),
            at,
            str(event.ledger_seq),
        ],
    )


PROJECTION = Projection(
    "connections",
    2,
    (CONNECTIONS, SYNCS),
    fold,
    topics=("connection.",),
)


async def list_connections(conn: AsyncConnection[Any], ledger_id: UUID) -> tuple[Rows, int]:
    """The connections that are open with the last sync of each account, and the position.

    [{connection_id, provider, institution, opened_at, accounts: [{account_id, cursor, added, known,
    updated, skipped, removed, synced_at}]}], oldest first; counts are rows.
    """
    return await read(conn, _LIST, ledger_id, {})


_LIST = positioned(
    f"""
    select c.connection_id, c.provider, c.institution, c.opened_at, coalesce(
        (
            select jsonb_agg(jsonb_build_object(
                'account_id', s.account_id, 'cursor', s.cursor,
                {", ".join(f"'{name}', s.{name}" for name in _COUNTS)},
                'synced_at', s.synced_at
            ) order by s.account_id)
            from connection_syncs s
            where s.ledger_id = c.ledger_id and s.connection_id = c.connection_id
        ), '[]'
    ) as accounts
    from connections c
    where c.ledger_id = %(ledger_id)s and c.closed_at is null order by c.opened_seq
    """,  # noqa: S608 - constants only
    "connections",
)
