"""The trace that a caller names, from the request to the messages of all events it led to."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from acceptance.product import Client, Product, product, settled
from kafka_broker import Kafka
from read_models.books import Books
from streams.relaying import make_topics, read_topic, relayed, relaying

from mintflow.commands.core.batches import PART_EVENTS
from mintflow.store.traces import Trace, trace_of
from mintflow.streams.core.topics import EVENTS

ID, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACE = UUID(ID)


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (f"00-{ID}-{SPAN}-01", Trace(TRACE, True)),
        (f"00-{ID}-{SPAN}-00", Trace(TRACE, False)),
        # Bits that version 00 does not know are none of ours, and a later version may say more.
        (f"00-{ID}-{SPAN}-fe", Trace(TRACE, False)),
        (f"cc-{ID}-{SPAN}-03-more", Trace(TRACE, True)),
        (f"00-{ID}-{SPAN}-01-more", None),
        (f"ff-{ID}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{ID}-{'0' * 16}-01", None),
        (f"00-{ID.upper()}-{SPAN}-01", None),
        (f"00-{ID[1:]}-{SPAN}-01", None),
        (f"00-{ID}-{SPAN}-01\n", None),
        (f"00-{ID}-{SPAN}", None),
        ("", None),
        (f"\u0660\u0660-{ID}-{SPAN}-01", None),
    ],
)
def test_only_what_the_standard_takes_names_a_trace(header: str, trace: Trace | None) -> None:
    assert trace_of(header) == trace


def open_account(client: Client, **how: Any) -> tuple[str, str]:
    """Address of a new ledger, and an account in it."""
    opened = client.post("/v1/ledgers", {"name": "Home", "currency": "USD"})
    path = f"/v1/ledgers/{opened['ledger_id']}"
    body = {"name": "Checking", "kind": "checking", "currency": "USD"}
    return path, client.post(f"{path}/accounts", body, **how)["account_id"]


def spend(client: Client, path: str, account: str, amount: str, *traceparent: str) -> None:
    body = {
        "account_id": account, "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "amount": amount, "description": "something", "category": "travel",
    }  # fmt: skip
    headers = [("traceparent", one) for one in traceparent]
    client.post(f"{path}/transactions", body, headers=headers)


def kept(url: str) -> list[Any]:
    with psycopg.connect(url) as conn:
        return conn.execute("select ledger_id, trace_id, sampled from log.trace").fetchall()


def relay_all(url: str, kafka: Kafka) -> dict[str, set[tuple[str, str, str]]]:
    """Type -> trace, flags and correlation of its messages, relayed from the first one on."""
    books, target = Books(url), make_topics(kafka)

    async def run() -> None:
        async with relaying(books, target):
            await relayed(books)

    asyncio.run(run())
    books.close()
    found = defaultdict(set)
    for messages in read_topic(kafka, EVENTS).values():
        for message in messages:
            sent = {name: value.decode() for name, value in message.headers() or []}
            version, trace, parent, flags = sent["ce_traceparent"].split("-")
            assert (version, parent) == ("00", sent["ce_id"].replace("-", "")[16:])
            found[sent["ce_type"]].add((trace, flags, sent["ce_correlationid"].replace("-", "")))
    return found


def some_minutes(books: Product, path: str, count: int) -> None:
    """Until so many alerts were raised by a reaction."""
    end = time.monotonic() + 20
    while len(books.client().get(f"{path}/alerts")) < count:
        assert time.monotonic() < end, "no alert was raised"
        time.sleep(0.05)


def test_a_trace_goes_from_the_request_to_all_that_it_led_to(
    database_url: str, kafka: Kafka
) -> None:
    """To what a reaction adds to it too; where none is named the trace is the request's own."""
    with product(database_url) as books:
        client = books.client()
        path, account = open_account(client)
        client.put(f"{path}/budgets", {"category": "travel", "amount": "100"})
        settled(books)
        spend(client, path, account, "-150", f"00-{ID}-{SPAN}-00")
        some_minutes(books, path, 1)
    sent = relay_all(database_url, kafka)
    [(trace, flags, request)] = sent.pop("transaction.recorded")
    assert (trace, flags) == (ID, "00")
    assert sent.pop("budget.alert_raised") == {(ID, "00", request)}
    others = [each for found in sent.values() for each in found]
    assert others
    assert all((trace, flags) == (request, "01") for trace, flags, request in others)


def test_a_trace_of_a_file_that_is_appended_in_parts(database_url: str, kafka: Kafka) -> None:
    # No CSV: its profile is set by a command of the same request, which would keep the trace.
    rows = [
        f"D2025-03-{number % 28 + 1:02d}\nT-{number + 1}.00\nPShop {number}\n^"
        for number in range(PART_EVENTS + 100)
    ]
    content = "\n".join(["!Type:Bank", *rows, ""]).encode()
    with product(database_url) as books:
        client = books.client()
        path, account = open_account(client)
        answer = client.send(
            "POST", f"{path}/imports", files={"file": ("march.qif", content)},
            data={"account_id": account}, headers={"traceparent": f"00-{ID}-{SPAN}-01"},
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
    sent = relay_all(database_url, kafka)
    for event_type in ("import.completed", "transaction.recorded"):
        assert {(trace, flags) for trace, flags, _ in sent[event_type]} == {(ID, "01")}
    assert ID not in {trace for trace, _, _ in sent["account.opened"]}


def test_what_names_no_trace_or_appends_nothing_keeps_none(database_url: str) -> None:
    good = f"00-{ID}-{SPAN}-01"
    with product(database_url) as books:
        client = books.client()
        path, account = open_account(client)
        spend(client, path, account, "-1")
        spend(client, path, account, "-1", "nonsense")
        spend(client, path, account, "-1", good, good)
        imagined = {"commands": [], "queries": [f"{path}/balances"]}
        client.send("POST", f"{path}/what-if", json=imagined, headers={"traceparent": good})
        unknown = {"category": "no.such", "amount": "1"}
        client.send("PUT", f"{path}/budgets", json=unknown, headers={"traceparent": good})
        assert kept(database_url) == []
        key = {"traceparent": good, "idempotency-key": "once"}
        body = {"name": "Other", "currency": "USD"}
        first = client.post("/v1/ledgers", body, headers=key)
        key["traceparent"] = f"00-{uuid4().hex}-{SPAN}-01"
        assert client.post("/v1/ledgers", body, headers=key) == first
        assert kept(database_url) == [(UUID(first["ledger_id"]), TRACE, True)]
