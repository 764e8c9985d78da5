"""Goals on the command line: set one, set money aside, take it back, archive it."""

from __future__ import annotations

from pathlib import Path

from command_line import CSV, CommandLine


def test_a_goal_from_its_setting_to_its_end(mintflow: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    mintflow("import", str(path), "--ledger", "Home", "--account", "Checking")
    mintflow("accounts", "open", "Savings", "--kind", "savings")
    rule = ["--percent", "10", "--to", "Savings"]
    made = mintflow.json("goal", "add", "Holiday", "1800", "--due", "2199-07-01", *rule)
    assert (made["target"], made["saving"]["as"]) == ("1800.00", "transfer")
    mintflow("goal", "fund", "holiday", "50", "--account", "Checking")
    pledged = mintflow.json(
        "goal", "fund", "Holiday", "5", "--account", "Savings", "--from", "Checking"
    )
    assert pledged["pledge_id"] is not None
    mintflow("goal", "release", "Holiday", "20", "--account", "Checking")
    (shown,) = mintflow.json("goals")
    assert (shown["saved"], shown["remaining"]) == ("30.00", "1770.00")
    assert "30.00" in mintflow("goals").stdout
    refused = mintflow("goal", "fund", "Holiday", "9999", "--account", "Checking", exit_code=1)
    assert "more_than_is_free" in refused.stderr
    missing = mintflow("goal", "archive", "Boat", exit_code=1)
    assert "goal_not_found" in missing.stderr
    mintflow("goal", "archive", "Holiday")
    assert mintflow.json("goals") == []
    assert [one["archived"] for one in mintflow.json("goals", "--archived")] == [True]
