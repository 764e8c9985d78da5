"""What-if answers before and after, by the same commands and queries, and writes nothing."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import psycopg
import pytest
from acceptance.product import Product, settled

pytestmark = pytest.mark.usefixtures("books")


def ask(ledger: Any, commands: list[dict[str, Any]], queries: list[str]) -> Any:
    body = {"commands": commands, "queries": queries}
    return ledger.client.post(f"{ledger.path}/what-if", body)


def whole(url: str) -> dict[str, str]:
    """A hash of every row of every table that the product keeps.

    The trail and the heads are left out: what happened before is noted there in its own time.
    """
    with psycopg.connect(url, autocommit=True) as conn:
        tables = conn.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema', 'audit')"
            " and schemaname not like 'pg_temp%' order by 1"
        ).fetchall()
        found = {}
        for (table,) in tables:
            rows = conn.execute(f"select t::text from {table} t order by 1".encode()).fetchall()
            found[table] = sha256(repr(rows).encode()).hexdigest()
        return found


def test_a_what_if_is_what_the_commands_would_have_done(books: Product, ledger: Any) -> None:
    ledger.record(category="food_dining", amount="-40")
    commands = [
        {"type": "set_budget", "category": "food_dining", "amount": "50", "start": "2025-03"},
        {"type": "record_transaction", **ledger.transaction(category="food_dining", amount="-20")},
        {"type": "move_category", "path": "food_dining", "to": "eating"},
    ]
    queries = [
        "balances", "category-totals?month=2025-03", "budgets/status?month=2025-03",
        "transactions?category=eating", "trial-balance", "categories",
    ]  # fmt: skip
    before = [data_at(ledger, query) for query in queries]
    # A reaction notes how far it has looked, a moment after what happened.
    settled(books)
    kept = whole(books.database_url)
    answer = ask(ledger, commands, queries)
    assert whole(books.database_url) == kept, "a question wrote something"
    assert [one["before"]["data"] for one in answer["queries"]] == before
    assert [one["type"] for one in answer["commands"]] == [one["type"] for one in commands]

    done = [{name: one[name] for name in one if name != "type"} for one in commands]
    ledger.client.put(f"{ledger.path}/budgets", done[0])
    ledger.client.post(f"{ledger.path}/transactions", done[1])
    ledger.client.post(f"{ledger.path}/categories/actions", {"action": "move", **done[2]})
    after = [data_at(ledger, query) for query in queries]
    told = [one["after"]["data"] for one in answer["queries"]]
    assert [plain(one) for one in told] == [plain(one) for one in after]
    assert [one["changed"] for one in answer["queries"]] == [
        old != new for old, new in zip(before, after, strict=True)
    ]


def test_a_later_command_sees_what_an_earlier_one_would_have_made(ledger: Any) -> None:
    commands = [
        {"type": "record_transaction", **ledger.transaction(external_id="a")},
        {"type": "record_transaction", **ledger.transaction(external_id="a")},
    ]
    answer = ask(ledger, commands, ["transactions"])
    assert [one["events"] for one in answer["commands"]] == [1, 0]
    assert len(answer["queries"][0]["after"]["data"]) == 1


def test_a_salary_from_march_comes_every_month(ledger: Any) -> None:
    salary = ledger.transaction(date="2025-03-31", amount="1000", category="income.salary")
    command = {"type": "record_transaction", **salary, "each_month_until": "2025-06-30"}
    answer = ask(ledger, [command], ["transactions?sort=date", "balances"])
    rows = answer["queries"][0]["after"]["data"]
    dates = ["2025-03-31", "2025-04-30", "2025-05-31", "2025-06-30"]
    assert [row["date"] for row in rows] == dates
    assert answer["queries"][1]["after"]["data"][0]["balance"] == "4000.00"


def test_a_merge_finds_what_was_only_imagined(ledger: Any) -> None:
    commands = [
        {"type": "record_transaction", **ledger.transaction(category="food_dining.groceries")},
        {
            "type": "merge_categories",
            "path": "food_dining.groceries",
            "into": "food_dining.coffee_shops",
        },
    ]
    answer = ask(ledger, commands, ["category-totals?month=2025-03"])
    [total] = answer["queries"][0]["after"]["data"]
    assert total["category"] == "food_dining.coffee_shops"


@pytest.mark.parametrize(
    ("commands", "queries", "code"),
    [
        ([{"type": "open_ledger", "name": "x"}], ["balances"], "command_not_imaginable"),
        ([{"type": "no_such"}], ["balances"], "command_not_imaginable"),
        ([{}], ["balances"], "command_not_imaginable"),
        ([{"type": "set_budget"}], ["balances"], "request_not_valid"),
        ([], ["balances"], "request_not_valid"),
        ([{"type": "add_category", "path": "a"}], [], "request_not_valid"),
        ([{"type": "add_category", "path": "a"}], ["../accounts"], "query_not_usable"),
        ([{"type": "add_category", "path": "a"}], ["events/stream"], "query_not_usable"),
        ([{"type": "add_category", "path": "a"}], ["balances?known_at=1"], "query_not_usable"),
        (
            [{"type": "add_category", "path": "a", "each_month_until": "2026-01-01"}],
            ["balances"],
            "command_not_imaginable",
        ),
        (
            [
                {
                    "type": "record_transaction", "account_id": "0" * 32, "date": "1900-01-01",
                    "amount": "1", "description": "x", "each_month_until": "2200-01-01",
                }
            ],
            ["balances"],
            "too_many_commands",
        ),
    ],
)  # fmt: skip
def test_refuses_what_can_not_be_imagined(
    ledger: Any, commands: list[dict[str, Any]], queries: list[str], code: str
) -> None:
    body = {"commands": commands, "queries": queries}
    answer = ledger.client.send("POST", f"{ledger.path}/what-if", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_a_refused_command_refuses_the_question(ledger: Any) -> None:
    commands = [{"type": "add_category", "path": path} for path in ("a", "b", "food_dining", "c")]
    body = {"commands": commands, "queries": ["balances"]}
    answer = ledger.client.send("POST", f"{ledger.path}/what-if", json=body)
    assert answer.status_code == 409
    assert answer.json()["error"]["details"]["index"] == 2


def test_a_query_that_can_not_be_asked_is_named(ledger: Any) -> None:
    body = {"commands": [{"type": "add_category", "path": "a"}], "queries": ["balances", "../x"]}
    refused = ledger.client.send("POST", f"{ledger.path}/what-if", json=body).json()["error"]
    assert (refused["code"], refused["details"]["index"]) == ("query_not_usable", 1)


def test_nobody_imagines_in_the_ledger_of_another(ledger: Any, bob: Any) -> None:
    body = {"commands": [{"type": "add_category", "path": "a"}], "queries": ["balances"]}
    assert bob.send("POST", f"{ledger.path}/what-if", json=body).status_code == 404


def data_at(ledger: Any, query: str) -> Any:
    path, _, asked = query.partition("?")
    address = f"{ledger.path}/{'accounts' if path == 'balances' else path}"
    return ledger.client.get(address, **dict(parse_qsl(asked)))


def plain(data: Any) -> Any:
    """Without what differs because it did happen: ids and times."""
    own = {"transaction_id", "recorded_at", "budget_id"}
    if isinstance(data, list):
        return [plain(one) for one in data]
    if isinstance(data, dict):
        return {name: plain(value) for name, value in data.items() if name not in own}
    return data
