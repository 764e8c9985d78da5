"""The training data: bank rows made from known names and words, and rows that name nothing.

Seeded, so that the same rows come each time. What calibration sees is made from other names, other
words and other wordings than what training sees; the evaluation's rows are in neither.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from random import Random
from typing import Literal, NamedTuple
from zlib import crc32

from mintflow.ml.categorize import Row
from mintflow.ml.knowledge.entries import Entry, shipped
from mintflow.ml.model.features import KINDS
from mintflow.ml.model.wordings import (
    CITIES,
    FIRST_NAMES,
    LAST_NAMES,
    NONE,
    NOTHING,
    OWN_NAMES,
    TEMPLATES,
    TYPICAL,
)

Part = Literal["train", "calibrate"]

_CURRENCIES = {"US": "USD", "GB": "GBP", "IE": "EUR", "DE": "EUR", "AT": "EUR", "CH": "CHF",
               "FR": "EUR", "ES": "EUR", "NL": "EUR", "IT": "EUR", "SE": "SEK", "NO": "NOK",
               "DK": "DKK", "FI": "EUR", "IN": "INR", "NG": "NGN", "CA": "CAD",
               "AU": "AUD"}  # fmt: skip
_SHARE_TO_CALIBRATE = 15  # of 100 names, words and wordings


class Made(NamedTuple):
    """A row and its category; NONE where none can be told."""

    row: Row
    category: str


def generate(part: Part, seed: int = 20_260, times: int = 4) -> Iterator[Made]:
    """The rows of one part, always the same ones for a seed. times: rows per known text."""
    random = Random(f"{seed}:{part}")  # noqa: S311 - it makes examples, no secrets
    templates = [one for one in TEMPLATES if _is_of(part, one)]
    for entry in shipped():
        text = " ".join(entry.words)
        if entry.category is None or entry.weight < 0 or len(text) < 3 or not _is_of(part, text):
            continue
        for _ in range(times if entry.kind == "brand" else 2 * times):
            yield _made(entry, text, random, templates)
    for _ in range(18_000 if part == "train" else 4_000):
        yield _nothing(part, random, templates)


def _is_of(part: Part, text: str) -> bool:
    kept_apart = crc32(text.encode()) % 100 < _SHARE_TO_CALIBRATE
    return kept_apart == (part == "calibrate")


def _made(entry: Entry, text: str, random: Random, templates: Sequence[str]) -> Made:
    assert entry.category is not None
    if entry.ends:
        text = random.choice(OWN_NAMES) + text
    elif entry.kind == "word" and entry.weight == 0:
        text = _shop_of(text, random)
    flow: Literal["in", "out"] = "in" if entry.direction == "in" else "out"
    if entry.direction == "any" and random.random() < 0.06:
        flow = "in"
    description = _written(_worn(text, random), random, templates)
    country = random.choice(sorted(entry.countries)) if entry.countries else "US"
    return Made(_row(description, entry.category, flow, country, random), entry.category)


def _shop_of(word: str, random: Random) -> str:
    """A shop that nobody knows, named for its trade: HUBER bakery, bakery LA ROSA."""
    own = random.choice(OWN_NAMES)
    more = random.choice(LAST_NAMES)
    return random.choice(
        (f"{own} {word}", f"{word} {own}", f"{word} {more}", f"{more} {word}", f"{more}s {word}",
         f"{own} {more} {word}", f"{word} {own} {more}", word)
    )  # fmt: skip


def _worn(text: str, random: Random) -> str:
    """The text as terminals mangle it: cut, glued, without vowels, with a letter wrong."""
    luck = random.random()
    if luck < 0.12 and len(text) > 8:
        return text[: random.randint(6, len(text) - 1)]
    if luck < 0.22:
        return text.replace(" ", "")
    if luck < 0.26 and len(text) > 6:
        return text[0] + "".join(char for char in text[1:] if char not in "aeiou")
    if luck < 0.32 and len(text) > 6:
        place = random.randrange(1, len(text) - 1)
        return text[:place] + text[place + 1 :]
    return text


def _written(text: str, random: Random, templates: Sequence[str]) -> str:
    wording = random.choice(templates) if random.random() < 0.7 else "{m}"
    description = wording.format(
        m=text,
        c=random.choice(CITIES),
        n=random.randint(1, 9_999),
        r=random.randint(100_000, 9_999_999),
        d=random.randint(1, 28),
        o=random.randint(1, 12),
    )
    if random.random() < 0.15:
        description = description[: random.choice((18, 22, 25))]
    return description.upper() if random.random() < 0.7 else description


def _nothing(part: Part, random: Random, templates: Sequence[str]) -> Made:
    """A row that says nothing of what was paid: numbers, people, letters, firms of any trade."""
    luck = random.random()
    person = f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}"
    if luck < 0.35:
        wordings = [one for one in NOTHING if _is_of(part, one)]
        description = random.choice(wordings).format(
            r=random.randint(1_000, 99_999_999), p=person, n=random.randint(1, 9_999)
        )
    elif luck < 0.6:
        description = _written(person, random, templates)
    elif luck < 0.8:
        letters = "".join(random.choices("bcdfghjklmnpqrstvwxzaeiou", k=random.randint(3, 8)))
        description = _written(letters, random, templates)
    else:
        firm = f"{random.choice(OWN_NAMES)} {random.choice(('holdings', 'group', 'ltd', 'llc', 'gmbh', 'trading', 'services', 'solutions', 'partners', 'enterprises', 'sarl', 'bv', 'ab', 'management'))}"  # noqa: E501
        description = _written(firm, random, templates)
    flow: Literal["in", "out"] = "in" if random.random() < 0.25 else "out"
    country = random.choice(sorted(_CURRENCIES))
    return Made(_row(description, NONE, flow, country, random), NONE)


def _row(
    description: str, category: str, flow: Literal["in", "out"], country: str, random: Random
) -> Row:
    low, high = TYPICAL.get(category) or TYPICAL.get(category.partition(".")[0]) or (5, 400)
    cents = int(100 * low * (high / low) ** random.random())
    amount = Decimal(cents).scaleb(-2)
    known = random.random()
    return Row(
        description,
        None if known < 0.1 else amount if flow == "in" else -amount,
        _CURRENCIES.get(country) if known < 0.8 else None,
        dt.date(2025, random.randint(1, 12), random.randint(1, 28)) if known < 0.6 else None,
        random.choice(KINDS[:4]) if known < 0.5 else None,
    )
