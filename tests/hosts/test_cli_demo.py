"""The demo: the sample household from bank files to budgets, and again on the same folder."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from samples import sample

from mintflow.hosts.demo.household import FILES, labels


@pytest.fixture
def played(mintflow: CommandLine) -> dict[str, Any]:
    answer: dict[str, Any] = mintflow.json("demo")
    return answer


def sums(answer: dict[str, Any]) -> list[int]:
    return [sum(one[name] for one in answer["imported"]) for name in ("added", "known")]


def test_shows_balances_categories_budgets_where_the_api_is_and_what_to_try(
    mintflow: CommandLine,
) -> None:
    shown = mintflow("demo").stdout
    for part in (
        "2,754.83",
        "-3,299.30",
        "Categories this month (2026-11",
        "food_dining.groceries",
        "exceeded",
        "http://127.0.0.1:8377/docs",
        "What stood out, on 2026-0",
        "Three things to try next",
        f"mintflow audit verify --data {mintflow.data}",
    ):
        assert part in shown


def test_run_again_every_row_is_known_and_nothing_changes(
    mintflow: CommandLine, played: dict[str, Any]
) -> None:
    assert sums(played) == [1197, 112]
    again = mintflow.json("demo")
    assert sums(again) == [0, 1309]
    for part in ("totals", "budgets", "suggested", "labelled", "linked"):
        assert again[part] == played[part]


def test_every_figure_is_the_expected_one(mintflow: CommandLine, played: dict[str, Any]) -> None:
    """Figures that another program computed from the same history."""
    expected = json.loads(sample("household", "expected.json").read_text())
    balances = {one["name"]: one["balance"] for one in played["accounts"]}
    assert balances == expected["closing"]
    assert played["linked"] == expected["transfers"]
    assert played["month"] == max(expected["category_totals"])
    for month in list(expected["category_totals"])[::12]:
        totals = mintflow.json("categories", "--month", month)["totals"]
        found = {one["category"]: Decimal(one["amount"]) for one in totals}
        wanted = {name: Decimal(x) for name, x in expected["category_totals"][month].items()}
        assert found == wanted, month


def test_budgets_show_each_of_the_three_states(played: dict[str, Any]) -> None:
    assert {one["status"] for one in played["budgets"]} == {"ok", "warning", "exceeded"}
    assert any(Decimal(one["carried_in"]) for one in played["budgets"])


def test_most_rows_are_categorized_by_their_words_alone(played: dict[str, Any]) -> None:
    assert played["suggested"] > 10 * played["labelled"]


def test_a_folder_that_the_demo_did_not_make_is_not_thrown_away(
    mintflow: CommandLine, tmp_path: Path
) -> None:
    mintflow.data.mkdir()
    precious = mintflow.data / "precious"
    precious.touch()
    refused = mintflow.json("demo", "--fresh", exit_code=1)["error"]
    assert refused["code"] == "not_a_demo_folder"
    assert precious.exists()


def test_the_sample_comes_with_the_package() -> None:
    assert all(path.is_file() for paths in FILES.values() for path in paths)
    assert sum(map(len, labels().values())) == 1198
