"""The AsyncAPI document is whole: every reference leads somewhere, every event has its message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from store.sample_events import FOLDER

from mintflow.store.schemas import released
from mintflow.streams.core.asyncapi import asyncapi
from mintflow.streams.core.topics import CREATED, EVENTS, TOPICS

DOCUMENT = asyncapi("0.1.0")
FILES = sorted(FOLDER.glob("*.json"))


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, one in part.items():
            if name == "$ref":
                yield one
            else:
                yield from references(one)
    elif isinstance(part, list):
        for one in part:
            yield from references(one)


def resolved(reference: str) -> Any:
    assert reference.startswith("#/")
    part: Any = DOCUMENT
    for name in reference[2:].split("/"):
        part = part[name]
    return part


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert len(found) > len(released())
    for one in found:
        assert resolved(one), one


def test_every_topic_is_a_channel_and_every_released_event_is_in_the_topic_of_everything() -> None:
    assert DOCUMENT["channels"].keys() == {topic.name for topic in TOPICS}
    names = {f"{event_type}.v{version}" for event_type, version in released()}
    assert DOCUMENT["channels"][EVENTS]["messages"].keys() == names
    created = DOCUMENT["channels"][CREATED]["messages"]
    assert {name.rpartition(".v")[0] for name in created} == {"transaction.recorded"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_sample_fits_the_payload_that_the_document_says(path: Any) -> None:
    message = resolved(f"#/components/messages/{path.stem}")
    record = json.loads(json.loads(path.read_text(encoding="utf-8"))["record"])
    Draft202012Validator(resolved(message["payload"]["$ref"])).validate(record)
