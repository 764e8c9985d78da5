"""A repeat under the same key gives the first answer; the key belongs to one request for ever."""

from __future__ import annotations

from typing import Any

import pytest
from acceptance.product import Client, data_of


def test_a_repeat_gives_the_first_answer_and_says_so(ledger: Any) -> None:
    ada, address = ledger.client, f"{ledger.path}/transactions"
    key = {"Idempotency-Key": "coffee-1"}
    first = ada.send("POST", address, json=ledger.transaction(), headers=key)
    again = ada.send("POST", address, json=ledger.transaction(), headers=key)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, data_of(again)) == (first.status_code, data_of(first))
    assert again.json()["meta"]["position"] == first.json()["meta"]["position"]
    assert len(ada.pages(address)) == 1


def test_another_body_under_the_key_is_refused(ledger: Any) -> None:
    ada, address = ledger.client, f"{ledger.path}/transactions"
    key = {"Idempotency-Key": "k"}
    ada.send("POST", address, json=ledger.transaction(), headers=key)
    other = ada.send("POST", address, json=ledger.transaction(amount="-99"), headers=key)
    assert other.status_code == 422
    assert other.json()["error"]["code"] == "idempotency_key_reused"


def test_a_refusal_under_a_key_stays_refused(ledger: Any) -> None:
    ada, address = ledger.client, f"{ledger.path}/transactions"
    key = {"Idempotency-Key": "k"}
    body = ledger.transaction(category="hobby")
    first = ada.send("POST", address, json=body, headers=key)
    ada.post(f"{ledger.path}/categories", {"path": "hobby"})
    again = ada.send("POST", address, json=body, headers=key)
    assert (first.status_code, again.status_code) == (404, 404)
    assert first.json()["error"] == again.json()["error"]
    # Else it would be taken for the state of things.
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


def test_without_a_key_nothing_is_taken_for_a_repeat(ledger: Any) -> None:
    ada, address = ledger.client, f"{ledger.path}/transactions"
    for _ in range(2):
        ada.post(address, ledger.transaction())
    assert len(ada.pages(address)) == 2


def test_an_import_under_a_key_is_done_once(ledger: Any) -> None:
    ada, address = ledger.client, f"{ledger.path}/imports"
    file = {"file": ("a.csv", b"Date,Description,Amount\n2025-03-01,Coffee,-3.50\n")}
    fields, key = {"account_id": ledger.checking}, {"Idempotency-Key": "file-1"}
    first = ada.send("POST", address, files=file, data=fields, headers=key)
    again = ada.send("POST", address, files=file, data=fields, headers=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert data_of(again) == data_of(first)
    assert data_of(again)["added"] == 1


def test_keys_of_two_people_do_not_meet(ada: Client, bob: Client) -> None:
    body, key = {"name": "Home", "currency": "USD"}, {"Idempotency-Key": "same"}
    opened = [
        data_of(who.send("POST", "/v1/ledgers", json=body, headers=key)) for who in (ada, bob)
    ]
    assert opened[0]["ledger_id"] != opened[1]["ledger_id"]


def test_many_repeats_at_once_are_one_transaction(ledger: Any) -> None:
    ada, address = ledger.client, f"{ledger.path}/transactions"
    how = {"json": ledger.transaction(), "headers": {"Idempotency-Key": "storm"}}
    answers = ada.send_all([("POST", address, how)] * 40)
    assert {one.status_code for one in answers} == {201}
    assert len({data_of(one)["transaction_id"] for one in answers}) == 1
    assert sum("idempotency-replayed" not in one.headers for one in answers) == 1
    assert len(ada.pages(address)) == 1


@pytest.mark.parametrize("key", [b"", b"x" * 256, b"\xc3\xa9", b"a\x01b", b"a\tb", b"\x7f"])
def test_a_key_that_is_no_printable_ascii_is_refused(ledger: Any, key: bytes) -> None:
    answer = ledger.client.send(
        "POST",
        f"{ledger.path}/transactions",
        json=ledger.transaction(),
        headers={"Idempotency-Key": key},
    )
    assert answer.status_code == 422
    assert len(ledger.client.pages(f"{ledger.path}/transactions")) == 0
