"""One bank file that was imported: what it held and what became of its rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from mintflow.domain.core.aggregates import Aggregate, Created


class FileImported(Created):
    """Counts are rows: added + known + updated + skipped is what the file held.

    sha256: of the file's bytes, hex. findings: code, place and amounts; never descriptions.
    """

    TOPIC = "import.completed"

    account_id: UUID
    format: str
    sha256: str
    size_bytes: int
    added: int
    known: int
    updated: int
    skipped: int
    findings: tuple[dict[str, Any], ...]

    def apply(self, aggregate: FileImport) -> None:
        aggregate.account_id = self.account_id


class FileImport(Aggregate):
    """The record of one import; its transactions carry its id as `import_id`."""

    TOPIC = "import"
    account_id: UUID

    def __init__(self) -> None:
        """Attributes come from FileImported."""

    @classmethod
    def complete(cls, import_id: UUID, now: datetime, **facts: Any) -> Self:
        """facts: the fields of FileImported."""
        return cls._create(FileImported, id=import_id, timestamp=now, **facts)
