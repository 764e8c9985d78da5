"""POST /v1/analytics/categorize: one row or many, with what is needed to trust the answer."""

from __future__ import annotations

from typing import Any

import pytest
from acceptance.product import Client

PATH = "/v1/analytics/categorize"


def test_one_row_gets_category_merchant_confidence_and_reason(ada: Client) -> None:
    row = {"description": "STARBUCKS #1234 NEW YORK", "amount": "-5.75", "currency": "USD"}
    answer = ada.post(PATH, row)
    assert answer["category"] == "food_dining.coffee_shops"
    assert answer["merchant"] == "Starbucks"
    assert answer["source"] == "merchant"
    assert answer["band"] == answer["confidence_level"] == "VERY_HIGH"
    assert 0.98 < answer["confidence"] <= 1
    assert "Starbucks" in answer["reason"]
    assert answer["version"]


def test_a_row_that_says_nothing_gets_no_category_and_is_no_refusal(ada: Client) -> None:
    answer = ada.post(PATH, {"description": "POS 4829103", "amount": "-45.00"})
    assert (answer["category"], answer["source"], answer["band"]) == (None, "none", "UNKNOWN")


def test_many_rows_are_answered_in_order(ada: Client) -> None:
    names = ["NETFLIX.COM", "CHK 1023", "TESCO STORES 3214"] * 333
    answer = ada.post(PATH, {"transactions": [{"description": name} for name in names]})
    assert [one["category"] for one in answer[:3]] == [
        "entertainment.streaming", None, "food_dining.groceries",
    ]  # fmt: skip
    assert answer == answer[:3] * 333


def test_what_is_known_of_a_row_decides(ada: Client) -> None:
    known = {"date": "2025-03-25", "account_kind": "checking", "currency": "EUR", "country": "DE"}
    paid = ada.post(PATH, {"description": "Zinsen", "amount": "-3.10", **known})
    earned = ada.post(PATH, {"description": "Zinsen", "amount": "3.10", **known})
    assert paid["category"] == "financial.interest"
    assert earned["category"] == "income.interest"


def test_a_merchant_category_code_helps_where_no_word_does(ada: Client) -> None:
    row = {"description": "QWXZ 8821", "amount": "-12.00", "currency": "USD"}
    assert ada.post(PATH, row)["category"] is None
    answer = ada.post(PATH, {**row, "mcc": "3640"})
    assert answer["category"] == "travel.hotels"
    assert "3640" in answer["reason"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"description": "x", "mcc": "541"},
        {"description": "x", "mcc": "54a1"},
        {"transactions": []},
        {"transactions": [{"description": "x"}] * 1_001},
        {"description": "x", "transactions": [{"description": "x"}]},
        {"amount": "-1.00"},
        {"description": "x", "amount": -1.5},
        {"description": "x", "country": "Germany"},
        {"description": "x", "account_kind": "sock"},
        {"description": "x", "colour": "red"},
        {"description": "x" * 2_001},
        {"description": None},
    ],
)
def test_refuses_what_is_no_row(ada: Client, body: dict[str, Any]) -> None:
    assert ada.send("POST", PATH, json=body).status_code == 422


def test_refuses_whoever_has_no_token(books: Any) -> None:
    stranger = books.client("nobody")
    assert stranger.send("POST", PATH, json={"description": "x"}).status_code == 401


def test_the_document_shows_how_it_is_asked_for(ada: Client) -> None:
    document = ada.send("GET", "/openapi.json").json()
    examples = document["components"]["schemas"]["RowsToCategorize"]["examples"]
    for example in examples:
        assert ada.send("POST", PATH, json=example).status_code == 200
