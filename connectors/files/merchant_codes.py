"""Merchant category codes (ISO 18245) in bank files: where they stand, and what is one.

What a code means is no matter of the files; ml/knowledge/codes.py knows it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mintflow.connectors.files.delimited.words import normalised

# Some banks fill the four digits up to six with zeros in front.
_CODE = re.compile(r"0{0,2}([0-9]{4})\Z")
_COLUMN = re.compile(
    r"(?:card )?(?:mcc|merchant category(?: code| id)?|mcc code|mcc id|merchant category code mcc"
    r"|sic|sic code|handlerkategorie(?:code)?|handler kategorie code|code mcc|codigo mcc|mcc kod"
    r"|branchenkode|categorie commercant|merchant mcc)\Z"
)


def mcc_in(text: str) -> str | None:
    """The four digits of a code; None for what is none, and for 0000, which says that there is
    none."""
    found = _CODE.match(text.strip())
    return found[1] if found and found[1] != "0000" else None


def code_column(header: Sequence[str] | None) -> int | None:
    """The column of the codes, known by its name only."""
    return next(
        (index for index, name in enumerate(header or ()) if _COLUMN.match(normalised(name))), None
    )
