"""Reads the files of names and words: which texts mean which category, in whose country.

The files are data for people to read and extend: sections `[category options]`, below them names
with commas between and other spellings of the same after `=`. This module knows their form and
nothing of matching.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

from mintflow.ml.phrases import ALL_RULES, Direction
from mintflow.ml.words import spelled_out, words_of

Kind = Literal["brand", "word"]

# The countries that each file of names is about; a name of few letters counts only there.
COUNTRIES = {
    "us": frozenset({"US"}),
    "gb": frozenset({"GB", "IE"}),
    "de": frozenset({"DE", "AT", "CH", "LI"}),
    "fr": frozenset({"FR", "BE", "LU", "CH"}),
    "es": frozenset({"ES", "PT", "MX", "BR", "AR", "CL", "CO"}),
    "nl": frozenset({"NL", "BE"}),
    "nordic": frozenset({"SE", "NO", "DK", "FI", "IS"}),
    "in": frozenset({"IN"}),
    "ng": frozenset({"NG", "GH", "KE", "ZA"}),
    "it": frozenset({"IT", "CH", "SM"}),
    "ca": frozenset({"CA"}),
    "au": frozenset({"AU", "NZ"}),
    "pl": frozenset({"PL"}),
    "pt": frozenset({"PT"}),
    "br": frozenset({"BR"}),
    "mx": frozenset({"MX"}),
}
_HEADER = re.compile(r"\[(\S+)((?: \S+)*)\]\Z")


class KnowledgeNotReadable(ValueError):
    """A file of names is not in its form; the message says where."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One text and what it means.

    words: as `words_of` gives them. begins, ends: any word with this beginning or end instead.
    merchant: the usual name, for brands. weight: 1 for what the row is, -1 for what tells nothing.
    sure: how often it is right. countries: where it was collected, None for everywhere.
    """

    words: tuple[str, ...]
    category: str | None
    kind: Kind
    direction: Direction = "any"
    weight: int = 0
    sure: float | None = None
    countries: frozenset[str] | None = None
    merchant: str | None = None
    begins: bool = False
    ends: bool = False


def shipped() -> Iterator[Entry]:
    """Every entry that ships with the product; of equal texts the first one counts."""
    folder = files("mintflow.ml.knowledge")
    brands = folder / "brands"
    for name, countries in COUNTRIES.items():
        yield from read_file(brands / f"{name}.txt", "brand", countries)
    yield from read_file(brands / "world.txt", "brand", None)
    for one in ALL_RULES:
        for phrase in one.phrases:
            words = tuple(words_of(phrase))
            yield Entry(words, one.category, "word", one.direction, one.weight)
    yield from read_file(folder / "words.txt", "word", None)


def read_file(path: Traversable, kind: Kind, countries: frozenset[str] | None) -> Iterator[Entry]:
    """The entries of one file. Raises KnowledgeNotReadable."""
    section: _Section | None = None
    gathered: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#"):
            continue
        if line.startswith("["):
            yield from _entries(section, " ".join(gathered), kind, countries)
            section, gathered = _section(line.strip(), f"{path.name}:{number}"), []
        else:
            gathered.append(line)
    yield from _entries(section, " ".join(gathered), kind, countries)


@dataclass(frozen=True, slots=True)
class _Section:
    category: str | None
    direction: Direction
    weight: int
    sure: float | None
    words_only: bool


def _section(line: str, where: str) -> _Section:
    found = _HEADER.match(line)
    if found is None:
        raise KnowledgeNotReadable(f"{where}: not a section: {line[:60]}")
    direction: Direction = "any"
    weight, sure, words_only = 0, None, False
    for option in found[2].split():
        if option == "in":
            direction = "in"
        elif option == "out":
            direction = "out"
        elif option in _WEIGHTS:
            weight = _WEIGHTS[option]
        elif option == "words":
            words_only = True
        elif option.startswith("sure="):
            sure = float(option[5:])
        else:
            raise KnowledgeNotReadable(f"{where}: no such option: {option[:20]}")
    return _Section(None if found[1] == "-" else found[1], direction, weight, sure, words_only)


_WEIGHTS = {"what": 1, "low": -1}


def _entries(
    section: _Section | None, text: str, kind: Kind, countries: frozenset[str] | None
) -> Iterator[Entry]:
    if section is None:
        return
    for group in text.split(","):
        written = [one.strip() for one in group.split("=") if one.strip()]
        spellings = [*written, *(spelled_out(one) for one in written if not one.isascii())]
        # Words that say what a row is ("payroll") are nobody's name, nor are a country's own words.
        is_name = kind == "brand" and section.weight == 0 and not section.words_only
        # There the first spelling is a heading: "Card payment" alone says nothing of what for.
        heading = kind == "brand" and section.weight > 0 and len(written) > 1
        for text_ in dict.fromkeys(spellings[1:] if heading else spellings):
            words = tuple(words_of(text_))
            if not words:
                continue
            yield Entry(
                words,
                section.category,
                kind if is_name else "word",
                section.direction,
                section.weight,
                section.sure,
                countries,
                _name(spellings[0]) if is_name else None,
                begins=text_.endswith("*"),
                ends=text_.startswith("*"),
            )


def _name(text: str) -> str:
    """The name without a country behind it, which only tells two entries of one name apart."""
    return unicodedata.normalize("NFC", _COUNTRY_BEHIND.sub("", text))


_COUNTRY_BEHIND = re.compile(
    r" (?:UK|US|DE|AT|CH|FR|BE|ES|PT|NL|SE|NO|DK|FI|IN|NG|ZA|KE|GH|IT|CA|AU|NZ)\Z"
)
