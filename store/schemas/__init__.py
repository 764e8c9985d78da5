"""What every event is as JSON Schema: of today's classes, and of every version ever released.

`shape_of` derives the schema of a message's value from its class. The files in `released/` are what
consumers hold us to: one per type and version, written once by docs/generate.py and never again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from importlib.resources import files
from inspect import cleandoc
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from mintflow.domain.catalogue import event_types
from mintflow.domain.core.aggregates import Event
from mintflow.domain.core.errors import NotFound

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OF_THE_LIBRARY = {"originator_id", "originator_version", "timestamp", "originator_topic"}
# What a schema says to people and not to programs.
_WORDS = {"title", "description", "$comment", "examples"}
_TEXT = {"type": "string"}
_UUID = {"type": "string", "format": "uuid"}


class SchemaNotFound(NotFound):
    """There is no event of this type and version."""

    code = "schema_not_found"


def urn(event_type: str, version: int) -> str:
    """The `$id` of a schema, and `ce_dataschema` of its messages."""
    return f"urn:mintflow:event:{event_type}:{version}"


def shape_of(event_class: type[Event]) -> Schema:
    """The schema of the record of an event of this class, as it is stored and relayed.

    `x-sealed`: the schema of what is sealed beside it, for those with the key; a field that was
    empty is left out of it.
    """
    hints = get_type_hints(event_class)
    own = sorted(one.name for one in fields(event_class) if one.name not in _OF_THE_LIBRARY)
    parts = {name: _plain(hints[name]) for name in own}
    opened = {name: parts[name] for name in own if name not in event_class.SEALED}
    sealed = {name: parts[name] for name in own if name in event_class.SEALED}
    properties: Schema = {
        "actor": _TEXT,
        "causation_id": {"anyOf": [_UUID, {"type": "null"}]},
        "correlation_id": _UUID,
        "data": _object(opened, [*opened]),
        "effective_at": {"type": "string", "format": "date-time"},
        "event_id": _UUID,
        "ledger_id": _UUID,
        "schema_version": {"const": event_class.SCHEMA_VERSION},
        "stream_id": _UUID,
        "stream_type": {"anyOf": [_TEXT, {"type": "null"}]},
        "stream_version": {"type": "integer", "minimum": 1},
        "type": {"const": event_class.TOPIC},
    }
    return {
        "$schema": DIALECT,
        "$id": urn(event_class.TOPIC, event_class.SCHEMA_VERSION),
        "title": event_class.TOPIC,
        "description": cleandoc(event_class.__doc__ or ""),
        **_object(properties, [*properties]),
        "x-sealed": _object(sealed, []),
    }


def current() -> Iterator[tuple[str, int, Schema]]:
    """(type, version, schema) of every event class of today."""
    for topic, event_class in sorted(event_types().items()):
        yield topic, event_class.SCHEMA_VERSION, shape_of(event_class)


@cache
def released() -> Mapping[tuple[str, int], Schema]:
    """(type, version) -> schema, of every version that ever was."""
    kept = kept_schemas()
    new = {
        (topic, version): one for topic, version, one in current() if (topic, version) not in kept
    }
    return dict(sorted({**kept, **new}.items()))


def kept_schemas() -> dict[tuple[str, int], Schema]:
    """(type, version) -> schema, of the files: what consumers were promised."""
    found: dict[tuple[str, int], Schema] = {}
    for file in files(__package__).joinpath("released").iterdir():
        if file.name.endswith(".json"):
            topic, _, version = file.name.removesuffix(".json").rpartition(".v")
            found[topic, int(version)] = json.loads(file.read_text(encoding="utf-8"))
    return found


def schema(event_type: str, version: int) -> Schema:
    """Raises SchemaNotFound."""
    try:
        return released()[event_type, version]
    except KeyError:
        raise SchemaNotFound("there is no such event", type=event_type, version=version) from None


def text_of(one: Schema) -> str:
    """What the file of a schema holds."""
    return json.dumps(one, ensure_ascii=False, indent=1) + "\n"


def breaks(kept: Any, now: Any, at: str = "") -> list[str]:
    """Where a schema differs from the released one of its version, as paths; words do not count.

    Any difference breaks somebody: what is added is refused by who reads strictly, and what is
    taken out or changed is missed. A new shape is a new version.
    """
    if isinstance(kept, dict) and isinstance(now, dict):
        # A field may be called like a word: only where a schema stands are they words.
        words = set() if at.endswith("/properties") else _WORDS
        names = (kept.keys() | now.keys()) - words
        return [
            found
            for name in sorted(names)
            for found in (
                breaks(kept[name], now[name], f"{at}/{name}")
                if name in kept and name in now
                else [f"{at}/{name}"]
            )
        ]
    return [] if kept == now else [at]


def _object(properties: Mapping[str, Any], required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }


def _plain(hint: Any) -> Schema:
    """The schema of a field, with every reference written out: shapes inside events are small."""
    made = TypeAdapter(hint).json_schema(mode="serialization")
    shapes = made.pop("$defs", {})
    found: Schema = _written_out(made, shapes)
    return found


def _written_out(part: Any, shapes: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_written_out(one, shapes) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _written_out(shapes[part["$ref"].removeprefix("#/$defs/")], shapes)
    kept = {
        name: {key: _written_out(value, shapes) for key, value in one.items()}
        if name == "properties"
        else _written_out(one, shapes)
        for name, one in part.items()
        if name not in ("title", "default")
    }
    if kept.get("type") == "object" and "properties" in kept:
        # A field whose class gives it a default is stored like any other.
        kept["required"] = [*kept["properties"]]
        kept["additionalProperties"] = False
    return kept
