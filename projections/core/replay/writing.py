"""How rows get into scratch tables, and when these get their secondary indexes.

Making them takes longer than they save one question, so a table of a few thousand rows is read
through by the first one, and has its indexes when somebody comes back to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import AsyncConnection, AsyncCursor
from psycopg.pq import TransactionStatus

from mintflow.projections.core.changes import Changes
from mintflow.projections.core.statements import Copy, copy_blocks, copy_sql, operations
from mintflow.projections.core.tables import Table

# Rows of one table from which on its indexes are worth their making for a single question.
INDEX_ROWS = 20_000
# And from which on the planner needs to be told how they are spread; fewer need no index ever.
ANALYZE_ROWS = 500


async def run(conn: AsyncConnection[Any], sql: str, args: Sequence[Any] = ()) -> AsyncCursor[Any]:
    """A statement of this package's own, which fills nothing."""
    return await AsyncCursor(conn).execute(sql.encode(), args or None)


class Writer:
    """For the tables of one session."""

    def __init__(self, conn: AsyncConnection[Any]) -> None:
        self._conn = conn
        self._indexed: set[str] = set()
        # Without their indexes: all such tables; those that were there when somebody came back;
        # and which ones have got them since.
        self._plain: dict[str, Table] = {}
        self._again: set[str] = set()
        self._later: dict[str, Table] = {}

    async def copy(self, changes: Changes, index_rows: int = INDEX_ROWS) -> None:
        """Write into tables that are empty; from index_rows on, one gets its indexes."""
        for table, found in changes.tables.values():
            if not found:
                continue
            async with AsyncCursor(self._conn).copy(copy_sql("", table).encode()) as copy:
                for block in copy_blocks(table, found):
                    await copy.write(block)
            if len(found) >= ANALYZE_ROWS:
                await run(self._conn, f"analyze {table.name}")
            if not table.indexes or table.name in self._indexed:
                continue
            if len(found) >= index_rows:
                await self._index(table)
            elif len(found) >= ANALYZE_ROWS:
                self._plain[table.name] = table

    async def operate(self, changes: Changes) -> None:
        """Write onto rows that are there."""
        for operation in operations(changes):
            if isinstance(operation, Copy):
                async with AsyncCursor(self._conn).copy(operation.sql.encode()) as copy:
                    await copy.write(operation.text)
            else:
                await run(self._conn, operation.sql, operation.args)

    def come_back(self) -> None:
        """Somebody asks for the same moment once more."""
        self._again = set(self._plain)

    async def index_again(self, tables: Iterable[Table]) -> None:
        """Give their indexes to those of some tables that somebody came back to."""
        for table in tables if self._again else ():
            # A transaction of the caller that is rolled back would take the indexes with it.
            idle = self._conn.info.transaction_status == TransactionStatus.IDLE
            if idle and table.name in self._again:
                async with self._conn.transaction():
                    await self._index(table)
                self._again.remove(table.name)
                self._later[table.name] = self._plain.pop(table.name)

    async def start_over(self) -> None:
        """The tables are empty; another moment's rows are written faster without the indexes that
        were made for who came back."""
        indexes = [index.name for table in self._later.values() for index in table.indexes]
        if indexes:
            await run(self._conn, f"drop index {', '.join(indexes)}")
        self._indexed -= set(self._later)
        self._plain, self._again, self._later = {}, set(), {}

    async def _index(self, table: Table) -> None:
        for statement in table.index_sql("pg_temp"):
            await run(self._conn, statement)
        self._indexed.add(table.name)
