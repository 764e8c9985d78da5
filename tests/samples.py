"""Where the sample statements and the sample household are, for tests that read real files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mintflow.domain.statements import StatementFile

_BESIDE = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def shared_data() -> Path | None:
    """The folder with `statements/` and `household/`, or None where it is not beside the checkout.

    MINTFLOW_SHARED_DATA names it; without it, `../shared/data` beside the repository is tried.
    """
    named = os.environ.get("MINTFLOW_SHARED_DATA")
    folder = Path(named) if named else _BESIDE
    return folder if (folder / "statements").is_dir() else None


def sample(*parts: str) -> Path:
    """One file of the shared data; skips the test, saying why, where there is none."""
    folder = shared_data()
    if folder is None:
        pytest.skip("sample statements are not beside this checkout")
    return folder.joinpath(*parts)


def rows_of(file: StatementFile) -> list[tuple[str, str, str]]:
    """Date, amount and description of every row, in file order, for comparing at a glance."""
    rows = (row for statement in file.statements for row in statement.rows)
    return [(row.date.isoformat(), str(row.amount), row.description) for row in rows]
