"""Text to records: the delimiter's work, with the line on which each record starts.

The standard library's parser does the splitting. It is asked to be strict, because its tolerant
mode takes everything behind a quote that is never closed for one field and says nothing; a line
that only the tolerant mode can read is read alone, so that it can swallow no other.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from mintflow.connectors.files.errors import CannotRead

if TYPE_CHECKING:
    from _csv import Reader

# No bank prints such a line; split at every comma, a file of one line would fill the memory.
LINE_CHARS_MAX = 1_000_000
DELIMITERS = (",", ";", "\t", "|")


class Record(NamedTuple):
    """line: where the record starts, from 1. fields: empty for a blank line."""

    line: int
    fields: list[str]


def records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """All records of the text as (line, fields), blank lines included.

    Plain tuples, because a million of them are made. Raises CannotRead for a quote that is never
    closed and a field beyond 131,072 characters.
    """
    source = _Lines(text)
    reader = _strict(source, delimiter)
    above, line = 0, 1
    while True:
        start = source.position
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fields = _one_line(source, start, delimiter, line, error)
            reader, above = _strict(source, delimiter), line
        yield line, fields
        line = above + reader.line_num + 1


class _Lines:
    """The lines of a text with their "\n", without a second copy of it.

    position: offset of the next line. str.splitlines is not used: it cuts at more signs than "\n".
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def __iter__(self) -> Iterator[str]:
        text, find, size = self.text, self.text.find, len(self.text)
        while (start := self.position) < size:
            self.position = end = find("\n", start) + 1 or size
            if end - start > LINE_CHARS_MAX:
                where = f"line {text.count(chr(10), 0, start) + 1}"
                raise CannotRead(where, f"the line is longer than {LINE_CHARS_MAX} characters")
            yield text[start:end]


def _strict(source: _Lines, delimiter: str) -> Reader:
    return csv.reader(iter(source), delimiter=delimiter, skipinitialspace=True, strict=True)


def _one_line(source: _Lines, start: int, delimiter: str, line: int, error: csv.Error) -> list[str]:
    """The fields of the line at `start`, read alone; the lines behind it are given back."""
    reason = str(error)
    if "unexpected end" in reason:
        raise CannotRead(f"line {line}", "a quote is opened here and never closed") from None
    if "field limit" in reason:
        raise CannotRead(f"line {line}", "a field is longer than 131072 characters") from None
    source.position = source.text.find("\n", start) + 1 or len(source.text)
    alone = [source.text[start : source.position]]
    try:
        return next(csv.reader(alone, delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        raise CannotRead(f"line {line}", "the quotes of this line do not match") from None
