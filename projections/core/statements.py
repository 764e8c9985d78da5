"""The SQL that writes changes: a few set-based statements per table, and COPY for many new rows.

Every column travels as an array that is written in text: one way of packing for all types, and
cheaper than any adaptation value by value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from typing import TypeVar

from mintflow.projections.core.changes import Changes, Key, Row, TableChanges
from mintflow.projections.core.tables import Table
from mintflow.store.arrays import ArrayLiteral, TextArray

T = TypeVar("T")
ColumnArray = TextArray | ArrayLiteral

# From here on COPY is cheaper than arrays, which the server has to hold whole and unpack.
COPY_ROWS = 500
_COPY_BLOCK = 1_000


@dataclass(frozen=True, slots=True)
class Statement:
    """Always of the same text for the same kind of change, so that it is prepared once."""

    sql: str
    args: tuple[ColumnArray, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """Rows to be sent by COPY; text: in its text form."""

    sql: str
    text: bytes


def operations(
    changes: Changes, *, schema: str = "", copy_rows: int | None = COPY_ROWS
) -> Iterator[Statement | Copy]:
    """What writes the changes, in a fixed order of tables and kinds.

    schema: where the tables are, "" for the search path. copy_rows: how many new rows of a table
    make a COPY; None where none may be sent (in pipeline mode).
    """
    for table, found in changes.tables.values():
        prefix = f"{schema}." if schema else ""
        yield from _of_table(prefix, table, found, copy_rows)


def copy_blocks(table: Table, found: TableChanges) -> Iterator[bytes]:
    """The rows that the changes leave in a table that held none of their keys, for COPY.

    In blocks, so that the server stores one while the next is put into text. Postgres reads sums in
    every form in which Python writes them, and keeps the digits of a zero.
    """
    for rows in (found.inserted, found.upserted):
        for block in _blocks(rows.values()):
            yield copy_text(table, block)
    for some in _blocks(found.added.items()):
        # Keys and sums are ids, dates and numbers: nothing in them is NULL or needs an escape.
        lines = ["\t".join((*key, *map(str, deltas))) for key, deltas in some]
        lines.append("")
        yield "\n".join(lines).encode()


def copy_text(table: Table, rows: Sequence[Row]) -> bytes:
    """The rows in the text form of COPY.

    Few values hold a character that COPY needs escaped. Whether any does is seen by counting over
    all rows at once, which costs less than looking at each value.
    """
    nullable = [index for index, column in enumerate(table.columns) if column.null]
    lines, nulls = [], 0
    for row in rows:
        line = row[:]
        for index in nullable:
            if line[index] is None:
                line[index] = "\\N"
                nulls += 1
        lines.append("\t".join(line))  # type: ignore[arg-type]
    text = "\n".join(lines)
    if (
        text.count("\t") != len(rows) * (len(table.columns) - 1)
        or text.count("\n") != len(rows) - 1
        or text.count("\\") != nulls
        or "\r" in text
        or "\0" in text
    ):
        text = "\n".join(
            "\t".join("\\N" if value is None else value.translate(_COPY_ESCAPES) for value in row)
            for row in rows
        )
    return f"{text}\n".encode()


def _blocks(rows: Collection[T]) -> Iterator[list[T]]:
    left = iter(rows)
    while block := list(islice(left, _COPY_BLOCK)):
        yield block


def _of_table(
    prefix: str, table: Table, found: TableChanges, copy_rows: int | None
) -> Iterator[Statement | Copy]:
    if found.deleted:
        yield Statement(_delete_sql(prefix, table), _arrays(table, found.deleted))
    if found.inserted:
        rows = list(found.inserted.values())
        if copy_rows is not None and len(rows) >= copy_rows:
            yield Copy(copy_sql(prefix, table), copy_text(table, rows))
        else:
            yield Statement(_insert_sql(prefix, table), _arrays(table, rows))
    if found.upserted:
        yield Statement(_upsert_sql(prefix, table), _arrays(table, found.upserted.values()))
    if found.patched:
        yield from _patches(prefix, table, found.patched)
    if found.added:
        keys = zip(*found.added, strict=True)
        sums = (tuple(map(str, column)) for column in zip(*found.added.values(), strict=True))
        columns = zip(table.names, chain(keys, sums), strict=True)
        yield Statement(_add_sql(prefix, table), _packed(table, columns))


def _patches(
    prefix: str, table: Table, patched: dict[Key, dict[str, str | None]]
) -> Iterator[Statement]:
    """One statement per set of columns that change together."""
    sets: dict[tuple[str, ...], list[Row]] = {}
    for key, columns in patched.items():
        names = tuple(sorted(columns))
        sets.setdefault(names, []).append([*key, *(columns[name] for name in names)])
    for names in sorted(sets):
        yield Statement(
            _patch_sql(prefix, table, names), _arrays(table, sets[names], (*table.key, *names))
        )


def _arrays(
    table: Table, rows: Iterable[Sequence[str | None]], names: Sequence[str] = ()
) -> tuple[ColumnArray, ...]:
    """The rows, turned into one array per column. names: the columns, where not the first ones."""
    return _packed(table, zip(names or table.names, zip(*rows, strict=True), strict=False))


def _packed(
    table: Table, columns: Iterable[tuple[str, Sequence[str | None]]]
) -> tuple[ColumnArray, ...]:
    return tuple(
        ArrayLiteral.of(values) or TextArray.of(_storable(table.types[name], values))
        for name, values in columns
    )


def _storable(sql_type: str, values: Sequence[str | None]) -> Sequence[str | None]:
    """What people write may hold any character; all else is refused by the server if it does."""
    return [_without_nul(value) for value in values] if sql_type in _FREE else values


def _without_nul(value: str | None) -> str | None:
    """Postgres has no character 0 in texts; a person sees the sign for what can not be shown."""
    return value.replace("\0", _NO_SIGN) if value is not None and "\0" in value else value


_FREE = ("text", "text[]")
_NO_SIGN = "\N{REPLACEMENT CHARACTER}"
_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": _NO_SIGN})


def copy_sql(prefix: str, table: Table) -> str:
    """prefix: the schema with its dot, or ""."""
    return f"copy {prefix}{table.name} ({', '.join(table.names)}) from stdin"


@cache
def _insert_sql(prefix: str, table: Table) -> str:
    names = table.names
    return f"insert into {prefix}{table.name} as t ({', '.join(names)}) {_select(table, names)}"


@cache
def _upsert_sql(prefix: str, table: Table) -> str:
    rest = table.names[len(table.key) :]
    return (
        f"{_insert_sql(prefix, table)} on conflict ({', '.join(table.key)}) do update set "
        + ", ".join(f"{name} = excluded.{name}" for name in rest)
    )


@cache
def _add_sql(prefix: str, table: Table) -> str:
    rest = table.names[len(table.key) :]
    return (
        f"{_insert_sql(prefix, table)} on conflict ({', '.join(table.key)}) do update set "
        + ", ".join(f"{name} = t.{name} + excluded.{name}" for name in rest)
    )


@cache
def _patch_sql(prefix: str, table: Table, names: tuple[str, ...]) -> str:
    sets = ", ".join(f"{name} = u.{name}" for name in names)
    wanted = (*table.key, *names)
    return (
        f"update {prefix}{table.name} t set {sets}"  # noqa: S608 - names of this package only
        f" from ({_select(table, wanted)}) u where {_same_key(table)}"
    )


@cache
def _delete_sql(prefix: str, table: Table) -> str:
    return (
        f"delete from {prefix}{table.name} t"  # noqa: S608 - names of this package only
        f" using ({_select(table, table.key)}) u where {_same_key(table)}"
    )


def _select(table: Table, names: Sequence[str]) -> str:
    columns = ", ".join(f"u.{name}::{table.types[name]} as {name}" for name in names)
    arrays = ", ".join(f"%s::{_element(table.types[name])}[]" for name in names)
    return f"select {columns} from unnest({arrays}) as u ({', '.join(names)})"  # noqa: S608


def _element(sql_type: str) -> str:
    """Of the array that a column travels in: an array of arrays would be taken for a matrix."""
    return "text" if sql_type.endswith("[]") else sql_type


def _same_key(table: Table) -> str:
    return " and ".join(f"t.{name} = u.{name}" for name in table.key)
