"""Writes the parts of the reference that the code knows best: event types, errors and topics.

    python docs/generate.py            write all
    python docs/generate.py events     docs/reference/events.md
    python docs/generate.py errors     docs/reference/errors.md
    python docs/generate.py topics     docs/reference/topics.md
    python docs/generate.py schemas    store/schemas/released/, files that are missing there alone
    python docs/generate.py asyncapi   docs/reference/asyncapi.json

Only what stands between the two marks of a page is replaced. A test compares the pages with what
this would write.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, get_args, get_type_hints

import mintflow
from mintflow.api.core.errors import STATUS_OF
from mintflow.api.core.gate import BodyTooLarge
from mintflow.domain.catalogue import event_types
from mintflow.domain.core import errors as kinds
from mintflow.domain.core.aggregates import Event
from mintflow.domain.core.errors import MintFlowError
from mintflow.hosts.bootstrap import VERSION
from mintflow.store.schemas import breaks, current, released, text_of
from mintflow.streams.core.asyncapi import asyncapi
from mintflow.streams.core.audit_log import HEADS_ATTRIBUTES, TRAIL_ATTRIBUTES
from mintflow.streams.core.envelope import ATTRIBUTES
from mintflow.streams.core.topics import AUDIT, EVENTS, FOR_EVER_MS, TOPICS

REFERENCE = Path(__file__).parent / "reference"
RELEASED = REFERENCE.parents[1] / "store/schemas/released"
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"
_OF_THE_LIBRARY = {"originator_id", "originator_version", "timestamp", "originator_topic"}
_ROOTS = {kinds.Invalid, kinds.NotFound, kinds.Conflict, kinds.Forbidden, kinds.Unavailable}


def events() -> Iterator[str]:
    """Every event type by stream, and the shapes inside them."""
    shapes: dict[str, type] = {}
    for topic, event_class in event_types().items():
        hints = get_type_hints(event_class)
        yield f"### `{topic}`\n"
        yield f"Version {event_class.SCHEMA_VERSION}. {meaning(event_class, whole=True)}\n"
        own = [one.name for one in fields(event_class) if one.name not in _OF_THE_LIBRARY]
        if own:
            yield "| field | type | |\n|---|---|---|"
            for name in sorted(own, key=lambda name: (name in event_class.SEALED, name)):
                sealed = "sealed" if name in event_class.SEALED else "open"
                yield f"| `{name}` | {_spelled(hints[name], shapes)} | {sealed} |"
        yield ""
    yield "## Shapes inside events\n"
    shown: dict[str, str] = {}
    while new := shapes.keys() - shown.keys():  # a shape may hold shapes
        shown |= {name: _shape(shapes[name], shapes) for name in new}
    for _, text in sorted(shown.items()):
        yield text


def errors() -> Iterator[str]:
    """Every code by kind."""
    by_kind: dict[str, list[type[MintFlowError]]] = {kind: [] for kind in STATUS_OF}
    for error in error_classes().values():
        by_kind[error.kind].append(error)
    for kind, found in by_kind.items():
        yield f"### {kind}: HTTP {STATUS_OF[kind]}\n"  # type: ignore[index]
        yield "| code | when |\n|---|---|"
        for error in sorted(found, key=lambda error: error.code):
            status = " (HTTP 413)" if issubclass(error, BodyTooLarge) else ""
            yield f"| `{error.code}` | {meaning(error)}{status} |"
        yield ""


def topics() -> Iterator[str]:
    """Every topic with what goes there, and every attribute of a message."""
    yield "## Topics\n"
    yield "| topic | what a message means | event types | kept |\n|---|---|---|---|"
    for topic in TOPICS:
        days = topic.retention_ms // 86_400_000
        kept = "for ever" if topic.retention_ms == FOR_EVER_MS else f"{days} days"
        names = [f"`{one}*`" if one.endswith(".") else f"`{one}`" for one in topic.types]
        types = ", ".join(names) + (f" {topic.only}" if topic.only else "")
        if topic.name == EVENTS:
            types = "all"
        yield f"| `{topic.name}` | {topic.meaning} | {types or 'none'} | {kept} |"
    settings = ", ".join(f"`{k}={v}`" for k, v in TOPICS[0].configuration().items())
    yield f"\n`mintflow topics apply` sets, for `{EVENTS}`: {settings}.\n"
    yield "## Messages\n"
    yield "CloudEvents 1.0 in Kafka's binary mode: the value is the event's record as JSON, and the"
    yield "attributes are headers.\n"
    yield "| header | holds |\n|---|---|"
    yield "| `content-type` | `application/json` |"
    for name, holds in ATTRIBUTES.items():
        yield f"| `ce_{name}` | {holds} |"
    yield f"\n### In `{AUDIT}`: the trail\n"
    yield "The value is the entry's record as it is stored and hashed.\n"
    yield from _attributes(TRAIL_ATTRIBUTES)
    yield f"\n### In `{AUDIT}`: signed heads\n"
    yield "The value is a published object, byte for byte the file in the folder.\n"
    yield from _attributes(HEADS_ATTRIBUTES)


def _attributes(table: Mapping[str, str]) -> Iterator[str]:
    yield "| header | holds |\n|---|---|"
    for name, holds in table.items():
        yield f"| `ce_{name}` | {holds} |"


def error_classes() -> Mapping[str, type[MintFlowError]]:
    """Code -> class, of every refusal that any part of MintFlow can give.

    Raises ValueError for a code that two classes have.
    """
    for module in walk_packages(mintflow.__path__, "mintflow."):
        import_module(module.name)
    found: dict[str, type[MintFlowError]] = {}
    for error in _below(MintFlowError):
        if error in _ROOTS or "code" not in vars(error):
            continue
        if found.setdefault(error.code, error) is not error:
            raise ValueError(f"two errors have the code {error.code}")
    return found


def meaning(described: type, *, whole: bool = False) -> str:
    """The first paragraph of a docstring in one line, or all of them.

    Raises ValueError where there is none; a dataclass makes up one for itself.
    """
    text = inspect.cleandoc(vars(described).get("__doc__") or "")
    if not text or text.startswith(f"{described.__name__}("):
        raise ValueError(f"{described.__name__} says nothing about itself")
    paragraphs = [one.replace("\n", " ").replace("|", "\\|") for one in text.split("\n\n")]
    return "\n\n".join(paragraphs) if whole else paragraphs[0]


def page(name: str) -> tuple[Path, str]:
    """A page of the reference and what should stand in it."""
    path = REFERENCE / f"{name}.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    body = "\n".join(PAGES[name]()).rstrip()
    return path, f"{before}{BEGIN}\n\n{body}\n\n{END}{after}"


def write_schemas() -> None:
    """The schema of each version that has none yet. Raises ValueError for one that changed."""
    for topic, version, found in current():
        path = RELEASED / f"{topic}.v{version}.json"
        if not path.exists():
            path.write_text(text_of(found), encoding="utf-8")
            continue
        wrong = breaks(json.loads(path.read_text(encoding="utf-8")), found)
        if wrong:
            raise ValueError(
                f"{topic} version {version} was released with another shape, at {wrong}: raise "
                "SCHEMA_VERSION and add the step to store/upcasts.py"
            )
    released.cache_clear()


def asyncapi_text() -> str:
    """What docs/reference/asyncapi.json should hold."""
    return json.dumps(asyncapi(VERSION), ensure_ascii=False, indent=1) + "\n"


def write_asyncapi() -> None:
    (REFERENCE / "asyncapi.json").write_text(asyncapi_text(), encoding="utf-8")


def _below(error: type[MintFlowError]) -> Iterator[type[MintFlowError]]:
    for one in error.__subclasses__():
        # Tests have errors of their own, and are in the same process when they compare.
        if one.__module__.startswith("mintflow."):
            yield one
        yield from _below(one)


def _shape(shape: type, shapes: dict[str, type]) -> str:
    hints = get_type_hints(shape)
    rows = [f"| `{one.name}` | {_spelled(hints[one.name], shapes)} |" for one in fields(shape)]
    head = [f"### {shape.__name__}\n", f"{meaning(shape, whole=True)}\n"]
    return "\n".join([*head, "| field | type |\n|---|---|", *rows, ""])


def _spelled(hint: Any, shapes: dict[str, type]) -> str:
    """A type as JSON has it."""
    if is_dataclass(hint) and isinstance(hint, type) and not issubclass(hint, Event):
        shapes[hint.__name__] = hint
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    if isinstance(hint, type) and not get_args(hint):
        return _JSON.get(hint.__name__, hint.__name__)
    inner = [one for one in get_args(hint) if one is not Ellipsis]
    origin = getattr(hint, "__origin__", None)
    if origin is tuple:
        return "list of " + _spelled(inner[0], shapes)
    if origin is dict:
        return "object"
    if all(isinstance(one, str) for one in inner):
        return ", ".join(f"`{one}`" for one in inner)
    return " or ".join(_spelled(one, shapes) for one in inner)


_JSON = {
    "str": "text",
    "int": "integer",
    "bool": "boolean",
    "date": "date",
    "Decimal": "decimal text",
    "UUID": "uuid",
    "NoneType": "null",
}
PAGES: Mapping[str, Callable[[], Iterator[str]]] = {
    "events": events,
    "errors": errors,
    "topics": topics,
}
# In this order: the second is made from the first.
DOCUMENTS: Mapping[str, Callable[[], None]] = {
    "schemas": write_schemas,
    "asyncapi": write_asyncapi,
}


def main(names: list[str]) -> None:
    for name in names or (*PAGES, *DOCUMENTS):
        if name in DOCUMENTS:
            DOCUMENTS[name]()
            continue
        path, text = page(name)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
