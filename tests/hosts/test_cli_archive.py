"""`mintflow export` and `import-history`, as they are typed."""

from __future__ import annotations

import json
import shutil
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


def test_a_history_moves_to_another_installation(
    filled: CommandLine,
    tmp_path: Path,
    postgres: PostgresService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "history"
    exported = filled.json("export", str(out))
    assert exported["whole"] is True
    before = filled.json("balances", "--ledger", "Home")
    again = filled.json("export", str(out), exit_code=1)
    assert again["error"]["code"] == "export_in_the_way"
    refused = filled.json("import-history", str(out), exit_code=1)
    assert refused["error"]["code"] == "log_not_empty"
    with postgres.blank() as other:
        monkeypatch.setenv("MINTFLOW_DATABASE_URL", other)
        new = CommandLine(tmp_path / "new-books")
        new.data.mkdir()
        for name in ("keys", "owner.json"):
            source = filled.data / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, new.data / name)
        restored = new.json("import-history", str(out))
        assert (restored["events"], restored["rebuilt"]) == (exported["events"], True)
        assert new.json("audit", "verify")["ok"] is True
        after = new.json("balances", "--ledger", "Home")
    assert after["accounts"] == before["accounts"]


def test_the_owner_opens_his_own_books(filled: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    exported = filled.json("export", str(out), "--format", "jsonl", "--ledger", "Home", "--open")
    assert (exported["whole"], exported["opened"]) == (False, True)
    text = "".join(path.read_text() for path in (out / "events").iterdir())
    assert "COFFEE SHOP" in text
    refused = filled("export", str(tmp_path / "x"), "--open", exit_code=2)
    assert "--ledger" in refused.stderr
    closed = filled.json("export", str(tmp_path / "closed"), "--format", "jsonl")
    text = "".join(path.read_text() for path in (tmp_path / "closed" / "events").iterdir())
    assert closed["opened"] is False
    assert "COFFEE SHOP" not in text


def test_events_are_printed_in_order_a_line_each(filled: CommandLine) -> None:
    lines = [json.loads(line) for line in filled("events").stdout.splitlines()]
    assert [one["ledger_seq"] for one in lines] == list(range(1, len(lines) + 1))
    words = ("events", "--after", "3", "--type", "transaction.recorded")
    found = [json.loads(line) for line in filled(*words).stdout.splitlines()]
    assert found == [
        one for one in lines if one["ledger_seq"] > 3 and one["type"] == "transaction.recorded"
    ]
    assert len(found) == 4
    assert filled.json("events") == {"events": lines}
    assert filled.json("events", "--after", str(len(lines))) == {"events": []}


def test_ranges_and_types(filled: CommandLine, tmp_path: Path) -> None:
    words = ("--type", "transaction.recorded", "--positions", "1-100000")
    found = filled.json("export", str(tmp_path / "a"), *words, "--since", "2020-01-01T00:00:00Z")
    assert found["events"] == 4
    assert filled.json("export", str(tmp_path / "b"), "--before", "2020-01-01")["events"] == 0
    for wrong in (
        ("--positions", "x"),
        ("--positions", "5-3"),
        ("--positions", "0-"),
        ("--positions=-0",),  # It once meant all of them.
        ("--since", "noon"),
        ("--format", "xls"),
    ):
        filled("export", str(tmp_path / "c"), *wrong, exit_code=2)
    for words in (("export", str(tmp_path / "c")), ("events",), ("audit", "replay")):
        refused = filled.json(*words, "--type", "transaction.recordet", exit_code=1)["error"]
        assert refused["code"] == "event_type_not_known"
        assert "transaction.recorded" in refused["details"]["near"]["transaction.recordet"]
    assert not (tmp_path / "c").exists()


def test_says_why_it_can_not_write(filled: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    refused = filled("export", str(tmp_path / "file" / "folder"), exit_code=1)
    assert "the export can not be written: Not a directory" in refused.stderr


def test_refuses_what_is_no_export(mintflow: CommandLine, tmp_path: Path) -> None:
    refused = mintflow.json("import-history", str(tmp_path), exit_code=1)
    assert refused["error"]["code"] == "manifest_unreadable"
    assert not mintflow.data.exists()
