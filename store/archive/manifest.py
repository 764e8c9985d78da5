"""What an export holds: the manifest of one that is whole, the journal of one that is under way.

A journal's first line is the plan; each further line a file that is complete and durable. A line
that a kill cut off does not count, and neither does the file it would have named.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from mintflow.domain.core.errors import Conflict, Invalid

Format = Literal["parquet", "jsonl", "csv"]
LAYOUT = 1
MANIFEST, JOURNAL = "manifest.json", "journal.jsonl"
# The files are in a folder of their own, which tools read as one table.
FILES = "events"


class ExportInTheWay(Conflict):
    """The folder holds something else: a whole export, one with other parameters, other files."""

    code = "export_in_the_way"


class ManifestUnreadable(Invalid):
    """The folder has no manifest that this release can read."""

    code = "manifest_unreadable"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events. Nothing given: the whole history, which alone can be restored.

    ledger_id: one ledger. types: event types. first, last: positions, of every shard. since,
    before: times of recording, ISO 8601 with a zone.
    """

    ledger_id: str | None = None
    types: tuple[str, ...] = ()
    first: int | None = None
    last: int | None = None
    since: str | None = None
    before: str | None = None

    @property
    def is_everything(self) -> bool:
        return self == Selection()


@dataclass(frozen=True, slots=True)
class Part:
    """A file and the events in it. first, last: positions that it covers, of one shard; with a
    selection it holds fewer events than that. sha256: of the file."""

    file: str
    shard: int
    first: int
    last: int
    events: int
    bytes: int
    sha256: str


class Head(TypedDict):
    """Where a shard ended. hash: hex."""

    shard: int
    position: int
    hash: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """opened: whether sealed facts are also there in the clear. heads: of every shard when the
    export was begun: {"shard", "position", "hash"}; a whole export reaches exactly up to them."""

    format: Format
    selection: Selection
    opened: bool
    heads: list[Head]
    parts: list[Part] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether it can be restored into an empty installation."""
        return self.selection.is_everything and self.format != "csv"

    @property
    def events(self) -> int:
        return sum(part.events for part in self.parts)

    def document(self) -> dict[str, Any]:
        """As it stands in manifest.json."""
        return {
            "layout": LAYOUT,
            "format": self.format,
            "whole": self.whole,
            "opened": self.opened,
            "selection": asdict(self.selection),
            "events": self.events,
            "heads": self.heads,
            "files": [asdict(part) for part in self.parts],
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Manifest:
        """Raises KeyError, TypeError, ValueError for what is no manifest."""
        if document["layout"] != LAYOUT:
            raise ValueError("layout")
        names = ("format", "selection", "opened", "heads")
        given = {**{name: document[name] for name in names}, "parts": document["files"]}
        return TypeAdapter(cls).validate_python(given)


def read_manifest(folder: Path) -> Manifest:
    """Raises ManifestUnreadable."""
    try:
        return Manifest.of_document(orjson.loads((folder / MANIFEST).read_bytes()))
    except FileNotFoundError:
        unfinished = (folder / JOURNAL).exists()
        words = "the export is not finished: run it again" if unfinished else "there is no export"
        raise ManifestUnreadable(words, folder=str(folder)) from None
    except (OSError, KeyError, TypeError, ValueError):
        raise ManifestUnreadable("the manifest can not be read", folder=str(folder)) from None


def _begun(folder: Path, lines: list[bytes]) -> tuple[Manifest, list[Part]]:
    """What the lines of a journal say. Raises ManifestUnreadable."""
    try:
        plan = Manifest.of_document(orjson.loads(lines[0]))
        return plan, [Part(**orjson.loads(line)) for line in lines[1:-1]]
    except (KeyError, TypeError, ValueError):
        raise ManifestUnreadable(
            "the journal of the export can not be read; begin in another folder", folder=str(folder)
        ) from None


class Journal:
    """An export under way. Opening it takes up the one that was begun in the folder."""

    def __init__(self, folder: Path, plan: Manifest) -> None:
        """plan: for a new export. Raises ExportInTheWay, ManifestUnreadable."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._held = _alone(folder)
        try:
            self.plan, self.parts = self._taken_up(plan)
            self._stream = (folder / JOURNAL).open("ab")
        except BaseException:
            os.close(self._held)
            raise

    def _taken_up(self, plan: Manifest) -> tuple[Manifest, list[Part]]:
        folder, path = self._folder, self._folder / JOURNAL
        if (folder / MANIFEST).exists():
            raise ExportInTheWay("the folder holds a whole export already", folder=str(folder))
        lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
        if len(lines) < 2:
            # Not even the plan is whole: nothing was exported yet.
            ours = {JOURNAL, f".{JOURNAL}.draft", FILES}
            others = sorted(one.name for one in folder.iterdir() if one.name not in ours)
            others += sorted(one.name for one in folder.glob(f"{FILES}/*"))
            if others:
                raise ExportInTheWay("the folder is not empty", files=others[:10])
            (folder / FILES).mkdir(exist_ok=True)
            write_durably(path, orjson.dumps(plan.document()) + b"\n")
            return plan, []
        begun, parts = _begun(folder, lines)
        same = (begun.format, begun.selection, begun.opened)
        if same != (plan.format, plan.selection, plan.opened):
            raise ExportInTheWay(
                "the folder holds the beginning of another export", folder=str(folder)
            )
        # What stands behind the last line end was cut off by a kill.
        write_durably(path, b"\n".join([*lines[:-1], b""]))
        return begun, parts

    def add(self, part: Part) -> None:
        """Note a file that is there for good."""
        self.parts.append(part)
        self._stream.write(orjson.dumps(asdict(part)) + b"\n")
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def finish(self) -> Manifest:
        """Write the manifest; from then on the export is whole."""
        manifest = Manifest(
            self.plan.format,
            self.plan.selection,
            self.plan.opened,
            self.plan.heads,
            sorted(self.parts, key=lambda part: (part.shard, part.first)),
        )
        document = orjson.dumps(manifest.document(), option=orjson.OPT_INDENT_2)
        write_durably(self._folder / MANIFEST, document + b"\n")
        (self._folder / JOURNAL).unlink()
        return manifest

    def close(self) -> None:
        self._stream.close()
        os.close(self._held)


def _alone(folder: Path) -> int:
    """A hold on the folder that goes with the process; to be closed. Raises ExportInTheWay."""
    held = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise ExportInTheWay(
            "another export is writing into this folder", folder=str(folder)
        ) from None
    except OSError:
        # Some network file systems lock no folders; there nobody is turned away.
        pass
    return held


def write_durably(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    put_in_place(draft, path)


def put_in_place(draft: Path, path: Path) -> None:
    """Give a durable file its name, durably."""
    draft.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
