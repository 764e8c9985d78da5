"""Suggest a category from the words of a bank row: shops, brands and what statements say.

The first of the suggesters, and the plainest: phrases of whole words, the most telling one wins,
and no phrase means no suggestion. It learns nothing and guesses nothing; a wrong category that
looks right costs its user more than an empty one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from mintflow.ml.phrases import ALL_RULES, Direction, Rule

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


class _Phrase(NamedTuple):
    """One phrase, to be found at its first word. rest: the words after it."""

    score: tuple[int, int, int]
    rest: list[str]
    text: str
    rule: Rule


class KeywordSuggester:
    """A `Suggester` over fixed phrases; safe to share between threads."""

    def __init__(self, rules: Iterable[Rule] = ALL_RULES) -> None:
        found: defaultdict[str, list[_Phrase]] = defaultdict(list)
        for rule in rules:
            for text in rule.phrases:
                words = words_of(text)
                score = (rule.weight, len(words), sum(map(len, words)))
                found[words[0]].append(_Phrase(score, words[1:], text, rule))
        self._by_first = {
            first: sorted(phrases, key=lambda one: one.score, reverse=True)
            for first, phrases in found.items()
        }

    def suggest(
        self, description: str, counterparty: str, memo: str, amount: Decimal
    ) -> tuple[str, str] | None:
        """(category path, reason in words), or None where no phrase is sure.

        amount: signed from the account's side; a salary is only ever money in. The longest phrase
        wins; two of one length that disagree are no suggestion.
        """
        direction: Direction = "in" if amount > 0 else "out"
        best: _Phrase | None = None
        agreed = True
        by_first = self._by_first
        for text in (description, counterparty, memo):
            if not text:
                continue
            words = words_of(text)
            for index, word in enumerate(words):
                phrases = by_first.get(word)
                if phrases is None:
                    continue
                one = _longest(phrases, words, index + 1, direction)
                if one is None or (best is not None and one.score < best.score):
                    continue
                if best is not None and one.score == best.score:
                    agreed = agreed and one.rule.category == best.rule.category
                else:
                    best, agreed = one, True
        if best is None or not agreed or best.rule.category is None:
            return None
        return best.rule.category, f"says “{best.text}”"


def words_of(text: str) -> list[str]:
    """The words of a text without case, accents and punctuation."""
    if text.isascii():
        return text.translate(_FOLD).split()
    text = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    letters = "".join(char for char in text if not unicodedata.combining(char))
    return _NOT_A_WORD.sub(" ", letters.replace("ł", "l").replace("ø", "o")).split()


def _longest(
    phrases: list[_Phrase], words: list[str], after: int, direction: Direction
) -> _Phrase | None:
    """The most telling phrase that stands at this word, if it is one of this direction."""
    for one in phrases:
        rest = one.rest
        if (not rest or words[after : after + len(rest)] == rest) and one.rule.direction in (
            "any",
            direction,
        ):
            return one
    return None
