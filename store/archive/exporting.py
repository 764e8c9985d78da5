"""From the log to files: every shard up to the head that it had when the export was begun.

Events never change and new ones come behind the heads, so no snapshot is held and nobody waits. A
file is written beside its name, made durable and then named, so what a kill leaves is either a
whole file that the journal knows or a draft that is thrown away.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from io import RawIOBase
from pathlib import Path
from typing import IO, Any, cast
from uuid import UUID

import orjson
import psycopg

from mintflow.domain.core.errors import Unavailable
from mintflow.domain.core.ids import shard_of
from mintflow.store.archive.formats import ROWS, ExportDamaged, Opener, Row, writer
from mintflow.store.archive.manifest import (
    FILES,
    ExportInTheWay,
    Format,
    Head,
    Journal,
    Manifest,
    Part,
    Selection,
    put_in_place,
)
from mintflow.store.sealing import Sealer

# Positions of a file. A kill costs the work on one of them.
PART_POSITIONS = 100_000
# Postgres counts microseconds since 2000.
EPOCH_2000_US = 946_684_800_000_000
Progress = Callable[[int, int], None]

_COLUMNS = """shard, position, ledger_id::text, ledger_seq, stream_id::text, stream_version, type,
    timestamptz_send(recorded_at), record, sealed, hash"""


class ExportNotWritable(Unavailable):
    """The files can not be written: no room, or no right. What is there stays, to go on from."""

    code = "export_not_writable"


def export(
    database_url: str,
    folder: Path,
    form: Format,
    selection: Selection | None = None,
    *,
    opened_by: Sealer | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Write the events of a selection into a folder, or go on with what was begun there.

    database_url: a role that may read the schema `log`. opened_by: write sealed facts in the clear
    too, as far as its keys open them. progress: hears positions done and positions there are.
    Raises ExportInTheWay, ManifestUnreadable, ExportNotWritable; psycopg.Error where the database
    does not answer.
    """
    with psycopg.connect(database_url, autocommit=True) as conn:
        plan = Manifest(form, selection or Selection(), opened_by is not None, _heads(conn))
        try:
            journal = Journal(folder, plan)
            try:
                _same_log(conn, journal.plan.heads, folder)
                for draft in (folder / FILES).glob(".*.draft"):
                    draft.unlink()
                _Export(conn, folder, journal, opened_by, progress).run()
                return journal.finish()
            finally:
                journal.close()
        except OSError as trouble:
            reason = trouble.strerror or type(trouble).__name__
            raise ExportNotWritable(
                f"the export can not be written: {reason}", reason=reason
            ) from trouble


def _heads(conn: psycopg.Connection[Any]) -> list[Head]:
    rows = conn.execute("select shard, position, hash from log.shard_head order by shard")
    return [{"shard": one[0], "position": one[1], "hash": bytes(one[2]).hex()} for one in rows]


def _same_log(conn: psycopg.Connection[Any], heads: list[Head], folder: Path) -> None:
    """What was begun with these heads goes on in the log that had them: files of two logs would
    pass for one history. Raises ExportInTheWay."""
    wanted = {(one["shard"], one["position"]): one["hash"] for one in heads if one["position"]}
    rows = conn.execute(
        "select shard, position, encode(hash, 'hex') from log.event"
        " join unnest(%s::int[], %s::bigint[]) as head (shard, position) using (shard, position)",
        [[shard for shard, _ in wanted], [position for _, position in wanted]],
    )
    if {(shard, position): hashed for shard, position, hashed in rows} != wanted:
        raise ExportInTheWay(
            "the folder holds the beginning of an export of another log", folder=str(folder)
        )


class _Export:
    def __init__(
        self,
        conn: psycopg.Connection[Any],
        folder: Path,
        journal: Journal,
        opened_by: Sealer | None,
        progress: Progress | None,
    ) -> None:
        self._conn = conn
        self._folder = folder
        self._journal = journal
        self._form = journal.plan.format
        self._selection = journal.plan.selection
        self._opener = _opener(opened_by) if opened_by is not None else None
        self._progress = progress or (lambda _done, _total: None)
        self._done = 0
        self._where, self._args = _condition(self._selection)

    def run(self) -> None:
        spans = list(self._spans())
        total = sum(last - first + 1 for _, first, last in spans)
        known = {(part.shard, part.first): part for part in self._journal.parts}
        # One thread fetches the next rows while another compresses and hashes these.
        with ThreadPoolExecutor(1, "export") as writing:
            for shard, first, last in spans:
                part = known.get((shard, first))
                if part is None:
                    self._journal.add(self._part(shard, first, last, writing))
                else:
                    self._check(part)
                self._done += last - first + 1
                self._progress(self._done, total)

    def _spans(self) -> Iterator[tuple[int, int, int]]:
        chosen = self._selection
        only = shard_of(UUID(chosen.ledger_id)) if chosen.ledger_id is not None else None
        for head in self._journal.plan.heads:
            if only is not None and head["shard"] != only:
                continue
            first = max(1, chosen.first or 1)
            end = min(head["position"], chosen.last or head["position"])
            for start in range(first, end + 1, PART_POSITIONS):
                yield head["shard"], start, min(start + PART_POSITIONS - 1, end)

    def _check(self, part: Part) -> None:
        """A file from before the kill, as the journal says it was."""
        path = self._folder / part.file
        if not path.is_file() or path.stat().st_size != part.bytes:
            raise ExportDamaged(
                "a file is not as it was written; begin in another folder",
                file=part.file,
                position=part.first,
            )

    def _part(self, shard: int, first: int, last: int, writing: ThreadPoolExecutor) -> Part:
        name = f"{shard:02}-{first:012}.{self._form}"
        draft = self._folder / FILES / f".{name}.draft"
        events = 0
        with draft.open("wb") as stream:
            hashed = _Hashed(stream)
            made = writer(self._form, cast("IO[bytes]", hashed), self._opener)
            under_way: Future[None] | None = None
            for rows in self._rows(shard, first, last):
                if under_way is not None:
                    under_way.result()
                events += len(rows)
                under_way = writing.submit(made.write, rows)
            if under_way is not None:
                under_way.result()
            made.close()
            stream.flush()
            os.fsync(stream.fileno())
        put_in_place(draft, self._folder / FILES / name)
        return Part(f"{FILES}/{name}", shard, first, last, events, hashed.size, hashed.digest)

    def _rows(self, shard: int, first: int, last: int) -> Iterator[list[Row]]:
        sql = (
            f"select {_COLUMNS} from log.event where shard = %s and position between %s and %s"  # noqa: S608
            f"{self._where} order by position"
        )
        for start in range(first, last + 1, ROWS):
            until = min(start + ROWS - 1, last)
            cursor = self._conn.execute(
                sql.encode(), [shard, start, until, *self._args], prepare=True, binary=True
            )
            if found := cursor.fetchall():
                yield [_row(one) for one in found]


def _row(found: tuple[Any, ...]) -> Row:
    recorded_us = int.from_bytes(found[7], "big", signed=True) + EPOCH_2000_US
    return Row._make((*found[:7], recorded_us, *found[8:]))


def _condition(selection: Selection) -> tuple[str, list[Any]]:
    """SQL of this module's own words, and its arguments."""
    given = {
        "ledger_id = %s": selection.ledger_id,
        "type = any(%s)": list(selection.types) or None,
        "recorded_at >= %s": selection.since,
        "recorded_at < %s": selection.before,
    }
    chosen = {words: value for words, value in given.items() if value is not None}
    return "".join(f" and {words}" for words in chosen), list(chosen.values())


def _opener(sealer: Sealer) -> Opener:
    def opened(row: Row) -> bytes | None:
        bound_to = UUID(row.stream_id).bytes + row.stream_version.to_bytes(4, "big")
        facts = sealer.unseal(UUID(row.ledger_id), bound_to, row.sealed)
        return None if facts is None else orjson.dumps(facts)

    return opened


class _Hashed(RawIOBase):
    """A stream that knows the SHA-256 of what went through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._hash = sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._hash.update(content)
        self.size += memoryview(content).nbytes
        self._stream.write(content)
        return memoryview(content).nbytes

    def tell(self) -> int:
        return self.size

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()
