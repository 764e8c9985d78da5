"""A log line that can not be written is lost; the work that it was about is not."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from mintflow.hosts.logs import configure_logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_writes_to_the_standard_error_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    configure_logs("INFO")
    first, second = io.StringIO(), io.StringIO()
    log = structlog.get_logger("test")
    monkeypatch.setattr(sys, "stderr", first)
    log.info("one", number=1)
    monkeypatch.setattr(sys, "stderr", second)
    log.warning("two")
    assert '"event": "one"' in first.getvalue()
    assert '"event": "two"' in second.getvalue()
    assert "two" not in first.getvalue()


def test_a_closed_standard_error_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    configure_logs("INFO")
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    structlog.get_logger("test").error("nobody_reads_this")


def test_leaves_out_what_is_below_the_level(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("WARNING")
    structlog.get_logger("test").info("quiet")
    assert capsys.readouterr().err == ""


def test_what_reads_forms_writes_no_lines_of_its_own() -> None:
    """It would write what it met there, and no JSON; who sent it is told."""
    code = """
from contextlib import suppress
from python_multipart.multipart import MultipartParser, MultipartParseError
from mintflow.hosts.logs import configure_logs
configure_logs("INFO")
with suppress(MultipartParseError):
    MultipartParser(b"edge").write(b"--else\\r\\n")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stderr == b""
