"""Whom a row is with, as one key for all its rows: the merchant without what changes each time.

Banks write the month, an invoice or a mandate beside the name; rent of January and rent of February
are one payee. Knows no list of merchants.
"""

from __future__ import annotations

from functools import lru_cache

from mintflow.ml.words import words_of

_MONTHS = frozenset(
    """january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec
    januar februar marz maerz mai juni juli oktober dezember okt dez jaenner janner
    janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre
    januari februari maart mei augustus augusti maj marts desember
    tammikuu helmikuu maaliskuu huhtikuu toukokuu kesakuu heinakuu elokuu syyskuu lokakuu
    marraskuu joulukuu q1 q2 q3 q4""".split()
)
_WORDS_MAX = 6


@lru_cache(maxsize=65_536)
def payee_key(merchant: str, description: str) -> str:
    """The same for all rows of a payee; empty where a row names nobody at all."""
    for text in (merchant, description):
        words = words_of(text)
        kept = [word for word in words if word not in _MONTHS and not _changes(word)]
        # A name that is nothing but a month or a number is a name nevertheless.
        if text is merchant and words and not kept:
            kept = words
        if kept:
            return " ".join(kept[:_WORDS_MAX])
    return ""


def _changes(word: str) -> bool:
    """Whether a word is a number or a code, which is another one the next time."""
    digits = sum(char.isdigit() for char in word)
    return digits > 0 and (len(word) >= 6 or digits >= 3 or digits * 2 >= len(word))
