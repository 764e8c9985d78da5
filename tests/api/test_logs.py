"""Logs have ids, routes and times; no description, no name, no token and no address's query."""

from __future__ import annotations

import json
from typing import Any

import pytest
import structlog
from acceptance.product import TOKENS

CANARY = "CANARY7QX"


def test_nothing_personal_reaches_a_log_line(
    ledger: Any,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ada, path = ledger.client, ledger.path
    caplog.set_level("DEBUG")
    caplog.set_level("WARNING", logger="httpx")  # The client's own log; clients are not ours.
    with structlog.testing.capture_logs() as lines:
        opened = ada.post("/v1/ledgers", {"name": CANARY, "currency": "USD"})
        ada.patch(f"/v1/ledgers/{opened['ledger_id']}", {"name": CANARY + "2"})
        ada.post(f"{path}/accounts", {"name": CANARY, "kind": "cash", "currency": "USD"})
        row = ledger.record(
            description=CANARY, notes=CANARY, counterparty=CANARY, tags=[CANARY], external_id=CANARY
        )
        ada.get(f"{path}/transactions", q=CANARY)
        ada.get(f"{path}/transactions", tag=CANARY)
        csv = f"Date,Description,Amount\n2025-03-01,{CANARY},-3.50\n".encode()
        ada.upload(f"{path}/imports", f"{CANARY}.csv", csv, account_id=ledger.checking)
        refused: list[tuple[str, str, Any]] = [
            ("POST", f"{path}/transactions", ledger.transaction(category=CANARY)),
            ("POST", f"{path}/transactions", ledger.transaction(date=CANARY)),
            ("POST", f"{path}/categories", {"path": f"{CANARY}.."}),
            ("GET", f"{path}/transactions/{CANARY}", None),
            ("GET", f"/v1/{CANARY}", None),
            ("PATCH", f"{path}/transactions/{row['transaction_id']}", {"amount": CANARY}),
        ]
        for method, address, body in refused:
            assert ada.send(method, address, json=body).status_code in (404, 422)
        broken = {"file": (f"{CANARY}.csv", f"{CANARY}\n{CANARY}".encode())}
        ada.send("POST", f"{path}/imports", files=broken, data={"account_id": ledger.checking})

        async def fault(*_: Any, **__: Any) -> None:
            raise RuntimeError(f"could not keep {CANARY}")

        monkeypatch.setattr("mintflow.projections.accounts.list_accounts", fault)
        assert ada.send("GET", f"{path}/accounts", params={"x": CANARY}).status_code == 500
    assert lines
    written = json.dumps(lines, default=str) + caplog.text + "".join(capsys.readouterr())
    assert CANARY not in written
    assert not any(token in written for token in TOKENS)


def test_every_line_of_a_request_has_its_id(ledger: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fault(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("mintflow.projections.accounts.list_accounts", fault)
    with structlog.testing.capture_logs() as lines:
        answers = [
            ledger.client.send("GET", f"{ledger.path}/{address}")
            for address in ("transactions", "nothing", "accounts")
        ]
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["status"] for line in requests] == [200, 404, 500]
    assert [line["request_id"] for line in requests] == [
        answer.headers["x-request-id"] for answer in answers
    ]
    assert all({"method", "route", "ms"} <= set(line) for line in requests)
    (failed,) = [line for line in lines if line["event"] == "request_failed"]
    assert failed["request_id"] == answers[2].headers["x-request-id"]
    assert failed["error"] == "RuntimeError"


def test_the_route_in_a_log_line_is_the_template_and_not_the_address(ledger: Any) -> None:
    with structlog.testing.capture_logs() as lines:
        ledger.client.get(f"{ledger.path}/accounts/{ledger.checking}")
    (line,) = [one for one in lines if one["event"] == "request"]
    assert line["route"] == "/v1/ledgers/{ledger_id}/accounts/{account_id}"
