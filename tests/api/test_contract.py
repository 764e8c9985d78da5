"""Every endpoint of the contract, with the fields that outside programs rely on.

More fields are welcome, missing ones are not. What a field means is checked where a sentence of
the contract says it.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from acceptance.product import Client, data_of

pytestmark = pytest.mark.usefixtures("books")

ACCOUNT = {"account_id", "name", "kind", "currency", "balance", "pending", "available"}
TRANSACTION = {
    "transaction_id", "account_id", "date", "amount", "currency", "description", "merchant",
    "category", "category_source", "status",
}  # fmt: skip
IMPORT = {"import_id", "added", "known", "updated", "skipped", "format"}
BUDGET_STATUS = {
    "category", "budgeted", "carried_in", "spent", "remaining", "ratio", "status",
}  # fmt: skip
CSV = b"Date,Description,Amount\n2025-03-01,Coffee,-3.50\n2025-03-01,Coffee,-3.50\n"


def test_health_and_ready_need_no_token(books: Any) -> None:
    stranger = books.client(None)
    assert stranger.send("GET", "/health").status_code == 200
    ready = stranger.send("GET", "/ready")
    assert ready.status_code == 200
    assert ready.json()["data"]["ready"] is True
    assert {part["state"] for part in ready.json()["data"]["parts"].values()} == {"ok"}


def test_ledgers_are_opened_listed_and_default_is_the_oldest(bob: Client) -> None:
    opened = bob.send("POST", "/v1/ledgers", json={"name": "First", "currency": "EUR"})
    assert opened.status_code == 201
    first = data_of(opened)
    assert has(first, "ledger_id", "name", "currency")
    assert (first["name"], first["currency"]) == ("First", "EUR")
    bob.post("/v1/ledgers", {"name": "Second", "currency": "USD"})
    listed = bob.get("/v1/ledgers")
    assert [one["name"] for one in listed] == ["First", "Second"]
    assert all(has(one, "ledger_id", "name", "currency") for one in listed)
    assert bob.get("/v1/ledgers/default/accounts") == []
    assert bob.get("/v1/ledgers/default")["ledger_id"] == first["ledger_id"]


def test_accounts_say_balance_pending_and_available(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    body = {
        "name": "Wallet", "kind": "cash", "currency": "USD",
        "opening_balance": "100", "opening_date": "2025-01-01",
    }  # fmt: skip
    opened = ada.send("POST", f"{path}/accounts", json=body)
    assert opened.status_code == 201
    account_id = data_of(opened)["account_id"]
    assert str(UUID(account_id)) == account_id
    ledger.record(account_id=account_id, amount="-20.00", status="pending")
    ledger.record(account_id=account_id, amount="5.00", status="pending")
    ledger.record(account_id=account_id, amount="-1.25")
    shown = ada.get(f"{path}/accounts/{account_id}")
    assert has(shown, *ACCOUNT)
    assert shown["balance"] == "98.75"
    assert shown["pending"] == "-15.00"
    # Pending income is not there yet, pending spending is as good as gone.
    assert shown["available"] == "78.75"
    assert [one["name"] for one in ada.get(f"{path}/accounts")] == ["checking", "savings", "Wallet"]
    assert shown in ada.get(f"{path}/accounts")
    assert ada.get(f"{path}/accounts/{account_id}", as_of="2025-01-31")["balance"] == "100.00"
    assert ada.get(f"{path}/accounts/{account_id}", as_of="2024-12-31")["balance"] == "0.00"


def test_an_opening_balance_and_its_day_are_changed_apart(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    body = {"name": "Wallet", "kind": "cash", "currency": "USD"}
    account = f"{path}/accounts/{ada.post(f'{path}/accounts', body)['account_id']}"

    def held(**changes: str | None) -> list[str]:
        ada.patch(account, changes)
        days = ("2025-01-01", "2025-02-01", "2025-03-01")
        return [ada.get(account, as_of=day)["balance"] for day in days]

    assert held(opening_date="2025-03-01") == ["0.00", "0.00", "0.00"]
    assert held(opening_balance="100") == ["100.00", "100.00", "100.00"]
    assert held(opening_date="2025-02-01") == ["0.00", "100.00", "100.00"]
    assert held(opening_balance="70") == ["0.00", "70.00", "70.00"]
    assert held(opening_balance="50", opening_date="2025-03-01") == ["0.00", "0.00", "50.00"]
    assert held(name="Purse") == ["0.00", "0.00", "50.00"]
    assert held(opening_date=None) == ["50.00", "50.00", "50.00"]


def test_account_history_is_the_balance_at_the_end_of_each_interval(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    for day, amount in (("2025-01-30", "10"), ("2025-02-01", "-3"), ("2025-03-15", "0.50")):
        ledger.record(date=day, amount=amount)
    history = f"{path}/accounts/{ledger.checking}/history"
    months = ada.get(history, interval="month")
    assert months == [
        {"date": "2025-01-31", "balance": "10.00"},
        {"date": "2025-02-28", "balance": "7.00"},
        {"date": "2025-03-31", "balance": "7.50"},
    ]
    days = ada.get(history, interval="day", start="2025-01-29", end="2025-02-02")
    assert [(one["date"], one["balance"]) for one in days] == [
        ("2025-01-29", "0.00"),
        ("2025-01-30", "10.00"),
        ("2025-01-31", "10.00"),
        ("2025-02-01", "7.00"),
        ("2025-02-02", "7.00"),
    ]


def test_imports_count_rows_and_name_the_line_that_is_wrong(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    fields = {"account_id": ledger.checking}
    predicted = ada.send(
        "POST",
        f"{path}/imports",
        files={"file": ("march.csv", CSV)},
        data=fields | {"dry_run": "true"},
    )
    assert predicted.status_code == 200
    done = ada.send("POST", f"{path}/imports", files={"file": ("march.csv", CSV)}, data=fields)
    assert done.status_code == 201
    assert has(data_of(done), *IMPORT)
    assert (data_of(done)["added"], data_of(done)["known"], data_of(done)["format"]) == (
        2,
        0,
        "csv",
    )
    assert data_of(predicted)["added"] == 2
    again = ada.upload(f"{path}/imports", "march.csv", CSV, **fields, format="auto")
    assert (again["added"], again["known"], again["updated"], again["skipped"]) == (0, 2, 0, 0)
    broken = CSV + b"2025-02-30,Coffee,-3.50\n"
    refused = ada.send("POST", f"{path}/imports", files={"file": ("x.csv", broken)}, data=fields)
    assert refused.status_code == 422
    assert "line 4" in refused.json()["error"]["message"]
    assert len(ada.pages(f"{path}/transactions")) == 2


def test_transactions_are_recorded_shown_and_known_by_external_id(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    body = ledger.transaction(
        category="food_dining.groceries", notes="for two", tags=["a"], external_id="x-1"
    )
    recorded = ada.send("POST", f"{path}/transactions", json=body)
    assert recorded.status_code == 201
    transaction = data_of(recorded)
    assert has(transaction, *TRANSACTION)
    assert transaction["amount"] == "-12.30"
    assert transaction["category"] == "food_dining.groceries"
    assert (transaction["category_source"], transaction["status"]) == ("user", "posted")
    again = ada.post(f"{path}/transactions", body)
    assert again["transaction_id"] == transaction["transaction_id"]
    shown = ada.get(f"{path}/transactions/{transaction['transaction_id']}")
    assert has(shown, *TRANSACTION)
    same = set(transaction) & set(shown) - {"known"}
    assert {name: shown[name] for name in same} == {name: transaction[name] for name in same}
    assert len(ada.pages(f"{path}/transactions")) == 1


def test_a_batch_is_all_or_nothing_and_says_what_was_known(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    rows = [ledger.transaction(external_id=f"b-{n}") for n in range(3)]
    first = ada.send("POST", f"{path}/transactions/batch", json={"transactions": rows[:2]})
    assert first.status_code == 201
    second = ada.post(f"{path}/transactions/batch", {"transactions": rows})
    assert [one["known"] for one in second] == [True, True, False]
    assert [one["transaction_id"] for one in second[:2]] == [
        one["transaction_id"] for one in data_of(first)
    ]
    wrong = [ledger.transaction(), ledger.transaction(category="no.such")]
    refused = ada.send("POST", f"{path}/transactions/batch", json={"transactions": wrong})
    assert refused.status_code == 404
    assert refused.json()["error"]["details"]["index"] == 1
    assert len(ada.pages(f"{path}/transactions")) == 3
    too_many = ada.send(
        "POST", f"{path}/transactions/batch", json={"transactions": [ledger.transaction()] * 1001}
    )
    assert too_many.status_code == 422


def test_transactions_are_filtered_by_everything_the_contract_names(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    groceries = ledger.record(
        category="food_dining.groceries", tags=["shared"], amount="-40", date="2025-03-01"
    )
    ledger.record(category="food_dining.fast_food", amount="-9.99", description="Burger 100%")
    ledger.record(account_id=ledger.savings, amount="500", date="2025-04-01")
    ledger.record(amount="-1", status="pending", date="2025-05-01")

    def found(**filters: Any) -> list[str]:
        rows = ada.get(f"{path}/transactions", **filters)
        assert all(has(row, *TRANSACTION) for row in rows)
        return [row["amount"] for row in rows]

    assert found() == ["-1.00", "500.00", "-9.99", "-40.00"]
    assert found(sort="date") == ["-40.00", "-9.99", "500.00", "-1.00"]
    assert found(account_id=ledger.savings) == ["500.00"]
    assert found(category="food_dining") == ["-9.99", "-40.00"]
    assert found(category="food_dining.groceries") == ["-40.00"]
    assert found(start_date="2025-03-02", end_date="2025-04-01") == ["500.00", "-9.99"]
    assert found(min_amount="-10", max_amount="0") == ["-1.00", "-9.99"]
    assert found(q="burger") == ["-9.99"]
    assert found(q="%") == ["-9.99"]
    assert found(tag="shared") == ["-40.00"]
    assert found(status="pending") == ["-1.00"]
    assert found(as_of="2025-03-13") == ["-40.00"]
    assert groceries["amount"] == "-40.00"


def test_a_transaction_is_categorized_split_voided_and_tells_its_history(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    transaction_id = ledger.record(amount="-30")["transaction_id"]
    address = f"{path}/transactions/{transaction_id}"
    one = ada.put(f"{address}/category", {"category": "shopping.home"})
    assert (one["category"], one["category_source"]) == ("shopping.home", "user")
    splits = [
        {"category": "shopping.home", "amount": "-10.00"},
        {"category": "food_dining.groceries", "amount": "-20.00"},
    ]
    assert ada.put(f"{address}/category", {"splits": splits})["splits"] == splits
    totals = ada.get(f"{path}/category-totals", month="2025-03")
    assert {row["category"]: row["amount"] for row in totals} == {
        "shopping.home": "-10.00",
        "food_dining.groceries": "-20.00",
    }
    ada.delete(address)
    assert ada.get(address)["status"] == "voided"
    assert ada.pages(f"{path}/transactions") == []
    history = ada.get(f"{address}/history")
    assert [event["type"] for event in history] == [
        "transaction.recorded",
        "transaction.categorized",
        "transaction.split",
        "transaction.voided",
    ]
    assert [event["stream_version"] for event in history] == [1, 2, 3, 4]


def test_a_transfer_has_both_legs_and_no_category_total(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    body = {
        "from_account_id": ledger.checking, "to_account_id": ledger.savings,
        "amount": "250.00", "date": "2025-03-02",
    }  # fmt: skip
    made = ada.send("POST", f"{path}/transfers", json=body)
    assert made.status_code == 201
    legs = data_of(made)["legs"]
    assert all(has(leg, *TRANSACTION) for leg in legs)
    assert [(leg["account_id"], leg["amount"]) for leg in legs] == [
        (ledger.checking, "-250.00"),
        (ledger.savings, "250.00"),
    ]
    assert ada.get(f"{path}/category-totals", month="2025-03") == []
    balances = {one["account_id"]: one["balance"] for one in ada.get(f"{path}/accounts")}
    assert balances == {ledger.checking: "-250.00", ledger.savings: "250.00"}


def test_category_totals_have_the_signs_of_the_account(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    ledger.record(category="food_dining.groceries", amount="-50")
    ledger.record(category="food_dining.groceries", amount="8", description="refund")
    ledger.record(category="income.salary", amount="2000", date="2025-03-31")
    ledger.record(category="income.salary", amount="1", date="2025-04-01")
    march = [
        {
            "category": "food_dining.groceries",
            "amount": "-42.00",
            "currency": "USD",
            "transactions": 2,
        },
        {"category": "income.salary", "amount": "2000.00", "currency": "USD", "transactions": 1},
    ]
    assert ada.get(f"{path}/category-totals", month="2025-03") == march
    between = ada.get(f"{path}/category-totals", start="2025-03-02", end="2025-03-31")
    assert between == march
    assert ada.get(f"{path}/category-totals", month="2025-03", as_of="2025-03-20") == march[:1]


def test_the_trial_balance_has_no_difference(ledger: Any) -> None:
    ledger.record(amount="-50")
    ledger.record(amount="70", account_id=ledger.savings)
    (line,) = ledger.client.get(f"{ledger.path}/trial-balance")
    assert has(line, "currency", "debits", "credits", "difference")
    assert (line["currency"], line["difference"]) == ("USD", "0.00")
    assert Decimal(line["debits"]) == Decimal(line["credits"]) == Decimal(70)


def test_budgets_are_set_and_their_status_is_told(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    body = {
        "category": "food_dining", "amount": "100", "period": "month",
        "start": "2025-02", "rollover": "surplus", "alert_threshold": "0.8",
    }  # fmt: skip
    answer = ada.send("PUT", f"{path}/budgets", json=body)
    assert answer.status_code == 200
    budget = data_of(answer)
    assert (budget["category"], budget["amount"], budget["rollover"]) == (
        "food_dining",
        "100.00",
        "surplus",
    )
    ledger.record(category="food_dining.groceries", amount="-30", date="2025-02-10")
    ledger.record(category="food_dining.restaurants", amount="-160", date="2025-03-10")
    (march,) = ada.get(f"{path}/budgets/status", month="2025-03")
    assert has(march, *BUDGET_STATUS)
    assert (march["budgeted"], march["carried_in"], march["spent"]) == ("100.00", "70.00", "160.00")
    assert (march["remaining"], march["status"]) == ("10.00", "warning")
    assert march["ratio"] == 0.9412
    ledger.record(category="food_dining", amount="-10.01", date="2025-03-11")
    assert ada.get(f"{path}/budgets/status", month="2025-03")[0]["status"] == "exceeded"
    assert ada.get(f"{path}/budgets/status", month="2025-01") == []
    plain = {"category": "travel", "amount": "5", "period": "month", "rollover": "none"}
    ada.put(f"{path}/budgets", plain)
    assert ada.get(f"{path}/budgets/status", month="1999-01")[0]["status"] == "ok"


def test_a_month_that_begins_late_after_another_kind_of_period_says_its_day(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    weeks = {"category": "travel", "amount": "50", "period": "two_weeks", "anchor": "2025-03-07"}
    ada.put(f"{path}/budgets", weeks | {"start": "2025-01-01"})
    months = {"category": "travel", "amount": "100", "period": "month"}
    assert ada.put(f"{path}/budgets", months | {"start": "2025-03-22"})["start"] == "2025-03-21"
    assert ada.put(f"{path}/budgets", months | {"amount": "90", "start": "2025-05"})["start"] == (
        "2025-05"
    )
    (budget,) = ada.get(f"{path}/budgets")
    assert [term["start"] for term in budget["terms"]] == ["2024-12-27", "2025-03-21", "2025-05"]
    (march,) = ada.get(f"{path}/budgets/status", date="2025-03-25")
    assert (march["start"], march["end"]) == ("2025-03-21", "2025-03-31")


def test_events_come_in_order_after_any_ledger_seq(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    for _ in range(5):
        ledger.record()
    events = ada.get(f"{path}/events")
    assert [event["ledger_seq"] for event in events] == list(range(1, len(events) + 1))
    assert all(
        has(event, "event_id", "type", "ledger_seq", "recorded_at", "data") for event in events
    )
    after = ada.get(f"{path}/events", after=events[1]["ledger_seq"], limit=2)
    assert after == events[2:4]
    recorded = ada.get(f"{path}/events", types="transaction.recorded")
    assert recorded == events[-5:]


def test_every_answer_says_its_position_and_queries_reflect_what_was_written(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    written = ada.send("POST", f"{path}/transactions", json=ledger.transaction())
    position = written.json()["meta"]["position"]
    for address in (
        path,
        f"{path}/accounts",
        f"{path}/accounts/{ledger.checking}",
        f"{path}/accounts/{ledger.checking}/history",
        f"{path}/transactions",
        f"{path}/transactions/{data_of(written)['transaction_id']}",
        f"{path}/transactions/{data_of(written)['transaction_id']}/history",
        f"{path}/category-totals?month=2025-03",
        f"{path}/trial-balance",
        f"{path}/budgets/status?month=2025-03",
        f"{path}/events",
        f"{path}/imports",
        f"{path}/categories",
        f"{path}/budgets",
    ):
        join = "&" if "?" in address else "?"
        answer = ada.send("GET", f"{address}{join}min_position={position}&as_of=2025-12-31")
        assert answer.status_code == 200, address
        assert answer.json()["meta"]["position"] >= position, address


def has(shown: dict[str, Any], *names: str) -> bool:
    """Whether all of these fields are there; dates and money are texts."""
    missing = set(names) - set(shown)
    assert not missing, f"missing: {sorted(missing)}"
    for name in ("amount", "balance", "pending", "available"):
        assert isinstance(shown.get(name, ""), str)
    if "date" in names:
        dt.date.fromisoformat(shown["date"])
    return True
