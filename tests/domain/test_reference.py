"""The reference says what the code says: event types, and the codes of refusals."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from mintflow.api.core.errors import STATUS_OF
from mintflow.domain.catalogue import event_types

ROOT = Path(__file__).parents[2]


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = _generator()


@pytest.mark.parametrize("name", GENERATE.PAGES)
def test_the_page_is_what_the_code_would_write(name: str) -> None:
    path, text = GENERATE.page(name)
    assert path.read_text(encoding="utf-8") == text, "run: python docs/generate.py"


def test_every_event_type_stands_on_the_page() -> None:
    text = (ROOT / "docs/reference/events.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^### `([a-z_.]+)`$", text, re.MULTILINE)) == event_types().keys()


def test_every_code_stands_on_the_page_under_its_kind() -> None:
    text = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    sections = re.split(r"^### (\w+): HTTP (\d+)$", text, flags=re.MULTILINE)[1:]
    found = {}
    for kind, status, body in zip(sections[::3], sections[1::3], sections[2::3], strict=True):
        assert STATUS_OF[kind] == int(status)  # type: ignore[index]
        found |= dict.fromkeys(re.findall(r"^\| `(\w+)` \|", body, re.MULTILINE), kind)
    assert found == {code: error.kind for code, error in GENERATE.error_classes().items()}


def test_codes_are_names() -> None:
    for code in GENERATE.error_classes():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)


def test_the_asyncapi_document_is_what_the_code_would_write() -> None:
    kept = (ROOT / "docs/reference/asyncapi.json").read_text(encoding="utf-8")
    assert kept == GENERATE.asyncapi_text(), "run: python docs/generate.py asyncapi"
