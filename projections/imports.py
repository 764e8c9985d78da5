"""Imports: which bank files came in, and what became of their rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.core.time import DATE_MAX
from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection, json_text
from mintflow.projections.core.reading import Rows, positioned, read
from mintflow.projections.core.tables import Column, Table
from mintflow.store.mapper import RecordedEvent

_COUNTS = ("added", "known", "updated", "skipped")
IMPORTS = Table(
    "imports",
    (
        Column("ledger_id", "uuid"),
        Column("import_id", "uuid"),
        Column("account_id", "uuid"),
        Column("format", "text"),
        Column("sha256", "text"),
        Column("size_bytes", "bigint"),
        *(Column(name, "bigint") for name in _COUNTS),
        Column("findings", "jsonb"),
        Column("recorded_at", "timestamptz"),
        Column("recorded_seq", "bigint"),
    ),
    key=("ledger_id", "import_id"),
)


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    for event in batch:
        if event.type != "import.completed":
            continue
        data = event.data
        changes.insert(
            IMPORTS,
            [
                event.envelope["ledger_id"],
                event.stream_id,
                data["account_id"],
                data["format"],
                data["sha256"],
                str(data["size_bytes"]),
                *(str(data[name]) for name in _COUNTS),
                json_text(data["findings"]),
                event.recorded_at.isoformat(),
                str(event.ledger_seq),
            ],
        )


PROJECTION = Projection("imports", 1, (IMPORTS,), fold, topics=("import.completed",))


async def list_imports(
    conn: AsyncConnection[Any], ledger_id: UUID, *, as_of: dt.date | None = None
) -> tuple[Rows, int]:
    """The files that were imported, newest first, and the position.

    [{import_id, account_id, format, sha256, size_bytes, added, known, updated, skipped, findings,
    recorded_at}]; counts are rows. as_of: those that came in until the end of that day, UTC.
    """
    return await read(conn, _LIST, ledger_id, {"as_of": as_of or DATE_MAX})


_LIST = positioned(
    f"""
    select import_id, account_id, format, sha256, size_bytes, {", ".join(_COUNTS)}, findings,
        recorded_at
    from imports
    where ledger_id = %(ledger_id)s and (recorded_at at time zone 'UTC')::date <= %(as_of)s
    order by recorded_seq desc
    """,  # noqa: S608 - constants only
    "imports",
)
