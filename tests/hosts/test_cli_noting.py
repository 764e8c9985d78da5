"""What is done on the command line is in the trail, without anything that was typed freely."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from command_line import CSV, CommandLine

from mintflow.store.keys import FolderKeyStore
from mintflow.store.trail import month_key

CANARY = "canary-of-a-name"


@pytest.fixture
def filled(mintflow: CommandLine, tmp_path: Path) -> CommandLine:
    bank = tmp_path / "bank.csv"
    bank.write_text(CSV)
    mintflow("import", str(bank), "--ledger", "Home", "--account", "Checking")
    return mintflow


def entries(mintflow: CommandLine, route: str) -> list[dict[str, Any]]:
    found = mintflow.json("audit", "trail")["entries"]
    return [one for one in found if one["route"] == f"mintflow {route}"]


def owner(mintflow: CommandLine) -> str:
    return f"user:{json.loads((mintflow.data / 'owner.json').read_bytes())['user_id']}"


def test_each_command_is_noted_with_actor_time_and_reason(
    filled: CommandLine, tmp_path: Path
) -> None:
    filled("export", str(tmp_path / "all"))
    filled("export", str(tmp_path / CANARY), "--ledger", "Home", "--open", "--format", "jsonl")
    filled("rebuild", "--projection", "accounts")
    filled("audit", "bundle", "--out", str(tmp_path / f"{CANARY}.zip"))
    filled("audit", "rotate-key")
    made = filled.json("token", "create", "--scope", "auditor", "--name", CANARY)
    filled("token", "revoke", made["token_id"])
    assert made["noted"] is True
    noted = {
        route: [(one["what"], one["reason"]) for one in entries(filled, route)]
        for route in ("export", "rebuild", "audit bundle", "token create", "token revoke")
    }
    token = f"auditor:{made['token_id']}"
    assert noted == {
        "export": [("export", "whole"), ("export", "opened")],
        "rebuild": [("models.rebuilt", "accounts")],
        "audit bundle": [("export", "bundle")],
        "token create": [("token.made", token)],
        "token revoke": [("token.revoked", token)],
    }
    [rotated] = entries(filled, "audit rotate-key")
    assert (rotated["what"], rotated["actor"]) == ("key.rotated", owner(filled))
    assert rotated["at"]
    whole = filled("audit", "trail", "--json").stdout
    assert CANARY not in whole
    assert made["token"] not in whole
    assert str(tmp_path) not in whole
    # One ledger of the owner's own is named; an export of all of them names none.
    assert [bool(one["ledger_id"]) for one in entries(filled, "export")] == [False, True]
    assert filled.json("audit", "verify")["ok"] is True


def test_a_token_is_made_and_revoked_without_a_database_and_says_it_was_not_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MINTFLOW_DATABASE_URL", raising=False)
    alone = CommandLine(tmp_path)
    made = alone.json("token", "create", "--scope", "analyst")
    assert made["noted"] is False
    assert alone.json("token", "revoke", made["token_id"])["noted"] is False


def test_addresses_of_a_month_are_forgotten_and_everything_else_verifies(
    filled: CommandLine,
) -> None:
    month = "2025-03"
    name = month_key(dt.datetime(2025, 3, 1, tzinfo=dt.UTC))
    keys = FolderKeyStore(filled.data / "keys")
    keys.create(name)
    done = filled.json("audit", "forget-addresses", "--month", month)
    assert done == {"month": month, "forgotten": True}
    assert keys.get(name) is None
    [noted] = entries(filled, "audit forget-addresses")
    assert (noted["what"], noted["reason"]) == ("addresses.forgotten", month)
    assert filled.json("audit", "forget-addresses", "--month", month)["forgotten"] is False
    assert filled.json("audit", "verify")["ok"] is True


def test_the_addresses_of_a_month_that_is_not_over_are_kept(filled: CommandLine) -> None:
    month = f"{dt.datetime.now(dt.UTC):%Y-%m}"
    refused = filled.json("audit", "forget-addresses", "--month", month, exit_code=1)
    assert refused["error"]["code"] == "month_not_over"
    filled("audit", "forget-addresses", "--month", "March", exit_code=2)
