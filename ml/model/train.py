"""Makes the artefact: python -m mintflow.ml.model.train [FILE]

Linear, one class against the rest, by stochastic gradient descent; then how sure its answers are is
measured on rows made from names and wordings that training never saw. Seeded and single-threaded:
the same code and versions of the libraries give the same figures.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression  # type: ignore[import-untyped]
from sklearn.linear_model import SGDClassifier  # type: ignore[import-untyped]

from mintflow.ml.model.classifier import Artefact
from mintflow.ml.model.features import features_of
from mintflow.ml.model.generator import Made, generate

VERSION = "model-4"
_STEPS = 32_767  # of a weight, in sixteen bits
_KNOTS = np.linspace(0, 1, 41)


def train(made: Sequence[Made], apart: Sequence[Made], version: str = VERSION) -> Artefact:
    """Fit on `made`, measure on `apart`."""
    fitted = fit(made)
    weights = fitted.coef_.T.astype(np.float32)
    scales = (np.maximum(np.abs(weights).max(axis=0), 1e-6) / _STEPS).astype(np.float32)
    small = np.clip(np.round(weights / scales), -_STEPS, _STEPS).astype(np.int16)
    intercepts = fitted.intercept_.astype(np.float32)
    classes = tuple(str(one) for one in fitted.classes_)
    scores = features_of([one.row for one in apart]) @ (small.astype(np.float32) * scales)
    temperature, knots = calibrated(scores + intercepts, [one.category for one in apart], classes)
    return Artefact(version, classes, small, scales, intercepts, temperature, knots)


def fit(made: Sequence[Made]) -> Any:
    """scikit-learn's classifier, fitted."""
    classifier = SGDClassifier(
        loss="log_loss", alpha=1e-6, max_iter=6, tol=None, average=True, random_state=7, n_jobs=1
    )
    return classifier.fit(features_of([one.row for one in made]), [one.category for one in made])


def calibrated(scores: Any, categories: Sequence[str], classes: Sequence[str]) -> tuple[float, Any]:
    """(temperature, knots): the temperature at which softmax fits best, and how often the best
    class was right at each of its values."""
    index = {name: place for place, name in enumerate(classes)}
    right = np.array([index.get(one, -1) for one in categories])
    best = scores.argmax(axis=1)
    known = right >= 0

    def likely(temperature: float) -> Any:
        odds = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
        return odds / odds.sum(axis=1, keepdims=True)

    def loss(temperature: float) -> float:
        given = likely(temperature)[known, right[known]]
        return float(-np.log(np.maximum(given, 1e-12)).mean())

    temperature = float(min(np.arange(0.25, 6.01, 0.25), key=loss))
    sure = likely(temperature).max(axis=1)
    curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    curve.fit(sure, (best == right).astype(float))
    knots = np.vstack([_KNOTS, curve.predict(_KNOTS)]).astype(np.float32)
    return temperature, knots


def main(arguments: Sequence[str]) -> None:
    path = Path(arguments[0]) if arguments else Path(__file__).with_name("artefact.npz")
    made = train(list(generate("train")), list(generate("calibrate")))
    path.write_bytes(made.to_bytes())


if __name__ == "__main__":
    main(sys.argv[1:])
