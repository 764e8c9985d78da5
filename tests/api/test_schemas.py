"""What events look like is served: every released schema, and the document of the topics."""

from __future__ import annotations

from typing import Any

from mintflow.domain.catalogue import event_types


def test_every_event_type_is_listed_and_its_schema_is_where_the_list_says(ledger: Any) -> None:
    ada = ledger.client
    listed = ada.get("/v1/schemas")
    assert {one["type"] for one in listed} == event_types().keys()
    for one in listed[::5]:
        found = ada.get(one["url"])
        assert found["properties"]["type"] == {"const": one["type"]}
        assert found["properties"]["schema_version"] == {"const": one["version"]}


def test_an_unknown_schema_is_not_found(ledger: Any) -> None:
    answer = ledger.client.send("GET", "/v1/schemas/moon.landed/1")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "schema_not_found"


def test_the_document_of_the_topics_needs_no_token(ledger: Any) -> None:
    answer = ledger.client.send("GET", "/asyncapi.json", headers={"Authorization": ""})
    assert answer.status_code == 200
    assert answer.json()["asyncapi"] == "3.0.0"
