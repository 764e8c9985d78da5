"""An audit that was interrupted goes on with the shards that it had not finished.

The auditor's own file: one line says which log it is about, then a line per finished shard. What
was read before the interruption is not read again, so what happens to it meanwhile is the next
audit's to find; the file goes away with the audit that finishes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import psycopg

from mintflow.domain.core.errors import Invalid
from mintflow.store.verify.report import ShardReport, kept, taken_up

_WHICH = (
    "select current_database(), (select encode(hash, 'hex') from log.event"
    " order by shard, position limit 1)"
)


class NotThisAudit(Invalid):
    """The file to go on from is of another log, or no file of an audit."""

    code = "not_this_audit"


class Progressed:
    """The finished shards of an audit, in a file, or nowhere."""

    def __init__(self, path: Path | None, conn: psycopg.Connection[Any]) -> None:
        """Raises NotThisAudit."""
        self._path = path
        self.done: dict[int, ShardReport] = {}
        if path is None:
            return
        row = conn.execute(_WHICH).fetchone()
        which = {"database": row[0], "first": row[1]} if row else {}
        if not path.exists():
            self._write({"audit_of": which})
            return
        try:
            first, *rest = path.read_bytes().splitlines()
            same = orjson.loads(first)["audit_of"] == which
            for line in rest:
                report = taken_up(orjson.loads(line))
                self.done[report.shard] = report
        except (OSError, ValueError, LookupError, TypeError):
            raise NotThisAudit("this is not a file of an audit", file=path.name) from None
        if not same:
            raise NotThisAudit("the file is about an audit of another log", file=path.name)

    def finished(self, report: ShardReport) -> None:
        """Keep a shard that was read to its end; one that was not is read again."""
        if report.complete:
            self._write(kept(report))

    def over(self) -> None:
        """The whole audit came to its end."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _write(self, line: dict[str, Any]) -> None:
        if self._path is not None:
            with self._path.open("ab") as stream:
                stream.write(orjson.dumps(line) + b"\n")
