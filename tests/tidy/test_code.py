"""House rules about code, looked up in the syntax tree: what no linter knows of this house."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tidy.tree import ROOMS, ROOT, modules

MONEY_PATH = ("domain", "store", "commands", "projections")
# Measures of time and ratios for the eye, which are no money and become none.
FLOATS_ALLOWED = {
    "projections/core/bulk/worker.py": "events per second, and seconds to wait",
    "projections/core/rebuild/coordinator.py": "events per second",
    "projections/core/replay/replays.py": "seconds of waiting",
    "projections/core/rebuild/report.py": "seconds, and events per second, of a rebuild",
}
# Loops outside hosts/ that must outlive every fault, each with where the fault is seen instead.
OUTERMOST_LOOPS = {
    "streams/core/reactions.py": "logged and retried: its checkpoint stays, and is in the database",
    "store/evidence/forwarding.py": "logged, shown by /ready, and retried: it is anybody's code",
    "streams/core/relay/loop.py": "logged, shown by /ready, and begun anew from the checkpoints",
    "streams/core/faust/follower.py": "logged, shown by /ready, and retried: Faust would commit on",
    "streams/core/faust/transport.py": "partitions were taken away, and their return seeks again",
    "streams/core/scheduler.py": "logged, kept as a fault: one job must not end the others",
    "streams/core/tailer.py": "logged, shown by /ready, and retried: ending would stop all reads",
    "streams/core/feed.py": "logged and retried: ending would leave live streams without a word",
}


def test_imports_say_what_they_take() -> None:
    stars = [
        _at(path, node)
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and any(name.name == "*" for name in node.names)
    ]
    assert not stars, f"a star hides where a name comes from: {stars}"


def test_no_float_on_the_money_path() -> None:
    floats = [
        _at(path, node)
        for path, tree in modules(*MONEY_PATH)
        if str(path) not in FLOATS_ALLOWED
        for node in _outside_refusals(tree)
        if isinstance(node, ast.Name) and node.id == "float"
    ]
    assert not floats, f"money is Decimal; 0.1 + 0.2 is not 0.3 in a float: {floats}"


def test_only_a_hosts_outermost_loop_catches_everything() -> None:
    swallowed = [
        _at(path, handler)
        for path, tree in modules(*ROOMS)
        if path.parts[0] != "hosts" and str(path) not in OUTERMOST_LOOPS
        for handler in ast.walk(tree)
        if isinstance(handler, ast.ExceptHandler)
        and _catches_everything(handler)
        and not _raises_again(handler)
    ]
    assert not swallowed, f"what is caught here hides a fault from whom it concerns: {swallowed}"


def test_every_exception_to_these_rules_is_still_needed() -> None:
    known = {str(path) for path, _ in modules(*ROOMS)}
    gone = {*FLOATS_ALLOWED, *OUTERMOST_LOOPS} - known
    assert not gone, f"an exception for a file that is gone waits for another to misuse it: {gone}"


def test_only_the_command_line_prints() -> None:
    prints = [
        _at(path, node)
        for path, tree in modules(*ROOMS)
        if path.parts[:2] not in {("hosts", "cli"), ("hosts", "cli.py")}
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert not prints, f"a program reads stdout; people read the log: {prints}"


def test_only_hosts_read_the_environment() -> None:
    readers = [
        _at(path, node)
        for path, tree in modules(*ROOMS)
        if path.parts[0] != "hosts"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert not readers, f"settings are read once, in a host, and passed down: {readers}"


def test_nothing_happens_at_import() -> None:
    doing = {"open", "connect", "run", "Popen", "mkdir", "getenv", "now", "today", "urlopen"}
    done = [
        _at(path, call)
        for path, tree in modules(*ROOMS)
        for call in _calls_at_import(tree)
        if _name(call.func) in doing
    ]
    assert not done, f"an import that acts cannot be tested, ordered or undone: {done}"


def _outside_refusals(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those of `isinstance(...)`: asking for a float is how one is refused."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "isinstance":
            continue
        yield node
        yield from _outside_refusals(node)


def _calls_at_import(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and _name(node.test) == "__main__":
            continue
        if isinstance(node, ast.Call):
            yield node
        yield from _calls_at_import(node)


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or _name(kind) in {"Exception", "BaseException"} for kind in caught)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Compare):
        return next((str(c.value) for c in node.comparators if isinstance(c, ast.Constant)), "")
    return node.id if isinstance(node, ast.Name) else ""


def _at(path: Path, node: ast.stmt | ast.expr | ast.excepthandler) -> str:
    return f"{path}:{node.lineno}"


def test_no_test_leaves_the_root_on_the_path() -> None:
    left = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if re.search(r"sys\.path\.(insert|append)\(", text := path.read_text())
        and "sys.path.remove(" not in text
    ]
    assert not left, f"the rooms at the root hide folders of tests of the same names: {left}"
