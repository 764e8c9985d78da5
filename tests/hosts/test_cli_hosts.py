"""With a running host, without one, and beside another command: the same command, the same books.

Real processes on a real embedded Postgres, except where only a folder is looked at.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from command_line import CSV, CommandLine
from services import new_data_folder

from mintflow.hosts.cli import shell
from mintflow.hosts.embedded import serve
from mintflow.hosts.folder_lock import FolderLock
from mintflow.hosts.postgres.postmaster import PostgresUnavailable
from mintflow.hosts.session import running_host
from mintflow.hosts.settings import Settings

PROGRAM = (sys.executable, "-m", "mintflow.hosts.cli")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that is not there yet."""
    path = new_data_folder()
    yield path
    shutil.rmtree(path, ignore_errors=True)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *words], capture_output=True, text=True, check=False)


@contextmanager
def up(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`mintflow up` from the moment it is ready; stopped with SIGTERM at the end."""
    command = [*PROGRAM, "up", "--data", str(folder), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            while asyncio.run(running_host(folder)) is None:
                assert process.poll() is None, "the host ended before it was ready"
                time.sleep(0.05)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)


@pytest.mark.slow
def test_a_document_is_whole_whoever_reads_it_slowly(folder: Path) -> None:
    """Larger than a pipe, and without Python's own buffer, as in many containers."""
    command = [*PROGRAM, "lag", "--json", "--data", str(folder)]
    unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with up(folder), subprocess.Popen(command, stdout=subprocess.PIPE, env=unbuffered) as process:
        assert process.stdout is not None
        process.stdout.read(1)  # it writes now, and nothing is taken meanwhile
        with suppress(subprocess.TimeoutExpired):
            process.wait(2)
        text = process.stdout.read()
    assert len(text) > 65_536
    assert json.loads(b"{" + text)["behind"] == 0
    assert process.returncode == 0


@pytest.mark.slow
def test_a_running_host_is_found_used_and_stopped(folder: Path, tmp_path: Path) -> None:
    statement = tmp_path / "a.csv"
    statement.write_text(CSV)
    words = ("--ledger", "Home", "--account", "Checking", "--data", str(folder), "--json")
    with up(folder) as host:
        kept = folder / "api.json"
        assert kept.stat().st_mode & 0o777 == 0o600
        facts = json.loads(kept.read_bytes())
        assert facts.keys() == {"url", "token", "database_url"}
        assert httpx.get(f"{facts['url']}/ready", trust_env=False).status_code == 200
        assert json.loads(run("status", "--data", str(folder), "--json").stdout)["running"]
        imported = run("import", str(statement), *words)
        assert json.loads(imported.stdout)["added"] == 4
        told = run("status", "--data", str(folder), "--env").stdout
        assert f"export MINTFLOW_URL={facts['url']}\n" in told
        second = run("up", "--data", str(folder))
        assert second.returncode == 1
        assert "data_folder_in_use" in second.stderr
        host.send_signal(signal.SIGTERM)
        assert host.wait() == 0
        assert not kept.exists()
    # The same books, now without a host.
    [account] = json.loads(run("balances", "--data", str(folder), "--json").stdout)["accounts"]
    assert account["balance"] == "391.00"
    assert not json.loads(run("status", "--data", str(folder), "--json").stdout)["running"]


@pytest.mark.slow
def test_what_a_copy_of_a_folder_says_of_its_host_is_not_believed(folder: Path) -> None:
    copy = new_data_folder()
    with up(folder):
        copy.mkdir()
        shutil.copy(folder / "api.json", copy / "api.json")
        assert asyncio.run(running_host(folder)) is not None
        assert asyncio.run(running_host(copy)) is None
    shutil.rmtree(copy)


def test_what_a_killed_host_left_is_not_believed_and_taken_away(mintflow: CommandLine) -> None:
    mintflow("ledgers", "open", "Home")
    left = mintflow.data / "api.json"
    left.write_text('{"url": "http://127.0.0.1:9", "token": "x", "database_url": "x"}')
    assert asyncio.run(running_host(mintflow.data)) is None
    assert mintflow.json("ledgers")["ledgers"]
    assert not left.exists()


def test_what_a_killed_host_left_is_gone_before_the_next_one_begins(
    mintflow: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for the file would else be sent to where nobody is."""
    left = mintflow.data / "api.json"
    mintflow.data.mkdir(parents=True)
    left.write_text('{"url": "http://127.0.0.1:9", "token": "x", "database_url": "x"}')

    async def begun(_: object) -> str:
        assert not left.exists()
        raise PostgresUnavailable("seen")

    monkeypatch.setattr("mintflow.hosts.embedded.started", begun)
    with pytest.raises(PostgresUnavailable, match="seen"):
        asyncio.run(serve(mintflow.data, Settings(), 0))


@pytest.mark.parametrize("broken", ["", "[]", '{"url": 1}', "null"])
def test_an_api_file_that_can_not_be_read_is_no_host(tmp_path: Path, broken: str) -> None:
    (tmp_path / "api.json").write_text(broken)
    assert asyncio.run(running_host(tmp_path)) is None


def test_a_folder_that_another_process_holds_without_serving_is_refused_in_the_end(
    mintflow: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mintflow.hosts.session.HOLDER_PATIENCE_S", 0.3)
    with FolderLock(mintflow.data):
        refused = mintflow.json("ledgers", exit_code=1)["error"]
    assert refused["code"] == "data_folder_in_use"
    assert mintflow.json("ledgers") == {"ledgers": []}


@pytest.mark.parametrize(
    "words",
    [("balances",), ("transactions",), ("audit", "verify"), ("lag",), ("rebuild",), ("migrate",)],
    ids=" ".join,
)
def test_asking_about_a_folder_that_is_not_there_makes_none(
    folder: Path, words: tuple[str, ...]
) -> None:
    refused = CommandLine(folder).json(*words, exit_code=1)["error"]
    assert refused["code"] == "data_folder_not_found"
    assert not folder.exists()


@pytest.mark.parametrize("words", [["balances"], ["lag"], ["audit", "verify"]], ids=" ".join)
def test_asking_in_a_folder_of_other_things_puts_no_books_there(
    tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "letter.txt").write_text("Dear")
    refused = CommandLine(tmp_path).json(*words, exit_code=1)["error"]
    assert refused["code"] == "data_folder_not_found"
    assert [one.name for one in tmp_path.iterdir()] == ["letter.txt"]


def test_what_the_machine_refuses_is_said_in_its_words_and_shows_no_code(tmp_path: Path) -> None:
    """As another account's folder or a full disk would be, which root is not refused."""
    (tmp_path / "postgres").mkdir()
    (tmp_path / "api.json").mkdir()
    for words in (["status"], ["balances"], ["lag"]):
        refused = CommandLine(tmp_path).json(*words, exit_code=1)["error"]
        assert refused["code"] == "file_not_usable"
        assert refused["details"]["file"] == str(tmp_path / "api.json")
    too_long = CommandLine(tmp_path / ("x" * 300))
    assert too_long.json("ledgers", "open", "H", exit_code=1)["error"]["code"] == "file_not_usable"


def test_a_rebuild_without_the_keys_is_refused_and_makes_none(
    mintflow: CommandLine, tmp_path: Path
) -> None:
    """Every ledger would look erased, and be served like that."""
    mintflow("ledgers", "open", "Home")
    elsewhere = CommandLine(tmp_path / "elsewhere")
    assert elsewhere.json("rebuild", exit_code=1)["error"]["code"] == "keys_not_found"
    assert not elsewhere.data.exists()


def test_a_port_that_is_taken_is_refused_before_anything_is_started(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CommandLine(folder)("up", "--port", str(port), exit_code=1)
    assert "port_in_use" in result.stderr
    assert not folder.exists()


def test_the_port_of_a_relay_beside_another_one_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setenv("MINTFLOW_DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/none")
    monkeypatch.setenv("MINTFLOW_KAFKA", "127.0.0.1:1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CommandLine(folder)("relay", "--port", str(port), exit_code=1)
    assert "port_in_use" in result.stderr


def test_a_database_that_does_not_answer_is_refused_without_its_address(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINTFLOW_DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/none")
    for words in (["balances"], ["lag"], ["audit", "trail"]):
        result = CommandLine(folder)(*words, exit_code=1)
        assert "database_unreachable" in result.stderr
        assert "secret" not in result.stderr + result.stdout


@pytest.mark.parametrize("words", [["lag"], ["audit", "trail"]], ids=" ".join)
def test_a_database_that_nobody_migrated_is_refused_with_what_to_do(
    folder: Path, blank_database_url: str, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("MINTFLOW_DATABASE_URL", blank_database_url)
    refused = CommandLine(folder).json(*words, exit_code=1)["error"]
    assert refused["code"] == "database_not_migrated"
    assert "mintflow migrate" in refused["message"]


def test_commands_and_servers_run_on_uvloop() -> None:
    async def kind() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert shell.run(kind()) == "uvloop"


@pytest.mark.parametrize(
    "words",
    [
        ["rebuild"], ["rollback"], ["rollback", "--drop"], ["series"], ["lag"], ["migrate"],
        ["ledgers"], ["audit", "verify"], ["erase", "--now"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_setting_that_can_not_be_used_is_refused_by_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("MINTFLOW_POOL_CONNECTIONS_MAX", "many")
    refused = CommandLine(folder).json(*words, exit_code=1)["error"]
    assert refused["code"] == "setting_not_usable"
    assert "MINTFLOW_POOL_CONNECTIONS_MAX" in refused["message"]


def test_a_terminal_without_the_letters_gets_its_answer_and_json_is_utf8(
    mintflow: CommandLine,
) -> None:
    mintflow("ledgers", "open", "Hä")
    words = [*PROGRAM, "ledgers", "--data", str(mintflow.data)]
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown = subprocess.run(words, env=ascii_only, capture_output=True, check=True)
    assert b"H?" in shown.stdout
    told = subprocess.run([*words, "--json"], env=ascii_only, capture_output=True, check=True)
    assert json.loads(told.stdout.decode("utf-8"))["ledgers"][0]["name"] == "Hä"


def test_a_caller_who_closed_the_standard_streams_does_not_end_the_command(
    mintflow: CommandLine,
) -> None:
    mintflow("ledgers", "open", "Home")
    words = [*PROGRAM, "ledgers", "--data", str(mintflow.data), "--json"]
    for closed in ("<&-", "2>&-", "<&- >&- 2>&-"):
        done = subprocess.run(
            ["sh", "-c", f'"$@" {closed}', "sh", *words], capture_output=True, check=False
        )
        assert done.returncode == 0, closed
        if ">&- 2" not in closed:
            assert json.loads(done.stdout)["ledgers"][0]["name"] == "Home"


def test_to_call_an_erasure_off_and_to_have_it_done_at_once_is_wrong_usage(folder: Path) -> None:
    words = ("erase", "--cancel", "--confirm", "erase everything")
    for more in ((), ("--now",)):
        assert "--cancel" in CommandLine(folder)(*words, *more, exit_code=2).stderr
