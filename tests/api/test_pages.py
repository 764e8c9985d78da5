"""Pages: every row once, whatever comes in meanwhile; and cursors and filters that nobody made."""

from __future__ import annotations

import base64
import random
from decimal import Decimal
from typing import Any

import orjson
import pytest

SORTS = ("-date", "date", "-amount", "amount", "-recorded", "recorded")


@pytest.mark.parametrize("sort", SORTS)
def test_pages_show_every_row_once_while_rows_come_in(ledger: Any, sort: str) -> None:
    ada, address = ledger.client, f"{ledger.path}/transactions"
    rows = [
        ledger.transaction(date=f"2025-03-{day:02d}", amount=f"{cents}.00")
        for day in (1, 1, 2, 3, 3, 3, 4)
        for cents in (1, 1, 2, 3)
    ]
    random.shuffle(rows)
    before = ada.post(f"{address}/batch", {"transactions": rows})
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = ada.send("GET", address, params={"sort": sort, "limit": 5, **cursor})
        body = answer.json()
        seen += body["data"]
        assert body["meta"]["pagination"]["has_next"] is (
            body["meta"]["pagination"]["next_cursor"] is not None
        )
        if not body["meta"]["pagination"]["has_next"]:
            break
        assert len(body["data"]) == 5
        cursor = {"cursor": body["meta"]["pagination"]["next_cursor"]}
        for day, amount in ((1, "1.00"), (3, "2.00"), (9, "9.00")):
            if len(seen) < 25:
                ledger.record(date=f"2025-03-{day:02d}", amount=amount)
    ids = [row["transaction_id"] for row in seen]
    assert len(ids) == len(set(ids)), "a row was shown twice"
    assert {one["transaction_id"] for one in before} <= set(ids), "a row was passed over"
    if not sort.endswith("recorded"):
        values = [row["date"] if sort.endswith("date") else Decimal(row["amount"]) for row in seen]
        assert values == sorted(values, reverse=sort.startswith("-"))


def test_amounts_of_eighteen_digits_are_paged_too(ledger: Any) -> None:
    ada, path = ledger.client, ledger.path
    body = {"name": "coins", "kind": "wallet", "currency": "ETH"}
    account_id = ada.post(f"{path}/accounts", body)["account_id"]
    for n in range(1, 7):
        ledger.record(account_id=account_id, amount=f"0.00000000000000000{n}")
    rows = ada.pages(f"{path}/transactions", account_id=account_id, sort="amount", limit=2)
    assert [row["amount"][-1] for row in rows] == list("123456")


def _cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "\0",
        "=" * 500,
        _cursor(),
        _cursor("-date"),
        _cursor("-date", "2025-01-01"),
        _cursor("-date", "2025-01-01", "1"),
        _cursor("-date", "2025-01-01", 1.5),
        _cursor("-date", "2025-01-01", True),
        _cursor("-date", "2025-01-01", 2**63),
        _cursor("-date", "2025-01-01", -(2**63)),
        _cursor("-date", "2025-01-01", None),
        _cursor("-date", "2025-01-01", 1, 1),
        _cursor("-date", 5, 5),
        _cursor("-date", [], {}),
        _cursor("date", "2025-01-01", 1),
        _cursor("-amount", "1", 1),
        _cursor("-recorded", 1),
        base64.urlsafe_b64encode(b'["-date","2025-01-01",' + b"9" * 100 + b"]").decode(),
        base64.urlsafe_b64encode(b"[" * 300).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_a_cursor_of_another_list_or_of_nobody_is_refused(ledger: Any, cursor: str) -> None:
    answer = ledger.client.send("GET", f"{ledger.path}/transactions", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "cursor_not_readable")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1E+400000", "1E-400000", "x", ""])
def test_a_cursor_with_an_amount_that_is_none_is_refused(ledger: Any, amount: str) -> None:
    asked = {"sort": "amount", "cursor": _cursor("amount", amount, 1)}
    answer = ledger.client.send("GET", f"{ledger.path}/transactions", params=asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "cursor_not_readable")


def test_a_cursor_of_another_persons_list_shows_nothing_of_theirs(ledger: Any, bob: Any) -> None:
    for _ in range(3):
        ledger.record()
    first = ledger.client.send("GET", f"{ledger.path}/transactions", params={"limit": 1})
    cursor = first.json()["meta"]["pagination"]["next_cursor"]
    opened = bob.post("/v1/ledgers", {"name": "Mine", "currency": "USD"})
    own = f"/v1/ledgers/{opened['ledger_id']}/transactions"
    assert bob.get(own, cursor=cursor) == []


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": "-1"},
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "1e2"},
        {"limit": str(2**70)},
        {"limit": ""},
        {"cursor": "x" * 501},
        {"min_amount": "NaN"},
        {"max_amount": "1e9"},
        {"min_amount": "1" * 65},
        {"start_date": "0"},
        {"end_date": "2025-02-30"},
        {"as_of": "yesterday"},
        {"as_of": "2025-02-30"},
        {"as_of": ""},
        {"min_position": "-1"},
        {"min_position": "x"},
        {"min_position": str(2**64)},
        {"status": "deleted"},
        {"sort": "description"},
        {"sort": "date; drop table model.transactions"},
        {"account_id": "' or 1=1"},
        {"q": "\0"},
        {"tag": "\0"},
        {"category": "\0"},
        {"q": "x" * 2_001},
        {"category": "x" * 401},
        {"known_at": "yesterday"},
    ],
    ids=lambda asked: repr(asked)[:50],
)
def test_a_filter_that_is_not_as_described_is_refused(ledger: Any, asked: dict[str, str]) -> None:
    answer = ledger.client.send("GET", f"{ledger.path}/transactions", params=asked)
    assert answer.status_code == 422


def test_the_events_feed_refuses_what_it_can_not_read(ledger: Any) -> None:
    for asked in (
        {"after": "-1"},
        {"after": str(2**63)},
        {"after": "x"},
        {"limit": "0"},
        {"types": "\0"},
        {"types": ",".join(f"t{n}" for n in range(101))},
        {"types": "no.such, ,"},
    ):
        answer = ledger.client.send("GET", f"{ledger.path}/events", params=asked)
        assert answer.status_code == 422, asked
    assert ledger.client.get(f"{ledger.path}/events", after=2**62) == []
    assert ledger.client.get(f"{ledger.path}/events", types="bill.reminded, ,") == []


def test_signs_that_mean_something_in_sql_are_only_letters_in_a_search(ledger: Any) -> None:
    texts = ["100%", "under_score", "back\\slash", "quo'te", "a*b", "[a-z]", "plain"]
    for text in texts:
        ledger.record(description=text)

    def found(q: str) -> list[str]:
        rows = ledger.client.get(f"{ledger.path}/transactions", q=q, sort="recorded")
        return [row["description"] for row in rows]

    assert found("%") == ["100%"]
    assert found("_") == ["under_score"]
    assert found("\\") == ["back\\slash"]
    assert found("'") == ["quo'te"]
    assert found("a*b") == ["a*b"]
    assert found("[a-z]") == ["[a-z]"]
    assert found("PLAIN") == ["plain"]
    assert found("no such") == []
    assert found("   ") == texts
    category = ledger.client.get(f"{ledger.path}/transactions", category="%")
    assert category == []


@pytest.mark.parametrize("feed", ["events", "history"])
def test_a_full_last_page_is_another_one_when_more_has_come(ledger: Any, feed: str) -> None:
    ada, made = ledger.client, ledger.record()["transaction_id"]
    last = ada.pages(f"{ledger.path}/events")[-1]["ledger_seq"]
    path = {
        "events": f"{ledger.path}/events?after={last - 1}&limit=1",
        "history": f"{ledger.path}/history?of={made}&limit=1",
    }[feed]
    first = ada.send("GET", path)
    same = ada.send("GET", path, headers={"If-None-Match": first.headers["etag"]})
    assert same.status_code == 304
    assert first.json()["meta"]["pagination"]["has_next"] is False
    ada.put(f"{ledger.path}/transactions/{made}/category", {"category": "shopping"})
    more = ada.send("GET", path, headers={"If-None-Match": first.headers["etag"]})
    assert more.status_code == 200
    assert more.json()["meta"]["pagination"]["has_next"] is True


@pytest.mark.parametrize("path", ["transactions/{made}/history", "history?of={made}"])
def test_a_history_reflects_at_least_what_was_waited_for(ledger: Any, path: str) -> None:
    ada, made = ledger.client, ledger.record()["transaction_id"]
    other = ada.send("POST", f"{ledger.path}/transactions", json=ledger.transaction(amount="-1"))
    position = other.json()["meta"]["position"]
    asked = path.format(made=made)
    sign = "&" if "?" in asked else "?"
    answer = ada.send("GET", f"{ledger.path}/{asked}{sign}min_position={position}")
    assert answer.json()["meta"]["position"] >= position
