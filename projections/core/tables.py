"""What a read-model table is, and the SQL that makes it in any schema.

Tables are defined in code rather than in migrations because each is made twice: once where it is
served, and again beside it by every rebuild.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

SERVED = "model"
APP_ROLE = "mintflow_app"


@dataclass(frozen=True, slots=True)
class Column:
    """type: the SQL type."""

    name: str
    type: str
    null: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """columns: as SQL, e.g. "ledger_id, date desc". where: of which rows only."""

    name: str
    columns: str
    where: str | None = None


@dataclass(frozen=True)
class Table:
    """key: the primary key, which starts with ledger_id and comes first in `columns`.

    fill: fill factor; lower where rows are updated in place again and again. topics: the event
    types that move this table, in the form of `Projection.topics`, where they are few of those of
    its projection; none: all of them.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[Index, ...] = ()
    fill: int = 100
    topics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.key[0] == "ledger_id", f"{self.name}: the key starts with ledger_id"
        assert self.key == self.names[: len(self.key)], f"{self.name}: the key comes first"

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @cached_property
    def types(self) -> dict[str, str]:
        return {column.name: column.type for column in self.columns}

    def create_sql(self, schema: str, *, vacuumed: bool = True) -> str:
        """The table with its primary key, readable and writable for the product's role.

        vacuumed: whether the server's own vacuum looks after it from the beginning.
        """
        vacuum = "" if vacuumed else ", autovacuum_enabled = off"
        return (
            f"create table {schema}.{self.name} {self._columns_sql()}"
            f" with (fillfactor = {self.fill}{vacuum});"
            f" grant select, insert, update, delete on {schema}.{self.name} to {APP_ROLE}"
        )

    def vacuumed_sql(self, schema: str) -> str:
        """Have the server's own vacuum look after it from now on."""
        return f"alter table {schema}.{self.name} reset (autovacuum_enabled)"

    @property
    def key_name(self) -> str:
        """Of the index of the primary key, as the server names it."""
        return f"{self.name}_pkey"

    def key_sql(self, schema: str) -> str:
        """Give the table its primary key, where `without_key_sql` took it away."""
        return (
            f"alter table {schema}.{self.name} add constraint {self.key_name}"
            f" primary key ({', '.join(self.key)})"
        )

    def without_key_sql(self, schema: str) -> str:
        return f"alter table {schema}.{self.name} drop constraint if exists {self.key_name}"

    def temporary_sql(self) -> str:
        """The same table for one session alone."""
        return f"create temp table {self.name} {self._columns_sql()}"

    def _columns_sql(self) -> str:
        columns = ", ".join(
            f"{column.name} {column.type}{'' if column.null else ' not null'}"
            for column in self.columns
        )
        return f"({columns}, primary key ({', '.join(self.key)}))"

    def index_sql(self, schema: str) -> list[str]:
        """The secondary indexes, which a rebuild makes after the rows."""
        return [
            f"create index {index.name} on {schema}.{self.name} ({index.columns})"
            + (f" where {index.where}" if index.where else "")
            for index in self.indexes
        ]


@dataclass(frozen=True, slots=True)
class View:
    """A view over read-model tables; made again whenever one of them is replaced.

    mark: what stands in the record of some event of a stream before the view shows anything of that
    stream, whose rows are its own events' alone; a replay for the view folds no other streams.
    None: it may show anything.
    """

    name: str
    sql: str
    mark: bytes | None = None

    def create_sql(self, schema: str) -> str:
        """Names in `sql` are unqualified, so this runs with search_path = schema."""
        return (
            f"create view {schema}.{self.name} as {self.sql}; "
            f"grant select on {schema}.{self.name} to {APP_ROLE}"
        )
