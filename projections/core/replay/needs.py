"""Which tables a query reads, told from its text, and how much of the history they need.

A replay folds and writes only what is asked for, and no route has to say what that is: the tables
are named in the SQL. A name that is taken for a table and is none costs a fold and changes no
answer.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from functools import cache

from mintflow.projections.core.projection import Projection
from mintflow.projections.core.tables import Table, View

# Table names follow FROM, JOIN or a comma of either.
_NAMED = re.compile(r"(?:\bfrom|\bjoin|,)\s+(?:only\s+)?([a-z_][a-z0-9_]*)", re.IGNORECASE)
_REMEMBERED_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Needed:
    """What a statement reads, each in a fixed order.

    marked: tables that are read for views with a mark alone, with that mark.
    """

    tables: tuple[Table, ...]
    views: tuple[View, ...]
    marked: tuple[tuple[Table, bytes], ...] = ()


def part_for(projection: Projection, tables: Container[str]) -> Projection:
    """As much of a projection as some of its tables need: those that few event types move, where it
    is no others, for then most of the history need not be read; else all of it."""
    lean = _lean(projection)
    others = [table for table in projection.tables if table not in lean.tables]
    return projection if any(table.name in tables for table in others) else lean


@cache
def _lean(projection: Projection) -> Projection:
    tables = tuple(table for table in projection.tables if table.topics)
    topics = {topic for table in tables for topic in table.topics}
    return replace(projection, tables=tables, topics=tuple(sorted(topics)))


class Needs:
    """For one list of projections."""

    def __init__(self, projections: Sequence[Projection]) -> None:
        self._tables = {table.name: table for one in projections for table in one.tables}
        self._views = {view.name: view for one in projections for view in one.views}
        self._known: dict[str, Needed] = {}

    def of(self, sql: str) -> Needed:
        """What a statement reads."""
        known = self._known.get(sql)
        if known is None:
            if len(self._known) >= _REMEMBERED_MAX:
                self._known.clear()
            known = self._known[sql] = self._look(sql)
        return known

    def _look(self, sql: str) -> Needed:
        tables: dict[str, Table] = {}
        views: dict[str, View] = {}
        marked: dict[str, bytes] = {}
        texts: list[tuple[str, bytes | None]] = [(sql, None)]
        while texts:
            text, mark = texts.pop()
            for name in _NAMED.findall(text):
                view = self._views.get(name)
                if view is not None and name not in views:
                    views[name] = view
                    texts.append((view.sql, view.mark))
                if name in self._tables and (mark is None or marked.setdefault(name, mark) != mark):
                    tables[name] = self._tables[name]
        # A view may be made of views, which are found after it and made before it.
        return Needed(
            tuple(tables[name] for name in sorted(tables)),
            tuple(reversed(views.values())),
            tuple(
                (self._tables[name], marked[name]) for name in sorted(marked) if name not in tables
            ),
        )
