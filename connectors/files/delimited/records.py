"""Text to records: the delimiter's work, with the line on which each record starts.

The standard library's parser does the splitting. It is asked to be strict, because its tolerant
mode takes everything behind a quote that is never closed for one field and says nothing; a line
that only the tolerant mode can read is read alone, so that it can swallow no other.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from mintflow.connectors.files.errors import CannotRead

DELIMITERS = (",", ";", "\t", "|")


class Record(NamedTuple):
    """line: where the record starts, from 1. fields: empty for a blank line."""

    line: int
    fields: list[str]


def records(text: str, delimiter: str) -> Iterator[Record]:
    """All records of the text, blank lines included.

    Raises CannotRead for a quote that is never closed and a field beyond 131,072 characters.
    """
    source = _Source(text)
    reader = _strict(source, delimiter)
    line = 1
    make = Record
    while True:
        source.taken.clear()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fields = _one_line(source, delimiter, line, error)
            reader = _strict(source, delimiter)
            yield make(line, fields)
            line += 1
            continue
        yield make(line, fields)
        line += len(source.taken)


class _Source:
    """The lines of a text, remembering those of the record that is being read."""

    def __init__(self, text: str) -> None:
        self._lines = _lines(text)
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        taken = self.taken
        for line in self._lines:
            taken.append(line)
            yield line

    def give_back_all_but_first(self) -> str:
        first, *rest = self.taken
        self._lines = chain(rest, self._lines)
        return first


def _strict(source: _Source, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(iter(source), delimiter=delimiter, skipinitialspace=True, strict=True)


def _lines(text: str) -> Iterator[str]:
    """Lines with their "\\n", without a second copy of the text; splitlines cuts at more signs."""
    start, find = 0, text.find
    while (end := find("\n", start)) >= 0:
        yield text[start : end + 1]
        start = end + 1
    if start < len(text):
        yield text[start:]


def _one_line(source: _Source, delimiter: str, line: int, error: csv.Error) -> list[str]:
    reason = str(error)
    if "unexpected end" in reason:
        raise CannotRead(f"line {line}", "a quote is opened here and never closed") from None
    if "field limit" in reason:
        raise CannotRead(f"line {line}", "a field is longer than 131072 characters") from None
    first = source.give_back_all_but_first()
    try:
        return next(csv.reader([first], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        raise CannotRead(f"line {line}", "the quotes of this line do not match") from None
