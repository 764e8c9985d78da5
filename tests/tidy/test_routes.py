"""House rules about routes: what a query answers from, and by which clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tidy.tree import modules

# Reads of a ledger that ask no read model, each with what they answer from instead.
OTHER_SOURCES = {
    "api/events/ledger.py:list_events": "the log, up to known_until()",
    "api/events/ledger.py:stream_events": "the log, up to known_until()",
    "api/goals.py:goal_history": "the log, up to known_until()",
    "api/evidence.py:evidence_of_event": "the log, up to known_until()",
    "api/explain/histories.py:history": "the log, up to known_until()",
    "api/transactions.py:transaction_history": "the log, up to known_until()",
    "api/undo.py:list_operations": "the log, up to known_until()",
}
# Files of api/ that look at the clock themselves, each with what for.
OWN_CLOCK = {"api/core/envelope.py": "meta.timestamp is when it was answered"}


def test_every_read_of_a_ledger_answers_what_was_known_at_a_moment() -> None:
    direct = [
        name
        for name, function in _reads_of_a_ledger()
        if "read_models" not in _names(function) and name not in OTHER_SOURCES
    ]
    assert not direct, f"take the connection from read_models(request), for known_at: {direct}"


def test_routes_know_the_time_from_their_request() -> None:
    clocks = {
        f"{path}:{node.lineno}"
        for path, tree in modules("api")
        if str(path) not in OWN_CLOCK
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"now", "today", "utcnow"}
    }
    assert not clocks, f"now_of(request) and today_of(request) follow known_at: {clocks}"


def test_queries_ask_no_clock_of_the_database() -> None:
    clocks = {"now()", "current_date", "current_timestamp", "clock_timestamp", "localtimestamp"}
    asking = {
        f"{path}:{node.lineno}"
        for path, tree in modules("projections")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for clock in clocks
        if clock in node.value.lower()
    }
    assert not asking, f"what was known once does not depend on when it is asked: {asking}"


def test_every_exception_to_these_rules_is_still_needed() -> None:
    direct = {
        name for name, function in _reads_of_a_ledger() if "read_models" not in _names(function)
    }
    assert set(OTHER_SOURCES) <= direct, "a route of the list is gone, or uses read_models now"


def _reads_of_a_ledger() -> Iterator[tuple[str, ast.AsyncFunctionDef]]:
    for path, tree in modules("api"):
        prefix = "".join(
            str(keyword.value.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "APIRouter"
            for keyword in node.keywords
            if keyword.arg == "prefix" and isinstance(keyword.value, ast.Constant)
        )
        for function in ast.walk(tree):
            if not isinstance(function, ast.AsyncFunctionDef):
                continue
            for decorator in function.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(".get"):
                    where = decorator.args[0]
                    text = where.value if isinstance(where, ast.Constant) else ""
                    if "{ledger_id}" in f"{prefix}{text}":
                        yield f"{path}:{function.name}", function


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
