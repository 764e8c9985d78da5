"""Pages: how large, and the cursor from which the next one goes on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

LIMIT_MAX = 1_000

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Rows of a page.")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before.")
]


def page(next_cursor: str | None) -> dict[str, Any]:
    """The pagination part of an answer's meta."""
    return {"next_cursor": next_cursor, "has_next": next_cursor is not None}
