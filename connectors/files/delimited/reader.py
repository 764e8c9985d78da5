"""A CSV file: recognise it (or obey the profile that is given), then read every row."""

from __future__ import annotations

from mintflow.connectors.files.delimited.recognise import recognise
from mintflow.connectors.files.delimited.rows import read_rows
from mintflow.connectors.files.errors import CannotRead
from mintflow.domain.statements import CsvProfile, Statement, StatementFile


def read_csv(
    text: str, encoding: str, profile: CsvProfile | None, currency: str | None
) -> StatementFile:
    """The rows of a CSV, and the profile that read them.

    profile: obeyed where given. currency: the account's, for ties only.
    Raises CannotRead naming the line; a row that cannot be read is never skipped.
    """
    if profile is not None:
        return read_rows(text, profile, None, ())
    seen = recognise(text, encoding, currency, all_rows=False)
    if seen.profile is None:
        return StatementFile("csv", (Statement(()),))
    try:
        return read_rows(text, seen.profile, seen.width, seen.findings)
    except CannotRead:
        if seen.looked_at_all:
            raise
    # The sample misled: "03/04" read one way until the 13th came. Now all of the file is asked.
    seen = recognise(text, encoding, currency, all_rows=True)
    assert seen.profile is not None
    return read_rows(text, seen.profile, seen.width, seen.findings)
