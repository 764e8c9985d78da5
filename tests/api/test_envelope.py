"""One shape for every answer, whatever happens; and what HTTP itself offers: ETag, HEAD, limits."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import httpx
import pytest
from acceptance.product import TOKENS, Product, product
from services import PostgresService

from mintflow.hosts.settings import Settings


def assert_enveloped(answer: httpx.Response) -> dict[str, Any]:
    """The body, which is of the one shape; the id of the request is in it and in the header."""
    body: dict[str, Any] = answer.json()
    assert body["success"] is answer.is_success
    if answer.is_success:
        assert "data" in body
        assert "error" not in body
    else:
        assert set(body["error"]) == {"code", "message", "details"}
        assert body["error"]["message"]
        assert "data" not in body
    dt.datetime.fromisoformat(body["meta"]["timestamp"])
    assert str(UUID(body["meta"]["request_id"])) == answer.headers["x-request-id"]
    return body


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing-here", 404, "not_found"),
        ("GET", "{ledger}/accounts/", 404, "not_found"),
        ("PUT", "{ledger}/accounts", 405, "method_not_allowed"),
        ("OPTIONS", "{ledger}/accounts", 405, "method_not_allowed"),
        ("TRACE", "{ledger}/accounts", 405, "method_not_allowed"),
        ("GET", "{ledger}/accounts/not-an-id", 422, "request_not_valid"),
        ("GET", "{ledger}/accounts?known_at=-5", 422, "known_at_not_readable"),
        ("GET", "{ledger}/category-totals?month=2025-13", 422, "month_not_readable"),
        ("GET", "/v1/ledgers/00000000-0000-0000-0000-000000000000", 404, "ledger_not_found"),
        ("POST", "{ledger}/transactions", 422, "request_not_valid"),
    ],
)
def test_every_refusal_is_in_the_envelope(
    ledger: Any, method: str, path: str, status: int, code: str
) -> None:
    answer = ledger.client.send(method, path.replace("{ledger}", ledger.path))
    body = assert_enveloped(answer)
    assert (answer.status_code, body["error"]["code"]) == (status, code)


def test_every_success_is_in_the_envelope(ledger: Any) -> None:
    for path in ("/health", "/ready", "/v1/ledgers", ledger.path, f"{ledger.path}/accounts"):
        assert_enveloped(ledger.client.send("GET", path))


def test_head_is_refused_without_a_body_and_says_what_is_allowed(ledger: Any) -> None:
    answer = ledger.client.send("HEAD", f"{ledger.path}/accounts")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic token-of-ada-5b1f",
        "token-of-ada-5b1f",
        "Bearer token-of-ada-5b1f x",
        "Bearer \xff\xfe",
        "Bearer " + "x" * 20_000,
    ],
)
def test_nobody_comes_in_without_a_valid_token(
    books: Product, ledger: Any, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = books.client(None).send("GET", f"{ledger.path}/accounts", headers=headers)
    body = assert_enveloped(answer)
    assert (answer.status_code, body["error"]["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_etag_of_a_query_stands_until_something_is_written(ledger: Any) -> None:
    ada, address = ledger.client, f"{ledger.path}/accounts"
    first = ada.send("GET", address)
    unchanged = ada.send("GET", address, headers={"If-None-Match": first.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == first.headers["etag"]
    ledger.record()
    changed = ada.send("GET", address, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_a_fault_tells_nothing_of_its_inside(ledger: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("mintflow.projections.accounts.list_accounts", broken)
    answer = ledger.client.send("GET", f"{ledger.path}/accounts")
    body = assert_enveloped(answer)
    assert (answer.status_code, body["error"]["code"]) == (500, "internal_error")
    assert "secret" not in answer.text


def test_a_position_that_does_not_come_is_503_with_the_lag(ledger: Any) -> None:
    head = ledger.client.send("GET", f"{ledger.path}/accounts").json()["meta"]["position"]
    far = {"min_position": head + 1000}
    answer = ledger.client.send("GET", f"{ledger.path}/accounts", params=far)
    body = assert_enveloped(answer)
    assert (answer.status_code, body["error"]["code"]) == (503, "not_yet_visible")
    details = body["error"]["details"]
    assert (details["position"], details["reached"]) == (head + 1000, head)
    assert details["behind"] == 1000
    assert int(answer.headers["retry-after"]) > 0


@pytest.fixture(scope="module")
def strict(postgres: PostgresService) -> Any:
    """A product with limits that a test can reach."""
    environ = {"MINTFLOW_BODY_BYTES_MAX": "2000", "MINTFLOW_UPLOAD_BYTES_MAX": "4000"}
    settings = Settings.from_environment(environ)
    with postgres.migrated() as url, product(url, settings=settings) as started:
        yield started


def test_a_body_beyond_the_limit_is_413_with_or_without_a_length(strict: Product) -> None:
    ada = strict.client()
    path = "/v1/ledgers/" + ada.post("/v1/ledgers", {"name": "x", "currency": "USD"})["ledger_id"]

    taken = 0

    async def in_pieces(size: int) -> Any:
        nonlocal taken
        for _ in range(size // 100):
            yield b" " * 100
            taken += 100

    json = {"Content-Type": "application/json"}
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    for address, headers, content, limit in (
        (f"{path}/transactions", json, b" " * 2001, 2000),
        (f"{path}/transactions", json, in_pieces(9000), 2000),
        (f"{path}/imports", form, b" " * 4001, 4000),
        (f"{path}/imports", form, start + b"1" * 4000, 4000),
    ):
        answer = ada.send("POST", address, headers=headers, content=content)
        body = assert_enveloped(answer)
        assert (answer.status_code, body["error"]["code"]) == (413, "body_too_large"), address
        assert body["error"]["details"] == {"bytes_max": limit}
    # All of it was taken: a client that is still sending would meet a closed door, and no reason.
    assert taken == 9000
    for length in ("-1", "1e3", "99999999999999999999", "x"):
        answer = ada.send(
            "POST", f"{path}/transactions", headers=json | {"Content-Length": length}, content=b"{}"
        )
        assert answer.status_code in (413, 422)
        assert_enveloped(answer)


def test_too_many_requests_are_429_for_that_caller_alone(postgres: PostgresService) -> None:
    settings = Settings.from_environment(
        {"MINTFLOW_REQUESTS_PER_S": "1", "MINTFLOW_REQUESTS_BURST": "5"}
    )
    with postgres.migrated() as url, product(url, settings=settings) as started:
        ada = started.client()
        answers = [ada.send("GET", "/v1/ledgers") for _ in range(20)]
        assert [one.status_code for one in answers[:5]] == [200] * 5
        refused = answers[-1]
        body = assert_enveloped(refused)
        assert (refused.status_code, body["error"]["code"]) == (429, "too_many_requests")
        assert int(refused.headers["retry-after"]) > 0
        assert started.client(TOKENS[1]).send("GET", "/v1/ledgers").status_code == 200


def test_a_caller_who_is_refused_may_finish_sending(strict: Product) -> None:
    taken = 0

    async def in_pieces() -> Any:
        nonlocal taken
        for _ in range(50):
            yield b" " * 100
            taken += 100

    stranger = strict.client("nobody's token")
    for content_length in ({}, {"Content-Length": "5000"}):
        taken = 0
        answer = stranger.send(
            "POST", "/v1/ledgers/default/imports", headers=content_length, content=in_pieces()
        )
        assert (answer.status_code, taken) == (401, 5000)
        assert_enveloped(answer)


def test_every_success_says_its_position(ledger: Any) -> None:
    row = ledger.transaction(external_id="seen twice")
    first = ledger.client.send("POST", f"{ledger.path}/transactions", json=row).json()
    again = ledger.client.send("POST", f"{ledger.path}/transactions", json=row).json()
    assert again["data"]["known"] is True
    assert again["meta"]["position"] >= first["meta"]["position"]
    batch = {"transactions": [row]}
    known = ledger.client.send("POST", f"{ledger.path}/transactions/batch", json=batch).json()
    assert known["data"][0]["known"] is True
    position = known["meta"]["position"]
    assert position >= first["meta"]["position"]
    seen = {"min_position": position}
    for address in ("/accounts", "/events?after=1000000", "/operations"):
        answer = ledger.client.send("GET", ledger.path + address, params=seen).json()
        assert answer["meta"]["position"] >= position, address
    # Of several ledgers there is no one position.
    assert ledger.client.send("GET", "/v1/ledgers").json()["meta"]["position"] is None


def test_a_rule_about_several_fields_says_where_it_was_broken(ledger: Any) -> None:
    made = ledger.client.post(f"{ledger.path}/transactions", ledger.transaction())
    path = f"{ledger.path}/transactions/{made['transaction_id']}/category"
    error = ledger.client.send("PUT", path, json={}).json()["error"]
    assert [one["where"] for one in error["details"]] == [["body"]]
    amount = {"min_amount": "1e400"}
    error = ledger.client.send("GET", f"{ledger.path}/transactions", params=amount).json()["error"]
    assert [one["where"] for one in error["details"]] == [["query", "min_amount"]]


def test_a_share_of_a_budget_may_be_a_number_and_money_may_not(ledger: Any) -> None:
    wish = {"category": "travel", "amount": "200.00", "period": "monthly"}
    for given, kept in ((0.75, "0.75"), ("0.9", "0.9"), (1, "1")):
        budget = ledger.client.send(
            "PUT", f"{ledger.path}/budgets", json=wish | {"alert_threshold": given}
        )
        assert (budget.status_code, budget.json()["data"]["alert_threshold"]) == (200, kept)
    for wrong in ({"alert_threshold": 1.5}, {"alert_threshold": 1e-20}, {"amount": 200.5}):
        refused = ledger.client.send("PUT", f"{ledger.path}/budgets", json=wish | wrong)
        assert refused.status_code == 422, wrong
        assert_enveloped(refused)


def test_an_account_that_opens_with_nothing_says_so_in_its_currency(ledger: Any) -> None:
    for currency, nothing in (("USD", "0.00"), ("JPY", "0"), ("KWD", "0.000")):
        wish = {"name": f"Box {currency}", "kind": "cash", "currency": currency}
        made = ledger.client.post(f"{ledger.path}/accounts", wish)
        assert made["opening_balance"] == nothing
