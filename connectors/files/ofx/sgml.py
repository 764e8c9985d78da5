"""OFX text to nested aggregates, tolerant where banks are sloppy, strict where a file is cut off.

OFX 1.x closes its aggregates but not its values; OFX 2.x closes both; banks mix the two. One
reader takes all of it, without recursion. A DOCTYPE is refused and no entity but the five of XML
and character numbers is replaced, so that no file can make this reader grow or look elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mintflow.connectors.files.errors import CannotRead

_DEPTH_MAX = 64
_START = re.compile(r"<\s*(?:\w+:)?OFX\s*>", re.IGNORECASE)
_TOKEN = re.compile(
    r"<!\[CDATA\[(?P<cdata>.*?)\]\]>|<!--.*?-->|<\?.*?\?>"
    r"|<(?P<close>/?)(?:\w+:)?(?P<tag>[A-Za-z_][\w.-]*)[^<>]*?(?P<empty>/?)>"
    r"|(?P<text>[^<]+)|(?P<stray><)",
    re.DOTALL,
)
_BLOCKS = (("<![CDATA[", "]]>"), ("<!--", "-->"), ("<?", "?>"))
_CLOSED = re.compile(r"</(?:\w+:)?([A-Za-z_][\w.-]*)\s*>")
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos|nbsp)|#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6}));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " "}
# Values that stand empty and unclosed in front of another tag must not swallow it.
_LEAVES = frozenset(
    "CODE SEVERITY MESSAGE DTSERVER LANGUAGE ORG FID TRNUID CURDEF BANKID BRANCHID ACCTID ACCTTYPE "
    "ACCTKEY DTSTART DTEND TRNTYPE DTPOSTED DTUSER DTAVAIL DTTRAN TRNAMT FITID CHECKNUM REFNUM "
    "NAME PAYEEID MEMO SIC BALAMT DTASOF CURSYM CURRATE EXTDNAME VALUEDATE CATEGORY ACCTBAL".split()
)
# Never values, so that a file that is cut off before their ends shows it.
_AGGREGATES = re.compile(
    r"(OFX|SONRS|STATUS|FI|STMTTRNP?|LEDGERBAL|AVAILBAL|CURRENCY|ORIGCURRENCY|PAYEE"
    r"|\w*(MSGSRSV1|TRNRS|STMTRS|TRANLISTP?|ACCTFROM|ACCTTO))\Z"
)


@dataclass(slots=True)
class Aggregate:
    """One aggregate. values: the first value of each name in it. start: offset in the text."""

    tag: str
    start: int
    values: dict[str, str] = field(default_factory=dict)
    parts: list[Aggregate] = field(default_factory=list)

    def part(self, tag: str) -> Aggregate | None:
        """The first aggregate of that name directly inside."""
        return next((part for part in self.parts if part.tag == tag), None)

    def all_parts(self) -> Iterator[Aggregate]:
        """Every aggregate inside, at any depth, in document order."""
        stack = list(reversed(self.parts))
        while stack:
            part = stack.pop()
            yield part
            stack.extend(reversed(part.parts))


def parse(text: str) -> Aggregate:
    """The aggregates of an OFX text. Raises CannotRead for a DOCTYPE, depth or a cut-off file."""
    start = _START.search(text)
    if start is None:
        raise CannotRead("file", "there is no <OFX> element")
    declared = re.search(r"<!(DOCTYPE|ENTITY)", text[: start.start()], re.IGNORECASE)
    if declared or "<!ENTITY" in text:
        raise CannotRead(_line(text, 0), "a document type or entity is declared; OFX has none")
    for opens, closes in _BLOCKS:
        # Checked once: a pattern that looks for an end that is not there looks again each time.
        if text.rfind(opens) > text.rfind(closes):
            raise CannotRead(_line(text, text.rfind(opens)), f"'{opens}' is never closed")
    root = Aggregate("", start.start())
    _Parser(text, root).run(start.start())
    return root


class _Parser:
    """One pass over the tokens; a tag is open until it shows itself a value or an aggregate."""

    def __init__(self, text: str, root: Aggregate) -> None:
        self._text = text
        self._stack = [root]
        self._closed = {name.upper() for name in _CLOSED.findall(text)} - _LEAVES
        self._name = ""
        self._at = 0
        self._value: list[str] = []

    def run(self, start: int) -> None:
        for token in _TOKEN.finditer(self._text, start):
            kind = token.lastgroup
            if kind == "text":
                self._value.append(_replaced(token["text"]))
            elif kind == "cdata":
                self._value.append(token["cdata"])
            elif kind == "stray":
                self._value.append("<")
            elif token["tag"]:
                self._tag(token["tag"].upper(), bool(token["close"]), token.start())
                if token["empty"] and not token["close"]:
                    self._close(token["tag"].upper())
                if len(self._stack) == 1 and token["close"]:
                    return
        inner = self._stack[-1]
        where = _line(self._text, len(self._text))
        raise CannotRead(where, f"the file ends inside {inner.tag or 'OFX'}")

    def _tag(self, name: str, closes: bool, at: int) -> None:
        if closes:
            self._close(name)
            return
        self._settle(holds_tags=True)
        self._name, self._at = name, at
        self._value.clear()

    def _settle(self, holds_tags: bool) -> None:
        """Whatever was open: a value if it has text or is known as one, else an aggregate."""
        name = self._name
        if not name:
            return
        value = "".join(self._value).strip()
        self._name = ""
        aggregate = _AGGREGATES.match(name) or name in self._closed
        if value or not holds_tags or not aggregate:
            self._stack[-1].values.setdefault(name, value)
            return
        inner = Aggregate(name, self._at)
        self._stack[-1].parts.append(inner)
        self._stack.append(inner)
        if len(self._stack) > _DEPTH_MAX:
            where = _line(self._text, self._at)
            raise CannotRead(where, f"elements are nested deeper than {_DEPTH_MAX}")

    def _close(self, name: str) -> None:
        own = self._name == name
        if own and _AGGREGATES.match(name) and not "".join(self._value).strip():
            self._stack[-1].parts.append(Aggregate(name, self._at))
            self._name = ""
        self._settle(holds_tags=False)
        self._value.clear()
        if own or not any(part.tag == name for part in self._stack):
            return
        while self._stack[-1].tag != name:
            left = self._stack.pop()
            if left.tag == "STMTTRN":
                raise CannotRead(_line(self._text, left.start), "STMTTRN is never closed")
        self._stack.pop()


def _replaced(text: str) -> str:
    return _ENTITY.sub(_entity, text) if "&" in text else text


def _entity(match: re.Match[str]) -> str:
    if match[1]:
        return _NAMED[match[1]]
    number = int(match[2]) if match[2] else int(match[3], 16)
    printable = 32 <= number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
    return chr(number) if printable else match[0]


def _line(text: str, offset: int) -> str:
    return f"line {text.count(chr(10), 0, offset) + 1}"


def line_of(text: str, part: Aggregate) -> str:
    """The line on which an aggregate starts, for messages."""
    return _line(text, part.start)
