"""Connections over HTTP: what a bank connector hands over, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from acceptance.product import Client, data_of

pytestmark = pytest.mark.usefixtures("books")


def connection_of(ledger: Any) -> str:
    opened = ledger.client.send(
        "POST",
        f"{ledger.path}/connections",
        json={"provider": "sandbox", "institution": "First Bank"},
    )
    assert opened.status_code == 201
    connection_id: str = data_of(opened)["connection_id"]
    return connection_id


def row(external_id: str, amount: str = "-5.00", **facts: Any) -> dict[str, Any]:
    plain = {"date": "2025-03-14", "description": "Corner shop"}
    return {"external_id": external_id, "amount": amount, **plain, **facts}


def sync(ledger: Any, connection_id: str, *rows: dict[str, Any], **facts: Any) -> Any:
    return ledger.client.send(
        "POST",
        f"{ledger.path}/connections/{connection_id}/syncs",
        json={"account_id": ledger.checking, "transactions": rows, **facts},
    )


def test_a_sync_brings_rows_once_and_the_connection_says_where_it_goes_on(ledger: Any) -> None:
    connection_id = connection_of(ledger)
    first = sync(ledger, connection_id, row("b1"), row("b2", status="pending"), cursor="c1")
    assert first.status_code == 201
    assert (data_of(first)["added"], data_of(first)["cursor"]) == (2, "c1")
    again = data_of(sync(ledger, connection_id, row("b1"), row("b3", "7.00"), cursor="c2"))
    assert (again["added"], again["known"]) == (1, 1)
    account = ledger.client.get(f"{ledger.path}/accounts/{ledger.checking}")
    assert (account["balance"], account["pending"]) == ("2.00", "-5.00")
    (shown,) = ledger.client.get(f"{ledger.path}/connections")
    assert (shown["provider"], shown["institution"]) == ("sandbox", "First Bank")
    (account,) = shown["accounts"]
    assert account["account_id"] == ledger.checking
    assert (account["cursor"], account["added"], account["known"]) == ("c2", 1, 1)


def test_a_pending_row_posts_under_another_id_and_the_bank_takes_the_old_one_back(
    ledger: Any,
) -> None:
    connection_id = connection_of(ledger)
    sync(ledger, connection_id, row("p1", "-10.00", status="pending"))
    (pending,) = ledger.client.get(f"{ledger.path}/transactions")
    ledger.client.send(
        "PUT",
        f"{ledger.path}/transactions/{pending['transaction_id']}/category",
        json={"category": "shopping"},
    )
    posted = sync(ledger, connection_id, row("b1", "-10.00", date="2025-03-16"), removed=["p1"])
    assert (data_of(posted)["updated"], data_of(posted)["removed"]) == (1, 0)
    (shown,) = ledger.client.get(f"{ledger.path}/transactions")
    assert (shown["status"], shown["category"]) == ("posted", "shopping")


def test_what_the_bank_says_the_account_holds_is_kept_as_a_reported_balance(ledger: Any) -> None:
    connection_id = connection_of(ledger)
    balance = {"date": "2025-03-14", "amount": "-5.00"}
    sync(ledger, connection_id, row("b1"), balance=balance)
    events = ledger.client.get(f"{ledger.path}/events", types="account.balance_reported")
    assert [one["data"]["amount"] for one in events] == ["-5.00"]


@pytest.mark.parametrize(
    ("facts", "where"),
    [
        ({"transactions": [row("b1", amount="1e5")]}, "amount"),
        ({"transactions": [row("b1", date="2025-02-30")]}, "date"),
        ({"transactions": [{**row("b1"), "external_id": ""}]}, "external_id"),
        ({"transactions": [row(str(n)) for n in range(5_001)]}, "transactions"),
        ({"transactions": [], "removed": ["x"] * 5_001}, "removed"),
        ({"transactions": [], "cursor": "c" * 1_001}, "cursor"),
        ({"transactions": [], "surprise": 1}, "surprise"),
    ],
)
def test_refuses_what_is_not_a_sync_and_names_the_field(
    ledger: Any, facts: dict[str, Any], where: str
) -> None:
    refused = ledger.client.send(
        "POST",
        f"{ledger.path}/connections/{connection_of(ledger)}/syncs",
        json={"account_id": ledger.checking, **facts},
    )
    assert refused.status_code == 422
    assert where in refused.text


def test_a_row_that_can_not_be_kept_refuses_the_whole_sync(ledger: Any) -> None:
    connection_id = connection_of(ledger)
    refused = sync(ledger, connection_id, row("b1"), row("b2", currency="EUR"))
    assert refused.status_code == 422
    assert refused.json()["error"]["details"]["where"] == "transactions[1]"
    assert ledger.client.get(f"{ledger.path}/transactions") == []


def test_refuses_a_sync_of_another_ledgers_connection(ledger: Any, bob: Client) -> None:
    connection_id = connection_of(ledger)
    path = f"/v1/ledgers/{bob.post('/v1/ledgers', {'name': 'B', 'currency': 'USD'})['ledger_id']}"
    account = bob.post(f"{path}/accounts", {"name": "a", "kind": "checking", "currency": "USD"})
    refused = bob.send(
        "POST",
        f"{path}/connections/{connection_id}/syncs",
        json={"account_id": account["account_id"], "transactions": [row("b1")]},
    )
    assert refused.status_code == 404
    assert bob.get(f"{path}/connections") == []


def test_a_sync_is_undone_by_the_import_id_that_it_answered(ledger: Any) -> None:
    """Also one that brought no row of its own, and nothing but an import or a sync."""
    connection_id = connection_of(ledger)
    first = data_of(sync(ledger, connection_id, row("b1"), cursor="c1"))
    second = data_of(sync(ledger, connection_id, row("b1", "-6.00"), cursor="c2"))
    (shown,) = ledger.client.get(f"{ledger.path}/transactions")
    assert (shown["import_id"], second["updated"]) == (first["import_id"], 1)

    def undo(status: int = 200, **asked: Any) -> dict[str, Any]:
        answer = ledger.client.send("POST", f"{ledger.path}/undo", json=asked)
        assert answer.status_code == status, answer.text
        return dict(answer.json()["data"] if answer.is_success else answer.json()["error"])

    preview = undo(import_id=second["import_id"], dry_run=True)
    undone = undo(import_id=second["import_id"])
    assert undone["changes"] == preview["changes"]
    assert ledger.client.get(f"{ledger.path}/accounts/{ledger.checking}")["balance"] == "-5.00"
    assert undo(409, import_id=second["import_id"])["code"] == "operation_is_undone"
    undo(import_id=first["import_id"])
    assert ledger.client.get(f"{ledger.path}/transactions") == []
    # The undoing is undone by its operation_id; an id of another operation names no import.
    opened = ledger.client.get(f"{ledger.path}/operations")[-1]["operation_id"]
    for other in (undone["operation_id"], opened, connection_id, ledger.checking):
        refusal = undo(404, import_id=other)
        assert (refusal["code"], refusal["details"]) == (
            "operation_not_found", {"import_id": other},
        )  # fmt: skip
