"""Books over a fresh database with empty read models."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from read_models.books import Books

from mintflow.projections.core.install import install


@pytest.fixture
def books(database_url: str) -> Iterator[Books]:
    """One opened ledger with a checking and a savings account; nothing is folded yet."""
    install(database_url)
    made = Books(database_url).open()
    yield made
    made.close()
