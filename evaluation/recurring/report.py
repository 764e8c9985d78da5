"""The tables of recurring streams, as Markdown: one for each way of making households."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from evaluation.recurring.contracts import lived
from evaluation.recurring.household import Household, household
from evaluation.recurring.measure import tally

PAGE = Path(__file__).parents[2] / "docs/reference/bills.md"
BEGIN, END = "<!-- recurring: begin -->", "<!-- recurring: end -->"
SEEDS = range(100, 140)


def report() -> Iterator[str]:
    """Precision, recall and next days by case, over the households of the reported seeds."""
    yield "Households that follow schedules (`evaluation/recurring/household.py`):\n"
    yield from _table([household(seed) for seed in SEEDS])
    yield "\nHouseholds that live through contracts (`evaluation/recurring/contracts.py`):\n"
    yield from _table([lived(seed) for seed in SEEDS])


def _table(homes: Sequence[Household]) -> Iterator[str]:
    counts = tally(homes)
    rows = sum(len(home.rows) for home in homes)
    yield f"{len(homes)} households of {len({home.country for home in homes})} countries, "
    yield f"{rows} rows.\n"
    yield "| case | streams | precision | recall | next day within 2 days |\n|---|---|---|---|---|"
    for case, one in sorted(counts.items(), key=lambda item: (not item[0], item[0])):
        yield (
            f"| {case or 'all'} | {one.needed} | {one.precision:.3f} | {one.recall:.3f} "
            f"| {one.near_share:.3f} |"
        )
