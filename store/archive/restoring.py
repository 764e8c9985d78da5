"""From files to an empty log: the same positions, times and hashes, or nothing at all.

Every event is checked to follow from the one before it by its hash, and each shard to end at the
head that the manifest names, before the one transaction that writes them all is committed. What
this can not know is whether somebody wrote a history anew from its first event and the manifest
with it; a head that was kept elsewhere tells that.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from hashlib import file_digest
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pyarrow as pa

from mintflow.domain.core.errors import Conflict, Invalid
from mintflow.domain.core.ids import SHARDS, shard_of
from mintflow.store.archive.exporting import EPOCH_2000_US
from mintflow.store.archive.formats import ExportDamaged, Row, read_rows
from mintflow.store.archive.manifest import FILES, Head, Manifest, Part, read_manifest
from mintflow.store.chain import first_hash, leaf_hash, link_hash

Progress = Callable[[int, int], None]

_COPY = (
    "copy log.event (shard, position, ledger_id, ledger_seq, stream_id, stream_version, type,"
    " recorded_at, record, sealed, hash) from stdin (format binary)"
)
_BINARY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
# AttributeError: where a text should stand, JSON has a number.
_DAMAGE = (
    pa.ArrowException, AttributeError, OSError, ValueError, KeyError, TypeError, OverflowError,
    struct.error,
)  # fmt: skip


class ExportNotWhole(Invalid):
    """Only a whole history can be restored: all events, all ledgers, as Parquet or JSON lines."""

    code = "export_not_whole"


class LogNotEmpty(Conflict):
    """The installation has events already; a history is restored into an empty one alone."""

    code = "log_not_empty"


def restore(database_url: str, folder: Path, *, progress: Progress | None = None) -> Manifest:
    """Bring an export back into an empty installation, whole or not at all.

    database_url: the role that owns the log; migrated. A host may run meanwhile, and shows all
    when it is done. Raises ManifestUnreadable, ExportNotWhole, LogNotEmpty, ExportDamaged.
    """
    manifest = read_manifest(folder)
    if not manifest.whole:
        raise ExportNotWhole("this export is a part of a history, or CSV", folder=str(folder))
    with psycopg.connect(database_url) as conn:
        # Nobody can append until this is through; whoever tries waits.
        heads = conn.execute("select shard, position from log.shard_head order by shard for update")
        if any(position for _, position in heads.fetchall()):
            raise LogNotEmpty("there are events here already")
        _Restore(conn, folder, manifest, progress or (lambda _done, _total: None)).run()
    return manifest


class _Restore:
    def __init__(
        self, conn: psycopg.Connection[Any], folder: Path, manifest: Manifest, progress: Progress
    ) -> None:
        self._conn = conn
        self._folder = folder
        self._manifest = manifest
        self._progress = progress
        self._done = 0
        self._seqs: dict[str, tuple[int, int]] = {}

    def run(self) -> None:
        manifest = self._manifest
        parts: dict[int, list[Part]] = {head["shard"]: [] for head in manifest.heads}
        for part in sorted(manifest.parts, key=lambda part: (part.shard, part.first)):
            if part.shard not in parts or part.file != f"{FILES}/{Path(part.file).name}":
                raise ExportDamaged("the manifest names a file that can not be", file=part.file)
            parts[part.shard].append(part)
        if sorted(parts) != list(range(SHARDS)):
            raise ExportDamaged("the manifest names other shards than there are", shards=SHARDS)
        for head in manifest.heads:
            self._shard(head, parts[head["shard"]])
        with self._conn.cursor() as cursor:
            cursor.executemany(
                "insert into log.ledger_head (ledger_id, shard, ledger_seq) values (%s, %s, %s)",
                [(ledger_id, *found) for ledger_id, found in self._seqs.items()],
            )

    def _shard(self, head: Head, parts: list[Part]) -> None:
        shard, position, before, recorded_us = head["shard"], 0, first_hash(head["shard"]), 0
        for part in parts:
            behind = position
            try:
                with self._conn.cursor() as cursor, cursor.copy(_COPY) as copy:
                    copy.write(_BINARY_HEAD)
                    for row in self._rows(part, position):
                        copy.write(self._checked(part, row, position, before, recorded_us))
                        position, before, recorded_us = row.position, row.hash, row.recorded_us
                    copy.write(b"\xff\xff")
            except (psycopg.DataError, psycopg.IntegrityError) as trouble:
                raise ExportDamaged(
                    f"{part.file} holds an event that can not be: {type(trouble).__name__}",
                    file=part.file,
                    position=behind + 1,
                ) from None
            self._check_file(part, behind, position)
            self._done += part.events
            self._progress(self._done, self._manifest.events)
        if (position, before.hex()) != (head["position"], head["hash"]):
            last = parts[-1].file if parts else None
            raise ExportDamaged(
                "the shard does not end at the head of the manifest",
                file=last,
                shard=shard,
                position=min(position, head["position"]) + 1
                if position != head["position"]
                else position,
            )
        if position:
            self._conn.execute(
                "update log.shard_head set position = %s, hash = %s, recorded_us = %s"
                " where shard = %s",
                [position, before, recorded_us, shard],
            )

    def _rows(self, part: Part, position: int) -> Iterator[Row]:
        """The rows of a file; a damage of it is told with the position from which on it is."""
        rows = read_rows(self._manifest.format, self._folder / part.file)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except _DAMAGE:
                raise ExportDamaged(
                    f"{part.file} can not be read from position {position + 1} on",
                    file=part.file,
                    position=position + 1,
                ) from None
            position = row.position
            yield row

    def _checked(
        self, part: Part, row: Row, position: int, before: bytes, recorded_us: int
    ) -> bytes:
        """The row in the form of COPY. Raises ExportDamaged."""
        wrong = self._wrong(part, row, position, before, recorded_us)
        if wrong is None:
            try:
                return _tuple(row)
            except _DAMAGE:
                wrong = "it is no event"
        raise ExportDamaged(
            f"{part.file}, position {position + 1}: {wrong}",
            file=part.file,
            position=position + 1,
        )

    def _wrong(
        self, part: Part, row: Row, position: int, before: bytes, recorded_us: int
    ) -> str | None:
        """What is wrong with a row; None for one that follows from those before it."""
        try:
            ledger_id = UUID(row.ledger_id)
            leaf = leaf_hash(
                row.shard, row.position, ledger_id.bytes, row.ledger_seq, row.recorded_us,
                row.record, row.sealed,
            )  # fmt: skip
            envelope = orjson.loads(row.record)
            named = (
                envelope["ledger_id"], envelope["stream_id"], envelope["stream_version"],
                envelope["type"],
            )  # fmt: skip
        except _DAMAGE:
            return "it is no event"
        if (row.shard, row.position) != (part.shard, position + 1):
            return "another event stands here"
        if link_hash(before, leaf) != row.hash:
            return "it is not what was hashed here"
        if named != (row.ledger_id, row.stream_id, row.stream_version, row.type):
            return "what stands beside the record is not what the record says"
        shard, seq = self._seqs.get(row.ledger_id, (row.shard, 0))
        if shard != row.shard or shard_of(ledger_id) != shard or row.ledger_seq != seq + 1:
            return "it is not the next event of its ledger"
        if row.recorded_us < recorded_us:
            return "it was recorded before the event that stands before it"
        self._seqs[row.ledger_id] = row.shard, row.ledger_seq
        return None

    def _check_file(self, part: Part, behind: int, position: int) -> None:
        """behind, position: between them is what the file holds."""
        with (self._folder / part.file).open("rb") as stream:
            same = file_digest(stream, "sha256").hexdigest() == part.sha256
        said = part.first - 1, part.last, part.events
        if not same or said != (behind, position, position - behind):
            raise ExportDamaged(
                f"{part.file} is not the file that was exported",
                file=part.file,
                position=part.first if position == part.last else position + 1,
            )


def _tuple(row: Row) -> bytes:
    """A row of log.event in the binary form of COPY."""
    fields = (
        row.shard.to_bytes(4, "big", signed=True),
        row.position.to_bytes(8, "big", signed=True),
        UUID(row.ledger_id).bytes,
        row.ledger_seq.to_bytes(8, "big", signed=True),
        UUID(row.stream_id).bytes,
        row.stream_version.to_bytes(4, "big", signed=True),
        row.type.encode(),
        (row.recorded_us - EPOCH_2000_US).to_bytes(8, "big", signed=True),
        row.record,
        row.sealed,
        row.hash,
    )
    parts = [len(fields).to_bytes(2, "big")]
    for one in fields:
        parts += (len(one).to_bytes(4, "big"), one)
    return b"".join(parts)
