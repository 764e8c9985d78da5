"""The help of the command line: complete, with examples, and quick to come."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from mintflow.hosts.cli.app import build_app

ROOT = Path(__file__).resolve().parents[2]
# Made once: reading the signatures of all commands takes longer than any test here.
MINTFLOW = typer.main.get_command(build_app())


def every_command() -> Iterator[tuple[str, ...]]:
    """Every command and group, as the words that call it."""

    def below(words: tuple[str, ...], command: object) -> Iterator[tuple[str, ...]]:
        yield words
        for name, inner in getattr(command, "commands", {}).items():
            yield from below((*words, name), inner)

    return below((), MINTFLOW)


def command_of(words: tuple[str, ...]) -> Any:
    command: Any = MINTFLOW
    for word in words:
        command = command.commands[word]
    return command


@pytest.mark.parametrize("words", list(every_command()), ids=" ".join)
def test_every_command_says_what_it_does_and_every_option_what_it_is(
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as ended:
        MINTFLOW.main([*words, "--help"], prog_name="mintflow")
    assert ended.value.code == 0
    command = command_of(words)
    assert command.help
    for one in command.params:
        assert getattr(one, "help", None), f"{words}: {one.name} says nothing"
    if not hasattr(command, "commands"):
        assert "Example: " in capsys.readouterr().out


def test_the_reference_has_every_command_with_every_option() -> None:
    text = (ROOT / "docs/reference/command-line.md").read_text()
    sections = dict(re.findall(r"^## mintflow (.+?)\n(.*?)(?=^## |\Z)", text, re.M | re.S))
    common = {"--data", "--json", "--help", "-h"}
    for words in every_command():
        command = command_of(words)
        if hasattr(command, "commands") and not command.invoke_without_command:
            continue
        section = sections.pop(" ".join(words))
        for one in command.params:
            for option in {*one.opts, *one.secondary_opts} - common:
                if option.startswith("-"):
                    assert f"{option}" in section, f"{words}: {option}"
    assert not sections, f"these are no commands: {list(sections)}"


# These run until they are ended and have no answer.
SERVE = {("up",), ("api",), ("relay",), ("worker",)}


def test_every_command_that_answers_can_answer_a_program() -> None:
    for words in every_command():
        command = command_of(words)
        if not hasattr(command, "commands") and words not in SERVE:
            assert "--json" in {opt for one in command.params for opt in one.opts}, words


def test_asking_for_help_loads_neither_the_product_nor_a_database_driver() -> None:
    program = (
        "import sys\n"
        "from mintflow.hosts.cli.app import build_app\n"
        "build_app()\n"
        "heavy = {'fastapi', 'psycopg', 'httpx', 'pydantic', 'eventsourcing', 'lxml'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_version_is_the_one_of_the_package() -> None:
    assert CliRunner().invoke(build_app(), ["--version"]).stdout.startswith("mintflow 0.")
