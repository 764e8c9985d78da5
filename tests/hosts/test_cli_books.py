"""What the command line says of the books: balances, categories, budgets, transactions."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from command_line import CSV, CommandLine

from mintflow.domain.accounts import ACCOUNT_KINDS
from mintflow.hosts.cli import views
from mintflow.hosts.cli.options import Kind
from mintflow.hosts.cli.shell import make_shell


@pytest.fixture
def home(mintflow: CommandLine, tmp_path: Path) -> CommandLine:
    """The command line with one account in the books."""
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    mintflow("import", str(path), "--ledger", "Home", "--account", "Checking")
    return mintflow


def test_balances_have_the_fields_that_programs_rely_on(home: CommandLine) -> None:
    answer = home.json("balances", "--ledger", "Home")
    [account] = answer["accounts"]
    fields = {"account_id", "name", "kind", "currency", "balance", "pending", "available"}
    assert fields <= account.keys()
    assert (account["name"], account["balance"]) == ("Checking", "391.00")
    assert isinstance(answer["position"], int)


def test_balances_as_of_a_day_count_only_what_happened_until_then(home: CommandLine) -> None:
    [account] = home.json("balances", "--as-of", "2026-01-30")["accounts"]
    assert account["balance"] == "1091.00"


def test_a_moment_that_can_not_be_known_is_refused_with_the_reason(home: CommandLine) -> None:
    result = home("balances", "--known-at", "999999", exit_code=1)
    assert "known_at_in_future" in result.stderr
    assert result.stdout == ""


def test_known_at_shows_what_stood_there_before(home: CommandLine) -> None:
    before = home.json("balances")
    home("accounts", "open", "Savings", "--kind", "savings")
    assert len(home.json("balances")["accounts"]) == 2
    again = home.json("balances", "--known-at", str(before["position"]))
    assert again == before


def test_category_totals_are_signed_from_the_side_of_the_account(home: CommandLine) -> None:
    totals = home.json("categories", "--ledger", "Home", "--month", "2026-01")["totals"]
    assert {one["category"]: one["amount"] for one in totals} == {
        "food_dining.coffee_shops": "-9.00",
        "housing.rent": "-700.00",
        "income.salary": "1000.00",
    }
    assert {"category", "amount", "currency", "transactions"} <= totals[0].keys()


def test_budget_status_is_what_the_api_answers(home: CommandLine) -> None:
    home("budget", "set", "housing", "800")
    home("budget", "set", "food_dining", "5", "--warn-at", "0.5")
    coffee, rent = home.json("budgets", "--ledger", "Home", "--month", "2026-01")
    assert (coffee["category"], coffee["spent"], coffee["status"]) == (
        "food_dining",
        "9.00",
        "exceeded",
    )
    assert (rent["budgeted"], rent["remaining"], rent["status"]) == ("800.00", "100.00", "warning")


def test_people_see_bars_and_amounts_with_the_digits_of_their_currency(home: CommandLine) -> None:
    home("budget", "set", "housing", "1400")
    shown = home("budgets", "--month", "2026-01").stdout
    assert "1,400.00" in shown
    assert "████████░░░░░░░░" in shown
    assert "50%" in shown


def test_nothing_is_coloured_where_there_is_no_terminal(home: CommandLine) -> None:
    for words in (("balances",), ("categories", "--month", "2026-01"), ("transactions",)):
        assert "\x1b[" not in home(*words).stdout


def test_transactions_are_found_by_their_words_and_put_into_a_category(home: CommandLine) -> None:
    rows = home.json("transactions", "coffee")["transactions"]
    assert [row["amount"] for row in rows] == ["-4.50", "-4.50"]
    home("categorize", rows[0]["transaction_id"], "food_dining.restaurants")
    again = home.json("transactions", "--category", "food_dining.restaurants")["transactions"]
    assert [row["transaction_id"] for row in again] == [rows[0]["transaction_id"]]


def test_transactions_come_as_many_as_asked_for_and_say_where_to_go_on(home: CommandLine) -> None:
    answer = home.json("transactions", "--limit", "3", "--sort", "date")
    assert len(answer["transactions"]) == 3
    assert answer["next_cursor"]
    assert home.json("transactions", "--limit", "5000")["next_cursor"] is None


def test_a_refusal_with_json_is_one_document_on_stdout_and_a_line_for_people_on_stderr(
    home: CommandLine,
) -> None:
    words = ("categorize", "00000000-0000-0000-0000-000000000000", "food_dining")
    refused = home.json(*words, exit_code=1)["error"]
    assert refused["code"] == "transaction_not_found"
    assert "Refused: " in home(*words, exit_code=1).stderr


def test_a_ledger_that_is_not_there_is_refused_with_those_that_are(home: CommandLine) -> None:
    refused = home.json("balances", "--ledger", "Away", exit_code=1)["error"]
    assert refused["code"] == "ledger_not_found"
    assert refused["details"]["ledgers"] == ["Home"]


def test_one_ledger_needs_no_name_and_several_do(home: CommandLine) -> None:
    assert home.json("balances")["accounts"]
    home("ledgers", "open", "Shop", "--currency", "EUR")
    assert home.json("balances", exit_code=1)["error"]["code"] == "ledger_not_named"
    assert home.json("balances", "--ledger", "shop")["accounts"] == []


@pytest.mark.parametrize(
    "words",
    [
        ("categories", "--month", "2026-13"),
        ("categories", "--month", "January"),
        ("balances", "--as-of", "yesterday"),
        ("balances", "--no-such-option"),
        ("accounts", "open", "Savings", "--kind", "shoebox"),
        ("rebuild", "--all", "--projection", "accounts"),
    ],
)
def test_wrong_usage_ends_with_2(mintflow: CommandLine, words: tuple[str, ...]) -> None:
    mintflow(*words, exit_code=2)


def test_the_kinds_of_accounts_are_those_of_the_domain() -> None:
    assert get_args(Kind) == ACCOUNT_KINDS


def test_upkeep_answers_what_programs_rely_on(home: CommandLine) -> None:
    audit = home.json("audit", "verify")
    assert (audit["ok"], audit["findings"]) == (True, [])
    assert audit["events"] == sum(head["position"] for head in audit["heads"]) > 0
    rebuilt = home.json("rebuild", "--all")
    assert rebuilt["identical"] is True
    assert {"events", "seconds", "events_per_second"} <= rebuilt.keys()
    lag = home.json("lag")["projections"]
    assert {"head", "checkpoint", "behind", "parked"} <= lag[0].keys()
    assert home.json("migrate")["applied"] == []


def test_an_audit_that_can_see_nothing_is_neither_good_nor_bad(
    home: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINTFLOW_DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
    audit = home.json("audit", "verify", exit_code=3)
    assert (audit["ok"], audit["events"]) == (False, 0)
    assert {one["code"] for one in audit["findings"]} == {"UNREADABLE"}


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_a_narrow_terminal_gets_every_digit_of_an_amount_and_whose_it_is(columns: int) -> None:
    out = make_shell(quiet=True).out
    out.width = columns
    account = {
        "name": "Card",
        "kind": "credit_card",
        "currency": "EUR",
        "balance": "-123456789.35",
        "pending": "-1234.50",
        "available": "-123458023.85",
    }
    with out.capture() as printed:
        views.balances(out, [account])
    for figure in ("Card", "-123,456,789.35", "-1,234.50", "-123,458,023.85"):
        assert figure in printed.get()
