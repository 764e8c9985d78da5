"""The category tree: where categories stand and whether they take transactions, by what counts.

A place is said as what a category is below and its own last name, because what is above it may be
moved by another operation. So moves can be undone in any order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mintflow.commands.undo.course import Course
from mintflow.domain.categories import CategoryNotFound, CategoryTree
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.ids import category_tree_id
from mintflow.store.mapper import RecordedEvent

_STANDING = ("category.added", "category.archived", "category.merged", "category.restored")


@dataclass(slots=True)
class _Words:
    """Of one category. place: (parent's id or "", last part of the path). standing: "active",
    "archived", or the id of what it was merged into. Only words that count."""

    place: tuple[str, str] = ("", "")
    standing: str = "archived"
    moves: list[RecordedEvent] = field(default_factory=list)
    others: list[RecordedEvent] = field(default_factory=list)


async def undo(course: Course, events: Sequence[RecordedEvent]) -> None:
    """Bring the categories of the operation to where they stand by what counts."""
    unit, stream_id = course.unit, category_tree_id(course.unit.ledger_id)
    tree = await unit.change(CategoryTree, stream_id, CategoryNotFound)
    history = (await unit.log.histories(unit.ledger_id, [stream_id]))[stream_id]
    words = _words(course, history)
    ids = [*dict.fromkeys(_subject(event) for event in events)]
    before = {one: tree.nodes[one] for one in ids}
    moved = {_subject(event) for event in events if event.type == "category.moved"}
    going = {one for one in ids if words[one].standing != "active"}
    # What is above comes back and moves first, and goes last.
    down = sorted(ids, key=lambda one: tree.nodes[one].path.count("."))
    for one in down:
        if one not in going and tree.nodes[one].archived:
            _try(course, one, partial(_restore, course, tree, one))
    for one in down:
        if one in moved:
            _try(course, one, partial(_move, course, tree, one, words))
    for one in reversed(down):
        if one in going and not tree.nodes[one].archived:
            _try(course, one, partial(_retire, course, tree, one, words))
    for one in ids:
        was, node = before[one], tree.nodes[one]
        names = ("path", "archived", "merged_into")
        course.changed_fields(
            "category", one, {name: getattr(was, name) for name in names},
            {name: getattr(node, name) for name in names},
        )  # fmt: skip
        course.kept("category", one, "path", words[one].moves, "moved since")
        course.kept("category", one, "archived", words[one].others)


def _subject(event: RecordedEvent) -> str:
    data = event.data
    return str(data.get("category_id") or data["category"]["category_id"])


def _words(course: Course, history: Sequence[RecordedEvent]) -> dict[str, _Words]:
    """Category -> what the words that count say of it."""
    found: defaultdict[str, _Words] = defaultdict(_Words)
    tree: Any = None
    for event, typed in zip(history, course.unit.log.typed(history), strict=True):
        counts, nodes = course.counts(event), {} if tree is None else tree.nodes
        if event.type == "category_tree.planted":
            by_path = {one.path: one.category_id for one in typed.categories}
            for one in typed.categories:
                above, _, name = one.path.rpartition(".")
                found[one.category_id] = _Words((by_path.get(above, ""), name), "active")
        elif event.type == "category.moved":
            own = found[typed.category_id]
            own.moves.append(event)
            if counts:
                own.place = _place(typed.after, nodes.values())
        else:
            own = found[_subject(event)]
            own.others.append(event)
            if event.type == "category.added":
                # Where it would stand if it came back, whether its adding counts or not.
                own.place = _place(typed.category.path, nodes.values())
            if counts:
                own.standing = {
                    "category.archived": "archived",
                    "category.merged": getattr(typed, "into", ""),
                }.get(event.type, "active")
        tree = typed.mutate(tree)
    return found


def _place(path: str, nodes: Iterable[Any]) -> tuple[str, str]:
    above, _, name = path.rpartition(".")
    held = [one for one in nodes if one.path == above]
    parent = min(held, key=lambda one: one.archived).category_id if held else ""
    return parent, name


def _restore(course: Course, tree: CategoryTree, category_id: str) -> None:
    node = tree.nodes[category_id]
    if tree.find(node.path).category_id != category_id:
        course.conflict("category", category_id, "category_exists")
        return
    tree.restore(node.path, course.unit.now)


def _move(course: Course, tree: CategoryTree, category_id: str, words: dict[str, _Words]) -> None:
    node, (parent, name) = tree.nodes[category_id], words[category_id].place
    if tree.find(node.path).category_id != category_id:
        course.conflict("category", category_id, "category_is_archived", ["path"])
        return
    tree.move(node.path, f"{tree.nodes[parent].path}.{name}" if parent else name, course.unit.now)


def _retire(course: Course, tree: CategoryTree, category_id: str, words: dict[str, _Words]) -> None:
    node, into = tree.nodes[category_id], words[category_id].standing
    below = [one for one in tree.subtree(node.path) if not one.archived]
    if len(below) > 1:
        course.conflict("category", category_id, "has categories below it")
    elif into == "archived":
        tree.archive(node.path, course.unit.now)
    else:
        tree.merge(node.path, tree.nodes[into].path, course.unit.now)


def _try(course: Course, category_id: str, act: Callable[[], None]) -> None:
    try:
        act()
    except MintFlowError as refusal:
        course.refused("category", category_id, refusal)
