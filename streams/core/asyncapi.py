"""The AsyncAPI 3 document of the topics: the messages of every event in every version."""

from __future__ import annotations

from typing import Any

from mintflow.domain.core.ids import SHARDS
from mintflow.store.schemas import released
from mintflow.streams.core.envelope import ATTRIBUTES
from mintflow.streams.core.topics import EVENTS, TOPICS, Topic

Document = dict[str, Any]

_BINDING = "0.5.0"
_OPTIONAL = {"causationid", "sealed"}
_SEPARATE = ("x-sealed", "$schema")


def asyncapi(version: str) -> Document:
    """version: of the product. Topic names are without the prefix of an installation."""
    messages = {
        _name(event_type, number): _message(event_type, number, schema)
        for (event_type, number), schema in released().items()
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "MintFlow events",
            "version": version,
            "description": "The books of households as immutable events: CloudEvents 1.0 in "
            "Kafka's binary mode. Delivered at least once, in the order of `ce_position` within a "
            "partition; a ledger is in one partition.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {
            f"relay.{topic.name}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "summary": topic.meaning,
            }
            for topic in TOPICS
        },
        "components": {
            "messages": messages,
            "messageTraits": {"cloudEvent": _trait()},
            "schemas": {
                _name(*key): {name: part for name, part in schema.items() if name not in _SEPARATE}
                for key, schema in released().items()
            },
        },
    }


def _channel(topic: Topic) -> Document:
    return {
        "address": topic.name,
        "description": topic.meaning,
        "messages": {
            _name(*key): {"$ref": f"#/components/messages/{_name(*key)}"}
            for key in released()
            if topic.name == EVENTS or topic.takes(key[0])
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": SHARDS,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": topic.retention_ms,
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _message(event_type: str, version: int, schema: Document) -> Document:
    return {
        "name": event_type,
        "title": f"{event_type}, version {version}",
        "summary": str(schema["description"]).split("\n\n", maxsplit=1)[0].replace("\n", " "),
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {"$ref": f"#/components/schemas/{_name(event_type, version)}"},
        "x-sealed": schema["x-sealed"],
    }


def _trait() -> Document:
    properties: Document = {
        f"ce_{name}": {"type": "string", "description": holds} for name, holds in ATTRIBUTES.items()
    }
    properties["content-type"] = {"const": "application/json"}
    return {
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "properties": properties,
            "required": [
                "content-type",
                *(f"ce_{name}" for name in ATTRIBUTES if name not in _OPTIONAL),
            ],
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "format": "uuid", "description": "`ledger_id`"},
                "bindingVersion": _BINDING,
            }
        },
    }


def _name(event_type: str, version: int) -> str:
    """Component names allow dots, and channels refer to them by this name."""
    return f"{event_type}.v{version}"
