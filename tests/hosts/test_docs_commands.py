"""The commands that the documents tell people to type, typed: blocks that open with ```sh run.

Each document in a folder of its own, in the order of its blocks and in one shell, beside a serving
demo (as the documents say it) and with a bank file called my-bank.csv.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from command_line import CSV
from services import missing, new_data_folder

from mintflow.hosts.cli.app import build_app
from mintflow.hosts.session import running_host

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```sh run\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCUMENTS = (
    "README.md",
    "docs/tutorial/first-steps.md",
    "docs/guides/use-the-api.md",
    "docs/guides/back-up.md",
    "docs/guides/audit-the-books.md",
    "docs/guides/analyse-the-events.md",
)
# What has to be there before a document's first block: what its reader has done before.
BEFORE = {
    "docs/guides/audit-the-books.md": (
        "mintflow import my-bank.csv --ledger Home --account Checking\n"
    ),
    "docs/guides/back-up.md": "mintflow import my-bank.csv --ledger Home --account Checking\n",
}


@pytest.fixture(scope="module")
def demo() -> Iterator[Path]:
    """The data folder of a demo that serves."""
    data = new_data_folder()
    command = [*_program(), "demo", "--serve", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if "Three things to try next" in line:
                    break
            assert asyncio.run(running_host(data)) is not None
            yield data
        finally:
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
    shutil.rmtree(data)


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_commands_of_a_document_do_what_it_says(document: str, demo: Path) -> None:
    blocks = BLOCK.findall((ROOT / document).read_text())
    assert blocks
    if shutil.which("curl") is None and any("curl " in block for block in blocks):
        missing("curl", "not installed; on Debian: apt install curl")
    folder = new_data_folder()
    folder.mkdir()
    (folder / "my-bank.csv").write_text(CSV)
    (folder / "demo-data").symlink_to(demo)
    try:
        done = subprocess.run(
            ["sh", "-eux", "-c", BEFORE.get(document, "") + "\n".join(blocks)],
            cwd=folder,
            env={**os.environ, "PATH": f"{_programs()}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(folder)
    assert done.returncode == 0, done.stderr[-3_000:]
    assert '"success":false' not in done.stdout, done.stdout


def test_no_command_of_a_document_is_one_that_is_not_there() -> None:
    known = typer.main.get_command(build_app()).commands  # type: ignore[attr-defined]
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for word in re.findall(r"^(?:\$ )?mintflow ([a-z-]+)\b", path.read_text(), re.MULTILINE):
            assert word in known, f"{path.relative_to(ROOT)}: mintflow {word}"


def _program() -> tuple[str, ...]:
    return (sys.executable, "-m", "mintflow.hosts.cli")


def _programs() -> Path:
    return Path(sys.executable).parent
