"""The model: equal to scikit-learn's, the same from every training, and silent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import islice
from random import Random

import numpy as np
import pytest

from mintflow.domain.categories import DEFAULT_TREE
from mintflow.ml.builtin import BuiltIn
from mintflow.ml.categorize import Row
from mintflow.ml.model.classifier import Artefact, ArtefactNotUsable, Classifier
from mintflow.ml.model.features import WIDTH, features_of
from mintflow.ml.model.generator import Made, generate
from mintflow.ml.model.train import fit, train
from mintflow.ml.model.wordings import NONE

BUILT_IN = BuiltIn()
SHIPPED = Classifier.shipped()
MADE = list(islice(generate("train", times=1), 0, 6_000, 3))
APART = list(islice(generate("calibrate", times=1), 0, 1_500, 3))
NAMELESS = [
    "POS 4829103", "CHK 1023", "XFER 0091 REF", "QWXZ 8821", "VENMO PAYMENT 1029384756", "", "***",
    "ZELLE FROM J MORALES", "BIZUM ENVIADO", "UPI/412233998811/9812345678@ybl", "SWISH 123 456 78",
    "SEPA-BASISLASTSCHRIFT 0041229 REF 81", "INTERAC E-TRANSFER 11822", "ACH DEBIT 99120044",
]  # fmt: skip


def test_scores_as_scikit_learn_does() -> None:
    fitted = fit(MADE)
    rows = [one.row for one in APART]
    ours = features_of(rows) @ fitted.coef_.T + fitted.intercept_
    np.testing.assert_allclose(ours, fitted.decision_function(features_of(rows)), rtol=1e-5)
    artefact = train(MADE, APART)
    best, _ = Classifier(artefact).best(rows)
    told = [artefact.classes[index] for index in best]
    theirs = fitted.predict(features_of(rows))
    # Sixteen bits a weight change an answer only where two are nearly equal.
    assert np.mean(np.array(told) == theirs) > 0.995


def test_the_same_data_give_the_same_artefact() -> None:
    first, again = train(MADE, APART), train(MADE, APART)
    assert first.digest() == again.digest()
    assert first.to_bytes() == again.to_bytes()
    assert list(generate("calibrate", times=1))[:50] == list(generate("calibrate", times=1))[:50]


@pytest.mark.slow
def test_the_shipped_artefact_is_what_training_makes() -> None:
    """Weights to the bit; what is measured with exponentials as far as releases of numpy agree."""
    made, shipped = train(list(generate("train")), list(generate("calibrate"))), SHIPPED.artefact
    assert made.version == shipped.version
    assert made.classes == shipped.classes
    assert made.temperature == shipped.temperature
    for name in ("weights", "scales", "intercepts"):
        np.testing.assert_array_equal(getattr(made, name), getattr(shipped, name), name)
    np.testing.assert_array_max_ulp(made.knots, shipped.knots, maxulp=4)


def test_what_calibrates_was_never_trained_on() -> None:
    trained = {one.row.description for one in generate("train", times=1) if one.category != NONE}
    apart = [one.row.description for one in generate("calibrate", times=1) if one.category != NONE]
    assert sum(text in trained for text in apart) < 0.05 * len(apart)


def test_an_artefact_survives_the_disk_and_a_damaged_one_is_refused() -> None:
    stored = SHIPPED.artefact.to_bytes()
    assert len(stored) < 3_000_000
    assert Artefact.from_bytes(stored).digest() == SHIPPED.artefact.digest()
    for bad in (b"", stored[:5_000], b"PK" + stored[2:300]):
        with pytest.raises(ArtefactNotUsable):
            Artefact.from_bytes(bad)
    other = Artefact(
        "other", ("a",), np.zeros((WIDTH - 1, 1), np.int8), np.ones(1, np.float32),
        np.zeros(1, np.float32), 1.0, np.zeros((2, 2), np.float32),
    )  # fmt: skip
    with pytest.raises(ArtefactNotUsable):
        Artefact.from_bytes(other.to_bytes())


def test_knows_the_leaves_of_the_default_tree_and_when_to_say_nothing() -> None:
    leaves = {f"{top}.{leaf}" for top, below in DEFAULT_TREE.items() for leaf in below}
    assert leaves <= set(SHIPPED.artefact.classes)
    assert NONE in SHIPPED.artefact.classes


@pytest.mark.parametrize("text", NAMELESS)
@pytest.mark.parametrize("currency", ["USD", "EUR", "INR", None])
def test_a_row_that_says_nothing_gets_no_category(text: str, currency: str | None) -> None:
    row = Row(text, Decimal("-45.00"), currency, date(2025, 3, 14), "checking")
    assert BUILT_IN.suggest([row])[0].category is None


def test_guesses_from_parts_of_words_and_says_which_model_did() -> None:
    found = SHIPPED.suggest([Row("DENTALMEDICAL GROUPE", Decimal("-12"))])[0]
    assert found is not None
    assert (found.category, found.source) == ("health.doctor", "model")
    assert found.version in found.reason


@pytest.mark.parametrize("text", ["NETFLIXCOM", "STARBUCKSCOFFEE5512"])
def test_sees_a_name_in_what_a_terminal_glued_together(text: str) -> None:
    found = BUILT_IN.suggest([Row(text, Decimal("-12"))])[0]
    assert found.source == "merchant"
    assert found.category in ("entertainment.streaming", "food_dining.coffee_shops")


def test_a_batch_answers_as_single_rows_do() -> None:
    rows = [one.row for one in APART]
    assert SHIPPED.suggest(rows) == [SHIPPED.suggest([row])[0] for row in rows]
    assert SHIPPED.suggest([]) == []


def test_every_made_row_is_of_a_category_of_the_tree() -> None:
    tree = {*DEFAULT_TREE, NONE}
    tree |= {f"{top}.{leaf}" for top, below in DEFAULT_TREE.items() for leaf in below}
    found: set[Made] = {one for one in MADE if one.category not in tree}
    assert not found


def test_three_hundred_rows_that_name_nobody_stay_without_a_category() -> None:
    random = Random(300)
    letters, digits = "BCDFGHJKLMNPQRSTVWXZ", "0123456789"

    def some(of: str, least: int, most: int) -> str:
        return "".join(random.choices(of, k=random.randint(least, most)))

    shapes = (
        "POS {d} {l}", "{l}{d}", "PURCHASE {d} {d}", "{l} {l} {d}", "PAYPAL *{l}{d}", "CHK {d}",
        "SQ *{l} {d}", "TXN {d}-{d} {l}", "DEBIT {d} REF {l}", "ACH {l} {d}", "SEPA {d} MREF {l}",
        "UPI/{d}/{l}", "VIR {l} {d}", "CB {d} {l}", "OVERBOEKING {d}", "BG {d}-{d}", "TRF/{d}/{l}",
        "FPO {l} {d}", "EFT {d}", "BIZUM {d}", "SWISH {d}", "XFER {d} {l}", "{d}", "{l}",
        "CARD {d} {d}/{d}", "KARTENZAHLUNG {d} {l}", "COMPRA TARJ {d} {l}", "NIP {d} {l}",
    )  # fmt: skip
    rows = [
        Row(
            random.choice(shapes)
            .replace("{l}", some(letters, 3, 7))
            .replace("{d}", some(digits, 2, 9)),
            Decimal(random.randint(-90_000, 20_000)) / 100,
            random.choice(("USD", "GBP", "EUR", "SEK", "INR", "NGN", None)),
        )
        for _ in range(300)
    ]
    told = BUILT_IN.suggest(rows)
    named = [
        (row.description, one.category) for row, one in zip(rows, told, strict=True) if one.category
    ]
    assert len(named) <= 3, named
