"""Thousands of random commands: after every one, every figure is what a slow second set of books
says; and at the end the read models made anew are those that were kept up to date."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from acceptance.product import Product, product
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from properties.machine.household import Household
from services import PostgresService

from mintflow.hosts.settings import Settings
from mintflow.ml.builtin import built_in
from mintflow.ml.categorize import Row
from mintflow.projections.core.rebuild import rebuild
from mintflow.store.keys import FolderKeyStore

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
STEPS = int(os.environ.get("MINTFLOW_STEPS") or (10_000 if IN_CI else 1_500))
STEPS_OF_A_LEDGER = 50


# The oracle knows neither what is learned of payees nor which rows may be one movement.
PLAIN = Settings.from_environment(
    {"MINTFLOW_LEARN_FROM_CORRECTIONS": "false", "MINTFLOW_LINK_TRANSFERS": "false"}
)


@pytest.fixture
def keys() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_the_texts_that_are_used_suggest_no_category() -> None:
    """Or the oracle would have to know merchants."""
    for text in ("zorp", "ZORP ", "blip qux", "qux"):
        assert built_in().suggest([Row(text, Decimal(-1))])[0].category is None


@pytest.mark.slow
def test_every_figure_after_every_command_is_the_oracles(
    postgres: PostgresService, keys: Path
) -> None:
    with postgres.migrated() as url:
        with product(url, keys=FolderKeyStore(keys), settings=PLAIN) as started:
            _run(started)
        print(f"{Household.done['steps']} steps; " + _summary())
        report = rebuild(url, partial(FolderKeyStore, keys), jobs=2)
        assert report.identical is True, report.tables
        assert report.events > 0


def _run(started: Product) -> None:
    """Ledger after ledger until the steps are done; a failure is shrunk and printed."""
    Household.product = started
    Household.done.clear()
    while Household.done["steps"] < STEPS:
        left = STEPS - Household.done["steps"]
        run_state_machine_as_test(
            Household,
            settings=settings(
                max_examples=max(1, -(-left // STEPS_OF_A_LEDGER)),
                stateful_step_count=STEPS_OF_A_LEDGER,
                deadline=None,
                database=None,
                derandomize=False,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate, Phase.shrink],
            ),
        )


def _summary() -> str:
    """How often each answer was given: a refusal that never comes up is not tested."""
    counts = sorted(Household.done.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count}" for name, count in counts if name != "steps")
