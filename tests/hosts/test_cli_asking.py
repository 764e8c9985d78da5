"""`explain`, `what-if` and `audit replay` as a person uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import CSV, CommandLine


@pytest.fixture
def home(mintflow: CommandLine, tmp_path: Path) -> CommandLine:
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    mintflow("import", str(path), "--ledger", "Home", "--account", "Checking")
    return mintflow


def test_a_balance_is_explained_a_change_imagined_and_the_history_replayed(
    home: CommandLine,
) -> None:
    answer = home.json("explain", "balance", "--account", "Checking")
    assert answer["sums"] == [
        {"currency": "USD", "figure": "391.00", "sum": "391.00", "agrees": True}
    ]
    assert "they agree" in home("explain", "balance", "--account", "Checking").stdout
    command = json.dumps({"type": "add_category", "path": "pets"})
    imagined = home.json("what-if", command, "--query", "categories", "--query", "balances")
    assert [one["changed"] for one in imagined["queries"]] == [True, False]
    assert "pets" in home("what-if", command, "--query", "categories").stdout
    events = home.json("audit", "replay", "--type", "ledger.opened")
    assert [one["type"] for one in events] == ["ledger.opened"]
    assert "account.opened" in home("audit", "replay", "--from", "2020-01-01").stdout
