"""The words of a text, as everything here compares them: without case, accents and punctuation."""

from __future__ import annotations

import re
import unicodedata

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
_NOT_A_WORD = re.compile(r"[\W_]+")


def words_of(text: str) -> list[str]:
    """The words of a text without case, accents and punctuation."""
    if text.isascii():
        return text.translate(_FOLD).split()
    text = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    letters = "".join(char for char in text if not unicodedata.combining(char))
    return _NOT_A_WORD.sub(" ", letters.replace("ł", "l").replace("ø", "o")).split()
