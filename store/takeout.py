"""The files of a takeout: what each holds, and reading one that somebody brings.

A takeout is what the owner of ledgers takes away in the clear. Its events are not the bytes that
were hashed, because the sealed facts stand opened beside them; the proof of those bytes is a bundle
(store/evidence/bundle.py).
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID
from zipfile import BadZipFile, ZipFile

import orjson

from mintflow.domain.core.errors import Invalid

FORMAT, VERSION = "mintflow-takeout", 1
# A line holds one event; the longest that commands make is far below.
LINE_BYTES_MAX = 16_777_216
_MANIFEST_BYTES_MAX = 67_108_864


class TakeoutDamaged(Invalid):
    """The file is no takeout, or not as it was written; details say where."""

    code = "takeout_damaged"


class Described(Protocol):
    """A table, as far as its description goes."""

    @property
    def name(self) -> str: ...

    @property
    def types(self) -> dict[str, str]: ...


@dataclass(frozen=True, slots=True)
class TakenLedger:
    """erasure: how that of the ledger stood when the takeout was made."""

    ledger_id: UUID
    name: str
    currency: str
    erasure: str | None


@dataclass(frozen=True, slots=True)
class TakenEvent:
    """line: where it stands in its file. private: sealed facts, or None where the key was gone."""

    line: int
    recorded_at: dt.datetime
    record: dict[str, Any]
    private: dict[str, Any] | None


def schema_of_files(tables: Sequence[Described]) -> dict[str, Any]:
    """What the files of a takeout hold, for a person and for a program."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "files": {
            "manifest.json": "what there is: ledgers, and bytes, rows and SHA-256 of each file",
            "ledgers/{ledger_id}/events.jsonl": {
                "ledger_seq": "1, 2, 3 … within the ledger",
                "recorded_at": "when it was learned, UTC",
                "record": "the event; `data` as `events` below says by type and schema_version",
                "private": "its sealed facts, opened; null where the keys are destroyed",
            },
            "ledgers/{ledger_id}/{table}.json and .csv": {
                table.name: dict(table.types) for table in tables
            },
            "trail.jsonl": "what the trail says of you; `address` where its key is still there",
        },
        "notes": "numeric columns are decimal text; dates are ISO 8601, times UTC",
    }


class Takeout:
    """A takeout that somebody brings; to be closed."""

    def __init__(self, path: Path) -> None:
        """Raises TakeoutDamaged."""
        try:
            self._zip = ZipFile(path)
            if self._zip.getinfo("manifest.json").file_size > _MANIFEST_BYTES_MAX:
                raise TakeoutDamaged("the manifest is too large", file="manifest.json")
            manifest = orjson.loads(self._zip.read("manifest.json"))
            self._files: dict[str, Any] = manifest["files"]
            if (manifest["format"], manifest["version"]) != (FORMAT, VERSION):
                raise TakeoutDamaged("it is a takeout of another release", file="manifest.json")
            self.ledgers = [
                TakenLedger(UUID(one["ledger_id"]), one["name"], one["currency"], one["erasure"])
                for one in manifest["ledgers"]
            ]
        except (BadZipFile, OSError, KeyError, ValueError, TypeError, zlib.error):
            raise TakeoutDamaged("the file is no whole takeout", file="manifest.json") from None

    def close(self) -> None:
        self._zip.close()

    def events(self, ledger_id: UUID) -> Iterator[TakenEvent]:
        """The events of a ledger in order. Raises TakeoutDamaged, at the latest at the end."""
        name, number, digest = f"ledgers/{ledger_id}/events.jsonl", 0, sha256()
        try:
            with self._zip.open(name) as lines:
                while line := lines.readline(LINE_BYTES_MAX):
                    number += 1
                    digest.update(line)
                    found = orjson.loads(line)
                    record, private = found["record"], found["private"]
                    if found["ledger_seq"] != number or record["ledger_id"] != str(ledger_id):
                        raise ValueError("another event belongs here")
                    at = dt.datetime.fromisoformat(found["recorded_at"])
                    yield TakenEvent(number, at, record, private)
            if digest.hexdigest() != self._files[name]["sha256"]:
                raise ValueError("not what the manifest says")
        except (BadZipFile, OSError, KeyError, ValueError, TypeError, EOFError, zlib.error):
            raise TakeoutDamaged(
                "the events are not as they were written", file=name, line=number
            ) from None
