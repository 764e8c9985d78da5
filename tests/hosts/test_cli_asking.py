"""`explain`, `what-if` and `audit replay` as a person uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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


def test_the_history_of_each_kind_is_told_in_words_with_before_and_after(
    home: CommandLine,
) -> None:
    def told(*words: str) -> list[dict[str, Any]]:
        return list(home.json("history", *words)["events"])

    opened, *_ = told("account", "Checking")
    assert opened["words"].startswith("account opened: ")
    assert opened["changes"]["name"] == {"before": None, "after": "Checking"}
    (row, *_) = home.json("transactions")["transactions"]
    assert told("transaction", row["transaction_id"])[0]["type"] == "transaction.recorded"
    home("categorize", row["transaction_id"], "travel")
    last = told("transaction", row["transaction_id"])[-1]
    assert (last["type"], set(last["changes"])) > ("transaction.categorized", set())
    home("budget", "set", "travel", "50")
    home("budget", "set", "travel", "60")
    budget = told("budget", "travel")
    assert [one["type"] for one in budget] == ["budget.set", "budget.changed"]
    assert "60.00" in str(budget[1]["changes"]["terms"]["after"])
    mine = told("user", "me")
    assert mine[0]["type"] == "ledger.opened"
    assert told("user", mine[0]["actor"].partition(":")[2], "--limit", "2") == mine[-2:]
    assert "budget changed" in home("history", "budget", "travel").stdout
    assert told("account", "Checking", "--known-at", "seq:3")[-1]["ledger_seq"] <= 3
    refused = home("history", "rule", "No such", exit_code=1)
    assert "there is no rule" in refused.stderr
