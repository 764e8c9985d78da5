"""Answers from the trained weights, with numpy: scores, then how likely the best one is right.

The artefact is arrays and JSON, nothing that could run. Loading checks its shape and its digest.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from zipfile import BadZipFile

import numpy as np
import orjson

from mintflow.ml.categorize import Row, Suggestion, band_of
from mintflow.ml.model.features import WIDTH, Floats, features_of
from mintflow.ml.model.wordings import NONE
from mintflow.ml.names import name_words

# Below this much confidence a guess is worse than nothing: words that no training row had, such as
# those of a bank's own bookkeeping, are taken for anything there.
SURE_MIN = 0.75
_BATCH_ROWS = 4_096


class ArtefactNotUsable(ValueError):
    """The file is none that this version of the model can answer from."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """What training made. weights: int16 (WIDTH, classes), times `scales` by class; intercepts by
    class. knots: how often the best class was right, at softmax of its score over `temperature`."""

    version: str
    classes: tuple[str, ...]
    weights: Any
    scales: Floats
    intercepts: Floats
    temperature: float
    knots: Floats

    def digest(self) -> str:
        """SHA-256 over every figure: the same for the same figures in every zip."""
        told = hashlib.sha256(orjson.dumps([self.version, self.classes, self.temperature]))
        for array in (self.weights, self.scales, self.intercepts, self.knots):
            told.update(np.ascontiguousarray(array).tobytes())
        return told.hexdigest()

    def to_bytes(self) -> bytes:
        held = io.BytesIO()
        facts = {
            "version": self.version,
            "classes": self.classes,
            "temperature": self.temperature,
            "digest": self.digest(),
        }
        np.savez_compressed(
            held,
            facts=np.frombuffer(orjson.dumps(facts), np.uint8),
            weights=self.weights,
            scales=self.scales,
            intercepts=self.intercepts,
            knots=self.knots,
        )
        return held.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Artefact:
        """Raises ArtefactNotUsable for what is damaged or of another shape."""
        try:
            with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
                facts: Mapping[str, Any] = orjson.loads(arrays["facts"].tobytes())
                made = cls(
                    facts["version"],
                    tuple(facts["classes"]),
                    arrays["weights"],
                    arrays["scales"],
                    arrays["intercepts"],
                    facts["temperature"],
                    arrays["knots"],
                )
        except (ValueError, KeyError, OSError, EOFError, TypeError, BadZipFile) as trouble:
            raise ArtefactNotUsable(f"no artefact: {type(trouble).__name__}") from None
        if made.weights.shape != (WIDTH, len(made.classes)) or made.digest() != facts["digest"]:
            raise ArtefactNotUsable("the artefact is damaged, or of another version's shape")
        return made


class Classifier:
    """A `Guesser` over one artefact; safe to share between threads."""

    def __init__(self, artefact: Artefact) -> None:
        self.artefact = artefact
        self._weights = artefact.weights.astype(np.float32) * artefact.scales
        self._reads = [one.replace("_", " ").replace(".", ": ") for one in artefact.classes]

    @classmethod
    def shipped(cls) -> Classifier:
        """The one that ships with the product."""
        stored = (files("mintflow.ml.model") / "artefact.npz").read_bytes()
        return cls(Artefact.from_bytes(stored))

    def suggest(self, rows: Sequence[Row]) -> list[Suggestion | None]:
        answers: list[Suggestion | None] = []
        for start in range(0, len(rows), _BATCH_ROWS):
            answers += self._some(rows[start : start + _BATCH_ROWS])
        return answers

    def _some(self, rows: Sequence[Row]) -> list[Suggestion | None]:
        if not rows:
            return []
        best, sure = self.best(rows)
        return [
            self._told(int(index), float(confidence))
            if confidence >= SURE_MIN and _has_a_name(row)
            else None
            for row, index, confidence in zip(rows, best, sure, strict=True)
        ]

    def best(self, rows: Sequence[Row]) -> tuple[Any, Any]:
        """(index of the best class, how likely it is right) of each row."""
        made = self.artefact
        scores = features_of(rows) @ self._weights + made.intercepts
        best = scores.argmax(axis=1)
        odds = np.exp((scores - scores.max(axis=1, keepdims=True)) / made.temperature)
        likely = 1 / odds.sum(axis=1)
        return best, np.interp(likely, made.knots[0], made.knots[1])

    def _told(self, index: int, confidence: float) -> Suggestion | None:
        category = self.artefact.classes[index]
        if category == NONE:
            return None
        return Suggestion(
            category,
            None,
            confidence,
            band_of(confidence),
            "model",
            f"reads like {self._reads[index]} ({self.artefact.version})",
            self.artefact.version,
        )


def _has_a_name(row: Row) -> bool:
    """Whether there is anything to guess from: a word of four letters that can be spoken."""
    return any(
        len(word) > 3 and any(char in "aeiouyäöüåæøéèáíóú" for char in word.casefold())
        for text in (row.description, row.counterparty, row.memo)
        if text
        for word in name_words(text)
    )
