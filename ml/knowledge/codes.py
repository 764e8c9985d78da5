"""Merchant category codes (ISO 18245): what a card scheme says that a merchant sells.

A code knows the trade and not the shop: a warehouse club's fuel is sold under the club's code, so
a known name in the row's own country says more. Codes that fit no category are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

# The share of rows whose code names the very leaf; names and words that are surer than this win.
SURE = 0.92


def category_of(code: str) -> str | None:
    """The category of a four-digit code; None for one that says nothing of what was bought."""
    return codes().get(code)


@lru_cache(maxsize=1)
def codes() -> Mapping[str, str]:
    """Every code that says something, and its category."""
    path = files("mintflow.ml.knowledge") / "mcc.txt"
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        category, *ranges = line.split()
        for one in ranges:
            for code in _codes_in(one):
                if found.setdefault(code, category) != category:
                    raise ValueError(f"mcc.txt: {code} has two categories")
    return MappingProxyType(found)


def _codes_in(text: str) -> Iterator[str]:
    low, _, high = text.partition("-")
    for code in range(int(low), int(high or low) + 1):
        yield f"{code:04}"
