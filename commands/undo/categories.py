"""The category tree: where categories stand and whether they take transactions, by what counts.

A place is said as what a category is below and its own last name, because what is above it may be
moved by another operation. So moves can be undone in any order. The whole tree is looked at, not
only what the operation spoke of: what had to wait for another operation follows with that one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mintflow.commands.undo.course import Course
from mintflow.domain.categories import CategoryNotFound, CategoryTree
from mintflow.domain.categories.settling import (
    ACTIVE,
    ARCHIVED,
    CategoryWords,
    Place,
    SettledTree,
    bring,
    settle_tree,
)
from mintflow.domain.core.ids import category_tree_id
from mintflow.store.mapper import RecordedEvent

_STANDING = {"category.added": ACTIVE, "category.restored": ACTIVE, "category.archived": ARCHIVED}


@dataclass(slots=True)
class _Events:
    """Of one category: what moved it, and what else was said of it."""

    moves: list[RecordedEvent] = field(default_factory=list)
    others: list[RecordedEvent] = field(default_factory=list)


async def undo(course: Course, events: Sequence[RecordedEvent]) -> None:
    """Bring the categories to where they stand by what counts."""
    unit, stream_id = course.unit, category_tree_id(course.unit.ledger_id)
    tree = await unit.change(CategoryTree, stream_id, CategoryNotFound)
    history = (await unit.log.histories(unit.ledger_id, [stream_id]))[stream_id]
    words, said = _words(course, history)
    settled, before = settle_tree(words), dict(tree.nodes)
    told = bring(tree, settled, words, _moved(course, words, said), unit.now)
    ids = [*dict.fromkeys(_subject(event) for event in events)]
    for one in (*ids, *sorted(told.difference(ids))):
        was, node = before[one], tree.nodes[one]
        names = ("path", "archived", "merged_into")
        course.changed_fields(
            "category", one, {name: getattr(was, name) for name in names},
            {name: getattr(node, name) for name in names},
        )  # fmt: skip
    for one in ids:
        _conflicts(course, tree, one, words[one], settled)
        course.kept("category", one, "path", said[one].moves, "moved since")
        course.kept("category", one, "archived", said[one].others)


def _moved(
    course: Course, words: Mapping[str, CategoryWords], said: Mapping[str, _Events]
) -> list[str]:
    """Those of which operations that were undone or redone said another place, or of what they are
    below: nobody else moves what does not stand."""
    by = {str(one) for one in (*course.undoing.values(), course.operation_id)}
    spoken = {one for one, held in said.items()
              if any(event.correlation_id in by for event in held.moves)}  # fmt: skip
    above = {one: {place.parent for place in held.places} for one, held in words.items()}
    grown = True
    while grown:
        more = {one for one in above if one not in spoken and above[one] & spoken}
        spoken, grown = spoken | more, bool(more)
    return sorted(spoken)


def _conflicts(
    course: Course, tree: CategoryTree, category_id: str, words: CategoryWords, settled: SettledTree
) -> None:
    """Note why a category is not what the words about it alone say."""
    stands = not tree.nodes[category_id].archived
    if category_id in settled.below:
        course.conflict("category", category_id, "category_is_archived")
    elif stands and words.standing != ACTIVE:
        course.conflict("category", category_id, "has categories below it")
    elif category_id in settled.taken or (not stands and category_id in settled.active):
        course.conflict("category", category_id, "category_exists")
    elif stands and tree.nodes[category_id].path != settled.active.get(category_id):
        course.conflict("category", category_id, "category_exists", ["path"])


def _subject(event: RecordedEvent) -> str:
    data = event.data
    return str(data.get("category_id") or data["category"]["category_id"])


def _words(
    course: Course, history: Sequence[RecordedEvent]
) -> tuple[dict[str, CategoryWords], dict[str, _Events]]:
    """Category -> what the words that count say of it, and all that was said of it."""
    found: defaultdict[str, CategoryWords] = defaultdict(CategoryWords)
    said: defaultdict[str, _Events] = defaultdict(_Events)
    tree: Any = None
    for event, typed in zip(history, course.unit.log.typed(history), strict=True):
        counts, nodes = course.counts(event), {} if tree is None else tree.nodes
        at = event.ledger_seq
        if event.type == "category_tree.planted":
            by_path = {one.path: one.category_id for one in typed.categories}
            for one in typed.categories:
                above, _, name = one.path.rpartition(".")
                place = Place(at, by_path.get(above, ""), name)
                found[one.category_id] = CategoryWords([place], ACTIVE, at)
        elif event.type == "category.moved":
            said[typed.category_id].moves.append(event)
            if counts:
                found[typed.category_id].places.append(_place(at, typed.after, nodes.values()))
        else:
            own = found[_subject(event)]
            said[_subject(event)].others.append(event)
            if event.type == "category.added":
                # Where it would stand if it came back, whether its adding counts or not.
                own.places.append(_place(at, typed.category.path, nodes.values()))
            if counts:
                own.said_at = at
                own.standing = _STANDING.get(event.type) or str(typed.into)
        tree = typed.mutate(tree)
    return dict(found), dict(said)


def _place(said_at: int, path: str, nodes: Iterable[Any]) -> Place:
    above, _, name = path.rpartition(".")
    held = [one for one in nodes if one.path == above]
    parent = min(held, key=lambda one: one.archived).category_id if held else ""
    return Place(said_at, parent, name)
