"""Whom people pay: the name of a person in a bank row, so that it is not taken for a shop's.

`ÜBERWEISUNG THOMAS MÜLLER` is no drugstore, `ZELLE TO JAMES FORD` no car: what such a payment is
for its row does not say. Names are facts (`ml/knowledge/people.txt`). Knows nothing of shops; who
asks keeps what a row says besides (`ml/builtin.py`), for “Thomas Cook” is a name of a shop.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

from mintflow.ml.words import words_of

# Given name, second name and what stands before a family name, and that.
_NAME_WORDS_MAX = 4
_INITIALS_MAX = 3
# These stand between the names of one person.
_BETWEEN = frozenset(("van", "von", "de", "der", "den", "du", "da", "dos", "la", "le", "el", "bin"))


def person_in(
    text: str, words: Sequence[str], is_shop: Sequence[str] | frozenset[str] = ()
) -> range | None:
    """Which of the words are the name of a person who was paid or who paid; None where nobody is
    named. The first of them is a given name, a title or an initial, or a family name with a comma.

    text: of the row. words: of it, as `words_of` gives them. is_shop: words that are a shop's name
    by themselves, which before a comma and a given name are a family's.
    """
    people = _people()
    at, between_people = 0, False
    while at < len(words) and _stands_before(words[at], people, between_people=between_people):
        between_people = between_people or words[at] in people.payments
        at += 1
    rest = words[at : at + _NAME_WORDS_MAX + 1]
    if not rest:
        return None
    first = rest[0]
    if first in people.titles or (first == "m" and between_people):
        if len(rest) > 1 and (_is_initial(rest[1]) or rest[1] in people.names or between_people):
            anybody = between_people or _is_initial(rest[1])
            return range(at, at + _length(rest, 1, people, anybody=anybody))
        return None
    if _is_initial(first):
        initials = 1
        while initials < len(rest) and _is_initial(rest[initials]):
            initials += 1
        end = _length(rest, initials, people, anybody=False)
        known = end > initials and rest[end - 1] in people.family
        return range(at, at + end) if known and initials <= _INITIALS_MAX else None
    if "," in text and len(rest) == 2 and rest[1] in people.given:
        return range(at, at + 2) if first in people.family or first in is_shop else None
    if first not in people.given:
        return None
    end = _length(rest, 1, people, anybody=between_people)
    if between_people:
        return range(at, at + end)
    alone = at + end >= len(words) or not words[at + end].isalpha()
    if end > 1 and alone and rest[end - 1] in people.family:
        return range(at, at + end)
    return None


class _People:
    """The names and words of `people.txt`, as `words_of` gives them."""

    def __init__(self, sections: dict[str, frozenset[str]]) -> None:
        self.payments = sections["payments"]
        self.before = sections["payments"] | sections["small"]
        self.titles = sections["titles"]
        self.given = sections["given"]
        self.family = sections["family"]
        self.names = self.given | self.family


@lru_cache(maxsize=1)
def _people() -> _People:
    text = (files("mintflow.ml.knowledge") / "people.txt").read_text(encoding="utf-8")
    sections: dict[str, list[str]] = {}
    held: list[str] = []
    for line in text.splitlines():
        if line.startswith("["):
            held = sections.setdefault(line.strip("[] \n"), [])
        elif not line.startswith("#"):
            held += words_of(line)
    return _People({name: frozenset(words) for name, words in sections.items()})


def _stands_before(word: str, people: _People, *, between_people: bool) -> bool:
    # "NEFT DR" is a debit, and any other "DR" a doctor.
    return word in people.before or not word.isalpha() or (between_people and word in ("dr", "cr"))


def _is_initial(word: str) -> bool:
    return len(word) == 1 and word.isalpha()


def _length(rest: Sequence[str], start: int, people: _People, *, anybody: bool) -> int:
    """How many words of the rest are the name. anybody: where people pay each other the word behind
    a given name is a family's, also one that nobody wrote down."""
    end, named = start, False
    while end < min(len(rest), _NAME_WORDS_MAX):
        word = rest[end]
        if not word.isalpha():
            break
        known = word in people.names or _is_initial(word) or word in _BETWEEN
        if not known and (named or not anybody):
            break
        named = named or (word in people.family or not known)
        end += 1
    return end
