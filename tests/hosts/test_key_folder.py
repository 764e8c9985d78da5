"""Books whose keys are not there: no host serves them as erased, nor makes keys in their place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import CSV, CommandLine
from services import PostgresService


@pytest.fixture
def filled(mintflow: CommandLine, tmp_path: Path) -> CommandLine:
    bank = tmp_path / "bank.csv"
    bank.write_text(CSV)
    mintflow("import", str(bank), "--ledger", "Home", "--account", "Checking")
    return mintflow


def descriptions(mintflow: CommandLine) -> list[str | None]:
    return [row["description"] for row in mintflow.json("transactions")["transactions"]]


def test_books_without_their_keys_are_refused_until_the_keys_are_back(
    filled: CommandLine, tmp_path: Path
) -> None:
    before = descriptions(filled)
    assert any(before)
    away = tmp_path / "away"
    shutil.move(filled.data / "keys", away)
    more = ["import", str(tmp_path / "bank.csv"), "--ledger", "Home", "--account", "Checking"]
    for words in (["balances"], ["ledgers", "open", "Other"], more):
        refused = filled.json(*words, exit_code=1)["error"]
        assert refused["code"] == "keys_not_found"
        assert refused["details"]["folder"] == str(filled.data / "keys")
    assert not (filled.data / "keys").exists()
    shutil.move(away, filled.data / "keys")
    assert descriptions(filled) == before


def test_where_keys_are_lost_the_figures_stay_and_new_books_can_begin(
    filled: CommandLine, tmp_path: Path
) -> None:
    assert filled.json("keys", "begin-anew", exit_code=1)["error"]["code"] == "keys_are_there"
    balances = filled.json("balances")["accounts"]
    shutil.rmtree(filled.data / "keys")
    made = filled.json("keys", "begin-anew")
    assert made == {"folder": str(filled.data / "keys")}
    assert [row["balance"] for row in filled.json("balances")["accounts"]] == [
        row["balance"] for row in balances
    ]
    filled("ledgers", "open", "Other")
    filled("import", str(tmp_path / "bank.csv"), "--ledger", "Other", "--account", "Checking")


def test_a_folder_without_books_gets_no_keys(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        refused = CommandLine(folder).json("keys", "begin-anew", exit_code=1)["error"]
        assert refused["code"] == "data_folder_not_found"
    assert list(tmp_path.iterdir()) == []


def test_an_api_on_a_database_with_books_does_not_begin_with_keys_of_its_own(
    postgres: PostgresService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres.blank() as url:
        monkeypatch.setenv("MINTFLOW_DATABASE_URL", url)
        CommandLine(tmp_path / "right")("ledgers", "open", "Home")
        command = [sys.executable, "-m", "mintflow.hosts.cli", "api", "--port", "0"]
        done = subprocess.run(
            [*command, "--data", str(tmp_path / "wrong")],
            env=dict(os.environ), capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    assert done.returncode == 1
    assert "keys_not_found" in done.stderr
    assert not (tmp_path / "wrong" / "keys").exists()
