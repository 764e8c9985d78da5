"""The one refusal of the bank-file readers, and how a reader says where it gave up.

A reader does not know the name of the file it reads: it raises `CannotRead`, and `reading.py` turns
that into `UnreadableFile`, which does. Neither ever carries a description or a name.
"""

from __future__ import annotations

import re

from mintflow.domain.core.errors import Invalid

# Only what can be a date or an amount is shown back; anything with words could be a description.
_SHOWABLE = re.compile(r"[0-9.,:;'/+()\[\]$€£ eE-]{1,40}\Z")


class UnreadableFile(Invalid):
    """The file cannot be read; nothing of it was taken. details: file, where, reason."""

    code = "unreadable_file"

    def __init__(self, file: str, where: str, reason: str) -> None:
        """where: line or element, "line 12" or "Ntry[3]". reason: for a person, without names."""
        super().__init__(f"{file}: {where}: {reason}", file=file, where=where, reason=reason)


class CannotRead(Exception):
    """Raised inside a reader; always leaves `connectors/files` as UnreadableFile."""

    def __init__(self, where: str, reason: str) -> None:
        """where and reason as in UnreadableFile."""
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


def shown(value: str) -> str:
    """The value in quotes if it is only digits and signs, else that it is text."""
    value = value.strip()
    if not value:
        return "nothing"
    return f"'{value}'" if _SHOWABLE.match(value) else "text"
