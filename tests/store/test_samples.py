"""What was stored once reads for ever: the bytes of every event type and version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from store.sample_events import (
    EVENT_ID,
    FOLDER,
    LEDGER,
    NOW,
    PROVENANCE,
    PlainSealer,
    path_of,
    sample_events,
    sample_text,
)

from mintflow.domain.catalogue import event_types
from mintflow.domain.core.aggregates import Event
from mintflow.domain.core.postings import imbalance
from mintflow.store.mapper import Mapper, RecordedEvent, UnknownEventType
from mintflow.store.upcasts import UPCASTS, upcast

SAMPLES = sample_events()
FILES = sorted(FOLDER.glob("*.json"))
MAPPER = Mapper(PlainSealer())


def test_every_event_type_has_a_sample() -> None:
    assert SAMPLES.keys() == event_types().keys()
    missing = [path_of(event).name for event in SAMPLES.values() if not path_of(event).exists()]
    assert not missing, "run: python tests/store/sample_events.py"


@pytest.mark.parametrize("topic", SAMPLES)
def test_today_writes_the_same_bytes_as_when_the_shape_was_released(topic: str) -> None:
    event = SAMPLES[topic]
    assert sample_text(event) + "\n" == path_of(event).read_text(encoding="utf-8"), (
        "a released shape never changes: raise SCHEMA_VERSION, add the step to store/upcasts.py "
        "and a new sample beside the old one"
    )


@pytest.mark.parametrize("topic", SAMPLES)
def test_a_sample_reads_as_the_event_it_was(topic: str) -> None:
    event = SAMPLES[topic]
    decoded = MAPPER.domain_event(_recorded(path_of(event), event))
    assert type(decoded) is type(event)
    assert decoded.__dict__ == event.__dict__


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_sample_that_was_ever_kept_still_reads(path: Path) -> None:
    topic, _, version = path.stem.rpartition(".v")
    event_class = event_types()[topic]
    assert 1 <= int(version) <= event_class.SCHEMA_VERSION
    event = SAMPLES[topic]
    recorded = _recorded(path, event)
    assert recorded.envelope["schema_version"] == int(version)
    assert isinstance(MAPPER.domain_event(recorded), event_class)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_number_with_a_point_stands_in_a_record(path: Path) -> None:
    """Money is text: a JSON number goes through binary floating point in somebody's reader."""

    def refuse(number: str) -> None:
        raise AssertionError(f"{number} is a float to a reader of JSON")

    record = json.loads(path.read_text(encoding="utf-8"))["record"]
    json.loads(record, parse_float=refuse, parse_constant=refuse)


@pytest.mark.parametrize("topic", SAMPLES)
def test_the_envelope_has_every_field_in_the_order_of_the_alphabet(topic: str) -> None:
    record = orjson.loads(MAPPER.encode(SAMPLES[topic], EVENT_ID, PROVENANCE).record)
    assert list(record) == [
        "actor",
        "causation_id",
        "correlation_id",
        "data",
        "effective_at",
        "event_id",
        "ledger_id",
        "schema_version",
        "stream_id",
        "stream_type",
        "stream_version",
        "type",
    ]
    assert list(record["data"]) == sorted(record["data"])
    assert not record["data"].keys() & event_types()[topic].SEALED
    assert record["effective_at"].endswith("Z")


@pytest.mark.parametrize("topic", SAMPLES)
def test_bookings_of_a_sample_balance_and_are_decimals(topic: str) -> None:
    for booking in SAMPLES[topic].bookings():
        if booking is not None:
            assert imbalance(booking) == 0
            assert isinstance(booking.amount, Decimal)


def test_an_unknown_type_is_named() -> None:
    record = orjson.dumps({"type": "moon.landed", "schema_version": 1, "data": {}})
    event = RecordedEvent(0, 1, LEDGER, 1, NOW, record, b"", None)
    with pytest.raises(UnknownEventType, match=r"moon\.landed"):
        MAPPER.domain_event(event)


STEPS: Mapping[tuple[str, int], Any] = {
    ("moon.landed", 1): lambda data: {**data, "crew": [data["name"]]},
    ("moon.landed", 2): lambda data: {key: data[key] for key in data if key != "name"},
    ("moon.left", 1): lambda data: {**data, "wrong": True},
}


@pytest.mark.parametrize(
    ("version", "data"),
    [(1, {"name": "Neil"}), (2, {"name": "Neil", "crew": ["Neil"]}), (3, {"crew": ["Neil"]})],
)
def test_an_old_shape_goes_through_every_step_to_the_newest(
    version: int, data: dict[str, Any]
) -> None:
    before = dict(data)
    assert upcast("moon.landed", version, data, STEPS) == {"crew": ["Neil"]}
    assert data == before  # a step makes a new one; others may read the old


def test_every_older_version_has_a_step_to_the_next() -> None:
    steps = {
        (topic, version)
        for topic, event_class in event_types().items()
        for version in range(1, event_class.SCHEMA_VERSION)
    }
    assert steps == set(UPCASTS)


def test_an_event_of_an_old_version_reads_as_the_class_of_today(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As if `transaction.noted` had been released with the note in the open, then sealed."""
    record = orjson.loads(MAPPER.encode(SAMPLES["transaction.noted"], EVENT_ID, PROVENANCE).record)
    record["schema_version"] = 0
    record["data"] = {"note": "mit Anna"}
    steps = {("transaction.noted", 0): lambda data: {"notes": data["note"], "by": "user"}}
    monkeypatch.setattr("mintflow.store.mapper.upcast", lambda *args: upcast(*args, steps))
    old = RecordedEvent(0, 1, LEDGER, 1, NOW, orjson.dumps(record), b"", PlainSealer())
    assert MAPPER.domain_event(old).__dict__ == SAMPLES["transaction.noted"].__dict__


def _recorded(path: Path, event: Event) -> RecordedEvent:
    kept = json.loads(path.read_text(encoding="utf-8"))
    sealed = orjson.dumps(kept["sealed"]) if kept["sealed"] else b""
    record = kept["record"].encode()
    ledger_id = UUID(orjson.loads(record)["ledger_id"])
    return MAPPER.recorded(0, 1, ledger_id, 1, event.timestamp, record, sealed)
