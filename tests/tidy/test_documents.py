"""House rules about documents: what they point to is there."""

from __future__ import annotations

import re
from urllib.parse import unquote

from tidy.tree import ROOT, texts

LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def test_relative_links_lead_somewhere() -> None:
    dead = []
    for path, text in texts(".md"):
        for target in LINK.findall(FENCED.sub("", text)):
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            file, _, anchor = unquote(target).partition("#")
            # A link from the root means the root of the repository.
            base = ROOT if file.startswith("/") else (ROOT / path).parent
            whole = (base / file.lstrip("/")).resolve() if file else ROOT / path
            if not whole.exists():
                dead.append(f"{path} -> {target}")
            elif anchor and whole.suffix == ".md" and anchor not in _anchors(whole.read_text()):
                dead.append(f"{path} -> {target} (no such heading)")
    assert not dead, f"a reader who follows these finds nothing: {dead}"


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1)), "one number is one decision, forever"


def _anchors(text: str) -> set[str]:
    headings = HEADING.findall(FENCED.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
