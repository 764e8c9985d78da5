"""`mintflow import`: what is made, what is known, what a dry run says, what can not be read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from command_line import CARD_OFX, CSV, LATER_CSV, CommandLine

from mintflow.hosts.demo.household import FILES


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, text in (("a.csv", CSV), ("b.csv", LATER_CSV), ("card.ofx", CARD_OFX)):
        (tmp_path / name).write_text(text)
    (tmp_path / "broken.csv").write_bytes(b"\x00\x01\x02\x03" * 50)
    return tmp_path


def checking(files: Path, *names: str) -> list[str]:
    paths = [str(files / name) for name in names]
    return ["import", *paths, "--ledger", "Home", "--account", "Checking"]


def counts(report: dict[str, Any]) -> list[int]:
    return [report[name] for name in ("added", "known", "updated", "skipped")]


def test_makes_the_ledger_and_the_account_and_says_so(mintflow: CommandLine, files: Path) -> None:
    result = mintflow(*checking(files, "a.csv"))
    assert "opened the ledger “Home” in USD" in result.stderr
    assert "opened the account “Checking” (checking, USD)" in result.stderr
    again = mintflow(*checking(files, "a.csv"))
    assert "opened" not in again.stderr


def test_a_statement_with_running_balances_sets_the_opening_balance(
    mintflow: CommandLine, files: Path
) -> None:
    mintflow(*checking(files, "a.csv", "b.csv"))
    [account] = mintflow.json("balances", "--ledger", "Home")["accounts"]
    assert account["balance"] == "360.75"
    assert account["reported"]["drift"] == "0.00"


def test_a_row_that_is_known_is_not_added_twice_and_two_equal_rows_stay_two(
    mintflow: CommandLine, files: Path
) -> None:
    assert counts(mintflow.json(*checking(files, "a.csv"))) == [4, 0, 0, 0]
    report = mintflow.json(*checking(files, "a.csv", "b.csv"))
    assert counts(report) == [1, 5, 0, 0]
    assert [[one["added"], one["known"]] for one in report["files"]] == [[0, 4], [1, 1]]


def test_what_was_imported_is_seen_by_the_next_command(mintflow: CommandLine, files: Path) -> None:
    position = mintflow.json(*checking(files, "a.csv"))["position"]
    assert mintflow.json("balances")["position"] >= position


def test_a_dry_run_makes_nothing_and_predicts_what_the_import_then_does(
    mintflow: CommandLine, files: Path
) -> None:
    command = checking(files, "a.csv", "b.csv")
    planned = mintflow.json(*command, "--dry-run")
    assert mintflow.json("ledgers") == {"ledgers": []}
    assert planned["dry_run"] is True
    done = mintflow.json(*command)
    assert counts(planned) == counts(done) == [5, 1, 0, 0]
    replanned = mintflow.json(*command, "--dry-run")
    assert counts(replanned) == counts(mintflow.json(*command)) == [0, 6, 0, 0]


def test_a_dry_run_of_files_that_overlap_counts_a_shared_row_as_new_once(
    mintflow: CommandLine, files: Path
) -> None:
    """Also where the account is there and holds some of the rows."""
    (files / "c.csv").write_text(CSV.replace("RENT,-700.00,391.00", "RENT,-800.00,291.00"))
    mintflow(*checking(files, "a.csv"))
    command = checking(files, "a.csv", "b.csv", "c.csv", "b.csv", "c.csv")
    planned = mintflow.json(*command, "--dry-run")
    assert [one["added"] for one in planned["files"]] == [0, 1, 1, 0, 0]
    assert planned == mintflow.json(*command, "--dry-run")
    done = mintflow.json(*command)
    for name in ("added", "known", "updated", "skipped"):
        assert [one[name] for one in done["files"]] == [one[name] for one in planned["files"]]


def test_a_credit_card_file_opens_a_credit_card_in_its_own_currency(
    mintflow: CommandLine, files: Path
) -> None:
    path = str(files / "card.ofx")
    mintflow("import", path, "--ledger", "Home", "--account", "Card")
    [account] = mintflow.json("balances")["accounts"]
    assert (account["kind"], account["currency"]) == ("credit_card", "EUR")
    assert account["balance"] == "-22.92"


def test_kind_and_currency_that_are_given_go_before_what_the_file_says(
    mintflow: CommandLine, files: Path
) -> None:
    mintflow(*checking(files, "a.csv"), "--kind", "savings", "--currency", "CHF")
    [account] = mintflow.json("balances")["accounts"]
    assert (account["kind"], account["currency"]) == ("savings", "CHF")


def test_a_file_that_can_not_be_read_has_its_error_and_the_others_are_imported(
    mintflow: CommandLine, files: Path
) -> None:
    report = mintflow.json(*checking(files, "broken.csv", "a.csv", "missing.csv"), exit_code=1)
    broken, good, missing = report["files"]
    assert broken["error"]["code"] == "unreadable_file"
    assert broken["error"]["where"]
    assert (good["error"], good["added"]) == (None, 4)
    assert missing["error"]["code"] == "file_not_found"
    assert counts(report) == [4, 0, 0, 0]


def test_nothing_is_made_where_no_file_can_be_read(mintflow: CommandLine, files: Path) -> None:
    mintflow(*checking(files, "broken.csv"), exit_code=1)
    assert mintflow.json("ledgers") == {"ledgers": []}


def test_nothing_is_made_where_a_file_is_of_several_accounts_and_none_is_named(
    mintflow: CommandLine, files: Path
) -> None:
    (files / "two.ofx").write_text(_of_two_accounts(CARD_OFX))
    report = mintflow.json(*checking(files, "two.ofx"), exit_code=1)
    assert report["files"][0]["error"]["code"] == "several_accounts_in_file"
    assert mintflow.json("ledgers") == {"ledgers": []}
    mintflow(*checking(files, "two.ofx", "a.csv"), exit_code=1)
    assert [one["name"] for one in mintflow.json("balances")["accounts"]] == ["Checking"]


def test_nothing_is_made_where_the_file_is_in_another_currency_than_the_one_given(
    mintflow: CommandLine, files: Path
) -> None:
    report = mintflow.json(*checking(files, "card.ofx"), "--currency", "JPY", exit_code=1)
    assert report["files"][0]["error"]["code"] == "currency_must_match"
    assert mintflow.json("ledgers") == {"ledgers": []}


def _of_two_accounts(ofx: str) -> str:
    """The same statement once more, under another number."""
    begin, end = ofx.index("<CCSTMTTRNRS>"), ofx.index("</CCSTMTTRNRS>") + len("</CCSTMTTRNRS>")
    number = re.search(r"<ACCTID>(\w+)", ofx)
    assert number is not None
    return ofx[:end] + ofx[begin:end].replace(number[1], "7" * len(number[1])) + ofx[end:]


def test_a_file_in_another_currency_than_the_account_is_refused_whole(
    mintflow: CommandLine, files: Path
) -> None:
    mintflow(*checking(files, "a.csv"))
    report = mintflow.json(*checking(files, "card.ofx"), exit_code=1)
    assert report["files"][0]["error"]["code"] == "currency_must_match"
    assert report["added"] == 0


def test_an_account_name_that_two_have_is_refused_with_their_ids_and_an_id_is_taken(
    mintflow: CommandLine, files: Path
) -> None:
    mintflow("ledgers", "open", "Home")
    twins = [mintflow.json("accounts", "open", "Checking")["account_id"] for _ in range(2)]
    refused = mintflow.json(*checking(files, "a.csv"), exit_code=1)["error"]
    assert refused["code"] == "name_not_unique"
    assert refused["details"]["account_id"] == twins
    report = mintflow.json("import", str(files / "a.csv"), "--account", twins[1])
    assert (report["added"], report["account_id"]) == (4, twins[1])


def test_a_first_import_has_to_name_its_ledger(mintflow: CommandLine, files: Path) -> None:
    path = str(files / "a.csv")
    refused = mintflow.json("import", path, "--account", "Checking", exit_code=1)["error"]
    assert refused["code"] == "ledger_not_named"


def test_a_person_sees_each_file_and_what_became_of_it(mintflow: CommandLine, files: Path) -> None:
    shown = mintflow(*checking(files, "a.csv", "broken.csv"), exit_code=1).stdout
    assert "a.csv" in shown
    assert "not read" in shown
    assert "unreadable_file" in shown


@pytest.mark.parametrize("there", [False, True], ids=["no account yet", "an empty account"])
@pytest.mark.parametrize("name", sorted(FILES))
def test_a_dry_run_of_real_exports_says_exactly_what_the_import_does(
    mintflow: CommandLine, name: str, there: bool
) -> None:
    if there:
        mintflow("ledgers", "open", "Home")
        mintflow("accounts", "open", name)
    command = ("import", *map(str, FILES[name]), "--ledger", "Home", "--account", name)
    planned = mintflow.json(*command, "--dry-run")
    done = mintflow.json(*command)
    assert counts(planned) == counts(done)
    for before, after in zip(planned["files"], done["files"], strict=True):
        assert {**before, "import_id": None} == {**after, "import_id": None}


def test_a_file_with_a_name_that_is_no_utf8_is_imported_under_what_can_be_read_of_it(
    mintflow: CommandLine, tmp_path: Path
) -> None:
    """As old archives of banks unpack: Umsätze.csv in Latin-1."""
    file = Path(os.fsdecode(bytes(tmp_path) + b"/Ums\xe4tze.csv"))
    file.write_text(CSV)
    words = ("import", str(file), "--ledger", "Home", "--account", "Checking")
    report = mintflow.json(*words)
    assert report["added"] == 4
    assert report["files"][0]["file"] == str(tmp_path / "Ums\ufffdtze.csv")
    file.unlink()
    entry = mintflow.json(*words, exit_code=1)["files"][0]
    assert entry["error"]["message"] == "Ums\ufffdtze.csv: there is no such file"


def test_a_word_that_is_no_utf8_is_refused(mintflow: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    words = ("import", str(tmp_path / "a.csv"), "--ledger", "Home", "--account", "\udce4")
    assert mintflow.json(*words, exit_code=1)["error"]["code"] == "not_text"
    refused = mintflow.json("balances", "--ledger", "\udce4", exit_code=1)["error"]
    assert refused["code"] == "ledger_not_found"
