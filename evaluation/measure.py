"""Counts of right and wrong answers; knows neither files nor how they are shown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evaluation.rows import Labelled
from mintflow.ml.categorize import Suggestion

DIFFICULTIES = ("easy", "medium", "hard", "cryptic")
BORDERS = (0.5, 0.75, 0.9, 0.98, 1.0)


@dataclass(frozen=True, slots=True)
class Answered:
    """A labelled row and what was suggested for it."""

    asked: Labelled
    told: Suggestion

    @property
    def right(self) -> bool:
        """The very category, or none where none can be told."""
        return self.told.category == self.asked.category


@dataclass(frozen=True, slots=True)
class Share:
    """right of all; silent: those without a category."""

    right: int
    silent: int
    all: int

    @property
    def percent(self) -> str:
        return f"{100 * self.right / self.all:.1f} %" if self.all else "none"


def share(answers: Sequence[Answered]) -> Share:
    return Share(
        sum(one.right for one in answers),
        sum(one.told.category is None for one in answers),
        len(answers),
    )


def by(answers: Sequence[Answered], key: Callable[[Answered], str]) -> dict[str, Share]:
    """The share of each group, in order of its name."""
    groups: defaultdict[str, list[Answered]] = defaultdict(list)
    for one in answers:
        groups[key(one)].append(one)
    return {name: share(groups[name]) for name in sorted(groups)}


def confused(answers: Sequence[Answered]) -> list[tuple[str, str, int]]:
    """(what is right, what was told, how often) of wrong answers, most frequent first."""
    pairs = Counter(
        (one.asked.category or "none", one.told.category or "none")
        for one in answers
        if not one.right
    )
    return [(right, told, count) for (right, told), count in pairs.most_common()]


def reliability(answers: Sequence[Answered]) -> list[tuple[str, int, float, float]]:
    """(range of confidence, rows, mean confidence, share that is right) of suggestions made."""
    made = [one for one in answers if one.told.category is not None]
    found = []
    for low, high in zip((0.0, *BORDERS), BORDERS, strict=False):
        inside = [one for one in made if low < one.told.confidence <= high]
        if inside:
            mean = sum(one.told.confidence for one in inside) / len(inside)
            found.append((f"{low:.2f}–{high:.2f}", len(inside), mean, _right(inside)))  # noqa: RUF001
    return found


def _right(answers: Sequence[Answered]) -> float:
    return sum(one.right for one in answers) / len(answers)
