"""What a query is refused for."""

from __future__ import annotations

from typing import Any

from mintflow.domain.core.errors import Invalid


class QueryNotReadable(Invalid):
    """The query does not follow the language; `position` says where, counted from 0."""

    code = "query_not_readable"

    def __init__(self, message: str, position: int, **details: Any) -> None:
        """message: never quotes the query, which may name people."""
        super().__init__(f"{message} (at character {position})", position=position, **details)
