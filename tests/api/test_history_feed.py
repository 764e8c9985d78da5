"""The events of all ledgers: for analysts alone, in order of each shard, nothing sealed opened."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from acceptance.product import ANALYST_TOKEN, AUDITOR_TOKEN, TOKENS, Client, Product
from acceptance.served import Stream, served

from mintflow.hosts.capabilities import routers


@pytest.fixture
def analyst(books: Product) -> Client:
    return books.client(ANALYST_TOKEN)


@pytest.fixture(scope="module")
def url(books: Product) -> Iterator[str]:
    with served(books) as address:
        yield address


def pages(client: Client, **params: Any) -> tuple[list[Any], str]:
    """All there is now, and the cursor behind it."""
    rows: list[Any] = []
    while True:
        answer = client.send("GET", "/v1/events", params=params)
        assert answer.status_code == 200, answer.json()
        rows += answer.json()["data"]
        pagination = answer.json()["meta"]["pagination"]
        params["cursor"] = pagination["next_cursor"]
        if not pagination["has_next"]:
            return rows, params["cursor"]


def in_log(books: Product) -> set[str]:
    with psycopg.connect(books.database_url) as conn:
        rows = conn.execute("select record from log.event").fetchall()
    return {json.loads(record)["event_id"] for (record,) in rows}


@pytest.mark.parametrize("limit", [1, 7, 1_000])
def test_every_event_comes_once_in_the_order_of_its_shard(
    ledger: Any, analyst: Client, books: Product, limit: int
) -> None:
    for _ in range(3):
        ledger.record()
    rows, cursor = pages(analyst, limit=limit)
    assert len(rows) == len({one["event_id"] for one in rows})
    assert {one["event_id"] for one in rows} == in_log(books)
    by_shard: dict[int, list[int]] = defaultdict(list)
    for one in rows:
        by_shard[one["shard"]].append(one["position"])
    assert all(found == list(range(1, len(found) + 1)) for found in by_shard.values())
    ledger.record()
    later, _ = pages(analyst, cursor=cursor, limit=limit)
    assert [one["type"] for one in later] == ["transaction.recorded"]


def test_nothing_sealed_is_opened(ledger: Any, analyst: Client, url: str) -> None:
    _, cursor = pages(analyst)
    ledger.record(description="a secret cafe", notes="with whom")
    rows, _ = pages(analyst, cursor=cursor)
    streamed = Stream(
        url + "/v1/events/stream", token=ANALYST_TOKEN, params={"cursor": cursor, "live": "false"}
    ).read()
    assert [one.data for one in streamed[:-1]] == rows
    assert rows[0]["sealed"] is True
    assert {"description", "notes", "counterparty"} & set(rows[0]["data"]) == set()
    assert "secret" not in str(rows)


def test_a_filter_that_fits_nothing_moves_on(ledger: Any, analyst: Client) -> None:
    ledger.record()
    rows, cursor = pages(analyst, types="bill.reminded")
    assert rows == []
    assert pages(analyst, cursor=cursor) == ([], cursor)


@pytest.mark.parametrize("address", ["/v1/events", "/v1/events/stream"])
def test_refuses_a_type_that_there_is_not_and_names_near_ones(
    analyst: Client, address: str
) -> None:
    asked = {"types": "transaction.recorded, transaction.recorde,zorp", "live": "false"}
    answer = analyst.send("GET", address, params=asked)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "event_type_not_known")
    assert error["details"]["types"] == ["transaction.recorde", "zorp"]
    assert error["details"]["near"]["transaction.recorde"][0] == "transaction.recorded"
    assert error["details"]["near"]["zorp"] == []


def test_a_stream_of_all_gives_each_once_while_people_write(
    ledger: Any, analyst: Client, url: str, books: Product
) -> None:
    _, start = pages(analyst)
    got: list[str] = []

    def read() -> None:
        last = start
        while len(got) < 200:
            stream = Stream(
                url + "/v1/events/stream",
                token=ANALYST_TOKEN,
                last_id=last,
                stop=lambda seen: len(seen) >= 23 or len(got) + len(seen) >= 200,
            )
            messages = stream.read()
            got.extend(one.data["event_id"] for one in messages if one.kind == "message")
            last = next(one.id or "" for one in reversed(messages) if one.id)

    reader = threading.Thread(target=read)
    reader.start()

    def write(token: str) -> None:
        client = books.client(token)
        opened = client.post("/v1/ledgers", {"name": "x", "currency": "USD"})
        path = f"/v1/ledgers/{opened['ledger_id']}"
        body = {"name": "a", "kind": "cash", "currency": "USD"}
        account = client.post(f"{path}/accounts", body)["account_id"]
        for _ in range(60):
            row = {"account_id": account, "date": "2025-01-01", "amount": "-1", "description": "x"}
            client.post(f"{path}/transactions", row)

    writers = [threading.Thread(target=write, args=(TOKENS[n % 2],)) for n in range(4)]
    for thread in writers:
        thread.start()
        time.sleep(0.05)
    for thread in (*writers, reader):
        thread.join(60)
        assert not thread.is_alive()
    rows, _ = pages(analyst, cursor=start)
    assert len(got) == len(set(got)) == 200
    assert set(got) <= {one["event_id"] for one in rows}


@pytest.mark.parametrize("cursor", ["x", "AA", "A" * 500, "AQ", "é", "////", "AQ=="])
def test_refuses_a_cursor_that_was_not_given_out(analyst: Client, cursor: str) -> None:
    answer = analyst.send("GET", "/v1/events", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "place_not_readable")


def test_refuses_a_cursor_of_another_log(analyst: Client) -> None:
    from mintflow.store.places import LogPlace

    for path in ("/v1/events", "/v1/events/stream"):
        answer = analyst.send("GET", path, params={"cursor": LogPlace({3: 1 << 40}).text})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "place_beyond_head")
        assert answer.json()["error"]["details"] == {"shards": [3]}


@pytest.mark.parametrize(
    ("token", "scope"), [(ANALYST_TOKEN, "analyst"), (AUDITOR_TOKEN, "auditor")]
)
def test_who_is_no_owner_can_do_nothing_that_owners_do(
    ledger: Any, books: Product, token: str, scope: str
) -> None:
    client, tried = books.client(token), 0
    for route in (route for router in routers() for route in router.routes):
        path, methods = getattr(route, "path", ""), getattr(route, "methods", ())
        scopes = getattr(route, "scopes", ())
        if "owner" not in scopes or scope in scopes or not path.startswith("/v1"):
            continue
        address = path.replace("{ledger_id}", ledger.path.rpartition("/")[2])
        for method in methods:
            answer = client.send(method, address, json={} if method != "GET" else None)
            assert answer.status_code == 403, (method, address, answer.status_code)
            assert answer.json()["error"]["code"] == "scope_not_sufficient"
            tried += 1
    assert tried > 25


def test_an_auditor_is_no_analyst(books: Product) -> None:
    answer = books.client(AUDITOR_TOKEN).send("GET", "/v1/events")
    assert answer.json()["error"]["details"] == {"scope": "auditor", "sufficient": ["analyst"]}
