"""Queries that say which position they reflect, in the one statement that reads the rows.

Tables are named without a schema: the connection's search path says which read models answer, the
served ones or those of a scratch replay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, AsyncCursor
from psycopg.errors import UndefinedColumn, UndefinedTable
from psycopg.rows import tuple_row

from mintflow.domain.core.errors import NotFound
from mintflow.domain.core.ids import shard_of
from mintflow.projections.core.checkpoints import ProjectionNotServed

Row = dict[str, Any]
Rows = list[Row]


def positioned(query: str, *projections: str) -> str:
    """The query, with the position up to which these projections have applied the ledger's shard.

    query: has `%(ledger_id)s`; its rows come back in its order, for the one row of the position is
    the outer side of the join. One row comes back even where the query has none.
    """
    names = ", ".join(f"'{name}'" for name in projections)
    return f"""
        select p.position_, q.* from (
            select coalesce(min(c.position), 0) as position_ from checkpoint c
            where c.shard = %(shard_)s and c.projection in ({names})
        ) p left join lateral (select true as found_, r.* from ({query}) r) q on true
    """  # noqa: S608 - constants and SQL of this package only


async def read(
    conn: AsyncConnection[Any], sql: str, ledger_id: UUID, args: Mapping[str, Any]
) -> tuple[Rows, int]:
    """The rows of a positioned query, as dicts in the order of its columns, and the position.

    Raises ProjectionNotServed where the tables are those of another release.
    """
    async with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        try:
            await cursor.execute(
                sql.encode(),
                {**args, "ledger_id": ledger_id, "shard_": shard_of(ledger_id)},
                prepare=True,
            )
        except (UndefinedColumn, UndefinedTable) as absent:
            raise ProjectionNotServed(
                "the read models are of another release; `mintflow rebuild` makes them anew"
            ) from absent
        rows = await cursor.fetchall()
        position, found = rows[0][:2]
        if found is None:
            return [], position
        names = _names_of(sql, cursor)
    return [dict(zip(names, row[2:], strict=True)) for row in rows], position


# Names of the columns of a query, by its text. Asking the driver describes every column anew, which
# was a tenth of a small query's time. There are as many texts as combinations of filters.
_NAMES: dict[str, tuple[str, ...]] = {}
_NAMES_MAX = 4_096


def _names_of(sql: str, cursor: AsyncCursor[Any]) -> tuple[str, ...]:
    names = _NAMES.get(sql)
    if names is None:
        assert cursor.description is not None
        if len(_NAMES) >= _NAMES_MAX:
            _NAMES.clear()
        names = _NAMES[sql] = tuple(column.name for column in cursor.description[2:])
    return names


async def read_one(
    conn: AsyncConnection[Any],
    sql: str,
    ledger_id: UUID,
    args: Mapping[str, Any],
    missing: NotFound,
) -> tuple[Row, int]:
    """The one row of a positioned query and the position; raises `missing` where there is none."""
    rows, position = await read(conn, sql, ledger_id, args)
    if not rows:
        raise missing
    return rows[0], position
