"""The words of a text, as everything here compares them: without case, accents and punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Apostrophes are dropped, so that "Dunkin'" is one word; everything else that is not a letter or
# a digit ends a word.
_FOLD = str.maketrans(
    {
        **{chr(code): " " for code in range(128) if not chr(code).isalnum()},
        **{chr(code): chr(code).lower() for code in range(ord("A"), ord("Z") + 1)},
        "'": None,
        "`": None,
    }
)
_APOSTROPHES = str.maketrans("", "", "'`\u00b4\u2018\u2019")
_SPELLED_OUT = str.maketrans(
    {
        "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "AE", "Ö": "OE", "Ü": "UE",
        "æ": "ae", "ø": "oe", "å": "aa", "Æ": "AE", "Ø": "OE", "Å": "AA",
    }
)  # fmt: skip
_NOT_A_WORD = re.compile(r"[\W_]+")
# Terminals and formats cut texts off: the last word of the shorter one may be the beginning of one.
_CUT_LENGTH_MIN = 3


def words_of(text: str) -> list[str]:
    """The words of a text without case, accents and punctuation."""
    if text.isascii():
        return text.translate(_FOLD).split()
    text = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    letters = "".join(char for char in text if not unicodedata.combining(char))
    return _NOT_A_WORD.sub(" ", letters.replace("ł", "l").replace("ø", "o")).split()


def spelled_out(text: str) -> str:
    """A text with ä, ø, å … as banks write them that have no such letters: ae, oe, aa."""
    return text if text.isascii() else text.translate(_SPELLED_OUT)


def within(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether all words stand in the others in their order, the last one perhaps cut off; False
    without words."""
    if not words:
        return False
    *whole, last = words
    rest = iter(others)
    if not all(word in rest for word in whole):
        return False
    return any(
        one == last or (len(last) >= _CUT_LENGTH_MIN and one.startswith(last)) for one in rest
    )
