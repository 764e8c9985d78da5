"""The labelled rows of this folder: written by hand, from no template of the training data."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from mintflow.ml.categorize import Row

HERE = Path(__file__).parent
FOLDER = HERE / "rows"
# In the order in which they were written; each was measured before anything was changed for it.
SETS = {
    "first": FOLDER,
    "second": HERE / "second",
    "third": HERE / "third",
    "fourth": HERE / "fourth",
    "fifth": HERE / "fifth",
}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A row and the category that is right for it; None where none can be told from it."""

    row: Row
    category: str | None
    difficulty: str
    country: str


def labelled(folder: Path = FOLDER, *, say_country: bool = False) -> Iterator[Labelled]:
    """Every row. say_country: tell the categorizer the country, not only the currency."""
    for path in sorted(folder.glob("*.tsv")):
        country, currency = path.stem.upper().split("-")[:2]
        with path.open(encoding="utf-8", newline="") as lines:
            for line in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                yield Labelled(
                    Row(
                        line["description"],
                        Decimal(line["amount"]),
                        currency,
                        country=country if say_country else None,
                    ),
                    None if line["category"] == "none" else line["category"],
                    line["difficulty"],
                    country,
                )
