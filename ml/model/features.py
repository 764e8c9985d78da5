"""What the model looks at: hashed character n-grams of the words, and a few facts of the row.

All rows of a batch are hashed at once, as one array of bytes. The hash is part of the model:
another one needs another artefact.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import log10

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

from mintflow.ml.categorize import Row
from mintflow.ml.words import words_of

BUCKETS = 1 << 15
GRAMS = (3, 4, 5, 6)
TEXT_LENGTH_MAX = 80
KINDS = ("checking", "savings", "cash", "credit_card", "loan", "investment", "wallet")
_AMOUNTS = 12
_FACTS = 3 + 2 * _AMOUNTS + len(KINDS) + 3
WIDTH = BUCKETS + _FACTS
# The facts together weigh less than the words: an amount fits many a category.
_FACT_WEIGHT = 0.25
_NO_DIGITS = str.maketrans(dict.fromkeys("0123456789", " "))
_PRIME = np.uint32(16_777_619)
_MIX = np.uint32(2_246_822_519)

# What one unit of money buys differs; these are orders of magnitude and no exchange rates.
UNITS = {"INR": 25, "NGN": 500, "SEK": 10, "NOK": 10, "DKK": 7, "KES": 60, "ZAR": 10, "JPY": 120,
          "ISK": 140, "PLN": 4, "CZK": 22, "HUF": 350, "MXN": 15, "BRL": 5}  # fmt: skip

Floats = npt.NDArray[np.float32]


def features_of(rows: Sequence[Row]) -> csr_matrix:
    """One row of a float32 matrix (rows, WIDTH) for each bank row."""
    texts = [text_of(row) for row in rows]
    indptr, indices, values = _grams(texts)
    facts = [_facts(row) for row in rows]
    sizes = np.fromiter((len(one) for one in facts), np.int64, len(facts))
    flat = np.fromiter((i for one in facts for i in one), np.int64, int(sizes.sum()))
    words = csr_matrix((values, indices, indptr), shape=(len(rows), WIDTH))
    known = csr_matrix(
        (
            np.full(len(flat), _FACT_WEIGHT, np.float32),
            flat + BUCKETS,
            np.concatenate(([0], np.cumsum(sizes))),
        ),
        shape=(len(rows), WIDTH),
    )
    return words + known


def text_of(row: Row) -> str:
    """The words of a row in small letters, without digits, a space around each word."""
    words = words_of(f"{row.description} {row.counterparty} {row.memo}".translate(_NO_DIGITS))
    return f" {' '.join(words)} "[:TEXT_LENGTH_MAX]


def _grams(texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """(indptr, indices, values) of the n-grams; the values of a text have length one."""
    encoded = [text.encode() for text in texts]
    joined = np.frombuffer(b"\0".join([*encoded, b""]), np.uint8).astype(np.uint32)
    lengths = np.fromiter((len(one) + 1 for one in encoded), np.int64, len(encoded))
    owner = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)
    found, owners = [], []
    for size in GRAMS:
        count = len(joined) - size + 1
        if count <= 0:
            continue
        hashed = np.full(count, size, np.uint32)
        inside = np.ones(count, bool)
        for step in range(size):
            part = joined[step : step + count]
            hashed = hashed * _PRIME ^ part
            inside &= part != 0
        hashed = (hashed ^ (hashed >> np.uint32(15))) * _MIX
        hashed ^= hashed >> np.uint32(13)
        found.append((hashed[inside] & np.uint32(BUCKETS - 1)).astype(np.int64))
        owners.append(owner[:count][inside])
    if not found:
        return np.zeros(len(texts) + 1, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    of_row, indices = np.concatenate(owners), np.concatenate(found)
    order = np.argsort(of_row, kind="stable")
    counts = np.bincount(of_row, minlength=len(texts))
    values = (1 / np.sqrt(counts[of_row[order]])).astype(np.float32)
    return np.concatenate(([0], np.cumsum(counts))), indices[order], values


def _facts(row: Row) -> list[int]:
    """The places of what is known beside the words."""
    sign = 0 if row.amount is None else 1 if row.amount > 0 else 2
    found = [sign]
    if row.amount is not None:
        found.append(3 + (sign - 1) * _AMOUNTS + _magnitude(row.amount, row.currency))
    if row.account_kind in KINDS:
        found.append(3 + 2 * _AMOUNTS + KINDS.index(row.account_kind))
    if row.date is not None:
        part = 0 if row.date.day <= 5 else 2 if row.date.day >= 25 else 1
        found.append(3 + 2 * _AMOUNTS + len(KINDS) + part)
    return found


def _magnitude(amount: Decimal, currency: str | None) -> int:
    """Which of the sizes an amount has, three to a power of ten."""
    size = abs(float(amount)) / UNITS.get((currency or "").upper(), 1)
    return min(max(int(3 * log10(size)), 0), _AMOUNTS - 1) if size >= 1 else 0
