"""Arrays that are sent to Postgres arrive as they were meant, in either form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mintflow.store.arrays import ArrayLiteral, TextArray, register_arrays

# What a literal could be misled by, and what is told from NULL by its quotes alone.
AWKWARD = ["", " ", "NULL", "null", "{}", "{", ",", "a,b", "\t", "\n", "\r", "Café ☕", "'", "%s"]
ESCAPED = ['"', "\\", 'say "no"', "C:\\", '","', '\\"']
ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@pytest.fixture
def conn(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as conn:
        register_arrays(conn)
        yield conn


def received(conn: psycopg.Connection[Any], array: TextArray | ArrayLiteral) -> list[str | None]:
    return [row[0] for row in conn.execute("select unnest(%s::text[])", [array], prepare=True)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.none() | ANY_TEXT | st.sampled_from(AWKWARD + ESCAPED), max_size=6))
def test_texts_arrive_unchanged_whichever_form_they_take(
    conn: psycopg.Connection[Any], values: list[str | None]
) -> None:
    assert received(conn, TextArray.of(values)) == values
    assert received(conn, ArrayLiteral.of(values) or TextArray.of(values)) == values


def test_what_needs_no_escape_is_a_literal(conn: psycopg.Connection[Any]) -> None:
    for values in [[], [None], *([one] for one in AWKWARD), [*AWKWARD, None]]:
        literal = ArrayLiteral.of(values)
        assert literal is not None
        assert received(conn, literal) == values


@pytest.mark.parametrize("value", [*ESCAPED, "a\0b"])
def test_what_needs_an_escape_is_no_literal(value: str) -> None:
    assert ArrayLiteral.of(["plain", value]) is None
    assert ArrayLiteral.of([None, value]) is None
