"""What every categorizer promises of its answers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mintflow.ml.builtin import BuiltIn
from mintflow.ml.categorize import Categorizer, Row, Silent, band_of


@pytest.mark.parametrize("categorizer", [BuiltIn(), Silent()], ids=["built in", "silent"])
def test_answers_every_row_in_its_place(categorizer: Categorizer) -> None:
    rows = [Row("NETFLIX.COM", Decimal("-9.99")), Row(""), Row("TESCO STORES 2041", None, "GBP")]
    together = categorizer.suggest(rows)
    assert together == [categorizer.suggest([row])[0] for row in rows]
    assert categorizer.suggest([]) == []
    for one in together:
        assert (one.category is None) == (one.source == "none") == (one.band == "UNKNOWN")
        assert 0 <= one.confidence <= 1
        assert one.reason


def test_a_confidence_has_the_word_of_its_band() -> None:
    bands = [band_of(one) for one in (0.99, 0.98, 0.95, 0.9, 0.8, 0.75, 0.3)]
    assert bands == ["VERY_HIGH", "HIGH", "HIGH", "MEDIUM", "MEDIUM", "LOW", "LOW"]
