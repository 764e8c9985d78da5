"""What belongs to somebody else is not there: the same 404 as for what never was."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest
from acceptance.product import Client

from mintflow.api.core.app import create_app
from mintflow.api.core.services import Services
from mintflow.hosts.capabilities import routers


class _Version:
    """All that the document needs of the services."""

    version = "test"


DOCUMENT = create_app(cast("Services", _Version()), routers()).openapi()
OF_A_LEDGER = [
    (method.upper(), path)
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
    if "{ledger_id}" in path
]


def test_there_are_operations_to_try() -> None:
    assert len(OF_A_LEDGER) > 25


@pytest.mark.parametrize(("method", "path"), OF_A_LEDGER, ids=lambda part: str(part))
def test_another_persons_ledger_is_not_there(
    ledger: Any, bob: Client, method: str, path: str
) -> None:
    transaction_id = ledger.record()["transaction_id"]
    ids = {"ledger_id": ledger.path.rpartition("/")[2], "account_id": ledger.checking}
    names = re.findall(r"{(\w+)}", path)
    address = path.format(**{name: ids.get(name, transaction_id) for name in names})
    before = len(_events(ledger))
    answer = bob.send(method, address, json={} if method in ("POST", "PUT", "PATCH") else None)
    never = bob.send("GET", "/v1/ledgers/6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ledger_not_found")
    assert answer.json()["error"]["message"] == never.json()["error"]["message"]
    assert len(_events(ledger)) == before


def test_ids_of_another_ledger_are_not_there(ledger: Any, bob: Client) -> None:
    theirs = ledger.record()["transaction_id"]
    mine = bob.post("/v1/ledgers", {"name": "Mine", "currency": "USD"})
    path = f"/v1/ledgers/{mine['ledger_id']}"
    own = bob.post(f"{path}/accounts", {"name": "a", "kind": "cash", "currency": "USD"})[
        "account_id"
    ]
    body = {"account_id": ledger.checking, "date": "2025-01-01", "amount": "1", "description": "x"}
    transfer = {"from_account_id": own, "amount": "1", "date": "2025-01-01"}
    row = bob.post(f"{path}/transactions", body | {"account_id": own})["transaction_id"]
    monthly = {"name": "Rent", "amount": "-9", "frequency": "monthly", "first_due": "2025-01-01"}
    bill = bob.post(f"{path}/bills", monthly)["bill_id"]
    paid = {"due": "2025-01-01", "mark": "paid"}
    tries: list[tuple[str, str, Any]] = [
        ("GET", f"accounts/{ledger.checking}", None),
        ("GET", f"accounts/{ledger.checking}/history", None),
        ("PATCH", f"accounts/{ledger.checking}", {"name": "mine now"}),
        (
            "POST",
            f"accounts/{ledger.checking}/reported-balances",
            {"date": "2025-01-01", "amount": "1"},
        ),
        ("POST", "transactions", body),
        ("POST", "transactions/batch", {"transactions": [body]}),
        ("POST", "transfers", transfer | {"to_account_id": ledger.checking}),
        ("GET", f"transactions/{theirs}", None),
        ("GET", f"transactions/{theirs}/history", None),
        ("PUT", f"transactions/{theirs}/category", {"category": "travel"}),
        ("PATCH", f"transactions/{theirs}", {"notes": "mine now"}),
        ("DELETE", f"transactions/{theirs}", None),
        ("POST", f"transactions/{theirs}/post", {}),
        ("POST", f"transactions/{theirs}/reinstate", None),
        ("POST", f"transactions/{theirs}/match", {"imported_id": row}),
        ("POST", f"transactions/{row}/match", {"imported_id": theirs}),
        ("POST", "transfers/link", {"from_transaction_id": row, "to_transaction_id": theirs}),
        ("POST", f"bills/{bill}/marks", paid | {"transaction_id": theirs}),
        ("POST", f"bills/{theirs}/marks", paid),
    ]
    for method, address, json in tries:
        answer = bob.send(method, f"{path}/{address}", json=json)
        assert answer.status_code == 404, (method, address, answer.text)
    file = {"file": ("a.csv", b"Date,Description,Amount\n2025-03-01,Coffee,-3.50\n")}
    upload = bob.send("POST", f"{path}/imports", files=file, data={"account_id": ledger.checking})
    assert upload.status_code == 404
    assert bob.get(f"{path}/transactions", account_id=ledger.checking) == []
    assert ledger.client.get(f"{ledger.path}/transactions/{theirs}")["status"] == "posted"
    assert len(ledger.client.pages(f"{ledger.path}/transactions")) == 1


def test_the_list_of_ledgers_is_ones_own(ledger: Any, bob: Client) -> None:
    assert ledger.path.rpartition("/")[2] not in {
        one["ledger_id"] for one in bob.get("/v1/ledgers")
    }


def test_a_stream_that_is_no_transaction_has_no_transaction_history(ledger: Any) -> None:
    answer = ledger.client.send("GET", f"{ledger.path}/transactions/{ledger.checking}/history")
    assert answer.status_code == 404


def _events(ledger: Any) -> list[Any]:
    found: list[Any] = ledger.client.get(f"{ledger.path}/events", limit=1000)
    return found
