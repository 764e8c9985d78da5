"""Which format a file is in: by what it says, never by what it is called.

A wrong extension is common (an OFX saved as .txt, a CSV as .xls), so the name is not even asked.
"""

from __future__ import annotations

import re

from mintflow.connectors.files.errors import CannotRead

FORMATS = ("csv", "ofx", "qif", "camt", "mt940")
ALIASES = {
    "qfx": "ofx", "mt942": "mt940", "tsv": "csv",
    "camt.052": "camt", "camt.053": "camt", "camt.054": "camt",
}  # fmt: skip

_HEAD_CHARS = 65_536
_OFX = re.compile(r"OFXHEADER\s*[:=]|<\s*(\w+:)?OFX\s*>", re.IGNORECASE)
_CAMT = re.compile(r"<(\w+:)?BkToCstmr|camt\.05[234]\.")
_MT940 = re.compile(r"^(\{4:\s*)?:(20|25|28C?|60[FM]?|61|62[FM]?|86|13D?|34F|NS|90[CD]):", re.M)
_QIF = re.compile(r"^!(type|account|option|clear)\b", re.IGNORECASE | re.M)
_QIF_FIELD = re.compile(r"[A-Z$%~][^\n]*\Z|\^\s*\Z|\Z")


def detect(text: str) -> str:
    """One of FORMATS. Raises CannotRead for XML or HTML that is not a bank file."""
    head = text[:_HEAD_CHARS].lstrip()
    if _OFX.search(head[:4096]) or (head.startswith("<") and _OFX.search(head)):
        return "ofx"
    if head.startswith("<"):
        if _CAMT.search(head):
            return "camt"
        if re.search(r"<(html|table|!doctype html)", head[:2048], re.IGNORECASE):
            raise CannotRead("line 1", "this is a web page, not a bank file")
        raise CannotRead("line 1", "this is XML, but neither OFX nor CAMT")
    if _QIF.search(head) or _is_bare_qif(head):
        return "qif"
    if _MT940.search(head):
        return "mt940"
    return "csv"


def _is_bare_qif(head: str) -> bool:
    """Some programs leave the "!Type" line out: then every line still starts with its letter."""
    lines = head.split("\n")[:60]
    return (
        "^" in (line.strip() for line in lines)
        and all(_QIF_FIELD.match(line) for line in lines[:-1])
        and any(line.startswith("D") for line in lines)
    )
