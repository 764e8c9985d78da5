"""`spending`, `net-worth`: the same figures as over HTTP, for people and for programs."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import CommandLine

ROWS = """Date,Description,Amount
2025-02-10,ALDI SUED,-20.00
2025-03-03,ALDI SUED,-30.00
2025-03-09,ALDI SUED REFUND,5.00
2025-03-28,EMPLOYER SALARY,1000.00
"""


@pytest.fixture
def own(mintflow: CommandLine, tmp_path: Path) -> CommandLine:
    (tmp_path / "rows.csv").write_text(ROWS)
    mintflow.json("import", str(tmp_path / "rows.csv"), "--ledger", "Home", "--account", "Checking")
    return mintflow


def test_shows_spending_and_net_worth(own: CommandLine) -> None:
    answer = own.json("spending", "--month", "2025-03", "--by", "account")
    (row,) = answer["spending"]
    assert (row["name"], row["previous"]["spent"]) == ("Checking", "20.00")
    (total,) = answer["summary"]
    assert total["saved"] == "975.00"
    shown = own("spending", "--month", "2025-03", "--by", "account").stdout
    assert "20.00" in shown
    assert "saved 975.00" in shown
    assert "none" in own("spending", "--month", "2024-01").stdout
    worth = own.json("net-worth", "--months", "1")["net_worth"]
    assert [(row["assets"], row["liabilities"]) for row in worth] == [("955.00", "0.00")]
    assert "955.00" in own("net-worth").stdout


def test_shows_what_stands_out_until_it_is_dismissed(own: CommandLine, tmp_path: Path) -> None:
    lines = [f"2025-03-{day:02},NETTO,-{20 + day}.00" for day in range(10, 16)]
    lines += [f"2025-04-0{day},ZORP CLUB,-80.00" for day in (1, 2)]
    (tmp_path / "more.csv").write_text("\n".join(["Date,Description,Amount", *lines]))
    own.json("import", str(tmp_path / "more.csv"), "--ledger", "Home", "--account", "Checking")
    (one,) = own.json("insights", "--today", "2025-04-10")["insights"]
    assert one["kind"] == "duplicate_charge"
    assert "twice within 1 day" in own("insights", "--today", "2025-04-10").stdout
    left = own.json("insights", "--today", "2025-04-10", "--dismiss", one["insight_id"])
    assert left["insights"] == []
    assert "Nothing stands out" in own("insights", "--today", "2025-04-10").stdout


def test_says_why_there_is_no_forecast_yet(own: CommandLine) -> None:
    (row,) = own.json("forecast", "--account", "Checking", "--days", "10")["forecast"]
    assert (row["shown"], row["points"]) == (False, [])
    assert "not shown: fewer than 180 days" in " ".join(own("forecast").stdout.split())
