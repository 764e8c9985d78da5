"""Rows of the log as Parquet, JSON lines and CSV, and back from the first two.

The exact bytes of `record` are kept in each, because they are what was hashed: as text in Parquet
and CSV, as the last member of the object in JSON lines, so that every tool can look into it.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol
from uuid import UUID

import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from mintflow.domain.core.errors import Invalid
from mintflow.store.archive.manifest import Format

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# Rows that are in memory at once, and in one row group.
ROWS = 10_000
_RECORD = b',"record":'
_OPENED = b',"opened":'


class ExportDamaged(Invalid):
    """A file of the export is not what was exported; details name the file and the position."""

    code = "export_damaged"


class Row(NamedTuple):
    """One event as it stands in the log. recorded_us: microseconds since 1970."""

    shard: int
    position: int
    ledger_id: str
    ledger_seq: int
    stream_id: str
    stream_version: int
    type: str
    recorded_us: int
    record: bytes
    sealed: bytes
    hash: bytes


# From a row to the JSON of its sealed facts; None where they can not be opened.
Opener = Callable[[Row], bytes | None]

_SCHEMA = pa.schema(
    [
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("position", pa.int64(), nullable=False),
        pa.field("ledger_id", pa.string(), nullable=False),
        pa.field("ledger_seq", pa.int64(), nullable=False),
        pa.field("stream_id", pa.string(), nullable=False),
        pa.field("stream_version", pa.int32(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("recorded_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("record", pa.string(), nullable=False),
        pa.field("sealed", pa.binary(), nullable=False),
        pa.field("hash", pa.binary(), nullable=False),
    ]
)
_OPENED_FIELD = pa.field("opened", pa.string())


class Writer(Protocol):
    """Writes one file."""

    def write(self, rows: Sequence[Row]) -> None: ...

    def close(self) -> None: ...


def writer(form: Format, stream: IO[bytes], opener: Opener | None) -> Writer:
    """opener: what also to write in the clear; None for nothing."""
    made: dict[Format, Callable[[IO[bytes], Opener | None], Writer]] = {
        "parquet": _ParquetWriter,
        "jsonl": _LinesWriter,
        "csv": _CsvWriter,
    }
    return made[form](stream, opener)


def read_rows(form: Format, path: Path) -> Iterator[Row]:
    """The rows of a file. Raises what its libraries raise for a file that is damaged:
    pyarrow.ArrowException, OSError, ValueError, KeyError, TypeError."""
    return _parquet_rows(path) if form == "parquet" else _line_rows(path)


class _ParquetWriter:
    def __init__(self, stream: IO[bytes], opener: Opener | None) -> None:
        self._opener = opener
        self._schema = _SCHEMA.append(_OPENED_FIELD) if opener else _SCHEMA
        # What is noise, or different in every row, gains nothing by a dictionary.
        self._file = pq.ParquetWriter(
            stream,
            self._schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=["ledger_id", "type"],
            write_statistics=["shard", "position", "ledger_id", "type", "recorded_at"],
        )

    def write(self, rows: Sequence[Row]) -> None:
        columns = list(zip(*rows, strict=True))
        arrays = [pa.array(column, field.type) for column, field in self._arrays(columns)]
        if self._opener is not None:
            arrays.append(pa.array(map(self._opener, rows), pa.binary()).cast(pa.string()))
        self._file.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._file.close()

    @staticmethod
    def _arrays(columns: list[tuple[Any, ...]]) -> Iterator[tuple[Any, pa.Field]]:
        yield from zip(columns, _SCHEMA, strict=True)


class _LinesWriter:
    def __init__(self, stream: IO[bytes], opener: Opener | None) -> None:
        self._stream = stream
        self._opener = opener

    def write(self, rows: Sequence[Row]) -> None:
        self._stream.write(b"".join(map(self._line, rows)))

    def close(self) -> None:
        """The stream is its owner's to close."""

    def _line(self, row: Row) -> bytes:
        head = orjson.dumps(_plain(row))
        opened = b""
        if self._opener is not None:
            opened = _OPENED + (self._opener(row) or b"null")
        return b"".join((head[:-1], opened, _RECORD, row.record, b"}\n"))


class _CsvWriter:
    def __init__(self, stream: IO[bytes], opener: Opener | None) -> None:
        self._opener = opener
        names = [*_SCHEMA.names[:8], "sealed", "hash", *(["opened"] if opener else []), "record"]
        self._schema = pa.schema([(name, pa.string()) for name in names])
        self._file = pa_csv.CSVWriter(stream, self._schema)

    def write(self, rows: Sequence[Row]) -> None:
        columns: list[list[str | None]] = [[] for _ in self._schema]
        for row in rows:
            cells = [str(cell) for cell in _plain(row).values()]
            if self._opener is not None:
                opened = self._opener(row)
                cells.append("" if opened is None else opened.decode())
            for column, cell in zip(columns, (*cells, row.record.decode()), strict=True):
                column.append(cell)
        self._file.write_table(pa.table(columns, schema=self._schema))

    def close(self) -> None:
        self._file.close()


def _plain(row: Row) -> dict[str, Any]:
    return {
        **dict(zip(row._fields[:7], row[:7], strict=True)),
        "recorded_at": (EPOCH + dt.timedelta(microseconds=row.recorded_us)).isoformat(
            timespec="microseconds"
        ),
        "sealed": base64.b64encode(row.sealed).decode(),
        "hash": row.hash.hex(),
    }


def _parquet_rows(path: Path) -> Iterator[Row]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS, columns=_SCHEMA.names):
            columns = {name: batch.column(name) for name in _SCHEMA.names}
            columns["recorded_at"] = columns["recorded_at"].cast(pa.int64())
            columns["record"] = columns["record"].cast(pa.binary())
            yield from map(
                Row._make, zip(*(one.to_pylist() for one in columns.values()), strict=True)
            )


def _line_rows(path: Path) -> Iterator[Row]:
    with path.open("rb") as stream:
        for line in stream:
            head, found, record = line.partition(_RECORD)
            if not found or not record.endswith(b"}\n"):
                raise ValueError("the line is no event")
            facts = orjson.loads(head.partition(_OPENED)[0] + b"}")
            recorded = dt.datetime.fromisoformat(facts["recorded_at"])
            try:
                sealed = base64.b64decode(facts["sealed"], validate=True)
            except binascii.Error:
                raise ValueError("sealed is not base64") from None
            yield Row(
                facts["shard"],
                facts["position"],
                str(UUID(facts["ledger_id"])),
                facts["ledger_seq"],
                str(UUID(facts["stream_id"])),
                facts["stream_version"],
                facts["type"],
                (recorded - EPOCH) // dt.timedelta(microseconds=1),
                record[:-2],
                sealed,
                bytes.fromhex(facts["hash"]),
            )
