"""Bodies that nobody should send: each is refused with place and reason, none is a fault."""

from __future__ import annotations

import json
from typing import Any

import pytest

JSON = {"Content-Type": "application/json"}
ROW = b"Date,Description,Amount\n2025-03-01,Coffee,-3.50\n"


def refusal(ledger: Any, status: int = 422, **how: Any) -> dict[str, Any]:
    """The error of a POST of a transaction, which must be refused and leave nothing."""
    answer = ledger.client.send("POST", f"{ledger.path}/transactions", **how)
    assert answer.status_code == status, answer.text
    assert ledger.client.pages(f"{ledger.path}/transactions") == []
    error: dict[str, Any] = answer.json()["error"]
    return error


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"{}{}",
        b'{"a": 1,}',
        b"\x00",
        b'{"description": "\xff\xfe"}',
        b'{"description": "\\ud800"}',
        b'\xef\xbb\xbf{"account_id": 1}',
        "{}".encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"amount": NaN}',
        b'{"amount": -Infinity}',
        b'{"amount": 1' + b"0" * 100_000 + b"}",
    ],
    ids=lambda content: repr(content[:20]),
)
def test_what_is_no_transaction_in_json_is_refused_with_the_place(
    ledger: Any, content: bytes
) -> None:
    error = refusal(ledger, content=content, headers=JSON)
    assert error["code"] == "request_not_valid"
    assert all(problem["where"][0] == "body" for problem in error["details"])
    assert all(problem["problem"] for problem in error["details"])


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "", "x", None]
)
def test_json_under_another_content_type_is_refused(ledger: Any, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    refusal(ledger, content=json.dumps(ledger.transaction()).encode(), headers=headers)


@pytest.mark.parametrize(
    "amount",
    ["1.5", "1e2", "-0.1", "123456789012345678901234567890", "true", "[1]", "{}", "null"],
)
def test_money_that_is_no_exact_number_is_refused(ledger: Any, amount: str) -> None:
    body = json.dumps(ledger.transaction(amount="@")).replace('"@"', amount)
    error = refusal(ledger, content=body.encode(), headers=JSON)
    (problem,) = error["details"]
    assert problem["where"] == ["body", "amount"]
    assert "decimal" in problem["problem"].lower()


@pytest.mark.parametrize(
    "amount",
    [
        "NaN", "sNaN", "Infinity", "-Infinity", "1e5", "1E-999999999", "1e999999999", "1_000",
        " 5", "5 ", "", "-", ".", "1.", ".5", "0x10", "1,000.00", "\u0661\u0662", "5\n", "1" * 65,
    ],
)  # fmt: skip
def test_text_that_is_no_plain_decimal_is_refused(ledger: Any, amount: str) -> None:
    error = refusal(ledger, json=ledger.transaction(amount=amount))
    assert error["details"][0]["where"] == ["body", "amount"]
    assert "digits" in error["details"][0]["problem"]


@pytest.mark.parametrize("amount", ["0.001", "1000000000000000", "-9999999999999999.99"])
def test_more_digits_than_the_currency_has_are_refused_and_never_rounded(
    ledger: Any, amount: str
) -> None:
    assert refusal(ledger, json=ledger.transaction(amount=amount))["code"] == "too_many_digits"


def test_zero_has_no_sign(ledger: Any) -> None:
    assert ledger.record(amount="-0")["amount"] == "0.00"
    assert ledger.record(amount="-0.00")["amount"] == "0.00"


@pytest.mark.parametrize(
    "facts",
    [
        {"description": "a\0b"},
        {"notes": "\0"},
        {"counterparty": "\0"},
        {"tags": ["a\0"]},
        {"external_id": "a\0"},
        {"category": "a\0"},
        {"description": "x" * 2001},
        {"description": None},
        {"description": 5},
        {"notes": ["x"]},
        {"tags": ["x"] * 51},
        {"tags": [""]},
        {"tags": "text"},
        {"external_id": ""},
        {"external_id": "x" * 256},
        {"date": "2025-02-30"},
        {"date": "14.03.2025"},
        {"date": 20250314},
        {"date": 0},
        {"date": "0"},
        {"date": "1741910400"},
        {"date": "1899-12-31"},
        {"date": "2201-01-01"},
        {"date": "2025-03-14T23:59:59"},
        {"account_id": "x"},
        {"account_id": 5},
        {"status": "voided"},
        {"currency": "EUR"},
        {"transaction_id": "00000000-0000-0000-0000-000000000000"},
        {"__proto__": {}},
    ],
    ids=repr,
)
def test_a_field_that_is_not_as_described_is_refused(ledger: Any, facts: dict[str, Any]) -> None:
    refusal(ledger, json=ledger.transaction(**facts))


def test_what_was_sent_is_not_repeated_in_a_refusal(ledger: Any) -> None:
    secret = "between-me-and-my-bank"
    for facts in ({"amount": secret}, {"date": secret}, {"tags": secret}, {"status": secret}):
        answer = ledger.client.send(
            "POST", f"{ledger.path}/transactions", json=ledger.transaction(**facts)
        )
        assert answer.status_code == 422
        assert secret not in answer.text


def test_texts_of_every_script_come_back_as_they_were_sent(ledger: Any) -> None:
    for text in (
        "Ünïcödé", "日本語", "👩‍👩‍👧‍👦", "ltr \u202e rtl", "\u0301", "tab\tnewline\r\n",
        "'; drop table model.transactions; --", '{"$ne": 1}', "\\N", "\\", "{a,b}", "\x01\x1f\x7f",
        "\ufeffbom", "\u2028", "%s %(x)s", "<script>",
    ):  # fmt: skip
        recorded = ledger.record(description=text, notes=text, counterparty=text, tags=[text])
        shown = ledger.client.get(f"{ledger.path}/transactions/{recorded['transaction_id']}")
        assert (shown["description"], shown["notes"], shown["merchant"]) == (text, text, text)
        assert shown["tags"] == [text]
        tagged = ledger.client.get(f"{ledger.path}/transactions", tag=text)
        assert recorded["transaction_id"] in {one["transaction_id"] for one in tagged}


@pytest.mark.parametrize(
    ("method", "address", "body", "code"),
    [
        ("PUT", "transactions/{id}/category", {}, "request_not_valid"),
        ("PUT", "transactions/{id}/category", {"splits": []}, "request_not_valid"),
        (
            "PUT",
            "transactions/{id}/category",
            {"category": "travel", "splits": [{"category": "travel", "amount": "-12.30"}]},
            "request_not_valid",
        ),
        (
            "PUT",
            "transactions/{id}/category",
            {"splits": [{"category": "travel", "amount": "-12.29"}]},
            "postings_must_sum_to_zero",
        ),
        ("POST", "categories/actions", {"action": "move", "path": "travel"}, "action_not_usable"),
        ("POST", "categories", {"path": "a..b"}, "category_path_not_usable"),
        ("POST", "categories", {"path": "a" * 401}, "request_not_valid"),
        ("POST", "categories", {"path": "a.b.c.d.e.f.g.h.i"}, "category_path_not_usable"),
        ("POST", "accounts", {"name": " ", "kind": "cash", "currency": "USD"}, "name_not_usable"),
        ("POST", "accounts", {"name": "\n\t", "kind": "cash", "currency": "USD"},
         "name_not_usable"),
        ("POST", "accounts", {"name": "a", "kind": "cash", "currency": "XQX"}, "unknown_currency"),
        ("POST", "accounts", {"name": "a", "kind": "sock", "currency": "USD"}, "request_not_valid"),
        ("POST", "transactions/batch", {"transactions": []}, "request_not_valid"),
        ("PUT", "budgets", {"category": "travel", "amount": "-1"}, "budget_amount_not_usable"),
        ("PUT", "budgets", {"category": "travel", "amount": "1", "start": "2025-13"},
         "month_not_readable"),
        ("PUT", "budgets", {"category": "travel", "amount": "1", "alert_threshold": "0"},
         "request_not_valid"),
        ("PUT", "budgets", {"category": "travel", "amount": "1", "period": "fortnight"},
         "request_not_valid"),
        ("PUT", "accounts/{account}/import-profile", {"delimiter": "\0"}, "profile_not_valid"),
        ("PUT", "accounts/{account}/import-profile", {"x" * 5000: 1}, "profile_not_valid"),
    ],
)  # fmt: skip
def test_other_bodies_are_refused_with_their_rule(
    ledger: Any, method: str, address: str, body: Any, code: str
) -> None:
    transaction_id = ledger.record()["transaction_id"]
    address = address.format(id=transaction_id, account=ledger.checking)
    answer = ledger.client.send(method, f"{ledger.path}/{address}", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_a_profile_with_nul_in_it_is_refused(ledger: Any) -> None:
    profile = {
        "delimiter": ",", "encoding": "utf-8", "has_header": True, "date": 0,
        "date_format": "%Y-%m-%d", "decimal_sign": ".", "description": [1], "amount": 2,
        "direction": 3, "debit_marks": ["\0"],
    }  # fmt: skip
    address = f"{ledger.path}/accounts/{ledger.checking}/import-profile"
    for wrong in ({}, {"debit_marks": ["D"], "delimiter": "\0"}):
        assert ledger.client.send("PUT", address, json=profile | wrong).status_code == 422
    assert ledger.client.put(address, profile | {"debit_marks": ["D"]})


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "/etc/passwd",
        "..\\..\\boot.ini",
        "a\0b.csv",
        "x" * 3000 + ".csv",
        "\u202eexe.csv",
        "con",
        ".",
        "$(reboot).csv",
        'a";filename="b',
    ],
    ids=lambda name: repr(name[:20]),
)
def test_the_name_of_an_uploaded_file_is_only_a_name(ledger: Any, name: str) -> None:
    done = ledger.client.send(
        "POST",
        f"{ledger.path}/imports",
        files={"file": (name, ROW)},
        data={"account_id": ledger.checking},
    )
    assert done.status_code == 201
    broken = ledger.client.send(
        "POST",
        f"{ledger.path}/imports",
        files={"file": (name, b"\x00\x01")},
        data={"account_id": ledger.checking},
    )
    assert broken.status_code == 422
    assert len(broken.text) < 2000


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"Content-Type": "multipart/form-data"}, b"x"),
        ({"Content-Type": "multipart/form-data; boundary="}, b"x"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\nnonsense"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\n\r\n\r\n--x--"),
        ({"Content-Type": "application/json"}, b'{"file": "x"}'),
        ({}, b""),
    ],
)
def test_a_broken_form_is_refused(ledger: Any, headers: dict[str, str], content: bytes) -> None:
    answer = ledger.client.send("POST", f"{ledger.path}/imports", headers=headers, content=content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "request_not_valid")


def test_form_fields_are_checked(ledger: Any) -> None:
    good = {"account_id": ledger.checking}
    for fields in (
        {},
        {"account_id": "x"},
        good | {"dry_run": "maybe"},
        good | {"format": "exe"},
        good | {"format": "x" * 11},
        good | {"statement_account": "\0"},
        good | {"statement_account": "x" * 101},
    ):
        answer = ledger.client.send(
            "POST", f"{ledger.path}/imports", files={"file": ("a.csv", ROW)}, data=fields
        )
        assert answer.status_code == 422, fields
    twice = [("file", ("a.csv", ROW)), ("file", ("b.csv", b"junk"))]
    ledger.client.send("POST", f"{ledger.path}/imports", files=twice, data=good)
    assert len(ledger.client.pages(f"{ledger.path}/transactions")) <= 1


@pytest.mark.parametrize("sent_as", ["application/x-www-form-urlencoded", "text/plain"])
def test_json_that_is_sent_as_something_else_is_told_how(ledger: Any, sent_as: str) -> None:
    headers = {"Content-Type": sent_as}
    (problem,) = refusal(ledger, content=b'{"amount": "1"}', headers=headers)["details"]
    assert problem["where"] == ["body"]
    assert "Content-Type: application/json" in problem["problem"]
    (problem,) = refusal(ledger, content=b"[]", headers=JSON)["details"]
    assert "Content-Type" not in problem["problem"]
