"""The words of a query, each with the place where it stands.

Whoever types nothing but words means words: brackets, commas and small `and`, `or`, `not` are words
there, as in any search box. They mean something once the text has a condition, a quoted phrase, or
an operator in capitals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mintflow.domain.core.query.errors import QueryNotReadable

FIELDS = frozenset(
    {
        "text", "description", "merchant", "notes", "memo", "account", "tag", "category", "status",
        "amount", "size", "date", "weekday",
    }
)  # fmt: skip
Kind = Literal["field", "word", "phrase", "(", ")", ",", "and", "or", "not", "end"]

_FIELD = re.compile(r"([A-Za-z]+)(:|!=|\^=|<=|>=|=|~|<|>)")
_PHRASE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_WORD = re.compile(r'[^\s()",]+')
_CAPITALS = re.compile(r"(?:^|[\s(])(?:AND|OR|NOT)(?=$|[\s(])")
_QUOTED = re.compile(r'(?:^|[\s(:=~,])"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class Token:
    """text: of a field its name; of a word or phrase what it says. operator: of a field."""

    kind: Kind
    text: str
    at: int
    operator: str = ""


def tokens(text: str) -> list[Token]:
    """Everything but white space, with an end behind it. Raises QueryNotReadable."""
    if not _means_more_than_words(text):
        words = [Token("word", found[0], found.start()) for found in re.finditer(r"\S+", text)]
        return [*words, Token("end", "", len(text))]
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token, at = _token(text, at, value=bool(found) and found[-1].kind == "field")
        found.append(token)
    return [*found, Token("end", "", len(text))]


def _means_more_than_words(text: str) -> bool:
    return bool(
        _CAPITALS.search(text)
        or _QUOTED.search(text)
        or any(
            field[1].lower() in FIELDS and _begins(text, field.start())
            for field in _FIELD.finditer(text)
        )
    )


def _begins(text: str, at: int) -> bool:
    return at == 0 or text[at - 1].isspace() or text[at - 1] == "("


def _token(text: str, at: int, *, value: bool) -> tuple[Token, int]:
    """value: what follows an operator is its value, whatever it looks like."""
    sign = text[at]
    if sign == '"':
        phrase = _PHRASE.match(text, at)
        if phrase is None:
            raise QueryNotReadable("the quoted phrase does not end", at)
        return Token("phrase", _ESCAPED.sub(r"\1", phrase[1]), at), phrase.end()
    if sign in "(),":
        return Token(sign, sign, at), at + 1  # type: ignore[arg-type]
    field = None if value else _FIELD.match(text, at)
    if field is not None and field[1].lower() in FIELDS:
        return Token("field", field[1].lower(), at, field[2]), field.end()
    word = _WORD.match(text, at)
    assert word is not None
    kind: Kind = "word"
    if not value and word[0].lower() in ("and", "or", "not"):
        kind = word[0].lower()  # type: ignore[assignment]
    return Token(kind, word[0], at), word.end()
