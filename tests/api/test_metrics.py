"""`GET /metrics`: what it tells, to whom, and what never gets into a label."""

from __future__ import annotations

import httpx
import pytest
from acceptance.product import TOKENS, Product
from api.conftest import Ledger
from prometheus_client.parser import text_string_to_metric_families

CANARY = "canary-of-a-description"


def _samples(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def _scrape(books: Product, **headers: str) -> httpx.Response:
    return books.client(None).send("GET", "/metrics", headers=headers)


def test_it_tells_lag_and_requests_and_no_id_or_name(books: Product, ledger: Ledger) -> None:
    ledger.record(description=CANARY)
    ledger.client.get(f"{ledger.path}/accounts")
    books.client(None).send("BREW", f"/v1/ledgers/{CANARY}")
    answer = _scrape(books)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    samples = _samples(answer.text)
    assert {
        "mintflow_projection_lag_events",
        "mintflow_projection_parked_events",
        "mintflow_log_head",
        "mintflow_http_requests_total",
    } <= samples.keys()
    shards = {labels["shard"] for labels, _ in samples["mintflow_projection_lag_events"]}
    assert len(shards) == 32
    asked = {
        (labels["method"], labels["route"], labels["status"])
        for labels, _ in samples["mintflow_http_requests_total"]
    }
    assert ("POST", "/v1/ledgers/{ledger_id}/transactions", "201") in asked
    assert ("other", "unmatched", "401") in asked
    assert ledger.path.rpartition("/")[2] not in answer.text
    assert ledger.checking not in answer.text
    assert CANARY not in answer.text


def test_each_answer_is_counted_once(books: Product, ledger: Ledger) -> None:
    def count() -> float:
        wanted = {"method": "GET", "route": "/v1/ledgers/{ledger_id}/accounts", "status": "200"}
        samples = _samples(_scrape(books).text)["mintflow_http_requests_total"]
        return sum(value for labels, value in samples if labels == wanted)

    before = count()
    for _ in range(3):
        ledger.client.get(f"{ledger.path}/accounts")
    assert count() == before + 3


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"])
def test_what_a_proxy_brings_needs_a_token(books: Product, header: str) -> None:
    value = {"Forwarded": "for=127.0.0.1", "Via": "1.1 proxy"}.get(header, "127.0.0.1")
    assert _scrape(books, **{header: value}).status_code == 401
    token = {"Authorization": f"Bearer {TOKENS[0]}"}
    assert _scrape(books, **{header: value}, **token).status_code == 200
