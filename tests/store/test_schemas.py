"""The schemas of events hold for what was stored, and what was released never breaks."""

from __future__ import annotations

import copy
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from store.sample_events import FOLDER
from tidy.tree import ROOT

from mintflow.domain.catalogue import event_types
from mintflow.store.schemas import (
    SchemaNotFound,
    breaks,
    current,
    kept_schemas,
    released,
    schema,
    shape_of,
    text_of,
)

FILES = sorted(FOLDER.glob("*.json"))
RELEASED = ROOT / "store/schemas/released"


def parts_of(path: Path) -> tuple[str, int, Any, Any]:
    topic, _, version = path.stem.rpartition(".v")
    kept = json.loads(path.read_text(encoding="utf-8"))
    return topic, int(version), json.loads(kept["record"]), kept["sealed"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_sample_ever_kept_fits_the_schema_of_its_version(path: Path) -> None:
    topic, version, record, sealed = parts_of(path)
    found = schema(topic, version)
    Draft202012Validator.check_schema(found)
    Draft202012Validator(found, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(record)
    Draft202012Validator(found["x-sealed"]).validate(sealed)


@pytest.mark.parametrize("path", FILES[::7], ids=lambda path: path.stem)
def test_a_schema_refuses_what_it_does_not_say(path: Path) -> None:
    topic, version, record, _ = parts_of(path)
    for wrong in (
        {**record, "type": "moon.landed"},
        {**record, "stream_version": 0},
        {name: value for name, value in record.items() if name != "actor"},
        {**record, "data": {**record["data"], "smuggled": 1}},
    ):
        with pytest.raises(ValidationError):
            Draft202012Validator(schema(topic, version)).validate(wrong)


@pytest.mark.parametrize("topic", event_types())
def test_what_was_released_is_what_the_code_says_today(topic: str) -> None:
    version = event_types()[topic].SCHEMA_VERSION
    kept = kept_schemas().get((topic, version))
    assert kept is not None, "run: python docs/generate.py schemas"
    assert not breaks(kept, shape_of(event_types()[topic])), (
        "a released shape never changes: raise SCHEMA_VERSION and add the step to store/upcasts.py"
    )


def test_every_version_that_ever_was_has_its_schema() -> None:
    wanted = {
        (topic, version)
        for topic, event_class in event_types().items()
        for version in range(1, event_class.SCHEMA_VERSION + 1)
    }
    assert kept_schemas().keys() == released().keys() == wanted


def test_money_is_text_in_every_schema() -> None:
    for key, found in released().items():
        assert '"number"' not in json.dumps(found), f"{key}: a JSON number is a float to a reader"


def test_an_unknown_event_is_refused() -> None:
    with pytest.raises(SchemaNotFound):
        schema("moon.landed", 1)


def _data(found: Any) -> Any:
    return found["properties"]["data"]


MUTATIONS: dict[str, Callable[[Any], Any]] = {
    "a field is gone": lambda s: _data(s)["properties"].pop("origin"),
    "a field is new": lambda s: _data(s)["properties"].update(added={"type": "string"}),
    "a field is another type": lambda s: _data(s)["properties"].update(origin={"type": "integer"}),
    "a field may be missing": lambda s: _data(s)["required"].remove("origin"),
    "a sealed field is gone": lambda s: s["x-sealed"]["properties"].pop("memo"),
    "a sealed field is open": lambda s: _data(s)["properties"].update(memo={"type": "string"}),
    "the envelope has less": lambda s: s["properties"].pop("actor"),
    "a field called like a word": lambda s: _data(s)["properties"].update(title={"type": "null"}),
    "the inside of a shape": lambda s: _data(s)["properties"]["after"]["anyOf"][0][
        "properties"
    ].pop("currency"),
}


@pytest.mark.parametrize("change", MUTATIONS)
def test_a_change_that_breaks_a_released_version_is_found(change: str) -> None:
    topic = "transaction.recorded"
    kept = shape_of(event_types()[topic])
    now = copy.deepcopy(kept)
    assert not breaks(kept, now)
    MUTATIONS[change](now)
    assert breaks(kept, now)


def test_other_words_break_nobody() -> None:
    kept = shape_of(event_types()["transaction.recorded"])
    now = {**copy.deepcopy(kept), "title": "other", "description": "words"}
    assert not breaks(kept, now)


def test_a_class_that_changed_is_refused_by_the_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing the reference again must not turn a break into what was released."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    topic, version, found = next(iter(current()))
    path = tmp_path / f"{topic}.v{version}.json"
    changed = copy.deepcopy(found)
    changed["properties"].pop("actor")
    path.write_text(text_of(changed))
    monkeypatch.setattr(generate, "RELEASED", tmp_path)
    with pytest.raises(ValueError, match="SCHEMA_VERSION"):
        generate.write_schemas()
    assert path.read_text() == text_of(changed), "what was released was written over"
