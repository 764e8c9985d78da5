"""Fixtures of the hosts' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CommandLine
from structlog.testing import capture_logs


@pytest.fixture
def mintflow(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CommandLine]:
    """The command line on a data folder of this test, over the session's database server."""
    monkeypatch.setenv("MINTFLOW_DATABASE_URL", database_url)
    with capture_logs():
        yield CommandLine(tmp_path / "books")
